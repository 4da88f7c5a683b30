"""What became of one account in a roll-out, as Step Functions' results tell it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import ConfigDict, Field

from groundwork.contracts import Change, Kind, Model
from groundwork.errors import remedy_for
from groundwork.roll_out.store import Status

LONGEST_CAUSE = 2_000
REMEDY = " Remedy: "
"""Between cause and remedy in the Cause of a failed execution."""


class Declared(Model):
    model_config = ConfigDict(extra="ignore")

    behind: bool = False
    account: str | None = None


class Outcome(Model):
    """What the execution of one account came to; a failed one has an error, and so has one that is not adopted and could
    not be planned. `components` are those that it was about; all of its kind where there are none. `busy` says who worked in
    it, so that nobody has looked at it."""

    model_config = ConfigDict(extra="ignore")

    account_id: str
    account_name: str
    kind: Kind | None = None
    unit: str = ""
    components: list[str] | None = None
    outcome: str
    busy: str = ""
    changes: list[Change] = Field(default_factory=list)
    reports: list[Change] = Field(default_factory=list)
    declaration: Declared = Field(default_factory=Declared)
    error: str | None = None
    cause: str = ""
    remedy: str = ""

    @property
    def is_ours(self) -> bool:
        return self.outcome != "not-adopted"

    @property
    def failed(self) -> bool:
        """What nobody has adopted may be closed to us: that is no failure."""
        return self.error is not None and self.is_ours

    @property
    def for_people(self) -> list[Change]:
        """What somebody has to decide or to mend that Groundwork leaves alone."""
        return [each for each in self.reports if each.is_for_people]

    @property
    def differs(self) -> bool:
        return any(each.differs for each in (*self.changes, *self.reports))


def outcome_of(status: Status, child: Mapping[str, Any]) -> Outcome:
    item = json.loads(child["Input"])
    if status == "PENDING" or child.get("Status") == "ABORTED":
        return not_done(item)
    if status == "FAILED":
        return _failed(item, str(child.get("Error", "")), str(child.get("Cause", "")))
    output = json.loads(child["Output"])
    if lost := output.get("lost"):
        return _failed(item, lost["error"], lost["cause"]).model_copy(update={"outcome": "not-adopted"})
    busy = output.get("note", "") if output["outcome"] == "in-progress" else ""
    outcome = Outcome.model_validate({**output, **_known(item), "busy": busy})
    return outcome if item["adopted"] else outcome.model_copy(update={"outcome": "not-adopted"})


def _known(item: Mapping[str, Any]) -> dict[str, Any]:
    """What the list says of an account."""
    return {name: item[name] for name in ("kind", "unit", "components") if name in item}


def not_done(item: Mapping[str, Any]) -> Outcome:
    return Outcome(
        account_id=item["accountId"], account_name=item["accountName"], outcome="not-done", **_known(item)
    )


def _failed(item: Mapping[str, Any], error: str, cause: str) -> Outcome:
    """The failure of the account's own execution, which Step Functions wraps in that of the task that waited."""
    try:
        described = json.loads(cause)
    except ValueError:
        described = {}
    if isinstance(described, dict) and "Status" in described:
        error = described.get("Error") or f"Execution{str(described['Status']).title().replace('_', '')}"
        cause = described.get("Cause") or f"The execution ended as {described['Status']}."
    words, _, remedy = cause.rpartition(REMEDY)
    return Outcome(
        account_id=item["accountId"],
        account_name=item["accountName"],
        outcome="failed",
        error=error or "Unknown",
        cause=(words or cause)[:LONGEST_CAUSE],
        remedy=remedy if words else remedy_for(error),
        **_known(item),
    )
