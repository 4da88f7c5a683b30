"""From what runs and plans said to the rows of the report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from groundwork.contracts import Change
from groundwork.rendering import WILL_BE, on_one_line, worst_first
from groundwork.report.model import Difference, FailureRow, Finding

MOST = 40
"""Differences of one account: the worst of them; the others are in the roll-out's results."""
LONGEST = 400
FINDINGS: Mapping[str, Finding] = {"changed": "as declared", "unchanged": "as declared", "differs": "differs"}
"""By the outcome of a component. One that was skipped tells nothing."""


def differences(changes: Iterable[Change]) -> list[Difference]:
    """The worst first."""
    return [_difference(change) for change in worst_first(changes)]


def _difference(change: Change) -> Difference:
    note = change.action == "report" and not change.is_for_people
    then = "" if note else "; left to you" if change.action == "report" else f"; {WILL_BE[change.action]}"
    words = f"{change.resource}: {on_one_line(change.reason, LONGEST)}{then}"
    return Difference(component=change.component, severity="note" if note else change.severity, words=words)


def components(declared: Sequence[str], *results: Iterable[Mapping[str, Any]]) -> dict[str, Finding]:
    """What was found last of each declared component. Later results stand in for earlier ones."""
    found: dict[str, Finding] = {}
    for each in (one for result in results for one in result):
        if "error" in each:
            found[str(each["component"])] = "failed"
        elif each.get("outcome") in FINDINGS:
            found[str(each["component"])] = FINDINGS[each["outcome"]]
    return {name: found[name] for name in (*declared, *sorted(found.keys() - set(declared))) if name in found}


def failure(
    account_id: str | None, account_name: str, told: Mapping[str, str], at: str | None = None
) -> FailureRow:
    """`told` has error, cause and remedy, as far as they are known."""
    return FailureRow(
        account_id=account_id,
        account_name=account_name,
        error=told.get("error", "Unknown"),
        cause=on_one_line(told.get("cause", ""), 4 * LONGEST),
        remedy=told.get("remedy", ""),
        at=at,
    )
