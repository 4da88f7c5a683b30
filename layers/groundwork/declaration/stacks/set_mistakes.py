"""What is wrong in declared StackSets: what a StackSet cannot express, and who is to administer them.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DeploymentTargets.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-orgs-delegated-admin.html
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

from groundwork.contracts import Kind
from groundwork.declaration import Declaration
from groundwork.declaration.aws_names import did_you_mean
from groundwork.declaration.mistakes import declared_units
from groundwork.declaration.stacks import SETS, Stack
from groundwork.fields import is_below, shown

ADMINISTRATORS: tuple[Kind, ...] = ("security", "tooling")
MOST_UNITS = 50
"""In a call, as the API reference has it."""
OWN_VALUES = "AWS::AccountId and AWS::Region in the template are each account's own"


def in_stack_set(stack: Stack, declaration: Declaration) -> Iterator[str]:
    """Each a sentence, which names key and remedy."""
    for key, is_given, why in _not_expressed(stack):
        if is_given:
            yield f"{key}: {why}; take it out, or set mode: stack"
    units = stack.where.organizational_units
    if not units:
        yield "where.organizationalUnits: is missing; a StackSet is for whole units, and those below them: name them"
    if len(units) > MOST_UNITS:
        yield f"where.organizationalUnits: has {len(units)} units; CloudFormation takes {MOST_UNITS}: name one above several of them"
    known = declared_units(declaration)
    for unit in units:
        if unit not in known:
            close = did_you_mean(unit, known)
            yield f"where.organizationalUnits: {shown(unit)} is not declared{close}; add it to organizationalUnits, or correct it"
    for one, other in permutations(units, 2):
        if one != other and is_below(one, other):
            yield f"where.organizationalUnits: {one!r} is below {other!r}, which has it already; take it out"
    if stack.options.max_concurrent in (0, "0%"):
        yield "stackSet.maxConcurrent: is 0, which is no account at all; write 1 or more, or 1% or more"
    chosen = administrators(declaration)
    if len(chosen) != 1:
        named = "both" if chosen else "neither"
        yield (
            f"mode: stackSet needs the one account that administers StackSets, and {named} of baseline.security and "
            f"baseline.tooling has {SETS}; leave it in one of them"
        )


def administrators(declaration: Declaration) -> list[Kind]:
    """The kinds of account that have the component: one account administers StackSets, or none does."""
    return [kind for kind in ADMINISTRATORS if SETS in declaration.baseline.get(kind, [])]


def _not_expressed(stack: Stack) -> Iterator[tuple[str, bool, str]]:
    where, all_accounts = stack.where, "a StackSet is for all accounts of its units"
    yield "where.kinds", bool(where.kinds), all_accounts
    yield "where.exceptOrganizationalUnits", bool(where.except_organizational_units), all_accounts
    yield "where.names", bool(where.names), all_accounts
    yield "where.tags", bool(where.tags), all_accounts
    role = "a StackSet works by a role of AWS's with AdministratorAccess"
    yield "policies", bool(stack.policies), role
    yield "managedPolicies", bool(stack.managed_policies), role
    yield "after", bool(stack.after), "CloudFormation deploys a StackSet to a new account when that comes"
    yield "terminationProtection", stack.termination_protection, "a StackSet has none"
    drift = "drift of a StackSet is asked for stack by stack, and Groundwork does not"
    yield "driftDetection", stack.drift_detection, drift
    yield "driftReads", bool(stack.drift_reads), drift
