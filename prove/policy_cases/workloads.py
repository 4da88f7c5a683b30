"""What is made for workloads: by pipelines and developers, and by the roles that these make."""

from __future__ import annotations

from collections.abc import Iterator

from prove import laid_down
from prove.asked import Caller, Case, Wish
from prove.laid_down import IDS
from prove.policy_cases.people import (
    ADMIN,
    ADMINISTRATOR,
    DEPLOY,
    DEV,
    READ_ONLY,
    do,
    doors_of,
    enter,
    inside,
    session,
    where,
)

WORKLOADS = ("dev", "stage", "prod")
BOUNDARY = "workload-boundary"
PASSED = "iam:PassedToService"


def cases() -> Iterator[Case]:
    for account in WORKLOADS:
        pipeline = inside(account, DEPLOY, f"a pipeline that entered {account}")
        made = _made(account)
        yield from _may(pipeline, account, roles=True)
        yield from _may(made, account, roles=True)
        yield from _doors(made)
    for account in ("dev", "stage"):
        yield from _may(inside(account, DEV, f"a developer in {account}"), account, roles=True, power=True)
    for account in ("prod", "mgmt"):
        developer = inside(account, DEV, f"a developer in {account}")
        yield from _may(developer, account, roles=False)
        yield from _looks(developer, account)
    yield from _pipeline_itself()
    yield from _administrator()


def _iam(account: str, resource: str) -> str:
    return f"arn:aws:iam::{IDS[account]}:{resource}"


def _made(account: str) -> Caller:
    """A role with the boundary that everything was allowed."""
    (boundary,) = (each for each in laid_down.access(account).policies if each.arn.endswith(f"/{BOUNDARY}"))
    return session(
        f"a role below /workload/ of {account} that has AdministratorAccess",
        account,
        "workload/app",
        [ADMINISTRATOR],
        boundary=boundary.document,
    )


# -- roles for workloads -------------------------------------------------------------------------------

WITH_THE_BOUNDARY = (
    "AttachRolePolicy",
    "CreateRole",
    "DeleteRolePolicy",
    "DetachRolePolicy",
    "PutRolePermissionsBoundary",
    "PutRolePolicy",
)
BELOW_THE_PATH = (
    ("DeleteRole", "role"),
    ("TagRole", "role"),
    ("UpdateAssumeRolePolicy", "role"),
    ("CreatePolicy", "policy"),
    ("CreatePolicyVersion", "policy"),
    ("SetDefaultPolicyVersion", "policy"),
    ("CreateInstanceProfile", "instance-profile"),
    ("AddRoleToInstanceProfile", "instance-profile"),
)
DEPLOYED = (
    ("lambda:UpdateFunctionCode", "arn:aws:lambda:us-east-1:{id}:function:app"),
    ("cloudformation:UpdateStack", "arn:aws:cloudformation:us-east-1:{id}:stack/app/1"),
    ("sqs:CreateQueue", "arn:aws:sqs:us-east-1:{id}:app"),
    ("s3:CreateBucket", "arn:aws:s3:::app"),
    ("secretsmanager:CreateSecret", "arn:aws:secretsmanager:us-east-1:{id}:secret:app"),
    ("sts:GetServiceBearerToken", "*"),
)
NO_WORKLOAD = (
    "route53domains:RegisterDomain",
    "rolesanywhere:CreateTrustAnchor",
    "inspector2:Disable",
    "macie2:DisableMacie",
    "savingsplans:CreateSavingsPlan",
    "ec2:PurchaseReservedInstancesOffering",
    "ec2:DisableEbsEncryptionByDefault",
)
"""For nobody but administrators, and a power user, who has whatever is not IAM."""
BASELINE = (
    ("cloudtrail:StopLogging", "arn:aws:cloudtrail:us-east-1:{id}:trail/groundwork"),
    ("config:StopConfigurationRecorder", "*"),
    ("s3:PutAccountPublicAccessBlock", "*"),
    ("iam:DeleteAccountPasswordPolicy", "*"),
    ("iam:UpdateAssumeRolePolicy", "arn:aws:iam::{id}:role/" + ADMIN),
    ("iam:PutRolePolicy", "arn:aws:iam::{id}:role/" + DEPLOY),
    ("iam:CreatePolicyVersion", "arn:aws:iam::{id}:policy/" + BOUNDARY),
    ("iam:DeletePolicy", "arn:aws:iam::{id}:policy/" + BOUNDARY),
    ("iam:DeleteRolePermissionsBoundary", "arn:aws:iam::{id}:role/workload/app"),
)


def _may(caller: Caller, account: str, *, roles: bool, power: bool = False) -> Iterator[Case]:
    """`roles`: makes them for workloads, and deploys. `power`: has PowerUserAccess."""
    own, others = _iam(account, f"policy/{BOUNDARY}"), "arn:aws:iam::aws:policy/AdministratorAccess"
    path, outside = _iam(account, "role/workload/app"), _iam(account, "role/app")
    for name in WITH_THE_BOUNDARY:
        action = f"iam:{name}"
        said = f"{action} below /workload/ of {account}"
        bounded = {"iam:PermissionsBoundary": own}
        yield Case(caller, do(action, path, account, f"{said}, with the boundary", **bounded), roles)
        wider = {"iam:PermissionsBoundary": others}
        yield Case(caller, do(action, path, account, f"{said}, with another", **wider), allowed=False)
        yield Case(caller, do(action, path, account, f"{said}, without"), allowed=False)
        elsewhere = f"{action} on a role elsewhere in {account}, with the boundary"
        yield Case(caller, do(action, outside, account, elsewhere, **bounded), allowed=False)
    for name, kind in BELOW_THE_PATH:
        yield Case(caller, do(f"iam:{name}", _iam(account, f"{kind}/workload/app"), account), roles)
        yield Case(caller, do(f"iam:{name}", _iam(account, f"{kind}/app"), account), allowed=False)
    for service, role, allowed in (
        ("lambda", path, roles),
        ("cloudformation", path, roles),
        ("codebuild", path, False),
        ("lambda", outside, False),
        ("cloudformation", outside, False),
        ("cloudformation", _iam(account, f"role/{ADMIN}"), False),
    ):
        keys = {PASSED: f"{service}.amazonaws.com"}
        said = f"iam:PassRole of {role} to {service}"
        yield Case(caller, do("iam:PassRole", role, account, said, **keys), allowed)
    linked = _iam(account, "role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS")
    yield Case(caller, do("iam:CreateServiceLinkedRole", linked, account), roles)
    for action, resource in DEPLOYED:
        yield Case(caller, do(action, resource.format(id=IDS[account]), account), roles)
    for action in NO_WORKLOAD:
        held = action == "ec2:DisableEbsEncryptionByDefault"  # by the guard rails, too
        yield Case(caller, do(action, "*", account), power and not held)
    for action, resource in BASELINE:
        keys = {"iam:PermissionsBoundary": own} if "role/" in resource and "Update" not in action else {}
        yield Case(caller, do(action, resource.format(id=IDS[account]), account, **keys), allowed=False)


def _doors(made: Caller) -> Iterator[Case]:
    """No way from a role that was made to one that was laid down, or to one of somebody else."""
    for account in ("security", "mgmt", *WORKLOADS):
        for role in doors_of(account):
            yield Case(made, enter(account, role), allowed=False)
    home = made.account
    name = next(account for account, number in IDS.items() if number == home)
    yield Case(made, _become(name, "workload/other"), allowed=True)
    yield Case(
        made, _become(name, "another"), allowed=False, why="the boundary knows roles of workloads alone"
    )


def _become(account: str, role: str) -> Wish:
    """A role that lets in whoever of its account may assume roles."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": _iam(account, "root")}, "Action": "sts:AssumeRole"}
        ],
    }
    arn = _iam(account, f"role/{role}")
    return Wish(f"become {arn}", "sts:AssumeRole", arn, IDS[account], trust, where(account))


# -- where developers only look --------------------------------------------------------------------------

SEEN = (
    "logs:FilterLogEvents",
    "cloudwatch:GetMetricData",
    "ec2:DescribeInstances",
    "codepipeline:GetPipelineState",
)
NOT_SEEN = (
    "secretsmanager:GetSecretValue",
    "ssm:GetParameter",
    "s3:GetObject",
    "dynamodb:GetItem",
    "lambda:GetFunction",
    "codebuild:BatchGetProjects",
    "ec2:DescribeInstanceAttribute",
)
CHANGES = (
    "lambda:UpdateFunctionCode",
    "cloudformation:ExecuteChangeSet",
    "codebuild:StartBuild",
    "codebuild:UpdateProject",
    "codepipeline:StartPipelineExecution",
    "ec2:RunInstances",
    "ssm:SendCommand",
    "events:PutTargets",
)


def _looks(developer: Caller, account: str) -> Iterator[Case]:
    for action in SEEN:
        yield Case(developer, do(action, "*", account), allowed=True)
    for action in (*NOT_SEEN, *CHANGES):
        yield Case(developer, do(action, "*", account, f"{action} anywhere in {account}"), allowed=False)


def _pipeline_itself() -> Iterator[Case]:
    """A pipeline's role whose trust was made for the account: who of it gets in."""
    pipeline = _become("mgmt", "ci-cd/pipeline")
    for role, allowed in ((ADMIN, True), (DEV, False), (READ_ONLY, False)):
        yield Case(inside("mgmt", role, f"somebody in mgmt by {role}"), pipeline, allowed)


def _administrator() -> Iterator[Case]:
    """May do everything in the account, but below the path the guard rails want the boundary."""
    administrator = inside("dev", ADMIN, f"somebody in dev by {ADMIN}")
    path = _iam("dev", "role/workload/app")
    bounded = {"iam:PermissionsBoundary": _iam("dev", f"policy/{BOUNDARY}")}
    without = "iam:CreateRole below /workload/ of dev, without the boundary"
    yield Case(administrator, do("iam:CreateRole", path, "dev", **bounded), allowed=True)
    yield Case(administrator, do("iam:CreateRole", path, "dev", without), allowed=False)
