"""What is otherwise than in the last report."""

from __future__ import annotations

from collections.abc import Iterator

from groundwork.report.model import AccountRow, Changed, Door, Report

MOST, NAMED = 500, 5
"""Changes, and accounts of one door; the others are counted."""


def compared(before: Report, after: Report) -> Report:
    """`after` with its changes since `before`. Raises nothing: what one of them does not know has not changed."""
    changes = [*_doors(before, after), *_accounts(before, after)]
    told, left_out = changes[:MOST], len(changes[MOST:])
    return after.model_copy(update={"since": before.made, "changes": told, "more_changes": left_out})


def _accounts(before: Report, after: Report) -> Iterator[Changed]:
    old = {each.id: each for each in before.accounts}
    new = {each.id: each for each in after.accounts}
    for account in after.accounts:
        if account.id in old:
            yield from _account(old[account.id], account)
        else:
            where = f" in {account.unit}" if account.unit else ""
            yield Changed(what="account", words=f"{account.name} is new{where}", account_id=account.id)
    for account in before.accounts:
        if account.id not in new:
            yield Changed(what="account", words=f"{account.name} ({account.id}) is no longer there")


def _account(old: AccountRow, new: AccountRow) -> Iterator[Changed]:
    if old.name != new.name:
        yield _changed("account", new, f"{old.name} is called {new.name} now")
    if old.unit != new.unit:
        was, now = old.unit or "the root", new.unit or "the root"
        yield _changed("account", new, f"{new.name} moved from {was} to {now}")
    if old.state != new.state:
        better = {"ready": True, "failed": False}.get(new.state)
        yield _changed("state", new, f"{new.name} is {new.state}; it was {old.state}", better)
    if old.baseline != new.baseline and new.baseline:
        was = f"; it was at {old.baseline}" if old.baseline else ""
        yield _changed("baseline", new, f"{new.name} is at the baseline {new.baseline}{was}")
    differed, differs = _differing(old), _differing(new)
    if begun := sorted(differs - differed):
        yield _changed("difference", new, f"{new.name} differs in {', '.join(begun)}", better=False)
    if ended := sorted(name for name in differed - differs if name in new.components):
        yield _changed("difference", new, f"{new.name} no longer differs in {', '.join(ended)}", better=True)


def _differing(account: AccountRow) -> set[str]:
    return {name for name, finding in account.components.items() if finding == "differs"}


def _changed(what: str, account: AccountRow, words: str, better: bool | None = None) -> Changed:
    return Changed.model_validate({"what": what, "words": words, "accountId": account.id, "better": better})


def _doors(before: Report, after: Report) -> Iterator[Changed]:
    """Of accounts that are in both: a new account has all of its doors."""
    if before.doors is None or after.doors is None:
        return
    there = {each.id for each in before.accounts}
    names = {each.id: each.name for each in after.accounts if each.id in there}
    old, new = _by_kind(before.doors), _by_kind(after.doors)
    for door in {**old, **new}:
        opened = [each for each in new.get(door, {}) if each in names and each not in old.get(door, {})]
        closed = [each for each in old.get(door, {}) if each in names and each not in new.get(door, {})]
        for which, better, accounts in (("Opens", False, opened), ("Closes", True, closed)):
            if accounts:
                words = f"{which}: {_door(*door)} {_named([names[each] for each in accounts])}"
                one = accounts[0] if len(accounts) == 1 else None
                yield Changed(what="door", words=words, account_id=one, better=better)


MFA = {True: ", with MFA", False: ", without MFA", None: ""}
Kind = tuple[str, str, str, bool | None]


def _by_kind(doors: list[Door]) -> dict[Kind, dict[str, None]]:
    found: dict[Kind, dict[str, None]] = {}
    for door in doors:
        kind = (door.principal, door.role, door.power, door.mfa)
        found.setdefault(kind, {}).update(dict.fromkeys(door.accounts))
    return found


def _door(principal: str, role: str, power: str, mfa: bool | None) -> str:
    return f"{principal} as {role} ({power}{MFA[mfa]}) in"


def _named(names: list[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names) if more <= 0 else f"{', '.join(names[:NAMED])} and {more} more"
