"""What apps of the CDK are deployed by, where the declaration has it: who takes its roles, and what each may."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from groundwork.baseline.components.cdk.names import DEPLOY, EXECUTE, LOOKUP, PUBLISH
from prove import laid_down
from prove.asked import Caller, Case, Wish
from prove.laid_down import IDS, REGION
from prove.policy_cases.people import (
    ADMIN,
    ADMINISTRATOR,
    DEV,
    ENTRY,
    FULL_ACCESS,
    do,
    documents,
    inside,
    session,
    where,
)
from prove.policy_cases.people import DEPLOY as PIPELINES

WORKLOADS = ("dev", "prod")
ROLE = "cloudformation:RoleArn"
PASSED = "iam:PassedToService"
CLOUDFORMATION = "cloudformation.amazonaws.com"


def cases() -> Iterator[Case]:
    for account in WORKLOADS:
        yield from _who_takes_them(account)
        yield from _deploys(account)
        yield from _is_deployed(account)
        yield from _uploads(account)
        yield from _looks_up(account)
        yield from _is_left_alone(account)


def _name(account: str, purpose: str) -> str:
    return laid_down.cdk_names(account).role(purpose)


def _arn(account: str, purpose: str) -> str:
    return laid_down.cdk_names(account).role_arn(purpose)


def _under_guard_rails(caller: Caller) -> Caller:
    levels = ((FULL_ACCESS, *laid_down.guardrails_with_cdk()), (FULL_ACCESS,), (FULL_ACCESS,))
    return replace(caller, organization_policies=levels)


def _in(account: str, purpose: str) -> Caller:
    state = laid_down.cdk_roles(account)[_name(account, purpose)]
    words = f"who took the CDK's {purpose} role in {account}"
    return _under_guard_rails(session(words, account, state.name, documents(state)))


def _take(account: str, purpose: str) -> Wish:
    trust = laid_down.cdk_roles(account)[_name(account, purpose)].trust
    words, arn = f"take the CDK's {purpose} role in {account}", _arn(account, purpose)
    return Wish(words, "sts:AssumeRole", arn, IDS[account], trust, where(account))


def _who_takes_them(account: str) -> Iterator[Case]:
    pipeline = session("a ci-cd role of mgmt", "mgmt", "ci-cd/pipeline", [ADMINISTRATOR])
    others = [
        session("a role of mgmt beside ci-cd/", "mgmt", "builder", [ADMINISTRATOR]),
        session("a ci-cd role of security", "security", "ci-cd/pipeline", [ADMINISTRATOR]),
        session(f"a ci-cd role of {account}", account, "ci-cd/pipeline", [ADMINISTRATOR]),
        _under_guard_rails(inside(account, ADMIN, f"an administrator in {account}", mfa="true")),
        _under_guard_rails(inside(account, PIPELINES, f"a pipeline that entered {account}")),
    ]
    for purpose in (DEPLOY, PUBLISH, LOOKUP, EXECUTE):
        yield Case(pipeline, _take(account, purpose), purpose != EXECUTE)
        for somebody in others:
            yield Case(somebody, _take(account, purpose), allowed=False)


def _deploys(account: str) -> Iterator[Case]:
    who, stack = _in(account, DEPLOY), _stack(account)
    strong = f"arn:aws:iam::{IDS[account]}:role/strong"
    for name in ("CreateChangeSet", "CreateStack", "RollbackStack", "UpdateStack"):
        action = f"cloudformation:{name}"
        said = f"{action} in {account}"
        named = {ROLE: _arn(account, EXECUTE)}
        yield Case(who, do(action, stack, account, f"{said} by the execution role", **named), allowed=True)
        other = do(action, stack, account, f"{said} by a stronger role", **{ROLE: strong})
        yield Case(who, other, allowed=False)
        yield Case(who, do(action, stack, account, f"{said} by the role that the stack has"), allowed=False)
    for name in ("DeleteStack", "DescribeStacks", "ExecuteChangeSet", "GetTemplate"):
        yield Case(who, do(f"cloudformation:{name}", stack, account), allowed=True)
    for role, service, allowed in (
        (_arn(account, EXECUTE), CLOUDFORMATION, True),
        (_arn(account, EXECUTE), "lambda.amazonaws.com", False),
        (strong, CLOUDFORMATION, False),
    ):
        said = f"iam:PassRole of {role} to {service}"
        yield Case(who, do("iam:PassRole", role, account, said, **{PASSED: service}), allowed)
    for action in ("iam:CreateRole", "lambda:CreateFunction", "s3:PutObject", "ssm:PutParameter"):
        yield Case(who, do(action, "*", account, f"{action} in {account}"), allowed=False)


def _is_deployed(account: str) -> Iterator[Case]:
    """What CloudFormation may for an app."""
    who, number = _in(account, EXECUTE), IDS[account]
    bounded = {"iam:PermissionsBoundary": f"arn:aws:iam::{number}:policy/workload-boundary"}
    path, outside = f"arn:aws:iam::{number}:role/workload/app", f"arn:aws:iam::{number}:role/app"
    said = f"iam:CreateRole {{}} in {account}, {{}} the boundary"
    for arn, place in ((path, "below /workload/"), (outside, "elsewhere")):
        made = do("iam:CreateRole", arn, account, said.format(place, "with"), **bounded)
        yield Case(who, made, arn == path)
        bare = do("iam:CreateRole", arn, account, said.format(place, "without"))
        yield Case(who, bare, allowed=False)
    yield Case(who, do("sqs:CreateQueue", "*", account), allowed=True)
    for action, resource in _touched(account):
        yield Case(who, do(action, resource, account), allowed=False)


def _uploads(account: str) -> Iterator[Case]:
    who, bucket = _in(account, PUBLISH), laid_down.cdk_names(account).bucket_arn
    yield Case(who, do("s3:PutObject", f"{bucket}/a.zip", account), allowed=True)
    stolen = do(
        "s3:PutObject", f"{bucket}/a.zip", "mgmt", "s3:PutObject to another account's bucket of the name"
    )
    yield Case(who, stolen, allowed=False, why="it may be a stranger's")
    for action in ("s3:DeleteObject", "s3:PutObjectAcl"):
        yield Case(who, do(action, f"{bucket}/a.zip", account), allowed=False)
    yield Case(who, do("s3:PutBucketPolicy", bucket, account), allowed=False)


def _looks_up(account: str) -> Iterator[Case]:
    who = _in(account, LOOKUP)
    for action, allowed in (
        ("ec2:DescribeVpcs", True),
        ("ssm:GetParameter", True),
        ("route53:ListHostedZonesByName", True),
        ("s3:GetObject", False),
        ("secretsmanager:GetSecretValue", False),
        ("dynamodb:GetItem", False),
        ("cloudformation:CreateChangeSet", False),
    ):
        yield Case(who, do(action, "*", account, f"{action} in {account}"), allowed)


def _is_left_alone(account: str) -> Iterator[Case]:
    """By everybody inside but the entry roles."""
    for role, words in ((ADMIN, "an administrator"), (DEV, "a developer"), (PIPELINES, "a pipeline")):
        who = _under_guard_rails(inside(account, role, f"{words} in {account}", mfa="true"))
        for action, resource in _touched(account):
            yield Case(who, do(action, resource, account), allowed=False)
    entry = _under_guard_rails(session(f"the entry role of {account}", account, ENTRY, [ADMINISTRATOR]))
    for action, resource in _touched(account):
        yield Case(entry, do(action, resource, account), allowed=True)


def _touched(account: str) -> Iterator[tuple[str, str]]:
    its = laid_down.cdk_names(account)
    for purpose in (DEPLOY, PUBLISH, LOOKUP, EXECUTE):
        yield "iam:PutRolePolicy", its.role_arn(purpose)
        yield "iam:UpdateAssumeRolePolicy", its.role_arn(purpose)
    yield "iam:PassRole", its.role_arn(EXECUTE)
    yield "s3:PutObject", f"{its.bucket_arn}/a.zip"
    yield "s3:PutBucketPolicy", its.bucket_arn
    yield "ssm:PutParameter", its.arn("ssm", f"parameter{its.parameter}")


def _stack(account: str) -> str:
    return f"arn:aws:cloudformation:{REGION}:{IDS[account]}:stack/shop/1a2b3c4d"
