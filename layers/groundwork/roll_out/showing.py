"""The report that a roll-out writes beside its summary, from what it knows by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from groundwork.contracts import Account, Change, Mode
from groundwork.declaration import Declaration
from groundwork.report import findings
from groundwork.report.doors import declared_doors
from groundwork.report.model import AccountRow, Finding, Report, RollOutRow
from groundwork.report.page import page
from groundwork.roll_out.outcomes import Outcome

STATES: Mapping[str, str] = {
    "ready": "ready",
    "repaired": "ready",
    "unchanged": "ready",
    "drifted": "ready",
    "failed": "failed",
    "in-progress": "in progress",
    "not-adopted": "not adopted",
    "not-done": "not done",
}
"""What the report calls an account, by its outcome."""


def shown(name: str, whole: Mapping[str, Any], outcomes: Sequence[Outcome], declaration: Declaration) -> str:
    """The page. `whole` is the roll-out's summary."""
    mode: Mode = whole["mode"]
    rows = [_account(each, mode, declaration) for each in outcomes]
    return page(
        Report(
            made=datetime.now(UTC).isoformat(timespec="seconds"),
            by=f"roll-out {name}",
            version=declaration.version,
            units=list(declaration.organizational_units),
            components=list(dict.fromkeys(name for its in declaration.baseline.values() for name in its)),
            accounts=[*rows, *_skipped(whole["skipped"])],
            doors=declared_doors(declaration, _accounts(outcomes)),
            failures=[
                findings.failure(
                    each.account_id,
                    each.account_name,
                    {"error": each.error, "cause": each.cause, "remedy": each.remedy},
                )
                for each in outcomes
                if each.error and each.is_ours
            ],
            roll_out=RollOutRow(name=name, mode=mode, accounts=whole["accounts"], results=whole["results"]),
        )
    )


def _account(outcome: Outcome, mode: Mode, declaration: Declaration) -> AccountRow:
    """What was done is no difference any more; what is left to people is."""
    plans = mode == "plan" or not outcome.is_ours
    changes = [*(outcome.changes if plans else ()), *outcome.reports]
    behind = outcome.is_ours and outcome.declaration.behind
    return AccountRow(
        id=outcome.account_id,
        name=outcome.account_name,
        kind=outcome.kind if outcome.is_ours else None,
        unit=outcome.unit,
        state=STATES.get(outcome.outcome, outcome.outcome),
        baseline=outcome.declaration.account,
        behind=behind,
        components=_components(outcome, changes, declaration),
        differences=findings.differences(changes)[: findings.MOST],
        more_differences=max(0, len(changes) - findings.MOST),
    )


def _components(outcome: Outcome, changes: Iterable[Change], declaration: Declaration) -> dict[str, Finding]:
    """None of an account that was not looked at to the end."""
    if outcome.error or outcome.outcome in ("not-done", "in-progress"):
        return {}
    looked_at = outcome.components or declaration.baseline.get(outcome.kind or "workload", [])
    differing = {each.component for each in changes if each.differs}
    return {name: "differs" if name in differing else "as declared" for name in looked_at}


def _skipped(skipped: Mapping[str, str]) -> Iterator[AccountRow]:
    for account_id, state in skipped.items():
        yield AccountRow(id=account_id, name=account_id, state=state.lower().replace("_", " "))


def _accounts(outcomes: Iterable[Outcome]) -> Iterator[Account]:
    for each in outcomes:
        if each.kind and each.is_ours:
            yield Account(
                id=each.account_id, name=each.account_name, email="", kind=each.kind, unit=each.unit
            )
