"""The service control policies of the guard rails: the set, and the first of it, which protects what is laid down in
accounts. `archive`, `account` and `regions` say what the others do.

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
- Below the path of a declared boundary nobody makes a role without it, or takes it off one, so that who may only change
  what is there (a trust, a managed policy) finds no role that may more.
- The trail's name is taken in every Region, the buckets' names in every account, the key's alias in every Region of
  the security account. Access points of the security account, a second door to its buckets, are read-only.
- A declared stack keeps its role: who could change the stack, or pass the role to another, would have the role's power.
- So are the roles of StackSets of AWS Organizations in each account, what they make of ours, and, in the account that administers
  StackSets, all StackSets: who may make one there is an administrator everywhere.
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

from collections.abc import Collection, Iterator
from typing import Any

from groundwork.baseline.central_policies import TAG, minified
from groundwork.baseline.components.cdk.names import DEPLOY, PUBLISH
from groundwork.baseline.components.guardrails.account import of_the_account
from groundwork.baseline.components.guardrails.archive import of_the_archive
from groundwork.baseline.components.guardrails.names import READS_OF_IAM, Names, Statement, is_laid_down
from groundwork.baseline.components.guardrails.regions import of_the_regions
from groundwork.baseline.components.guardrails.stack_sets import of_stack_sets
from groundwork.contracts import Organization
from groundwork.declaration import ComponentName, Declaration
from groundwork.declaration.stacks import ROLE, STACK
from groundwork.errors import InvalidDeclaration, SecurityAccountMissing

LONGEST, ONCE_LONGEST = 10_240, 5_120
"""Characters of a service control policy since May 2026, and before. The default declaration's fit the fewer, and there are
four of them at most: five to a root, unit or account was the limit, with AWS's own, which allows the rest.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
"""

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

FREE_ON_STACKS = [
    *("cloudformation:Describe*", "cloudformation:Detect*", "cloudformation:Get*", "cloudformation:List*"),
    *READS_OF_IAM,
    "sts:*",
]
FREE_ON_THE_CDKS = [*READS_OF_IAM, "s3:Get*", "s3:List*", "ssm:Get*", "ssm:List*", "sts:*"]
CONFIG_ACTIONS = [
    "config:*DeliveryChannel",
    "config:*RetentionConfiguration",
    "config:*ssociateResourceTypes",
    "config:DeleteConfigurationRecorder",
    "config:PutConfigurationRecorder",
    "config:StopConfigurationRecorder",
]


def policy_names(declaration: Declaration) -> dict[str, str]:
    """The names of the declared policies, by what each is for."""
    declared = declaration.guardrails
    parts = {
        "baseline": declared.policy,
        "account": f"{declared.policy}-account",
        "archive": f"{declared.policy}-archive",
        "regions": f"{declared.policy}-regions",
    }
    left_out = set() if is_laid_down("log-archive", declaration) else {"archive"}
    left_out |= {"regions"} if declared.regions is None else set()
    return {part: name for part, name in parts.items() if part not in left_out}


def guardrail_documents(
    declaration: Declaration, organization: Organization, run_by_others: Collection[ComponentName] = ()
) -> dict[str, dict[str, Any]]:
    """The service control policies by their names: rendered from the declaration, the ids of the organization, and the
    components whose service another account runs for it, nothing else.

    Raises `SecurityAccountMissing` without a security account, whose buckets and key they protect, and
    `InvalidDeclaration` when the declaration makes one longer than AWS takes.
    """
    if organization.security_account_id is None:
        raise SecurityAccountMissing(
            "The guard rails protect the security account's buckets and key, and there is no such account."
        )
    names = Names(declaration, organization, frozenset(run_by_others))
    statements = {
        "baseline": _of_the_baseline,
        "account": of_the_account,
        "archive": of_the_archive,
        "regions": of_the_regions,
    }
    documents: dict[str, dict[str, Any]] = {}
    for part, name in policy_names(declaration).items():
        documents[name] = {"Version": "2012-10-17", "Statement": list(statements[part](names))}
        length = len(minified(documents[name]))
        if length > LONGEST:
            raise InvalidDeclaration(
                f"baseline.yaml: access: the service control policy {name} that protects it has {length} characters, AWS "
                f"takes {LONGEST}; declare fewer roles and groups, or give them shorter names and paths."
            )
    return documents


def _of_the_baseline(names: Names) -> Iterator[Statement]:
    yield from (names.exempting(each, names.entry_roles) for each in _statements(names))
    if is_laid_down("cdk", names.declaration):
        yield _of_the_cdk(names)
    if is_laid_down("stacks", names.declaration):
        stacks = [names.arn("cloudformation", f"stack/{STACK}*/*", "*"), names.iam(f"role/*{ROLE}*")]
        statement = {"Sid": "Stacks", "NotAction": FREE_ON_STACKS, "Resource": stacks}
        yield names.exempting(statement, names.entry_roles)
    yield from of_stack_sets(names, FREE_ON_STACKS)


def _statements(names: Names) -> Iterator[Statement]:
    declared, settings = names.declaration, names.declaration.account_settings
    anywhere = [names.iam(f"role/*{name}") for name in declared.entry_role_names]
    yield {"Sid": "EntryRoles", "NotAction": READS_OF_IAM, "Resource": anywhere}
    yield {"Sid": "BaselineResources", "NotAction": FREE_ON_OURS, "Resource": list(names.resources())}
    actions = ["organizations:DisablePolicyType"]
    if is_laid_down("config", declared):
        actions += CONFIG_ACTIONS
        yield {
            "Sid": "GovernedRegions",
            "Action": "account:DisableRegion",
            "Resource": "*",
            "Condition": {"StringEquals": {"account:TargetRegion": sorted(declared.regions.governed)}},
        }
    if is_laid_down("account-settings", declared):
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
    if below := sorted({names.iam(f"role{each.roles_below}*") for each in declared.access.boundaries}):
        # AWS says of a removal which boundary is there: a condition on it would let the right one be taken off.
        yield {"Sid": "BoundariesStay", "Action": "iam:DeleteRolePermissionsBoundary", "Resource": below}
    yield {
        "Sid": "ThisPolicy",
        "NotAction": ["organizations:Describe*", "organizations:List*"],
        "Resource": names.arn(
            "organizations", "policy/*", names.organization.management_account_id, region=""
        ),
        "Condition": {"StringEquals": {f"aws:ResourceTag/{TAG['Key']}": TAG["Value"]}},
    }


def _of_the_cdk(names: Names) -> Statement:
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
