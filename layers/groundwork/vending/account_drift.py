"""What a person should know of an account itself: it is called otherwise than declared, or is in another unit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from groundwork.aws.organizations import Listed
from groundwork.contracts import Account, Change, PlannedCall, Severity
from groundwork.fields import NEVER, is_below
from groundwork.ledger.memory import Memory
from groundwork.ledger.records import AccountRecord
from groundwork.tags import EXPIRES_TAG

if TYPE_CHECKING:
    from groundwork.declaration import Declaration, DeclaredAccount

COMPONENT = "account"
"""In place of a component's name, of what is said of the account itself."""


def account_drift(
    listed: Listed,
    account: Account,
    declared: DeclaredAccount | None,
    known: AccountRecord | None,
    declaration: Declaration,
) -> list[Change]:
    """`listed` is the account as Organizations shows it, `account` as the components take it, `known` as it was when it
    last reached its baseline."""
    found = list[Change]()
    if declared and declared.id is None:
        found += _labels(listed, declared)
    if declared and declared.organizational_unit not in (None, account.unit):
        found.append(
            _report(
                account,
                f"is in {place(account.unit)}; baseline.yaml declares {declared.organizational_unit!r}: move it there, or "
                "correct the declaration",
                "medium",
            )
        )
    if known and known.unit is not None and known.unit != account.unit:
        found.append(_moved(account, known.unit, declaration))
    return found


def _labels(listed: Listed, declared: DeclaredAccount) -> Iterator[Change]:
    """It is known by its id, which the ledger has, and a tag of the management account; baseline.yaml should agree."""
    is_called = [] if listed.name == declared.name else [f"is called {listed.name!r}, not {declared.name!r}"]
    if listed.email.lower() != declared.email.lower():
        is_called.append(f"has the e-mail {listed.email!r}, not {declared.email!r}")
    if is_called:
        yield Change(
            component=COMPONENT,
            resource=f"account {declared.name}",
            action="report",
            reason=f"{' and '.join(is_called)}; it stays of kind {declared.kind}: correct baseline.yaml, or give it "
            f"its id, {listed.id}, there",
            severity="medium",
        )


def _moved(account: Account, before: str, declaration: Declaration) -> Change:
    words, severity = effects_of(account.model_copy(update={"unit": before}), account, declaration)
    return _report(
        account,
        f"is in {place(account.unit)} and was in {place(before)} when it last reached its baseline; by that {words}",
        severity,
    )


def moved_back(account: Account, found: str, unit_id: str, declaration: Declaration) -> Change:
    """`account` is where it belongs; `found` is the path of the unit in which somebody has put it."""
    words, severity = effects_of(account, account.model_copy(update={"unit": found}), declaration)
    return Change(
        component=COMPONENT,
        resource=f"account {account.name}",
        action="update",
        reason=f"is in {place(found)}, and belongs in {place(account.unit)}; by that {words}",
        severity=severity,
        call=PlannedCall(
            service="organizations",
            operation="MoveAccount",
            parameters={"AccountId": account.id, "DestinationParentId": unit_id},
        ),
    )


def effects_of(was: Account, now: Account, declaration: Declaration) -> tuple[str, Severity]:
    """What another name, or another unit, does to doors and guard rails, in words, and how bad it is."""
    guarded = [_is_guarded(each, declaration) for each in (was, now)]
    changed = [*_doors(was, now, declaration), *_entries(was, now, declaration)]
    if guarded[0] != guarded[1]:
        changed.insert(
            0, "the guard rails bind it" if guarded[1] else "the guard rails bind it no longer"
        )  # what is long may be shown in part
    severity: Severity = "high" if guarded == [True, False] else "medium" if changed else "low"
    return "; ".join(changed) if changed else "no door and no guard rail changes", severity


def _doors(was: Account, now: Account, declaration: Declaration) -> Iterator[str]:
    """Roles and boundaries."""
    before, after = (_laid_down(each, declaration) for each in (was, now))
    for name in sorted(before.keys() | after.keys()):
        if name not in after:
            yield f"{name} is for it no longer"
        elif name not in before:
            yield f"{name} is for it, with {after[name]}"
        elif before[name] != after[name]:
            yield f"{name} has {after[name]}, not {before[name]}"


def _laid_down(account: Account, declaration: Declaration) -> dict[str, str]:
    """What each role and boundary may, by its name."""
    access = declaration.access
    roles = {
        f"role {role.name}": _listed_policies([*role.managed_policies, *role.policies])
        for role in access.roles
        if role.where.admits(account)
    }
    boundaries = {
        f"boundary {each.name}": _listed_policies(each.policies)
        for each in access.boundaries
        if each.where.admits(account)
    }
    return roles | boundaries


def _listed_policies(names: list[str]) -> str:
    return " and ".join(names) or "no policy"


def _entries(was: Account, now: Account, declaration: Declaration) -> Iterator[str]:
    """Groups, by the units and the names that they enter."""
    for group in declaration.access.groups:
        for enter in group.enter:
            before, after = enter.admits(was), enter.admits(now)
            if before != after:
                yield f"group {group.name} enters it by {enter.role}{'' if after else ' no longer'}"


def _is_guarded(account: Account, declaration: Declaration) -> bool:
    where = declaration.guardrails.where
    return declaration.has_component("guardrails") and (
        not where or any(is_below(account.unit, unit) for unit in where)
    )


def end_of(
    account: Account, tags: Mapping[str, str], memory: Memory, declaration: Declaration
) -> Iterator[Change]:
    """What is said of its end that nobody may expect: the declaration has it closed, or its tag names a day that the ledger
    does not know, and by which it is not closed."""
    closing, kind = declaration.closing, account.kind
    if closing.names(account.id, account.name):
        what = (
            f"accounts of kind {kind} are never closed: take it out there"
            if kind != "workload"
            else f"it is suspended a day after Account Expiring has told of it, and closed {closing.grace_days} days later"
        )
        yield _report(account, f"closing.accounts in baseline.yaml names it; {what}", "high")
    day, known = tags.get(EXPIRES_TAG, NEVER), memory.endings.get(account.id)
    if day != NEVER and known is None:
        reason = (
            f"has the tag {EXPIRES_TAG} {day}, of which the ledger knows nothing, so that it does not expire: groundwork change "
            f"{account.id} --expires {day}, or never, says which"
        )
        yield _report(account, reason, "medium")


def _report(account: Account, reason: str, severity: Severity) -> Change:
    return Change(
        component=COMPONENT,
        resource=f"account {account.name}",
        action="report",
        reason=reason,
        severity=severity,
    )


def place(unit: str) -> str:
    """In words."""
    return f"the unit {unit!r}" if unit else "the root"
