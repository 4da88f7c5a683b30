"""organization: what an organization must have switched on before accounts are made in it.

All features, the policy types that other components attach, trusted access for the services that they use, central
management of the member accounts' root credentials, and the declared organizational units. It works with the
management account's own credentials, and never renames or moves a unit. A plan tells who from outside gets into the
management account.

Of what is no longer declared it may remove one thing, as `prune` says: units that it made, known by their tag, when
nothing is in them. Trusted access that no declared component needs is reported. Policy types and root features stay on:
switched off, they would detach the policies of others, and give root users their credentials back.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_integrate_services.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-enable-root-access.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from botocore.exceptions import ClientError

from groundwork.aws.organizations import Organizations
from groundwork.baseline import strangers
from groundwork.baseline.component import Call, Component, Permission, Target, known_later, stays
from groundwork.declaration import ComponentName, Declaration
from groundwork.declaration.own_policies import KINDS
from groundwork.errors import OrganizationNotReady
from groundwork.fields import ancestors

TRUSTED_SERVICES: Mapping[ComponentName, Sequence[str]] = {
    "organization": ("iam.amazonaws.com",),
    "trail": ("cloudtrail.amazonaws.com",),
    "config": ("config.amazonaws.com", "config-multiaccountsetup.amazonaws.com"),
    "posture": ("securityhub.amazonaws.com",),
    "threat-detection": ("guardduty.amazonaws.com", "malware-protection.guardduty.amazonaws.com"),
    "external-access": ("access-analyzer.amazonaws.com",),
    "quota-template": ("servicequotas.amazonaws.com",),
    "vulnerability-scanning": ("inspector2.amazonaws.com",),
    "sensitive-data": ("macie.amazonaws.com",),
    "flow-logs": ("observabilityadmin.amazonaws.com",),
}
"""The services that need trusted access, by the component that uses them."""

ACCOUNT_MANAGEMENT = "account.amazonaws.com"
"""Needs trusted access where names, contacts or root e-mail addresses of accounts can be changed."""

POLICY_TYPES: Mapping[ComponentName, Sequence[str]] = {
    "guardrails": ("SERVICE_CONTROL_POLICY",),
    "perimeter": ("RESOURCE_CONTROL_POLICY",),  # once it is enforced
    "organization-policies": ("DECLARATIVE_POLICY_EC2", "S3_POLICY", "AISERVICES_OPT_OUT_POLICY"),
}
"""The policy types that must be on, by the component that attaches such policies."""

KNOWN_SERVICES = {
    *chain(*TRUSTED_SERVICES.values()),
    *(kind.service for kind in KINDS.values() if kind.service),
}
"""Those, and the services of the policy types of which an owner may have policies."""

ROOT_FEATURES: Mapping[str, tuple[str, str]] = {
    "RootCredentialsManagement": (
        "EnableOrganizationsRootCredentialsManagement",
        "member accounts' root users may have credentials of their own",
    ),
    "RootSessions": (
        "EnableOrganizationsRootSessions",
        "what only a member account's root user may do needs that user's own credentials",
    ),
}
"""IAM's organization features, the operation that turns each on, and what it means that it is off."""

NOT_TRUSTED = ("ServiceAccessNotEnabled", "ServiceAccessNotEnabledException")
"""IAM's answer without trusted access, and for a moment after it was given: as the API reference has it, and the SDK."""

ON = ("ENABLED", "PENDING_ENABLE")
MINE = {"Key": "managed-by", "Value": "groundwork"}
"""The tag of units that this component made. Those that a request made carry none, and stay."""


@dataclass(frozen=True)
class FormerUnit:
    """A unit of ours that is no longer declared. `holds` says in words what is in it, besides units that go with it."""

    path: str
    id: str
    holds: str


@dataclass(frozen=True)
class Found:
    """`policy_types` maps those of the root to their status, `units` paths of declared units to their ids. `former`
    has what is below first."""

    policy_types: Mapping[str, str]
    trusted_services: frozenset[str]
    root_features: frozenset[str]
    units: Mapping[str, str]
    former: tuple[FormerUnit, ...] = ()
    seen: strangers.Seen = field(default_factory=strangers.Seen)


class Organization(Component[Found]):
    name = "organization"
    kinds = ("management",)
    reads = (
        Permission(
            (
                "iam:ListOrganizationsFeatures",
                "organizations:DescribeOrganization",
                "organizations:ListAWSServiceAccessForOrganization",
                "organizations:ListAccountsForParent",
                "organizations:ListOrganizationalUnitsForParent",
                "organizations:ListRoots",
                "organizations:ListTagsForResource",
            )
        ),
    )
    reads_in_plan = (Permission(("iam:ListRoles", "organizations:DescribeAccount")), *strangers.READS)
    writes = (
        Permission(
            ("organizations:EnableAWSServiceAccess",),
            conditions={
                "StringEquals": {
                    "organizations:ServicePrincipal": sorted({ACCOUNT_MANAGEMENT, *KNOWN_SERVICES})
                }
            },
        ),
        Permission(tuple(f"iam:{operation}" for operation, _ in ROOT_FEATURES.values())),
        Permission(
            ("organizations:CreateOrganizationalUnit", "organizations:EnablePolicyType"),
            (
                "arn:{partition}:organizations::{account}:ou/o-*/ou-*",
                "arn:{partition}:organizations::{account}:root/o-*/r-*",
            ),
        ),
        Permission(
            ("organizations:TagResource",),
            conditions={"StringEquals": {f"aws:RequestTag/{MINE['Key']}": MINE["Value"]}},
        ),
        Permission(
            ("organizations:DeleteOrganizationalUnit",),
            ("arn:{partition}:organizations::{account}:ou/o-*/ou-*",),
            {"StringEquals": {f"aws:ResourceTag/{MINE['Key']}": MINE["Value"]}},
        ),
    )

    def read(self, target: Target) -> Found:
        """Raises `OrganizationNotReady` without an organization, or one with consolidated billing only."""
        client = target.client("organizations")
        _require_all_features(client)
        root = client.list_roots()["Roots"][0]
        trusted = _trusted(client)
        declared = declared_units(target.declaration)
        units = Organizations(client).units(root["Id"], declared)
        return Found(
            policy_types={each["Type"]: each["Status"] for each in root["PolicyTypes"]},
            trusted_services=trusted,
            root_features=_root_features(target.client("iam")),
            units=units,
            former=tuple(_former(client, {"": root["Id"], **units}, frozenset(declared)))
            if target.is_behind
            else (),
            seen=strangers.seen(_doors(target.client("iam")), (), target)
            if target.foresees
            else strangers.Seen(),
        )

    def diff(self, found: Found, target: Target) -> Iterator[Call]:
        yield from _policy_types(found, target)
        yield from _trusted_services(found, target)
        yield from _features(found)
        yield from _units(found, target)
        yield from _not_needed(found.trusted_services, target)
        for unit in found.former:
            yield from _deletion(unit, target)
        yield from strangers.calls(found.seen, target)

    def left(self, target: Target) -> Iterator[Call]:
        """Without the component nobody makes units: all that it made are former ones."""
        client = target.client("organizations")
        for unit in _former(client, {"": client.list_roots()["Roots"][0]["Id"]}, frozenset()):
            yield from _deletion(unit, target)
        yield from _not_needed(_trusted(client), target)


def declared_units(declaration: Declaration) -> list[str]:
    """Every unit that the declaration names and those above them, parents first."""
    homes = [account.organizational_unit for account in declaration.accounts if account.organizational_unit]
    units = {each for unit in (*declaration.organizational_units, *homes) for each in ancestors(unit)}
    return sorted(units, key=lambda unit: (unit.count("/"), unit))


def _policy_types(found: Found, target: Target) -> Iterator[Call]:
    for policy_type, component in needed_types(target.declaration).items():
        if found.policy_types.get(policy_type) not in ON:
            yield Call(
                "organizations",
                "EnablePolicyType",
                {"RootId": target.organization.root_id, "PolicyType": policy_type},
                resource=f"policy type {policy_type}",
                action="create",
                reason=f"is off in the root: no such policy binds anybody; {component} attaches one",
                severity="high",
            )


def needed_types(declaration: Declaration) -> dict[str, ComponentName]:
    """The policy types that must be on, and a component that attaches policies of each."""
    reported = {"perimeter"} if declaration.perimeter.mode == "report" else set()
    components = declaration.components - reported
    own = [KINDS[each.type].name for each in declaration.own_policies_laid_down]
    found: dict[str, ComponentName] = {}
    for component, types in (*POLICY_TYPES.items(), ("own-policies", own)):
        for policy_type in types if component in components else ():
            found.setdefault(policy_type, component)
    return found


def needed_services(declaration: Declaration) -> dict[str, ComponentName]:
    """The services that need trusted access, and a component that uses each."""
    own = (KINDS[each.type].service for each in declaration.own_policies_laid_down)
    found = {service: "own-policies" for service in own if service}
    used = (each for each in TRUSTED_SERVICES.items() if each[0] in declaration.components)
    if key := declaration.changes.asks_account_management:
        found[ACCOUNT_MANAGEMENT] = key
    return found | {service: component for component, services in used for service in services}


def _trusted_services(found: Found, target: Target) -> Iterator[Call]:
    for service, component in needed_services(target.declaration).items():
        if service not in found.trusted_services:
            yield Call(
                "organizations",
                "EnableAWSServiceAccess",
                {"ServicePrincipal": service},
                resource=f"trusted access of {service}",
                action="create",
                reason=f"is off; {component} needs it",
            )


def _trusted(client: Any) -> frozenset[str]:
    pages = client.get_paginator("list_aws_service_access_for_organization").paginate()
    return frozenset(
        service["ServicePrincipal"] for page in pages for service in page["EnabledServicePrincipals"]
    )


# -- what is no longer declared ------------------------------------------------------------------------


def _not_needed(trusted: frozenset[str], target: Target) -> Iterator[Call]:
    """Told where something has been taken out of the declaration: it may have been others who switched it on."""
    if target.is_behind:
        needed = needed_services(target.declaration).keys()
        for service in sorted(trusted.intersection(KNOWN_SERVICES) - needed):
            reason = "is on, and nothing that is declared needs it; switch it off by hand if nobody else does"
            yield Call(
                "organizations", "", {}, f"trusted access of {service}", "report", reason, severity="low"
            )


def _former(client: Any, parents: Mapping[str, str], declared: frozenset[str]) -> Iterator[FormerUnit]:
    """Units with our tag below these places that are not declared, what is below first. Others are not looked into."""
    lister = client.get_paginator("list_organizational_units_for_parent")
    for above, parent in parents.items():
        for page in lister.paginate(ParentId=parent):
            for unit in page["OrganizationalUnits"]:
                path = f"{above}/{unit['Name']}".lstrip("/")
                if path not in declared and _is_mine(client, unit["Id"]):
                    yield from _with_those_below(client, path, unit["Id"])


def _with_those_below(client: Any, path: str, unit: str) -> Iterator[FormerUnit]:
    below = list(_former(client, {path: unit}, frozenset()))
    yield from below
    going = {each.id for each in below if not each.holds}
    pages = client.get_paginator("list_organizational_units_for_parent").paginate(ParentId=unit)
    units = [each["Id"] for page in pages for each in page["OrganizationalUnits"] if each["Id"] not in going]
    pages = client.get_paginator("list_accounts_for_parent").paginate(ParentId=unit)
    accounts = [each["Id"] for page in pages for each in page["Accounts"]]
    holds = [f"{len(each)} {words}" for each, words in ((accounts, "accounts"), (units, "units")) if each]
    yield FormerUnit(path, unit, " and ".join(holds))


def _is_mine(client: Any, unit: str) -> bool:
    pages = client.get_paginator("list_tags_for_resource").paginate(ResourceId=unit)
    return MINE in [dict(tag) for page in pages for tag in page["Tags"]]


def _deletion(unit: FormerUnit, target: Target) -> Iterator[Call]:
    resource, reason = f"organizational unit {unit.path}", "is ours, and no longer declared"
    if unit.holds:
        holds = (
            f"{reason}; it holds {unit.holds}: move them, declare the unit, or take its tag {MINE['Key']} off"
        )
        yield Call("organizations", "", {}, resource, "report", holds, taken_out=True)
        return
    given = {"OrganizationalUnitId": unit.id}
    empty = f"{reason}; nothing is in it"
    call = Call(
        "organizations",
        "DeleteOrganizationalUnit",
        given,
        resource,
        "delete",
        empty,
        severity="low",
        taken_out=True,
    )
    removes = target.declaration.removes("organization")
    yield (
        call if removes else stays(call, "delete it, declare it again, or set prune: {organization: remove}")
    )


# -- what is declared ----------------------------------------------------------------------------------


def _features(found: Found) -> Iterator[Call]:
    """After trusted access of IAM, without which AWS refuses them."""
    for feature, (operation, meaning) in ROOT_FEATURES.items():
        if feature not in found.root_features:
            yield Call(
                "iam",
                operation,
                {},
                resource=f"organization feature {feature}",
                action="create",
                reason=f"is off: {meaning}",
                severity="high",
            )


def _units(found: Found, target: Target) -> Iterator[Call]:
    """Parents first: the id of a new one is known in a later round."""
    for path in declared_units(target.declaration):
        if path in found.units:
            continue
        above, _, name = path.rpartition("/")
        parent = found.units.get(above) if above else target.organization.root_id
        yield Call(
            "organizations",
            "CreateOrganizationalUnit",
            {"ParentId": parent or known_later(f"id of {above}"), "Name": name, "Tags": [MINE]},
            resource=f"organizational unit {path}",
            action="create",
            reason="is declared and does not exist",
            after="" if parent else f"organizational unit {above}",
        )


def _require_all_features(client: Any) -> None:
    try:
        organization = client.describe_organization()["Organization"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "AWSOrganizationsNotInUseException":
            raise
        raise OrganizationNotReady("This account is in no organization.") from error
    if organization["FeatureSet"] != "ALL":
        raise OrganizationNotReady(
            f"Organization {organization['Id']} has consolidated billing only; Groundwork needs all features: "
            "policies, trusted access and delegated administrators do not exist without them."
        )


def _root_features(iam: Any) -> frozenset[str]:
    """The features that are on; none while IAM has no trusted access."""
    try:
        return frozenset(iam.list_organizations_features()["EnabledFeatures"])
    except ClientError as error:
        if error.response["Error"]["Code"] not in NOT_TRUSTED:
            raise
        return frozenset()


def _doors(iam: Any) -> Iterator[strangers.Door]:
    """The management account's roles."""
    for page in iam.get_paginator("list_roles").paginate():
        for role in page["Roles"]:
            yield strangers.Door(role["RoleName"], role["Path"], role["AssumeRolePolicyDocument"])
