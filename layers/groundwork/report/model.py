"""What the report shows, as plain data: the organization, its doors, its runs, and what changed since the last report.

What is not known is None or empty, and the page leaves it out.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field

from groundwork.contracts import Kind, Mode, Severity
from groundwork.contracts import Model as Contract

Power = Literal["enters", "reads", "writes", "grants"]
"""The strongest thing that one may do behind a door. `grants`: power over who has power."""
Finding = Literal["as declared", "differs", "failed"]
Ended = Literal["succeeded", "failed", "running"]


class Model(Contract):
    """A report of another version of Groundwork is read, too: for what has changed since."""

    model_config = ConfigDict(extra="ignore")

    def to_json(self) -> dict[str, Any]:
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude_none=True)


class Difference(Model):
    """One difference from the baseline, in words. `note`: nobody has to do anything about it."""

    component: str
    severity: Severity | Literal["note"]
    words: str


class AccountRow(Model):
    """One account. `state` is as `groundwork accounts` tells it; `components` are those of its kind, with what was found
    last; `baseline` is the version of the declaration that it was last brought to, `behind` whether another is in force.
    `more_differences` are only in the results of runs. `closes_at` is there while it waits to be closed, `expires_on` where it
    expires."""

    id: str
    name: str
    kind: Kind | None = None
    unit: str = ""
    state: str
    baseline: str | None = None
    behind: bool = False
    components: dict[str, Finding] = Field(default_factory=dict)
    differences: list[Difference] = Field(default_factory=list)
    more_differences: int = 0
    last_run_at: str | None = None
    last_plan_at: str | None = None
    closes_at: str | None = None
    expires_on: str | None = None


class Door(Model):
    """Who may enter these accounts (by id) by a role, and what that gives: `by` are the role's policies. `mfa` is whether it has to
    be shown; None where the settings of IAM Identity Center decide that."""

    principal: str
    role: str
    power: Power
    by: list[str] = Field(default_factory=list)
    mfa: bool | None = None
    accounts: list[str]


class StateTime(Model):
    """A state of the machine in one execution. `times` it was entered; `seconds` are of all of them together."""

    name: str
    ended: Ended
    seconds: float
    times: int = 1


class Run(Model):
    """An execution. `link` is where AWS's console shows it."""

    name: str
    machine: str
    account_id: str | None = None
    account_name: str = ""
    mode: Mode = "apply"
    ended: Ended
    outcome: str
    started: str
    seconds: float | None = None
    states: list[StateTime] = Field(default_factory=list)
    link: str | None = None


class FailureRow(Model):
    """What failed, why, and what to do."""

    account_id: str | None = None
    account_name: str = ""
    error: str
    cause: str
    remedy: str
    at: str | None = None


class RollOutRow(Model):
    """The last roll-out: how many accounts by outcome, and where all of it is."""

    name: str
    mode: Mode
    accounts: dict[str, int]
    results: str


What = Literal["account", "state", "difference", "door", "baseline"]


class Changed(Model):
    """One thing that is otherwise than in the last report. `better` and `worse` are for the eye; None: neither."""

    what: What
    words: str
    account_id: str | None = None
    better: bool | None = None


class Report(Model):
    """Everything that the page shows. `made` is when, ISO 8601; `by` what wrote it. `doors`, `runs` and `changes` are
    None where nobody looked; `notes` are what a reader of the doors must know."""

    organization: str = ""
    made: str
    by: str
    version: str | None = None
    units: list[str] = Field(default_factory=list)
    components: list[str] = Field(default_factory=list)
    accounts: list[AccountRow]
    doors: list[Door] | None = None
    notes: list[str] = Field(default_factory=list)
    runs: list[Run] | None = None
    failures: list[FailureRow] = Field(default_factory=list)
    more_failures: int = 0
    roll_out: RollOutRow | None = None
    since: str | None = None
    changes: list[Changed] | None = None
    more_changes: int = 0
