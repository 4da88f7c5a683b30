"""The service control policy of the guard rails: one on the root that keeps member accounts from undoing the baseline.

Nobody in a member account, its root user included, may change what Groundwork lays down there; only a session of
a declared entry role may, and nobody may make, change, pass or assume such a role. An account's administrators keep
everything else: foreign trails, buckets, keys, roles, and who is in a group. Only the management account can change
the policy.

Closed on purpose, since a denial of the obvious verbs leaves them open:
- *Everything that is not a read* is denied on a resource of ours (NotAction), so that AWS's next way to change a
  trail, a bucket or a role is denied on the day it comes: lifecycle and replication of a bucket, grants on the key,
  an event selector that records nothing, a permissions boundary on a role.
- An entry role is exempt by its full ARN: a role of its name under another path is not, and one of its exact ARN
  cannot be made where it is absent. Managed roles can be made by nobody else under any path, so that none is faked:
  their ARNs are matched by their end, and so is, in passing, a name that ends as one of them does.
- The archive (its buckets, its key, the key's alias) spares no entry role: only its own role, which one function of
  the management account may take, changes its settings, and not even that one may delete a version, bypass a lock or
  delete the key. Nobody at all may change who takes that role.
- Below the path of a declared boundary nobody makes a role without it, so that who may only change what is there
  (a trust, a managed policy) finds no role that may more.
- The trail's name is taken in every Region, the buckets' names in every account, the key's alias in every Region of
  the security account. Access points of the security account, a second door to its buckets, are read-only.
- What the CDK deploys by, where it is in the baseline: who could write to its bucket would decide what a pipeline deploys.
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

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from groundwork.baseline.archive import WRITER
from groundwork.baseline.central_policies import TAG, minified
from groundwork.baseline.components.cdk.names import DEPLOY, PUBLISH
from groundwork.baseline.components.config.aggregator import ROLE as AGGREGATOR_ROLE
from groundwork.contracts import Organization
from groundwork.declaration import ComponentName, Declaration
from groundwork.errors import InvalidDeclaration, SecurityAccountMissing

LONGEST = 10_240
"""Characters of a service control policy, since May 2026. The default declaration makes one that fits the 5,120 of before.

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

NEVER_TO_A_LOG = ["s3:BypassGovernanceRetention", "s3:DeleteObject*", "s3:PutObject*"]
NEVER_TO_THE_KEY = ["kms:DisableKey", "kms:ScheduleKeyDeletion"]
FREE_IN_THE_ARCHIVE = ["kms:Describe*", "s3:Get*", "s3:List*"]
FREE_ON_THE_WRITER = [
    *READS_OF_IAM,
    "iam:CreateRole",
    "iam:DeleteRolePolicy",
    "iam:PutRolePolicy",
    "sts:AssumeRole",
]
"""What the entry roles may do with the archive's role: lay it down, and say what it may do, not who may take it."""
FREE_ON_THE_CDKS = [*READS_OF_IAM, "s3:Get*", "s3:List*", "ssm:Get*", "ssm:List*", "sts:*"]
FREE_ON_THE_KEY = ["kms:Decrypt", "kms:Describe*", "kms:Get*", "kms:List*"]
CONFIG_ACTIONS = [
    "config:*DeliveryChannel",
    "config:*RetentionConfiguration",
    "config:*ssociateResourceTypes",
    "config:DeleteConfigurationRecorder",
    "config:PutConfigurationRecorder",
    "config:StopConfigurationRecorder",
]
CONFIG_ROLE = "aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"


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
    statements = [_membership(declaration)]
    statements += [names.exempting(each, names.entry_roles) for each in _statements(names)]
    if names.lays_down("log-archive"):
        statements += _archive_statements(names)
    if names.lays_down("cdk"):
        statements.append(_of_the_cdk(names))
    document = {"Version": "2012-10-17", "Statement": statements}
    length = len(minified(document))
    if length > LONGEST:
        raise InvalidDeclaration(
            f"baseline.yaml: access: the service control policy that protects it has {length} characters, AWS takes "
            f"{LONGEST}; declare fewer roles and groups, or give them shorter names and paths."
        )
    return document


def _membership(declaration: Declaration) -> dict[str, Any]:
    """Nobody in a member account has it leave, or pass for another; the management account does that from outside."""
    actions = ["account:*PrimaryEmailUpdate", "account:PutAccountName"]
    if not declaration.guardrails.allow_leaving:
        actions += [
            "account:CloseAccount",
            "organizations:AcceptHandshake",
            "organizations:LeaveOrganization",
        ]
    return {"Sid": "Membership", "Effect": "Deny", "Action": sorted(actions), "Resource": "*"}


def _statements(names: _Names) -> Iterator[dict[str, Any]]:
    declared, settings = names.declaration, names.declaration.account_settings
    anywhere = [names.iam(f"role/*{name}") for name in declared.entry_role_names]
    yield {"Sid": "EntryRoles", "NotAction": READS_OF_IAM, "Resource": anywhere}
    yield {"Sid": "BaselineResources", "NotAction": FREE_ON_OURS, "Resource": list(names.resources())}
    actions = ["organizations:DisablePolicyType"]
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
            actions += ["iam:*AccountAlias"]
        if settings.s3_public_access_block:
            actions += ["s3:PutAccountPublicAccessBlock"]
        if settings.ebs_encryption:
            actions += ["ec2:DisableEbsEncryptionByDefault"]
    yield {"Sid": "AccountBaseline", "Action": sorted(actions), "Resource": "*"}
    for number, boundary in enumerate(declared.access.boundaries, 1):
        # The key is absent where no boundary is given: that is not like this one, either.
        held = {"iam:PermissionsBoundary": names.iam(f"policy/{boundary.name}")}
        yield {
            "Sid": f"Boundary{number}",
            "Action": ["iam:CreateRole", "iam:PutRolePermissionsBoundary"],
            "Resource": names.iam(f"role{boundary.roles_below}*"),
            "Condition": {"StringNotLike": held},
        }
    yield {
        "Sid": "ThisPolicy",
        "NotAction": ["organizations:Describe*", "organizations:List*"],
        "Resource": names.arn(
            "organizations", "policy/*", names.organization.management_account_id, region=""
        ),
        "Condition": {"StringEquals": {f"aws:ResourceTag/{TAG['Key']}": TAG["Value"]}},
    }


def _archive_statements(names: _Names) -> Iterator[dict[str, Any]]:
    """They spare the archive's own role alone; what it may, the entry roles can say, but nobody who may take it. What
    nobody needs spares nobody: whoever has both roles still deletes no log and no key."""
    alias, key = names.declaration.log_archive.key_alias, names.arn("kms", "key/*", names.security)
    by_alias = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": alias}}
    writer, its_alias = names.iam(f"role/{WRITER}", names.security), names.arn("kms", alias, names.security)
    yield {
        "Effect": "Deny",
        "Sid": "ArchiveRole",
        "NotAction": FREE_ON_THE_WRITER,
        "Resource": names.iam(f"role/*{WRITER}", names.security),
    }
    objects = [each for each in names.archive()[:4] if each.endswith("/*")]  # of trails and of Config
    yield {"Effect": "Deny", "Sid": "LogsAreKept", "Action": NEVER_TO_A_LOG, "Resource": objects}
    kept = {"Effect": "Deny", "Sid": "LogKeyIsKept", "Action": NEVER_TO_THE_KEY, "Resource": key}
    yield {**kept, "Condition": by_alias}
    for statement in (
        {"Sid": "Archive", "NotAction": FREE_IN_THE_ARCHIVE, "Resource": [*names.archive(), its_alias]},
        {"Sid": "LogKey", "NotAction": FREE_ON_THE_KEY, "Resource": key, "Condition": by_alias},
    ):
        yield names.exempting(statement, [writer])


def _of_the_cdk(names: _Names) -> dict[str, Any]:
    """Two roles of it are spared besides, whose own policies allow what they are for, and no more: to upload, and to pass
    the role that CloudFormation takes."""
    qualifier = names.declaration.cdk.qualifier
    resources = [
        names.iam(f"role/*cdk-{qualifier}-*"),
        names.arn("s3", f"cdk-{qualifier}-assets-*", "", region=""),
        names.arn("ssm", f"parameter/cdk-bootstrap/{qualifier}/*", "*"),
    ]
    spared = [names.iam(f"role/cdk-{qualifier}-{purpose}-role-*") for purpose in (DEPLOY, PUBLISH)]
    statement = {"Sid": "Cdk", "NotAction": FREE_ON_THE_CDKS, "Resource": resources}
    return names.exempting(statement, [*names.entry_roles, *spared])


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
        return [self.iam(f"role/{name}") for name in self.declaration.entry_role_names]

    def lays_down(self, component: ComponentName) -> bool:
        """Whether the component is in the baseline of any member account."""
        return any(
            component in each for kind, each in self.declaration.baseline.items() if kind != "management"
        )

    def resources(self) -> Iterator[str]:
        declared = self.declaration
        for name in dict.fromkeys(role.name for role in declared.access.roles):
            yield self.iam(f"role/*{name}")
        carried = (role.permissions_boundary or "" for role in declared.access.roles)
        own = [name for name in carried if declared.has_policy(name)]
        for name in dict.fromkeys([*own, *(boundary.name for boundary in declared.access.boundaries)]):
            yield self.iam(f"policy/*{name}")
        for group in declared.access.groups:
            yield self.iam(f"group{group.path}{group.name}", self.security)
        if self.lays_down("trail"):
            yield self.arn("cloudtrail", f"trail/{declared.trail.name}", "*")
        if self.lays_down("config"):
            yield self.iam(f"role/{CONFIG_ROLE}")
            yield self.iam(f"role/{AGGREGATOR_ROLE}", self.security)
            yield self.arn("config", "config-aggregator/*", self.security)
        if self.lays_down("log-archive"):
            yield self.iam(f"role/*{WRITER}", self.security)

    def archive(self) -> list[str]:
        """The buckets with all that is in them, and a second door to them."""
        logs = self.declaration.log_archive
        named = [logs.trail_bucket, logs.config_bucket, logs.access_logs_bucket]
        buckets = [bucket.replace("<security>", self.security) for bucket in named]
        return [
            *(self.arn("s3", f"{bucket}{end}", "", region="") for bucket in buckets for end in ("", "/*")),
            self.arn("s3", "accesspoint/*", self.security),
        ]

    def iam(self, resource: str, account: str = "*") -> str:
        return self.arn("iam", resource, account, region="")

    def arn(self, service: str, resource: str, account: str, region: str = "*") -> str:
        return f"arn:{self.organization.partition}:{service}:{region}:{account}:{resource}"

    def exempting(self, statement: Mapping[str, Any], roles: Sequence[str]) -> dict[str, Any]:
        """The statement as a Deny that spares these roles. A session's aws:PrincipalArn is its role's ARN."""
        spared = {"ArnNotLike": {"aws:PrincipalArn": roles}}
        return {"Effect": "Deny", **statement, "Condition": {**statement.get("Condition", {}), **spared}}
