"""What differs, account by account: found by plans or done by runs, in color or as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cli.executions.starting import MOST_ALONE, changes_of, roll_out, run_each, summary_of
from cli.given import GIVEN
from cli.output import SEVERITIES, as_json, colored, counted, say

if TYPE_CHECKING:
    from cli.connection import Connection
    from cli.executions.runs import Run
    from cli.inventory import Entry
    from groundwork.contracts import Change, Mode


@dataclass
class Found:
    """Of one account. A failure has error, cause and remedy."""

    name: str
    account_id: str
    outcome: str
    changes: list[Change] = field(default_factory=list)
    failure: Mapping[str, str] | None = None
    note: str = ""
    """Why it ended at once."""
    applied: bool = False
    """Whether it was a run, and no plan: one that left something to people is told as `drifted`, too."""

    @property
    def differs(self) -> bool:
        return any(each.differs for each in self.changes)

    @property
    def done(self) -> bool:
        """Whether its changes were made: a plan finds them, and a run that failed may have made some."""
        return self.outcome in ("ready", "repaired") or (self.outcome == "drifted" and self.applied)

    def to_json(self) -> dict[str, Any]:
        return {
            "accountId": self.account_id,
            "accountName": self.name,
            "outcome": self.outcome,
            "changes": [each.to_json() for each in self.changes],
            **({"failure": dict(self.failure)} if self.failure else {}),
            **({"note": self.note} if self.note else {}),
        }


def run(
    aws: Connection,
    mode: Mode,
    entries: Sequence[Entry],
    chosen: bool,
    components: Sequence[str],
    *,
    adopt: bool = False,
) -> list[Found]:
    """Plan or apply: a few `chosen` accounts one by one, many or all by a roll-out, which may be told to `adopt`."""
    if chosen and len(entries) <= MOST_ALONE:
        return found_by(run_each(aws, entries, mode, components), entries)
    ended = roll_out(aws, mode, entries if chosen else [], components, adopt=adopt)
    if ended.failed and not ended.output:
        return [Found("all accounts", "", "failed", failure=failure_of(ended.failure))]
    summary = summary_of(aws, ended)
    return [_of_summary(each, summary, mode) for each in entries]


def found_by(runs: Mapping[str, Run], entries: Sequence[Entry]) -> list[Found]:
    """By executions of their own, which are told by the accounts' ids."""
    names = {each.account_id: each.name for each in entries}
    return [
        Found(
            names[account_id],
            account_id,
            each.outcome,
            [] if each.failed else changes_of(each.output),
            failure_of(each.failure) if each.failed else None,
            str(each.output.get("note", "")),
            applied=each.output.get("mode") == "apply",
        )
        for account_id, each in runs.items()
    ]


def _of_summary(entry: Entry, summary: Mapping[str, Any], mode: Mode) -> Found:
    key = entry.account_id
    changes = changes_of(
        {"changes": summary["differences"].get(key, []), "reports": summary.get("reports", {}).get(key, [])}
    )
    if failure := summary["failures"].get(key) or summary.get("unplanned", {}).get(key):
        return Found(entry.name, key, "failed", changes, failure)
    if busy := summary.get("inProgress", {}).get(key):
        return Found(entry.name, key, "in-progress", changes, note=busy)
    if state := summary.get("skipped", {}).get(key):
        return Found(entry.name, key, f"skipped: {state}", changes)
    differs = any(each.differs for each in changes)
    outcome = ("drifted" if mode == "plan" else "repaired") if differs else "unchanged"
    return Found(entry.name, key, outcome, changes, applied=mode == "apply")


def failure_of(text: str) -> dict[str, str]:
    """Error, cause and remedy of a failed execution, whose cause ends with the remedy."""
    error, _, rest = text.partition(": ")
    cause, _, remedy = rest.partition(" Remedy: ")
    return {"error": error, "cause": cause, "remedy": remedy}


def tell(found: Sequence[Found]) -> None:
    """Each account with its differences, the worst first."""
    from rich.text import Text

    from groundwork.rendering import sentence, worst_first

    for each in found:
        say(Text.assemble((each.name, "bold"), f"  {each.account_id}  ", colored(each.outcome)))
        if each.note:
            say(Text(f"  {each.note}"))
        for change in worst_first(each.changes):
            style = "bright_black" if change.action == "report" and not change.is_for_people else ""
            say(Text(f"  {sentence(change, done=each.done)}", style=style or SEVERITIES[change.severity]))
        if each.failure:
            say(Text(f"  {each.failure['error']}: {each.failure['cause']}", style="red"))
            if each.failure.get("remedy"):
                say(f"  {each.failure['remedy']}")


def answer(found: Sequence[Found]) -> None:
    """As a person reads it, or as data."""
    if GIVEN.as_json:
        as_json([each.to_json() for each in found])
        return
    tell(found)
    say(f"\n{in_total(found)}")


def in_total(found: Sequence[Found]) -> str:
    """`5 accounts: 1 drifted, 4 unchanged`"""
    from collections import Counter

    counts = Counter(each.outcome for each in found)
    words = ", ".join(f"{number} {outcome}" for outcome, number in sorted(counts.items()))
    return f"{counted(len(found), 'account')}: {words}"
