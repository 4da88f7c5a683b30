"""StackSets of AWS Organizations, which the security account administers: who may make them, and who has their role's power."""

from __future__ import annotations

from collections.abc import Iterator

from prove.asked import Case
from prove.laid_down import IDS, REGION
from prove.policy_cases.people import ADMINISTRATOR, ENTRY, do, session
from prove.policy_cases.stacks import guarded, people, role_arn, stack_arn

EXECUTION, OURS, THEIRS = (
    "stacksets-exec-0123456789abcdef",
    "StackSet-groundwork-network-1",
    "StackSet-theirs-1",
)
MAKING = ("CreateStackInstances", "DeleteStackInstances", "DeleteStackSet", "UpdateStackSet")


def cases() -> Iterator[Case]:
    for account in ("dev", "prod"):
        yield from _in_a_target(account)
    yield from _where_they_are_made()


def _in_a_target(account: str) -> Iterator[Case]:
    """What one has made, and the role by which it does, are nobody's but its own and the entry roles'."""
    role = role_arn(account, EXECUTION)
    for somebody in people(account):
        for name in ("DeleteStack", "UpdateStack"):
            yield Case(
                somebody, do(f"cloudformation:{name}", stack_arn(account, OURS), account), allowed=False
            )
        for name in ("AttachRolePolicy", "DeleteRole", "UpdateAssumeRolePolicy"):
            yield Case(somebody, do(f"iam:{name}", role, account), allowed=False)
        faked = role_arn(account, "theirs/stacksets-exec-mine")
        yield Case(somebody, do("iam:CreateRole", faked, account), allowed=False)
    own = guarded(session(f"the StackSets in {account}", account, EXECUTION, [ADMINISTRATOR]))
    for name in (OURS, THEIRS):
        yield Case(own, do("cloudformation:UpdateStack", stack_arn(account, name), account), allowed=True)
    taken = role_arn(account, ENTRY)
    yield Case(own, do("iam:UpdateAssumeRolePolicy", taken, account), allowed=False)
    entered = guarded(
        session(f"the entry role of {account}, beside StackSets", account, ENTRY, [ADMINISTRATOR])
    )
    yield Case(entered, do("cloudformation:DeleteStack", stack_arn(account, OURS), account), allowed=True)


def _where_they_are_made() -> Iterator[Case]:
    """Whoever may make one there is an administrator everywhere."""
    for account, allowed in (("security", False), ("dev", True)):
        words = f"a role of {account} that may do everything"
        somebody = guarded(session(words, account, "own", [ADMINISTRATOR]))
        stack_set = f"arn:aws:cloudformation:{REGION}:{IDS[account]}:stackset/network:1a2b"
        yield Case(somebody, do("cloudformation:CreateStackSet", "*", account), allowed)
        for name in MAKING:
            yield Case(somebody, do(f"cloudformation:{name}", stack_set, account), allowed)
        yield Case(somebody, do("cloudformation:DescribeStackSet", stack_set, account), allowed=True)
    entered = guarded(
        session("the entry role of security, beside StackSets", "security", ENTRY, [ADMINISTRATOR])
    )
    yield Case(entered, do("cloudformation:CreateStackSet", "*", "security"), allowed=True)
