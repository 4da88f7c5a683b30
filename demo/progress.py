"""Live progress: one line for each account, with the states its execution is in.

Read from Step Functions, as a person in the console would. On a terminal the lines change in place; elsewhere
each change is a line.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile
from typing import Any, Self

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from local.engine import Engine

PROBE_SECONDS = 0.25
EVENTS_AT_ONCE = 50
PATIENCE_SECONDS = 300.0
RUNNING, SUCCEEDED = "RUNNING", "SUCCEEDED"
COLORS = {"ready": "green", "repaired": "green", "unchanged": "green"}


class NothingHappens(Exception):
    """What was waited for did not come; the message says what it was."""


class ExecutionFailed(Exception):
    """An execution of the story failed; the message has its account, error and cause."""


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

    @property
    def over(self) -> bool:
        return self.status != RUNNING

    @property
    def outcome(self) -> str:
        return str(self.output.get("outcome", "failed" if self.over else ""))

    @property
    def seconds(self) -> float:
        return ((self.stopped or datetime.now(self.started.tzinfo)) - self.started).total_seconds()

    def in_words(self, *, detailed: bool = False) -> str:
        """`detailed`: with the branches of a Parallel."""
        if not self.over:
            outermost, *branches = self.states or ("starting",)
            return f"{outermost}: {', '.join(branches)}" if branches and detailed else outermost
        if self.status != SUCCEEDED:
            return f"{self.status.lower()}: {self.failure}"
        made = len(self.output.get("changes", []))
        return f"{self.outcome}, {made} change{'' if made == 1 else 's'}" if made else self.outcome


class Executions:
    """The executions of the state machine, kept up to date by looking."""

    def __init__(self, aws: Engine, machine_arn: str) -> None:
        self.machine_arn = machine_arn
        self._states = aws.client("stepfunctions")
        self._organizations = aws.client("organizations")
        self._names = {aws.management_account: "management"}
        self._runs: dict[str, Run] = {}

    @property
    def runs(self) -> list[Run]:
        """Those seen, the first started first."""
        return sorted(self._runs.values(), key=lambda run: run.started)

    def start(self, **given: Any) -> str:
        """Start by hand, as from the console; the execution's ARN."""
        started = self._states.start_execution(stateMachineArn=self.machine_arn, input=json.dumps(given))
        return str(started["executionArn"])

    def look(self) -> None:
        pages = self._states.get_paginator("list_executions").paginate(stateMachineArn=self.machine_arn)
        for listed in [each for page in pages for each in page["executions"]]:
            run = self._runs.get(listed["executionArn"]) or self._first_seen(listed)
            if not run.over:
                self._bring_up_to_date(run, listed["status"])

    def _first_seen(self, listed: Any) -> Run:
        described = self._states.describe_execution(executionArn=listed["executionArn"])
        run = Run(listed["executionArn"], listed["startDate"])
        run.subject, run.trigger = self._subject(json.loads(described["input"]))
        self._runs[run.arn] = run
        return run

    def _subject(self, given: dict[str, Any]) -> tuple[str, str]:
        """The name of the account an execution is about, and what started it."""
        detail = given.get("detail", {})
        if "accountName" in detail:
            return str(detail["accountName"]), "Account Requested"
        if "serviceEventDetails" in detail:
            status = detail["serviceEventDetails"]["createAccountStatus"]
            return self._name(status["accountId"]), "CreateAccountResult"
        return self._name(given["accountId"]), "by account id"

    def _name(self, account_id: str) -> str:
        if account_id not in self._names:
            pages = self._organizations.get_paginator("list_accounts").paginate()
            listed = {each["Id"]: each["Name"] for page in pages for each in page["Accounts"]}
            self._names = {**listed, **self._names}
        return str(self._names.get(account_id, account_id))

    def _bring_up_to_date(self, run: Run, status: str) -> None:
        if status == RUNNING:
            for event in self._new_events(run):
                _follow(run.entered, event)
            # Between two states none is open: the last one stays.
            run.states = tuple(run.entered) or run.states
            return
        described = self._states.describe_execution(executionArn=run.arn)
        run.output = json.loads(described.get("output") or "{}")
        run.failure = f"{described.get('error')}: {described.get('cause')}"
        run.stopped, run.states, run.status = described.get("stopDate"), (), described["status"]

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


class Progress:
    """Shows the executions of some accounts, and of others that join in, while a condition is waited for.

    with Progress(console, executions, ["dev", "prod"]) as progress:
        progress.until("both are ready", lambda: ...)
    """

    def __init__(self, console: Console, executions: Executions, names: Sequence[str]) -> None:
        self._console, self._executions, self._names = console, executions, list(names)
        self._began = time.monotonic()
        self._known = {run.arn for run in executions.runs}
        self._said: dict[str, str] = {}
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal else None

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    @property
    def runs(self) -> list[Run]:
        """Those begun since, the first started first."""
        return [run for run in self._executions.runs if run.arn not in self._known]

    def until(self, what: str, arrived: Callable[[list[Run]], bool]) -> list[Run]:
        """Look until `arrived` says so of the runs begun since. Raises `NothingHappens` or `ExecutionFailed`."""
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            self._executions.look()
            self._show()
            for run in self.runs:
                if run.over and run.status != SUCCEEDED:
                    raise ExecutionFailed(f"{run.subject}: {run.in_words()}")
            if arrived(self.runs):
                return self.runs
            if time.monotonic() > end:
                raise NothingHappens(f"{what}: not within {PATIENCE_SECONDS:.0f} seconds")
            time.sleep(PROBE_SECONDS)

    def _show(self) -> None:
        also = [run.subject for run in self.runs if run.subject not in self._names]
        shown = {name: self._chosen(name) for name in dict.fromkeys([*self._names, *also])}
        if self._live:
            self._live.update(self._table(shown), refresh=True)
            return
        for name, run in shown.items():
            words = run.in_words() if run else "asked for"
            if self._said.get(name) != words:
                self._said[name] = words
                self._console.print(f"{time.monotonic() - self._began:6.1f} s  {name:<11} {words}")

    def _chosen(self, name: str) -> Run | None:
        """The execution that tells most of an account: one at work, else the last that did something."""
        mine = [run for run in self.runs if run.subject == name and run.outcome != "in-progress"]
        at_work = [run for run in mine if not run.over]
        did_something = [run for run in mine if run.outcome not in ("", "unchanged")]
        return next(iter(at_work or did_something[:1] or mine), None)

    def _table(self, shown: dict[str, Run | None]) -> Table:
        table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, show_header=False)
        table.add_column(width=3, justify="right")
        table.add_column(width=11, no_wrap=True)
        table.add_column(width=7, justify="right", no_wrap=True)
        table.add_column(no_wrap=True, overflow="ellipsis")
        for name, run in shown.items():
            if run is None:
                table.add_row(" ", name, "", Text("asked for", style="bright_black"))
            else:
                mark = _mark(run)
                style = COLORS.get(run.outcome, "red" if run.over else "")
                table.add_row(
                    mark, name, f"{run.seconds:.1f} s", Text(run.in_words(detailed=True), style=style)
                )
        return table


def _mark(run: Run) -> Text | Spinner:
    if not run.over:
        return Spinner("dots", style="cyan")
    return Text("✓", style="green") if run.status == SUCCEEDED else Text("✗", style="red")
