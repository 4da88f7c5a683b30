"""Stacks of the owner's own templates: who has the power of their roles, and what that is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

from groundwork.aws.sessions import needed, session_policy
from groundwork.baseline.components import COMPONENTS
from prove import laid_down
from prove.asked import Caller, Case, Wish
from prove.laid_down import IDS, REGION
from prove.policy_cases.inside import root_user
from prove.policy_cases.logs import service
from prove.policy_cases.people import (
    ADMIN,
    ADMINISTRATOR,
    DEPLOY,
    DEV,
    ENTRY,
    FULL_ACCESS,
    do,
    documents,
    inside,
    session,
    where,
)

WORKLOADS = ("dev", "prod")
CLOUDFORMATION = "cloudformation.amazonaws.com"
PASSED, ROLE = "iam:PassedToService", "cloudformation:RoleArn"


def cases() -> Iterator[Case]:
    for account in WORKLOADS:
        yield from _who_takes_its_role(account)
        yield from _is_left_alone(account)
        yield from _is_deployed(account)
        yield from _by_the_session_that_deploys(account)


def by_stack_role(account: str, stack: str) -> Caller:
    """CloudFormation at work on it."""
    state = laid_down.stack_role(stack, account)
    words = f"CloudFormation, which makes the stack {stack} of {account}"
    return guarded(session(words, account, state.name, documents(state)))


def guarded(caller: Caller) -> Caller:
    """Under the guard rails of a declaration that has stacks."""
    levels = ((FULL_ACCESS, *laid_down.guardrails_with_stacks()), (FULL_ACCESS,), (FULL_ACCESS,))
    return replace(caller, organization_policies=levels)


def stack_arn(account: str, name: str) -> str:
    return f"arn:aws:cloudformation:{REGION}:{IDS[account]}:stack/{name}/1a2b3c4d"


def role_arn(account: str, name: str) -> str:
    return f"arn:aws:iam::{IDS[account]}:role/{name}"


def people(account: str) -> tuple[Caller, ...]:
    """Who is at work in an account, entry roles aside."""
    return (
        guarded(inside(account, ADMIN, f"an administrator in {account}", mfa="true")),
        guarded(inside(account, DEV, f"a developer in {account}", mfa="true")),
        guarded(inside(account, DEPLOY, f"a pipeline that entered {account}")),
        guarded(session(f"a role of {account} that may do everything", account, "own", [ADMINISTRATOR])),
        guarded(
            root_user(account, f"who is root in {account} by sts:AssumeRoot", {"aws:AssumedRoot": "true"})
        ),
    )


def _who_takes_its_role(account: str) -> Iterator[Case]:
    trust, arn = laid_down.stack_role("strong", account).trust, role_arn(account, "groundwork-stack-strong")
    take = Wish(
        f"take the role of the stack strong in {account}",
        *("sts:AssumeRole", arn, IDS[account], trust, where(account)),
    )
    for name in (
        CLOUDFORMATION,
        "lambda.amazonaws.com",
        "ec2.amazonaws.com",
        "resources.cloudformation.amazonaws.com",
    ):
        yield Case(service(name, account), take, name == CLOUDFORMATION)
    others = (
        *people(account),
        guarded(session(f"the entry role of {account}", account, ENTRY, [ADMINISTRATOR])),
        session("a ci-cd role of mgmt", "mgmt", "ci-cd/pipeline", [ADMINISTRATOR]),
        by_stack_role(account, "strong"),
    )
    for somebody in others:
        yield Case(somebody, take, allowed=False)


CHANGES = (
    "CancelUpdateStack",
    "ContinueUpdateRollback",
    "CreateChangeSet",
    "CreateStack",
    "DeleteStack",
    "ExecuteChangeSet",
    "ExecuteStackRefactor",
    "RollbackStack",
    "SetStackPolicy",
    "UpdateStack",
    "UpdateTerminationProtection",
)
LOOKS = ("DescribeStackEvents", "DetectStackDrift", "GetTemplate")


def _touched(account: str) -> Iterator[Wish]:
    """What would give somebody the role's power, or take the stack from its owner."""
    stack, role = stack_arn(account, "groundwork-strong"), role_arn(account, "groundwork-stack-strong")
    for name in CHANGES:
        yield do(f"cloudformation:{name}", stack, account)
    yield do("cloudformation:CreateStack", stack_arn(account, "groundwork-not-declared"), account)
    for passed_to in (CLOUDFORMATION, "lambda.amazonaws.com"):
        said = f"iam:PassRole of {role} to {passed_to}"
        yield do("iam:PassRole", role, account, said, **{PASSED: passed_to})
    for name in ("AttachRolePolicy", "DeleteRole", "PutRolePolicy", "UpdateAssumeRolePolicy", "UntagRole"):
        yield do(f"iam:{name}", role, account)
    for faked in ("groundwork-stack-other", "theirs/groundwork-stack-strong", "groundwork-stack-x/strong"):
        yield do("iam:CreateRole", role_arn(account, faked), account)
        yield do("iam:PassRole", role_arn(account, faked), account, **{PASSED: CLOUDFORMATION})


def _is_left_alone(account: str) -> Iterator[Case]:
    """By everybody inside but the entry roles, the stacks' own roles as well."""
    touched = list(_touched(account))
    for somebody in (*people(account), by_stack_role(account, "strong"), by_stack_role(account, "alerts")):
        for wish in touched:
            yield Case(somebody, wish, allowed=False)
    administrator, entry = (
        people(account)[0],
        session(
            f"the entry role of {account} under guard rails with stacks", account, ENTRY, [ADMINISTRATOR]
        ),
    )
    for wish in touched:
        yield Case(guarded(entry), wish, allowed=True)
    for name in LOOKS:
        yield Case(
            administrator,
            do(f"cloudformation:{name}", stack_arn(account, "groundwork-strong"), account),
            allowed=True,
        )
    own, theirs = role_arn(account, "own"), stack_arn(account, "theirs")
    yield Case(administrator, do("cloudformation:UpdateStack", theirs, account), allowed=True)
    said = f"iam:PassRole of {own} to {CLOUDFORMATION}"
    yield Case(
        administrator, do("iam:PassRole", own, account, said, **{PASSED: CLOUDFORMATION}), allowed=True
    )


def _is_deployed(account: str) -> Iterator[Case]:
    """A stack may what its policies say, and never what the guard rails keep."""
    number = IDS[account]
    alerts, strong = by_stack_role(account, "alerts"), by_stack_role(account, "strong")
    topic, other = (f"arn:aws:sns:{REGION}:{number}:{name}" for name in ("alerts", "other"))
    for arn in (topic, other):
        wish = do("sns:CreateTopic", arn, account)
        yield Case(alerts, wish, arn == topic)
        yield Case(strong, wish, allowed=True)
    for action, resource in (
        ("iam:PutRolePolicy", role_arn(account, ADMIN)),
        ("iam:UpdateAssumeRolePolicy", role_arn(account, ENTRY)),
        ("cloudtrail:StopLogging", f"arn:aws:cloudtrail:{REGION}:{number}:trail/groundwork"),
        ("config:StopConfigurationRecorder", "*"),
        ("organizations:LeaveOrganization", "*"),
    ):
        yield Case(
            strong, do(action, resource, account, f"{action} on {resource} in {account}"), allowed=False
        )
    path = role_arn(account, "workload/app")
    bounded = {"iam:PermissionsBoundary": f"arn:aws:iam::{number}:policy/workload-boundary"}
    yield Case(
        strong, do("iam:CreateRole", path, account, f"make {path} with the boundary", **bounded), allowed=True
    )
    yield Case(
        strong, do("iam:CreateRole", path, account, f"make {path} without the boundary"), allowed=False
    )


def _by_the_session_that_deploys(account: str) -> Iterator[Case]:
    """Groundwork's own, which makes nothing itself and passes no other role."""
    component = COMPONENTS["stacks"]
    permissions = needed([*component.reads, *component.writes], "workload")
    policy = json.loads(session_policy(permissions, IDS[account], "aws"))
    who = guarded(inside(account, ENTRY, f"Groundwork in {account}, where stacks works", policy=policy))
    ours, strong = role_arn(account, "groundwork-stack-strong"), role_arn(account, "own")
    for name, allowed in (("CreateStack", True), ("UpdateStack", False), ("ExecuteChangeSet", False)):
        for stack in ("groundwork-strong", "theirs"):
            wish = do(f"cloudformation:{name}", stack_arn(account, stack), account)
            yield Case(who, wish, allowed and stack != "theirs")
    yield from _by_change_sets(account, who)
    for role, passed_to, allowed in (
        (ours, CLOUDFORMATION, True),
        (ours, "lambda.amazonaws.com", False),
        (strong, CLOUDFORMATION, False),
        (role_arn(account, "theirs/groundwork-stack-strong"), CLOUDFORMATION, False),
    ):
        said = f"iam:PassRole of {role} to {passed_to}"
        yield Case(who, do("iam:PassRole", role, account, said, **{PASSED: passed_to}), allowed)
    for action, resource, allowed in (
        ("iam:PutRolePolicy", ours, True),
        ("iam:PutRolePolicy", role_arn(account, ADMIN), False),
        ("iam:CreateRole", strong, False),
        ("sns:CreateTopic", f"arn:aws:sns:{REGION}:{IDS[account]}:alerts", False),
        ("sts:AssumeRole", ours, False),
    ):
        yield Case(who, do(action, resource, account), allowed)


def _by_change_sets(account: str, works: Caller) -> Iterator[Case]:
    """What was told is what is done: a plan makes a change set that it cannot execute, and passes roles to nothing that it
    could."""
    component = COMPONENTS["stacks"]
    permissions = needed([*component.reads, *component.reads_in_plan], "workload")
    policy = json.loads(session_policy(permissions, IDS[account], "aws"))
    plans = guarded(inside(account, ENTRY, f"Groundwork in {account}, where stacks plans", policy=policy))
    for who, own in ((works, "groundwork-apply"), (plans, "groundwork-plan")):
        for name in ("groundwork-apply", "groundwork-plan", "theirs"):
            for operation in ("CreateChangeSet", "ExecuteChangeSet"):
                may = name == own and (operation == "CreateChangeSet" or who is works)
                for stack in ("groundwork-strong", "theirs"):
                    said = f"cloudformation:{operation} of {name} on {stack} of {account}"
                    keys = {"cloudformation:ChangeSetName": name}
                    wish = do(f"cloudformation:{operation}", stack_arn(account, stack), account, said, **keys)
                    yield Case(who, wish, may and stack != "theirs")
    for operation in ("CreateStack", "UpdateStack", "DeleteStack"):
        yield Case(
            plans,
            do(f"cloudformation:{operation}", stack_arn(account, "groundwork-strong"), account),
            allowed=False,
        )
    for stack, allowed in (("groundwork-strong", True), ("theirs", False)):
        wish = do("cloudformation:DetectStackDrift", stack_arn(account, stack), account)
        yield Case(plans, wish, allowed)
        yield Case(works, wish, allowed=False)
    topic = f"arn:aws:sns:{REGION}:{IDS[account]}:alerts"
    yield Case(plans, do("sns:GetTopicAttributes", topic, account), allowed=False)
    for role in ("own", "theirs/groundwork-stack-strong"):
        said = f"iam:PassRole of {role_arn(account, role)} to {CLOUDFORMATION}"
        yield Case(
            plans,
            do("iam:PassRole", role_arn(account, role), account, said, **{PASSED: CLOUDFORMATION}),
            allowed=False,
        )
