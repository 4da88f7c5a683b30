"""guardrails: one service control policy on the root that keeps member accounts from undoing the baseline.

Nobody in a member account, its root user included, may change what Groundwork lays down there; only a session of
a declared entry role may, and nobody may make, change, pass or assume such a role. An account's administrators keep
everything else: foreign trails, buckets, keys, roles, and who is in a group. Only the management account can change
the policy.

Closed on purpose, since a denial of the obvious verbs leaves them open:
- *Everything that is not a read* is denied on a resource of ours (NotAction), so that AWS's next way to change a
  trail, a bucket or a role is denied on the day it comes: lifecycle and replication of a bucket, grants on the key,
  an event selector that records nothing, a permissions boundary on a role.
- An entry role is exempt by its full ARN: a role of its name under another path is not, and one of its exact ARN
  cannot be made where it is absent. Managed roles can be made by nobody else under any path, so that none is faked.
- The trail's name is taken in every Region, the buckets' names in every account, the key's alias in every Region of
  the security account. Access points of the security account, a second door to its buckets, are read-only.
- The key is known by its alias, which nobody else can move or delete.
- AWS Config's service-linked role, without which the recorder stops, cannot be deleted; nor can a governed Region
  be switched off, nor the account be closed from within.
- A member account that administers policies by delegation still cannot touch this one, known by its tag.

What a service control policy cannot close:
- The management account, service-linked roles and principals outside the organization are not bound by one. What
  protects the buckets and the key from outsiders is their own policy, which only an entry role can change.
- An entry role whose trust policy was poisoned before the account joined, or before this policy was attached.
- Who may become an administrator of the management account, or of a group that may enter: its owner decides.
- Names match in the letter case in which they were declared, as in every policy.

What it costs: nobody but an entry role records with AWS Config in Regions that are not governed, aggregates in the
security account, or writes through access points there; and an invited account without an entry role must be given
one before it joins, since nobody can make one afterwards.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from groundwork.baseline.component import Action, Call, Component, Permission, Target, known_later
from groundwork.baseline.components.config.aggregator import ROLE as AGGREGATOR_ROLE
from groundwork.baseline.documents import differences
from groundwork.contracts import Organization, Severity
from groundwork.declaration import ComponentName, Declaration
from groundwork.declaration.policy_files import Document
from groundwork.errors import InvalidDeclaration, SecurityAccountMissing
from groundwork.fields import shown

SCP = "SERVICE_CONTROL_POLICY"
DESCRIPTION = "Groundwork: member accounts cannot undo their baseline. Declared in baseline.yaml; changes made here are put right."
TAG = {"Key": "managed-by", "Value": "groundwork"}
LONGEST = 5_120
"""Characters of a service control policy that every organization takes.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
"""

READS_OF_IAM = ["iam:Generate*", "iam:Get*", "iam:List*", "iam:Simulate*"]
FREE_ON_OURS = [
    "cloudtrail:Get*",
    "cloudtrail:List*",
    "config:BatchGet*",
    "config:Describe*",
    "config:Get*",
    "config:List*",
    "config:Select*",
    *READS_OF_IAM,
    "iam:AddUserToGroup",
    "iam:RemoveUserFromGroup",
    "s3:Get*",
    "s3:List*",
    "sts:*",
]
"""What anybody may do with a resource of ours: look at it, enter a role, and say who is in a group."""

FREE_ON_THE_KEY = ["kms:Decrypt", "kms:Describe*", "kms:Get*", "kms:List*"]
CONFIG_ACTIONS = [
    "config:AssociateResourceTypes",
    "config:DeleteConfigurationRecorder",
    "config:DeleteDeliveryChannel",
    "config:DeleteRetentionConfiguration",
    "config:DisassociateResourceTypes",
    "config:PutConfigurationRecorder",
    "config:PutDeliveryChannel",
    "config:PutRetentionConfiguration",
    "config:StopConfigurationRecorder",
]
CONFIG_ROLE = "aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"


# -- the policy ------------------------------------------------------------------------------------


def guardrail_document(declaration: Declaration, organization: Organization) -> dict[str, Any]:
    """The service control policy: rendered from the declaration and the ids of the organization, nothing else.

    Raises `SecurityAccountMissing` without a security account, whose buckets and key it protects, and
    `InvalidDeclaration` when the declaration makes it longer than AWS takes.
    """
    if organization.security_account_id is None:
        raise SecurityAccountMissing(
            "The guard rails protect the security account's buckets and key, and there is no such account."
        )
    names = _Names(declaration, organization)
    document = {"Version": "2012-10-17", "Statement": [names.exempting(each) for each in _statements(names)]}
    length = len(minified(document))
    if length > LONGEST:
        raise InvalidDeclaration(
            f"baseline.yaml: access: the service control policy that protects it has {length} characters, AWS takes "
            f"{LONGEST}; declare fewer roles and groups, or give them shorter names and paths."
        )
    return document


def minified(document: Document) -> str:
    return json.dumps(document, separators=(",", ":"))


def _statements(names: _Names) -> Iterator[dict[str, Any]]:
    declared, settings = names.declaration, names.declaration.account_settings
    anywhere = [names.iam(f"role/*/{name}") for name in declared.entry_roles]
    yield {"Sid": "EntryRoles", "NotAction": READS_OF_IAM, "Resource": [*names.entry_roles, *anywhere]}
    yield {"Sid": "BaselineResources", "NotAction": FREE_ON_OURS, "Resource": list(names.resources())}
    if names.lays_down("log-archive"):
        alias = declared.log_archive.key_alias
        yield {"Sid": "LogKeyAlias", "Action": "kms:*", "Resource": names.arn("kms", alias, names.security)}
        yield {
            "Sid": "LogKey",
            "NotAction": FREE_ON_THE_KEY,
            "Resource": names.arn("kms", "key/*", names.security),
            "Condition": {"ForAnyValue:StringEquals": {"kms:ResourceAliases": alias}},
        }
    actions = ["organizations:DisablePolicyType"]
    if not declared.guardrails.allow_leaving:
        actions += ["account:CloseAccount", "organizations:LeaveOrganization"]
    if names.lays_down("config"):
        actions += CONFIG_ACTIONS
        yield {
            "Sid": "GovernedRegions",
            "Action": "account:DisableRegion",
            "Resource": "*",
            "Condition": {"StringEquals": {"account:TargetRegion": sorted(declared.regions.governed)}},
        }
    if names.lays_down("account-settings"):
        actions += ["iam:DeleteAccountPasswordPolicy", "iam:UpdateAccountPasswordPolicy"]
        if settings.alias is not None:
            actions += ["iam:CreateAccountAlias", "iam:DeleteAccountAlias"]
        if settings.s3_public_access_block:
            actions += ["s3:PutAccountPublicAccessBlock"]
        if settings.ebs_encryption:
            actions += ["ec2:DisableEbsEncryptionByDefault"]
    yield {"Sid": "AccountBaseline", "Action": sorted(actions), "Resource": "*"}
    yield {
        "Sid": "ThisPolicy",
        "NotAction": ["organizations:Describe*", "organizations:List*"],
        "Resource": names.arn(
            "organizations", "policy/*", names.organization.management_account_id, region=""
        ),
        "Condition": {"StringEquals": {f"aws:ResourceTag/{TAG['Key']}": TAG["Value"]}},
    }


@dataclass(frozen=True)
class _Names:
    """What the policy names: ARNs of this partition."""

    declaration: Declaration
    organization: Organization

    @property
    def security(self) -> str:
        return str(self.organization.security_account_id)

    @property
    def entry_roles(self) -> list[str]:
        return [self.iam(f"role/{name}") for name in self.declaration.entry_roles]

    def lays_down(self, component: ComponentName) -> bool:
        """Whether the component is in the baseline of any member account."""
        return any(
            component in each for kind, each in self.declaration.baseline.items() if kind != "management"
        )

    def resources(self) -> Iterator[str]:
        declared, logs = self.declaration, self.declaration.log_archive
        for role in declared.access.roles:
            yield from (self.iam(f"role{role.path}{role.name}"), self.iam(f"role/*/{role.name}"))
            boundary = role.permissions_boundary
            if boundary and declared.has_policy(boundary):
                yield from (self.iam(f"policy/{boundary}"), self.iam(f"policy/*/{boundary}"))
        for group in declared.access.groups:
            yield self.iam(f"group{group.path}{group.name}", self.security)
        if self.lays_down("trail"):
            yield self.arn("cloudtrail", f"trail/{declared.trail.name}", "*")
        if self.lays_down("config"):
            yield self.iam(f"role/{CONFIG_ROLE}")
            yield self.iam(f"role/{AGGREGATOR_ROLE}", self.security)
            yield self.arn("config", "config-aggregator/*", self.security)
        if self.lays_down("log-archive"):
            for bucket in (logs.trail_bucket, logs.config_bucket, logs.access_logs_bucket):
                name = bucket.replace("<security>", self.security)
                yield from (self.arn("s3", name, "", region=""), self.arn("s3", f"{name}/*", "", region=""))
            yield self.arn("s3", "accesspoint/*", self.security)

    def iam(self, resource: str, account: str = "*") -> str:
        return self.arn("iam", resource, account, region="")

    def arn(self, service: str, resource: str, account: str, region: str = "*") -> str:
        return f"arn:{self.organization.partition}:{service}:{region}:{account}:{resource}"

    def exempting(self, statement: Mapping[str, Any]) -> dict[str, Any]:
        """The statement as a Deny that spares the entry roles. A session's aws:PrincipalArn is its role's ARN."""
        spared = {"ArnNotLike": {"aws:PrincipalArn": self.entry_roles}}
        return {"Effect": "Deny", **statement, "Condition": {**statement.get("Condition", {}), **spared}}


# -- the component ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class FoundPolicy:
    id: str
    name: str
    description: str
    document: Document
    tags: Mapping[str, str]


@dataclass(frozen=True)
class Found:
    """`policy` bears the declared name. `forgotten` are the names of policies on the root which bear Groundwork's
    description but not the declared name."""

    policy: FoundPolicy | None
    attached: bool
    forgotten: tuple[str, ...] = ()


class Guardrails(Component[Found]):
    name = "guardrails"
    kinds = ("management",)
    reads = (
        Permission(
            (
                "organizations:DescribePolicy",
                "organizations:ListPolicies",
                "organizations:ListPoliciesForTarget",
                "organizations:ListTagsForResource",
            )
        ),
    )
    writes = (
        Permission(
            ("organizations:CreatePolicy", "organizations:TagResource"),
            conditions={"StringEquals": {f"aws:RequestTag/{TAG['Key']}": TAG["Value"]}},
        ),
        Permission(
            ("organizations:AttachPolicy", "organizations:UpdatePolicy"),
            (
                "arn:{partition}:organizations::{account}:policy/o-*/service_control_policy/p-*",
                "arn:{partition}:organizations::{account}:root/o-*/r-*",
            ),
        ),
    )

    def read(self, target: Target) -> Found:
        client, name = target.client("organizations"), target.declaration.guardrails.policy
        on_root = client.get_paginator("list_policies_for_target").paginate(
            TargetId=target.organization.root_id, Filter=SCP
        )
        attached = [policy for page in on_root for policy in page["Policies"]]
        mine = next((policy for policy in attached if policy["Name"] == name), None)
        everywhere = client.get_paginator("list_policies").paginate(Filter=SCP) if mine is None else ()
        found = mine or next(
            (each for page in everywhere for each in page["Policies"] if each["Name"] == name), None
        )
        return Found(
            policy=_policy(client, found) if found else None,
            attached=mine is not None,
            forgotten=tuple(
                each["Name"]
                for each in attached
                if each.get("Description") == DESCRIPTION and each["Name"] != name
            ),
        )

    def diff(self, found: Found, target: Target) -> Iterator[Call]:
        name, root = target.declaration.guardrails.policy, target.organization.root_id
        if target.organization.security_account_id is None:
            yield _report(name, "waits for the security account, whose buckets and key it protects")
            return
        wanted = guardrail_document(target.declaration, target.organization)
        if found.policy is None:
            yield _create(name, wanted)
            yield _attach(
                name, root, known_later(f"id of {_resource(name)}"), after=f"{_resource(name)} exists"
            )
        else:
            yield from _mend(found.policy, wanted)
            if not found.attached:
                yield _attach(name, root, found.policy.id)
        for other in found.forgotten:
            yield _report(
                other, f"is ours and still attached to the root, but {name} is declared; detach and delete it"
            )


def _resource(name: str) -> str:
    return f"service control policy {name}"


def _call(
    operation: str,
    parameters: Mapping[str, Any],
    name: str,
    action: Action,
    reason: str,
    severity: Severity = "high",
    after: str = "",
) -> Call:
    """High, where nothing else is said: while the policy is not as declared, member accounts can undo their baseline."""
    return Call(
        *("organizations", operation, parameters, _resource(name), action, reason),
        severity=severity,
        after=after,
    )


def _create(name: str, wanted: Document) -> Call:
    policy = {
        "Name": name,
        "Description": DESCRIPTION,
        "Type": SCP,
        "Content": minified(wanted),
        "Tags": [TAG],
    }
    return _call(
        "CreatePolicy", policy, name, "create", "does not exist: member accounts could undo their baseline"
    )


def _attach(name: str, root: str, policy: str, after: str = "") -> Call:
    there = {"PolicyId": policy, "TargetId": root}
    reason = "is not attached to the root: it protects no account"
    return _call("AttachPolicy", there, name, "update", reason, after=after)


def _mend(found: FoundPolicy, wanted: Document) -> Iterator[Call]:
    changes: dict[str, str] = {}
    reasons = []
    if drift := differences(found.document, wanted):
        changes["Content"] = minified(wanted)
        reasons.append(drift)
    if found.description != DESCRIPTION:
        changes["Description"] = DESCRIPTION
        reasons.append(f"description is {shown(found.description)}; expected {shown(DESCRIPTION)}")
    if found.tags.get(TAG["Key"]) != TAG["Value"]:
        # The tag first: it is what keeps delegated administrators from the policy.
        reason = (
            f"exists without the tag {TAG['Key']}={TAG['Value']}, by which it protects itself; it is adopted"
        )
        yield _call("TagResource", {"ResourceId": found.id, "Tags": [TAG]}, found.name, "update", reason)
    if changes:
        severity: Severity = "high" if "Content" in changes else "low"
        changed = {"PolicyId": found.id, **changes}
        yield _call("UpdatePolicy", changed, found.name, "update", "; ".join(reasons), severity)


def _report(name: str, reason: str) -> Call:
    return _call("AttachPolicy", {}, name, "report", reason, "medium")


def _policy(client: Any, summary: Mapping[str, Any]) -> FoundPolicy:
    pages = client.get_paginator("list_tags_for_resource").paginate(ResourceId=summary["Id"])
    return FoundPolicy(
        id=summary["Id"],
        name=summary["Name"],
        description=summary.get("Description", ""),
        document=json.loads(client.describe_policy(PolicyId=summary["Id"])["Policy"]["Content"]),
        tags={tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]},
    )
