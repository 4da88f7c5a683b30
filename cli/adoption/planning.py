"""The plan of accounts that are there already: one roll-out that only looks, and what it found in each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cli.adoption.traits import Fact, facts

if TYPE_CHECKING:
    from cli.connection import Connection
    from cli.inventory import Entry
    from groundwork.contracts import Change

BEGUN = ("not adopted", "failed", "in progress")
"""States of an account that has not reached its baseline yet."""
ADOPTED = ("ready", *BEGUN)
"""States of an account that is active; every other one Organizations says, and Groundwork leaves alone."""


@dataclass(frozen=True)
class Planned:
    """One account, and what a roll-out that only looks found in it. A failure has error, cause and remedy."""

    entry: Entry
    changes: Sequence[Change] = ()
    failure: Mapping[str, str] | None = None
    facts: Sequence[Fact] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "facts", facts(self.changes, self.failure))

    @property
    def name(self) -> str:
        return self.entry.name

    @property
    def standing(self) -> str:
        """`management`, `left out`, `adopted`, `to adopt` or `not yet`: it cannot be adopted as it is."""
        if is_left_out(self.entry):
            return "left out"
        if self.entry.kind == "management":
            return "management"
        if self.entry.state == "ready":
            return "adopted"
        return "not yet" if self.failure else "to adopt"

    @property
    def titles(self) -> tuple[str, ...]:
        """What it has in common with others, the worst first."""
        return tuple(dict.fromkeys(each.title for each in self.facts if each.title))

    def to_json(self) -> dict[str, Any]:
        return {
            "accountId": self.entry.account_id,
            "accountName": self.entry.name,
            "email": self.entry.email,
            "unit": self.entry.unit,
            "state": self.entry.state,
            "standing": self.standing,
            "facts": [
                {"what": each.what.value, "about": each.title, "sentence": each.sentence}
                for each in self.facts
            ],
            "changes": [each.to_json() for each in self.changes if each.action != "report"],
            "reports": [each.to_json() for each in self.changes if each.action == "report"],
            **({"failure": dict(self.failure)} if self.failure else {}),
        }


def is_left_out(entry: Entry) -> bool:
    """Whether Organizations says that it is not active."""
    return entry.state not in ADOPTED


def is_due(entry: Entry) -> bool:
    """Whether it is to be adopted, or somebody began to."""
    return entry.state in BEGUN and entry.kind != "management"


def planned(aws: Connection, entries: Sequence[Entry], *, every: bool) -> list[Planned]:
    """What a roll-out that changes nothing finds in these accounts, which are all where `every` says so. Raises
    `Trouble` when it came to none."""
    from cli.executions.differences import failure_of
    from cli.executions.starting import changes_of, roll_out, summary_of
    from cli.trouble import FAILED, Trouble
    from groundwork.errors import AccountBusy

    asked = [each for each in entries if not is_left_out(each)]
    if not asked:
        return [Planned(each) for each in entries]
    ended = roll_out(aws, "plan", [] if every else asked, [])
    if ended.failed and not ended.output:
        failure = failure_of(ended.failure)
        raise Trouble(f"The plan failed: {failure['error']}: {failure['cause']}", failure["remedy"], FAILED)
    summary = summary_of(aws, ended)
    parts = ("differences", "reports", "failures", "unplanned", "inProgress")
    found = {name: summary.get(name, {}) for name in parts}

    def of(entry: Entry) -> Planned:
        key = entry.account_id
        both = {
            "changes": found["differences"].get(key, []),
            "reports": found["reports"].get(key, []),
        }
        failure = found["failures"].get(key) or found["unplanned"].get(key)
        if busy := found["inProgress"].get(key):
            failure = {"error": AccountBusy.__name__, "cause": busy, "remedy": AccountBusy.remedy}
        return Planned(entry, changes_of(both), failure)

    return [of(each) for each in entries]
