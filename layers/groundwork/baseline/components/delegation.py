"""delegation: the security account administers what the baseline needs administered for the whole organization.

That is AWS Config, whose aggregator lives there, IAM Access Analyzer, Security Hub, from the home Region, and, Region by
Region, GuardDuty, Amazon Inspector and Macie. It runs in the execution of the security account, before its other components,
and works with the management account's own credentials: only that account may delegate. `target.account` is the security account. Whatever
else was delegated, to it or to others, is left alone: a service that somebody else administers in any governed Region is
told, and in none delegated. What no component needs any more is reported.

https://docs.aws.amazon.com/config/latest/developerguide/set-up-aggregator-cli.html
https://docs.aws.amazon.com/guardduty/latest/ug/delegated-admin-designate-api.html
https://docs.aws.amazon.com/securityhub/latest/userguide/designate-orgs-admin-account.html
https://docs.aws.amazon.com/inspector/latest/user/designating-admin.html
https://docs.aws.amazon.com/macie/latest/user/accounts-mgmt-ao-integrate.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from botocore.exceptions import ClientError

from groundwork.baseline import administrators, service_roles
from groundwork.baseline.component import Call, Component, Permission, Target, left_to_people
from groundwork.baseline.regions import FIND_REGIONS, governed, skipped
from groundwork.declaration import ComponentName

DELEGATED_SERVICES: Mapping[ComponentName, Sequence[str]] = {
    "config": ("config.amazonaws.com", "config-multiaccountsetup.amazonaws.com"),
}
"""The services that the security account administers, by the component that needs it."""

REGIONAL_SERVICES: Mapping[ComponentName, str] = {
    "threat-detection": "guardduty",
    "posture": "securityhub",
    "vulnerability-scanning": "inspector2",
    "sensitive-data": "macie2",
}
"""The services that it administers in each governed Region, by the component that needs it. Designating it registers it with
Organizations, too, and gives the service trusted access."""

FROM_HOME = frozenset({"securityhub"})
"""Those that it is designated for in the home Region alone: it administers what is linked to that by itself.

https://docs.aws.amazon.com/securityhub/latest/userguide/start-central-configuration.html
"""

SOLE_SERVICES: Mapping[ComponentName, tuple[str, str]] = {
    "external-access": ("access-analyzer.amazonaws.com", "AWSServiceRoleForAccessAnalyzer"),
    "flow-logs": ("observabilityadmin.amazonaws.com", "AWSServiceRoleForObservabilityAdmin"),
}
"""The services that have one administrator in the organization, with the service-linked role that the management account
must have before, by the component that needs it.
https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-delegated-administrator.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/telemetry-config-turn-on.html"""

_PRINCIPALS = sorted(map(administrators.principal, REGIONAL_SERVICES.values()))


@dataclass(frozen=True)
class Found:
    """The service principals that the security account is delegated administrator of; the administrators of services that
    have one in each Region; and the governed Regions that are off. `sole` has, of each service that has one administrator
    and is not the security account's, the account that is, if any; `unlinked` those whose role does not exist, with its name."""

    services: frozenset[str]
    regional: Mapping[str, administrators.ByRegion] = field(default_factory=dict)
    off: tuple[str, ...] = ()
    sole: Mapping[str, str] = field(default_factory=dict)
    unlinked: Mapping[str, str] = field(default_factory=dict)


def _delegated() -> dict[ComponentName, Sequence[str]]:
    """All that are registered with Organizations, by the component that needs it."""
    return {**DELEGATED_SERVICES, **{name: (service,) for name, (service, _) in SOLE_SERVICES.items()}}


_ROLES = [
    arn
    for service, name in SOLE_SERVICES.values()
    for arn in (
        f"arn:{{partition}}:iam::*:role/aws-service-role/{service}/*",
        f"arn:{{partition}}:iam::*:role/{name}",  # as IAM names it while it does not exist
    )
]


class Delegation(Component[Found]):
    name = "delegation"
    kinds = ("security",)
    reads = (
        Permission(
            ("organizations:ListDelegatedAdministrators", "organizations:ListDelegatedServicesForAccount")
        ),
        Permission(("iam:GetRole",), tuple(_ROLES)),
        Permission(administrators.looks(REGIONAL_SERVICES.values())),
        FIND_REGIONS,
    )
    writes = (
        Permission(
            ("organizations:RegisterDelegatedAdministrator",),
            ("arn:{partition}:organizations::*:account/o-*/{account}",),
            {
                "StringEquals": {
                    "organizations:ServicePrincipal": sorted({*chain(*_delegated().values()), *_PRINCIPALS})
                }
            },
        ),
        Permission(
            tuple(
                f"{each}:{administrators.OPERATIONS[each].designates}" for each in REGIONAL_SERVICES.values()
            )
        ),
        # What these services ask of Organizations on behalf of whoever designates.
        Permission(
            (
                "organizations:DescribeAccount",
                "organizations:DescribeOrganization",
                "organizations:DescribeOrganizationalUnit",
                "organizations:ListAWSServiceAccessForOrganization",
                "organizations:ListAccounts",
                "organizations:ListDelegatedAdministrators",
            )
        ),
        Permission(("iam:CreateServiceLinkedRole",), tuple(each for each in _ROLES if each.endswith("/*"))),
        Permission(
            ("organizations:EnableAWSServiceAccess",),
            conditions={"StringEquals": {"organizations:ServicePrincipal": _PRINCIPALS}},
        ),
    )

    def read(self, target: Target) -> Found:
        client = target.client("organizations")
        pages = client.get_paginator("list_delegated_services_for_account").paginate(
            AccountId=target.account.id
        )
        try:
            services = frozenset(
                each["ServicePrincipal"] for page in pages for each in page["DelegatedServices"]
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "AccountNotRegisteredException":
                raise
            services = frozenset()
        components = target.declaration.components
        found = Found(services)
        lacking = [
            each for name, each in SOLE_SERVICES.items() if name in components and each[0] not in services
        ]
        if lacking:
            sole = {service: "".join(administrators.registered(service, target)) for service, _ in lacking}
            unlinked = {service: role for service, role in lacking if not service_roles.exists(role, target)}
            found = replace(found, sole=sole, unlinked=unlinked)
        wanted = [service for name, service in REGIONAL_SERVICES.items() if name in components]
        if not wanted:
            return found
        on, off = governed(target)
        home = (target.declaration.regions.home,)
        regions = {each: home if each in FROM_HOME else on for each in wanted}
        regional = {each: administrators.read(each, names, target) for each, names in regions.items()}
        return replace(found, regional=regional, off=off)

    def diff(self, found: Found, target: Target) -> Iterator[Call]:
        components = target.declaration.components
        for component, services in _delegated().items():
            for service in services:
                if component in components and service not in found.services:
                    if other := found.sole.get(service):
                        yield _left_to(other, component, service)
                        continue
                    if role := found.unlinked.get(service):
                        missing = "does not exist: the service cannot look into the organization"
                        where = f"{role} in the management account"
                        yield service_roles.creation(service, where, missing, "medium")
                    yield Call(
                        "organizations",
                        "RegisterDelegatedAdministrator",
                        {"AccountId": target.account.id, "ServicePrincipal": service},
                        resource=f"delegated administrator of {service}",
                        action="create",
                        reason=f"is not {target.account.name}, account {target.account.id}; {component} needs it",
                    )
        for component, service in REGIONAL_SERVICES.items():
            if service in found.regional:
                yield from _in_each_region(component, service, found, target)
        yield from _not_needed(found, components, target)

    def left(self, target: Target) -> Iterator[Call]:
        yield from _not_needed(self.read(target), (), target)


def _left_to(other: str, component: ComponentName, service: str) -> Call:
    told = (
        f"is account {other}, and there can be one: what it has stays. Take {component} out of the baseline, or take that "
        "account off by hand (aws organizations deregister-delegated-administrator)"
    )
    return Call("organizations", "", {}, f"delegated administrator of {service}", "report", told)


def _in_each_region(component: ComponentName, service: str, found: Found, target: Target) -> Iterator[Call]:
    there = found.regional[service]
    others = administrators.strangers(there, target)
    yield from administrators.reports(service, component, others)
    for region, administrator in there.items():
        if not others and (not administrator.account or administrator.leaving):
            resource = administrators.resource(service, region)
            yield Call(
                service,
                *administrators.designation(service, target.account.id),
                resource=resource,
                action="create",
                reason=f"is not {target.account.name}, account {target.account.id}: what {service} finds there reaches "
                f"nobody, and {component} cannot switch it on",
                region=region,
                severity="high",
                after=f"{resource} has been taken off" if administrator.leaving else "",
            )
    if service not in FROM_HOME:
        yield from skipped(service, found.off)


def _not_needed(found: Found, components: Collection[ComponentName], target: Target) -> Iterator[Call]:
    principals = {
        **_delegated(),
        **{name: (administrators.principal(service),) for name, service in REGIONAL_SERVICES.items()},
    }
    for component, services in principals.items():
        for service in sorted(found.services.intersection(services)):
            if component in components:
                continue
            call = Call(
                "organizations",
                "DeregisterDelegatedAdministrator",
                {"AccountId": target.account.id, "ServicePrincipal": service},
                resource=f"delegated administrator of {service}",
                action="delete",
                reason=f"is {target.account.name}, account {target.account.id}, and nothing that is declared needs it",
            )
            yield left_to_people(call)
