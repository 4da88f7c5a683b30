"""Live progress: one line for each account, with the states its execution is in.

Read from Step Functions, as a person in the console would. On a terminal the lines change in place; elsewhere
each change is a line.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from typing import Any, Self

from rich.console import Console
from rich.live import Live

from cli.executions.runs import SUCCEEDED, Reader, Run, run_table
from local.engine import Engine

PROBE_SECONDS = 0.25
PATIENCE_SECONDS = 300.0


class NothingHappens(Exception):
    """What was waited for did not come; the message says what it was."""


class ExecutionFailed(Exception):
    """An execution of the story failed; the message has its account, error and cause."""


class Executions:
    """The executions of the state machine, kept up to date by looking."""

    def __init__(self, aws: Engine, machine_arn: str) -> None:
        self.machine_arn = machine_arn
        self._states = aws.client("stepfunctions")
        self._reader = Reader(self._states)
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
                self._reader.look(run)

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
            self._live.update(run_table(shown), refresh=True)
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
