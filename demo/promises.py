"""What the declaration promises of a door: pure, and worked out without a policy document of ours.

The door table holds this against what happens when the door is tried.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from groundwork.contracts import Account
from groundwork.declaration import Declaration
from groundwork.declaration.access import Enter, Group, Role, Where
from groundwork.declaration.policy_files import Document, statements
from groundwork.doors.power import EVERYTHING, Power
from groundwork.fields import is_below

READS, WRITES, GRANTS = "ec2:DescribeSecurityGroups", "ec2:CreateSecurityGroup", "iam:CreateRole"
"""The call that stands for each power."""

CALLS = {Power.READ: READS, Power.WRITE: WRITES, Power.GRANT: GRANTS}
MANAGED_POLICIES = {
    "AWSSupportAccess": Power.SHUT,
    "AdministratorAccess": Power.READ | Power.WRITE | Power.GRANT,
    "PowerUserAccess": Power.READ | Power.WRITE,
    "ReadOnlyAccess": Power.READ,
    "SecurityAudit": Power.READ,
    "ViewOnlyAccess": Power.READ,
}
OPEN_EVERY_DOOR = frozenset(("AdministratorAccess", "PowerUserAccess"))
"""AWS managed policies that allow sts:AssumeRole on everything: the role's trust alone decides."""


class NotForetold(LookupError):
    """The declaration uses an AWS managed policy of which nothing is known here; the message names it."""


@dataclass(frozen=True)
class Visitor:
    """Who stands before a door. `principal` is below the account, like user/ada or role/ci-cd/pipeline.

    account is None outside the organization. groups: of the security account; users there may do only what they
    allow. Everybody else is an administrator at home, whom nothing but the door itself keeps out.
    """

    principal: str
    account: Account | None
    groups: tuple[str, ...] = ()
    mfa: bool = False


@dataclass(frozen=True)
class Door:
    """A role of an account. `declared` is None for the entry role, which AWS makes."""

    account: Account
    role_name: str
    declared: Role | None = None

    @property
    def path(self) -> str:
        return self.declared.path if self.declared else "/"


def doors_of(account: Account, declaration: Declaration) -> list[Door]:
    """The declared roles of an account, and the role by which the management account enters it."""
    if account.kind == "management":
        return []
    declared = [role for role in declaration.access.roles if _is_meant(role.where, account)]
    return [
        *(Door(account, role.name, role) for role in declared),
        Door(account, declaration.entry_role_names[0]),
    ]


def promised(visitor: Visitor, door: Door, declaration: Declaration) -> Power:
    """What the declaration lets a visitor do behind a door. Raises `NotForetold`."""
    if door.declared is None:
        from_management = visitor.account is not None and visitor.account.kind == "management"
        return EVERYTHING if from_management else Power.SHUT
    if not _trusts(door.declared, visitor) or not _may_leave(visitor, door, declaration):
        return Power.SHUT
    return Power.ENTER | _power_of(door.declared, declaration)


def _trusts(role: Role, visitor: Visitor) -> bool:
    trust, home = role.trust, visitor.account
    return (
        home is not None
        and trust.account in (home.kind, home.id)
        and (trust.mfa == "exempt" or visitor.mfa)
        and (not trust.principals or any(fnmatchcase(visitor.principal, each) for each in trust.principals))
        and trust.external_id is None  # which no visitor brings
    )


def _may_leave(visitor: Visitor, door: Door, declaration: Declaration) -> bool:
    """Whether the visitor's own account lets it go to that door."""
    if not visitor.groups:
        return True
    if not visitor.mfa:  # every group denies everything but one's own device until MFA is present
        return False
    groups = [group for group in declaration.access.groups if group.name in visitor.groups]
    return any(_sends(group, door) for group in groups)


def _sends(group: Group, door: Door) -> bool:
    return not OPEN_EVERY_DOOR.isdisjoint(group.managed_policies) or any(
        enter.role == door.role_name and _is_meant(enter, door.account) for enter in group.enter
    )


def _is_meant(where: Where | Enter, account: Account) -> bool:
    """Whether an account is one of those meant; what is left empty narrows nothing."""
    units = where.organizational_units
    return (
        (not where.kinds or account.kind in where.kinds)
        and (not units or _is_in(account, units))
        and not (isinstance(where, Where) and _is_in(account, where.except_organizational_units))
        and (not where.names or account.name in where.names)
    )


def _is_in(account: Account, units: Sequence[str]) -> bool:
    return any(is_below(account.unit, unit) for unit in units)


def _power_of(role: Role, declaration: Declaration) -> Power:
    power = Power.SHUT
    for name in role.managed_policies:
        power |= _managed(name)
    for name in role.policies:
        power |= _allowed_by(declaration.policy(name))
    boundary = role.permissions_boundary
    if boundary is None:
        return power
    own = declaration.has_policy(boundary)
    return power & (_allowed_by(declaration.policy(boundary)) if own else _managed(boundary))


def _managed(name: str) -> Power:
    if name not in MANAGED_POLICIES:
        raise NotForetold(f"{name}: add to demo/promises.py which of {', '.join(CALLS.values())} it allows")
    return MANAGED_POLICIES[name]


def _allowed_by(document: Document) -> Power:
    """What a policy allows without conditions."""
    power = Power.SHUT
    for each, action in CALLS.items():
        effects = {
            statement["Effect"]
            for statement in statements(document)
            if not statement.get("Condition") and _names(statement, action)
        }
        if effects == {"Allow"}:
            power |= each
    return power


def _names(statement: dict[str, Any], action: str) -> bool:
    if "NotAction" in statement:
        return not _matches(action, statement["NotAction"])
    return _matches(action, statement["Action"])


def _matches(action: str, patterns: str | Sequence[str]) -> bool:
    listed = [patterns] if isinstance(patterns, str) else patterns
    return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in listed)
