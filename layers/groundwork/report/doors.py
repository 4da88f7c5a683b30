"""Who enters which account, as the declaration says it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from groundwork.contracts import Account
from groundwork.declaration import Declaration, Enter, Group, Role
from groundwork.declaration.policy_files import Document, statements
from groundwork.fields import is_below
from groundwork.report.model import Door, Power

ENTER_EVERYTHING = frozenset(("AdministratorAccess", "PowerUserAccess"))
"""AWS managed policies of a group that let it assume any role: the role's trust alone decides."""
MANAGED: dict[str, Power] = {
    "AdministratorAccess": "grants",
    "IAMFullAccess": "grants",
    "PowerUserAccess": "writes",
    "ReadOnlyAccess": "reads",
    "SecurityAudit": "reads",
    "ViewOnlyAccess": "reads",
}
WEAKEST_FIRST: Sequence[Power] = ("enters", "reads", "writes", "grants")
READING = ("Describe", "Get", "List", "View", "Lookup", "Search", "BatchGet", "Filter", "Query", "Scan")


def declared_doors(declaration: Declaration, accounts: Iterable[Account]) -> list[Door]:
    """Those by the declared roles, and by the role with which the management account enters."""
    accounts = [each for each in accounts if each.kind != "management"]
    doors = [door for role in declaration.access.roles for door in _doors(role, declaration, accounts)]
    return [*doors, *_entry(declaration, accounts)]


def _doors(role: Role, declaration: Declaration, accounts: Sequence[Account]) -> Iterator[Door]:
    inside = [each for each in accounts if role.where.admits(each)]
    for principal, entered in _principals(role, declaration, inside):
        if entered:
            yield Door(
                principal=principal,
                role=role.name,
                power=_power(role, declaration),
                by=[*role.managed_policies, *role.policies],
                mfa=role.trust.mfa == "required",
                accounts=[each.id for each in entered],
            )


def _principals(
    role: Role, declaration: Declaration, inside: list[Account]
) -> Iterator[tuple[str, list[Account]]]:
    """Whom the role trusts, and what of its accounts they may go to."""
    trust = role.trust
    if trust.account == "security" and not trust.principals:
        for group in declaration.access.groups:
            yield group.name, [each for each in inside if _sends(group, role, each)]
        return
    whose = f"account {trust.account}" if trust.account.isdecimal() else f"the {trust.account} account"
    yield f"{', '.join(trust.principals) or 'anybody'} of {whose}", inside


def _sends(group: Group, role: Role, account: Account) -> bool:
    return not ENTER_EVERYTHING.isdisjoint(group.managed_policies) or any(
        enter.role == role.name and _admits(enter, account) for enter in group.enter
    )


def _admits(enter: Enter, account: Account) -> bool:
    units = enter.organizational_units
    return (
        (not enter.kinds or account.kind in enter.kinds)
        and (not units or any(is_below(account.unit, unit) for unit in units))
        and (not enter.names or account.name in enter.names)
    )


def _entry(declaration: Declaration, accounts: Sequence[Account]) -> Iterator[Door]:
    entry = declaration.entry_roles[0]
    narrow = entry.trust == "narrow"
    who = ", ".join(entry.break_glass) if narrow else "administrators"
    if accounts:
        yield Door(
            principal=f"{who} of the management account",
            role=entry.name,
            power="grants",
            by=["AdministratorAccess"],
            mfa=narrow,
            accounts=[each.id for each in accounts],
        )


def _power(role: Role, declaration: Declaration) -> Power:
    powers: list[Power] = [MANAGED.get(name, "writes") for name in role.managed_policies]
    powers += [_of_document(declaration.policy(name)) for name in role.policies]
    return max(powers, key=WEAKEST_FIRST.index, default="enters")


def _of_document(document: Document) -> Power:
    allowed = [each for each in statements(document) if each["Effect"] == "Allow"]
    for each in allowed:
        actions = each.get("Action", "*")
        named = [actions] if isinstance(actions, str) else actions
        if not all(action.partition(":")[2].startswith(READING) for action in named):
            return "writes"
    return "reads"
