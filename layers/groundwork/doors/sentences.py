"""What opens and closes, in sentences: one for all who, and for all accounts where, the same becomes of a door."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from groundwork.doors.changes import Change

ORDER = ("opens", "widens", "narrows", "closes")
MOST_ACCOUNTS = 6
ALIKE = "workload accounts in "
OUTSIDERS = ("strangers", "administrators of account ")
"""Who is of no account of the organization: named before all others, of whom some may only be counted."""


def sentences(changes: Iterable[Change]) -> list[str]:
    """What opens comes first."""
    places: dict[tuple[str, str, str, str], list[str]] = {}
    for change in changes:
        places.setdefault((change.way, change.role, change.what, change.who), []).append(change.words)
    crowds: dict[tuple[str, str, str, tuple[str, ...]], list[str]] = {}
    for (way, role, what, who), accounts in places.items():
        crowds.setdefault((way, role, what, tuple(accounts)), []).append(who)
    told = [
        (way, _sentence(way, listed(_worst_first(crowd)), where(accounts), role, what))
        for (way, role, what, accounts), crowd in crowds.items()
    ]
    return [sentence for _, sentence in sorted(told, key=lambda each: ORDER.index(each[0]))]


def _worst_first(crowd: Sequence[str]) -> list[str]:
    return sorted(crowd, key=lambda who: not who.startswith(OUTSIDERS))


def _sentence(way: str, who: str, accounts: str, role: str, what: str) -> str:
    if not role:
        return f"{way}: {who} in {accounts}: {what}"
    match way:
        case "opens":
            return f"opens: {who} may enter {accounts} by {role}: {what}"
        case "closes":
            return f"closes: {who} may no longer enter {accounts} by {role} ({what})"
        case _:
            return f"{way}: {who} in {accounts} by {role}: {what}"


def where(words: Sequence[str]) -> str:
    """Accounts, as a sentence calls them together."""
    alike = [each.removeprefix(ALIKE) for each in words if each.startswith(ALIKE)]
    return listed(
        [*(each for each in words if not each.startswith(ALIKE)), *([ALIKE + listed(alike)] if alike else [])]
    )


def listed(words: Sequence[str]) -> str:
    """a, b and c; of many, the first and how many more."""
    if len(words) > MOST_ACCOUNTS:
        return f"{', '.join(words[: MOST_ACCOUNTS - 1])} and {len(words) - MOST_ACCOUNTS + 1} more"
    return " and ".join([", ".join(words[:-1]), words[-1]] if words[1:] else words)
