"""Who else works in the account by roles of their own: stack sets, and Control Tower. A plan tells it; they are left alone.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-prereqs-self-managed.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-orgs-enable-trusted-access.html
https://docs.aws.amazon.com/controltower/latest/userguide/roles-how.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase

from groundwork.baseline.component import Call, Target, needing
from groundwork.baseline.documents import principals
from groundwork.declaration.entry_roles import CONTROL_TOWER
from groundwork.declaration.policy_files import statements
from groundwork.declaration.settings import MANAGED_BY
from groundwork.declaration.stacks import EXECUTION_ROLES, stack_sets
from groundwork.fields import is_below

from .state import US, RoleState
from .wanted import declared_roles

STACK_SETS = ("AWSCloudFormationStackSetExecutionRole", EXECUTION_ROLES)
"""The role of stack sets that have permissions of their owner's, and those of stack sets that Organizations lets in."""
CONTROL_TOWERS = "aws-controltower-*"


def calls(found: Mapping[str, RoleState], compared: Collection[str], target: Target) -> Iterator[Call]:
    """`compared` are the names of roles whose own differences say what becomes of them."""
    later = _later(found, compared, target)
    yield from needing((), (*_stack_sets(found, target), *_control_tower(found), *later))


def _later(found: Mapping[str, RoleState], compared: Collection[str], target: Target) -> Iterator[Call]:
    """Roles of declared names that somebody else made, where whom they are to trust is not there yet."""
    for declared in declared_roles(target):
        there = found.get(declared.name)
        if there and there.name not in compared and there.tags.get(MANAGED_BY) != US:
            missed = "somebody else made it, and who uses it finds it changed, once it can be laid down"
            report = _report(there.name, "is declared, and is there without our tag")
            yield replace(report, breaks=[missed])


def _stack_sets(found: Mapping[str, RoleState], target: Target) -> Iterator[Call]:
    stopped = (
        "; where the guard rails bind the account its stack sets cannot change what Groundwork laid down"
        if target.declaration.has_component("guardrails")
        else ""
    )
    for role in found.values():
        if any(fnmatchcase(role.name, pattern) for pattern in STACK_SETS):
            who = sorted({each for said in statements(role.trust) for each in principals(said)})
            declared = _declared(role, target)
            yield _report(
                role.name, f"stack sets work here by it, for {', '.join(who)}: it stays{stopped}{declared}"
            )


def _declared(role: RoleState, target: Target) -> str:
    """Which StackSets of the declaration do, by the role of AWS Organizations."""
    here = sorted(
        each.name
        for each in stack_sets(target.declaration.stacks)
        if any(is_below(target.account.unit, unit) for unit in each.where.organizational_units)
    )
    if not here or not fnmatchcase(role.name, EXECUTION_ROLES):
        return ""
    return f". Declared for this account: {', '.join(here)}"


def _control_tower(found: Mapping[str, RoleState]) -> Iterator[Call]:
    its = sorted(name for name in found if fnmatchcase(name, CONTROL_TOWERS))
    if CONTROL_TOWER in found or its:
        named = f", {', '.join(its)}" if its else ""
        yield _report(
            CONTROL_TOWER if CONTROL_TOWER in found else its[0],
            f"Control Tower has enrolled the account: what it made stays its own (this role{named}, the recorder, the channel "
            "and the trail whose names begin with aws-controltower-), and the rest of this plan is Groundwork's",
        )


def _report(role: str, reason: str) -> Call:
    return Call("iam", "", {}, f"role/{role}", "report", reason, severity="low")
