"""Executions of the state machines as they go on: what each is doing, and one line for each on the screen.

Read from Step Functions, as a person in its console would.
https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetExecutionHistory.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from cli.output import COLORS, counted
from groundwork.contracts import WAITS_FOR_APPROVAL, object_of
from groundwork.side_by_side import side_by_side

if TYPE_CHECKING:
    from rich.spinner import Spinner
    from rich.table import Table
    from rich.text import Text

EVENTS_AT_ONCE = 50
RUNNING, SUCCEEDED = "RUNNING", "SUCCEEDED"
ENDS = {
    "ExecutionSucceeded": SUCCEEDED,
    "ExecutionFailed": "FAILED",
    "ExecutionTimedOut": "TIMED_OUT",
    "ExecutionAborted": "ABORTED",
}
"""An execution's status, by the event that ends it."""
STATES_IN_WORDS: Mapping[str, str] = {
    "Begin": "begins",
    "ReadRequest": "reading the request",
    "AwaitApproval": "asking for an approval",
    "TellWaiting": "waiting for an approval",
    "TellCreating": "queued for CreateAccount",
    "TakeAdmissionSlot": "queued for CreateAccount",
    "AwaitAdmissionSlot": "queued for CreateAccount",
    "CreateAccount": "asking AWS for the account",
    "CheckCreation": "AWS makes the account",
    "TellCreated": "AWS has made the account",
    "ChangeAccount": "giving it what was asked for",
    "EnrollAccount": "enrolling it",
    "CheckAccess": "waiting until it can be entered",
    "AwaitSecurity": "waiting for the security account",
    "LeaseAccount": "waiting for another execution",
    "Organization": "setting up the organization",
    "Delegation": "delegating to the security account",
    "LogArchive": "laying down the log archive",
    "OrganizationBaseline": "setting up what holds for every account",
    "Baseline": "laying down the baseline",
    "VerifyBaseline": "looking again",
    "LeaveQuarantine": "moving it to its own unit",
    "RecordOutcome": "noting what was done",
    "SendAnswers": "telling of it",
    "StartFollowUps": "starting what follows from it",
    "RecordFailure": "failing",
    "ReadClosing": "reading the request",
    "SuspendAccount": "shutting it",
    "TakeInventory": "writing down what is in it",
    "ReopenAccount": "putting it back where it was",
    "SelectAccounts": "choosing the accounts",
    "EachAccount": "going through the accounts",
    "SummarizeRollOut": "summing up",
    "SendNotice": "telling people",
    "Done": "ending",
}
"""What an execution does, by its state; others are called by their names."""
PLANS_IN_WORDS: Mapping[str, str] = {
    "Organization": "comparing the organization",
    "Delegation": "comparing what is delegated",
    "LogArchive": "comparing the log archive",
    "OrganizationBaseline": "comparing what holds for every account",
    "Baseline": "comparing with the baseline",
}
"""The same of an execution that only plans."""
MOST_BRANCHES = 3
"""Of a baseline, named: what it still waits for. All of them are entered, those that have nothing to do, too."""
BRANCHED = ("OrganizationBaseline", "Baseline")


@dataclass
class Run:
    """One execution, as last seen. `states` are those entered and not left, the outermost first; `read` is the
    newest event of its history that they are known by."""

    arn: str
    started: datetime
    status: str = RUNNING
    subject: str = "?"
    trigger: str = ""
    states: tuple[str, ...] = ()
    entered: dict[str, None] = field(default_factory=dict)
    read: int = 0
    output: dict[str, Any] = field(default_factory=dict)
    failure: str = ""
    stopped: datetime | None = None
    mode: str = "apply"

    @property
    def over(self) -> bool:
        return self.status != RUNNING

    @property
    def failed(self) -> bool:
        return self.status not in (RUNNING, SUCCEEDED)

    @property
    def awaits_approval(self) -> bool:
        """Whether it has ended for another execution, which begins when somebody has approved or denied the request."""
        return self.outcome == "in-progress" and str(self.output.get("note", "")).startswith(
            WAITS_FOR_APPROVAL
        )

    @property
    def outcome(self) -> str:
        """Of a roll-out that went through, `done`."""
        return str(self.output.get("outcome", "failed" if self.failed else "done" if self.over else ""))

    @property
    def seconds(self) -> float:
        return ((self.stopped or datetime.now(self.started.tzinfo)) - self.started).total_seconds()

    def in_words(self, *, detailed: bool = False) -> str:
        """`detailed`: with the branches of a Parallel."""
        if not self.over:
            outermost, *branches = self.states or ("starting",)
            return f"{outermost}: {', '.join(branches)}" if branches and detailed else outermost
        if self.failed:
            return f"{self.status.lower()}: {self.failure}"
        if counts := self.output.get("accounts"):
            return ", ".join(f"{number} {outcome}" for outcome, number in counts.items())
        if note := self.output.get("note"):
            return f"{self.outcome}: {note}"
        made = len(self.output.get("changes", []))
        return f"{self.outcome}, {counted(made, 'change')}" if made else self.outcome

    def plainly(self) -> str:
        """The same for somebody who does not know the state machine."""
        if self.over:
            return self.in_words()
        outermost, *branches = self.states or ("starting",)
        words = STATES_IN_WORDS.get(outermost, outermost)
        if self.mode == "plan":
            words = PLANS_IN_WORDS.get(outermost, words)
        if outermost not in BRANCHED or not 0 < len(branches) <= MOST_BRANCHES:
            return words
        return f"{words}: {', '.join(branches)}"


class Reader:
    """Brings runs up to date, with a client of Step Functions."""

    def __init__(self, states: Any) -> None:
        self._states = states

    def look_at(self, runs: Iterable[Run]) -> None:
        side_by_side(*(lambda run=run: self.look(run) for run in runs if not run.over))

    def look(self, run: Run) -> None:
        """One call, unless much has happened since the last look."""
        for event in self._new_events(run):
            if event["type"] in ENDS:
                self._end(run, event)
                continue
            if event["type"] == "ExecutionStarted":
                given = object_of(input_of(event.get("executionStartedEventDetails", {"input": "{}"})))
                run.mode = str(given.get("mode", run.mode))
                continue
            _follow(run.entered, event)
            # Between two states none is open: the last one stays.
            run.states = tuple(run.entered) or run.states
        if run.over:
            run.states = ()

    def _end(self, run: Run, event: Any) -> None:
        details: dict[str, Any] = next(
            (value for key, value in event.items() if key.endswith("EventDetails")), {}
        )
        run.output = json.loads(details.get("output") or "{}")
        run.failure = f"{details.get('error')}: {details.get('cause')}"
        run.stopped, run.status = event["timestamp"], ENDS[event["type"]]

    def _new_events(self, run: Run) -> list[Any]:
        """Those since the last look, the oldest first. Asked for from the end: all but a few have been read."""
        pages = self._states.get_paginator("get_execution_history").paginate(
            executionArn=run.arn, reverseOrder=True, PaginationConfig={"PageSize": EVENTS_AT_ONCE}
        )
        newest_first = (event for page in pages for event in page["events"])
        found = list(takewhile(lambda event: event["id"] > run.read, newest_first))
        if found:
            run.read = found[0]["id"]
        return found[::-1]


def _follow(entered: dict[str, None], event: Any) -> None:
    if event["type"].endswith("StateEntered"):
        entered[event["stateEnteredEventDetails"]["name"]] = None
    elif event["type"].endswith("StateExited"):
        entered.pop(event["stateExitedEventDetails"]["name"], None)


def started_now(arn: str, subject: str, trigger: str = "") -> Run:
    return Run(arn, datetime.now(UTC), subject=subject, trigger=trigger)


def run_table(shown: Mapping[str, Run | None], *, plainly: bool = False) -> Table:
    """A line for each subject: how it is, for how long, and what it does."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, show_header=False)
    table.add_column(width=3, justify="right")
    table.add_column(min_width=11, no_wrap=True)
    table.add_column(width=7, justify="right", no_wrap=True)
    table.add_column(no_wrap=True, overflow="ellipsis")
    for name, run in shown.items():
        if run is None:
            table.add_row(" ", name, "", Text("asked for", style="bright_black"))
        else:
            words = run.plainly() if plainly else run.in_words(detailed=True)
            style = COLORS.get(run.outcome, "red" if run.failed else "")
            table.add_row(_mark(run), name, f"{_seconds(run):.1f} s", Text(words, style=style))
    return table


def _seconds(run: Run) -> float:
    """A request that waits for an approval goes on waiting when its first execution is over."""
    if run.awaits_approval:
        return (datetime.now(run.started.tzinfo) - run.started).total_seconds()
    return run.seconds


def _mark(run: Run) -> Text | Spinner:
    from rich.spinner import Spinner
    from rich.text import Text

    if not run.over or run.awaits_approval:
        return Spinner("dots", style="cyan")
    return Text("✓", style="green") if run.status == SUCCEEDED else Text("✗", style="red")


def input_of(described: Mapping[str, Any]) -> Any:
    """Of an execution, as DescribeExecution shows it. None when it is nested deeper, or holds longer numbers, than can be
    read: an event may."""
    try:
        return json.loads(described["input"])
    except (RecursionError, ValueError):
        return None


def subject_of(given: Any) -> tuple[str, str]:
    """The name of the account that an execution's input is about, or else its id. Of an account that is there only its
    id is taken, and only where AWS or whoever starts executions says it: a request may say anything."""
    event = object_of(given)
    detail = object_of(event.get("detail"))
    if str(event.get("source")).startswith("aws."):
        told = object_of(detail.get("serviceEventDetails"))
        created = object_of(told.get("createAccountStatus"))
        enrolled = object_of(object_of(told.get("createManagedAccountStatus")).get("account"))
        return "", str(created.get("accountId") or enrolled.get("accountId") or "")
    return str(detail.get("accountName") or ""), str(event.get("accountId") or "")
