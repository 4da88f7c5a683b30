"""Quarantine: in the unit where new accounts wait, who does anything at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from prove import laid_down
from prove.asked import Caller, Case
from prove.laid_down import IDS, REGION
from prove.policy_cases.inside import root_user
from prove.policy_cases.people import (
    ADMIN,
    ADMINISTRATOR,
    DEPLOY,
    DEV,
    ENTRY,
    FULL_ACCESS,
    READ_ONLY,
    SUPPORT,
    do,
    inside,
    session,
    user,
)
from prove.policy_cases.stacks import by_stack_role, role_arn

ACCOUNT = "dev"
"""As it was before it came to its own unit."""
TRIES = (
    ("s3:ListAllMyBuckets", "*"),
    ("ec2:RunInstances", "*"),
    ("iam:CreateUser", f"arn:aws:iam::{IDS[ACCOUNT]}:user/eve"),
    ("iam:GetRole", role_arn(ACCOUNT, ADMIN)),
    ("lambda:CreateFunction", "*"),
    ("sns:CreateTopic", f"arn:aws:sns:{REGION}:{IDS[ACCOUNT]}:alerts"),
)
LIKE_IT = (
    f"x/{ENTRY}",
    f"{ENTRY}/x",
    f"{ENTRY}-2",
    f"x{ENTRY}",
    "x/AWSControlTowerExecution",
    "groundwork-stack-",
    "groundwork-stack-other",
    "groundwork-stack-alerts-2",
    "groundwork-stack-alerts/x",
    "x/groundwork-stack-alerts",
    "xgroundwork-stack-alerts",
    "groundwork-trail-logs",
    "aws-reserved/sso.amazonaws.com/AWSReservedSSO_AdministratorAccess_1a2b3c4d",
)
"""Roles that are called nearly like one that is spared, and one of CloudTrail's that a trail of the organization needs in no
member account."""


def cases() -> Iterator[Case]:
    for caller in _closed_to():
        for action, resource in TRIES:
            yield Case(caller, do(action, resource, ACCOUNT), allowed=False)
    for name in (ENTRY, "AWSControlTowerExecution"):
        entered = _waiting(session(f"Groundwork in {ACCOUNT} by {name}", ACCOUNT, name, [ADMINISTRATOR]))
        for action, resource in TRIES:
            yield Case(entered, do(action, resource, ACCOUNT), allowed=True)
        yield Case(entered, do("organizations:LeaveOrganization", "*", ACCOUNT), allowed=False)
    yield from _stacks()


def _waiting(caller: Caller) -> Caller:
    """In quarantine, below the guard rails of the root."""
    levels = (
        (FULL_ACCESS, *laid_down.guardrails_with_stacks()),
        (FULL_ACCESS, laid_down.quarantine()),
        (FULL_ACCESS,),
    )
    words = f"{caller.words}, which waits in quarantine,"
    return replace(caller, words=words, organization_policies=levels)


def _closed_to() -> Iterator[Caller]:
    for role in (ADMIN, DEV, DEPLOY, READ_ONLY, SUPPORT):
        yield _waiting(inside(ACCOUNT, role, f"somebody by {role} in {ACCOUNT}", mfa="true"))
    yield _waiting(root_user(ACCOUNT, f"the root user of {ACCOUNT}"))
    yield _waiting(root_user(ACCOUNT, f"root by sts:AssumeRoot in {ACCOUNT}", {"aws:AssumedRoot": "true"}))
    for name in (ENTRY, "groundwork-stack-alerts"):
        yield _waiting(
            user(f"a user called {name} in {ACCOUNT}", ACCOUNT, [ADMINISTRATOR], "true", name=name)
        )
    for name in LIKE_IT:
        yield _waiting(session(f"the role {name} of {ACCOUNT}", ACCOUNT, name, [ADMINISTRATOR]))


def _stacks() -> Iterator[Case]:
    """CloudFormation does by a stack's role what that may, and what its guard rails leave."""
    for stack in ("alerts", "strong"):
        caller = _waiting(by_stack_role(ACCOUNT, stack))
        for action, resource in TRIES:
            yield Case(
                caller, do(action, resource, ACCOUNT), stack == "strong" or action == "sns:CreateTopic"
            )
        for name in ("groundwork-stack-other", f"x/{ENTRY}"):
            wish = do("iam:CreateRole", role_arn(ACCOUNT, name), ACCOUNT)
            yield Case(caller, wish, allowed=False, why="it makes itself no second one that is spared")
