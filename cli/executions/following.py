"""Executions followed to their end: a line for each account. Ctrl-C leaves the work running."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cli.connection import VEND
from cli.executions.runs import Reader, Run, run_table
from cli.given import GIVEN
from cli.output import aside
from groundwork.aws.executions import execution_arn

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli.connection import Connection

QUICKEST_SECONDS = 0.5
SECONDS_FOR_PEOPLE = 5
"""While nothing is waited for but somebody's approval."""
STILL_SECONDS = 600
"""How often it is said that somebody's approval is still waited for, where nothing moves on the screen."""
LOOKS_A_SECOND = 10
"""AWS takes 20 GetExecutionHistory a second, of everybody in the account together.

https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
"""
CLOCKS_DIFFER = timedelta(minutes=5)
STILL_RUNNING = "The work goes on. Look again: groundwork watch"


@dataclass
class Asked:
    """A request that was posted as the event `event_id`; `run` is the execution that it started, once it is seen. EventBridge
    calls an execution after the event's id, an underscore, and an id of its own."""

    event_id: str
    posted: datetime
    run: Run | None = None

    @property
    def awaits_approval(self) -> bool:
        return self.run is not None and self.run.awaits_approval


class Follower:
    """What is followed, by the names of accounts."""

    def __init__(self, aws: Connection, followed: Mapping[str, Asked | Run], machine: str = VEND) -> None:
        self._states = aws.client("stepfunctions")
        self._machine = aws.state_machine(machine)
        self._reader = Reader(self._states)
        self._followed = dict(followed)
        self._said: dict[str, tuple[str, float]] = {}
        self._began = time.monotonic()

    def add(self, name: str, run: Run) -> None:
        self._followed.setdefault(name, run)

    def runs(self) -> dict[str, Run | None]:
        return {name: each.run if isinstance(each, Asked) else each for name, each in self._followed.items()}

    def to_the_end(self, join: Callable[[], object] = lambda: None) -> dict[str, Run]:
        """Every run, over. `join` is called before each look, and may `add`. KeyboardInterrupt passes, after a word
        about how to look again."""
        try:
            with self._shown() as show:
                while True:
                    join()
                    self._look()
                    show()
                    open_ones = [each for each in self._followed.values() if not _is_done(each)]
                    if not open_ones:
                        break
                    for_people = all(isinstance(each, Asked) and each.awaits_approval for each in open_ones)
                    quickest = SECONDS_FOR_PEOPLE if for_people else QUICKEST_SECONDS
                    time.sleep(max(quickest, len(self._followed) / LOOKS_A_SECOND))
        except KeyboardInterrupt:
            aside().print(f"\n{STILL_RUNNING}")
            raise
        return {name: run for name, run in self.runs().items() if run}

    def _look(self) -> None:
        waiting = [each for each in self._followed.values() if isinstance(each, Asked) and each.run is None]
        if waiting:
            self._find(waiting)
        for each in self._followed.values():
            if isinstance(each, Asked) and each.awaits_approval:
                self._find_decided(each)
        self._reader.look_at(run for run in self.runs().values() if run)

    def _find(self, waiting: list[Asked]) -> None:
        by_event = {each.event_id: each for each in waiting}
        earliest = min(each.posted for each in waiting) - CLOCKS_DIFFER
        for listed in executions(self._states, self._machine):
            if listed["startDate"] < earliest or all(each.run for each in waiting):
                return
            if asked := by_event.get(listed["name"].partition("_")[0]):
                asked.run = Run(listed["executionArn"], listed["startDate"])

    def _find_decided(self, asked: Asked) -> None:
        """The execution that goes on once a request has been approved or denied, or a week has gone by."""
        arn = execution_arn(self._machine, f"{asked.event_id}-decided")
        with suppress(self._states.exceptions.ExecutionDoesNotExist):
            asked.run = Run(arn, self._states.describe_execution(executionArn=arn)["startDate"])

    @contextmanager
    def _shown(self) -> Iterator[Callable[[], None]]:
        if GIVEN.as_json or not aside().is_terminal:
            yield self._print_changes
            return
        from rich.live import Live

        with Live(console=aside(), refresh_per_second=8) as live:
            yield lambda: live.update(run_table(self.runs(), plainly=True))

    def _print_changes(self) -> None:
        seconds = time.monotonic() - self._began
        for name, run in self.runs().items():
            words = run.plainly() if run else "asked for"
            said, when = self._said.get(name, ("", 0.0))
            if said != words:
                self._said[name] = words, seconds
                aside().print(f"{seconds:6.1f} s  {name:<11} {words}")
            elif run and run.awaits_approval and seconds - when >= STILL_SECONDS:
                self._said[name] = words, seconds
                aside().print(f"{seconds:6.1f} s  {name:<11} still waiting for an approval")


def _is_done(followed: Asked | Run) -> bool:
    """An execution is, once it is over; a request, once nobody has to approve it any more."""
    if isinstance(followed, Run):
        return followed.over
    return followed.run is not None and followed.run.over and not followed.awaits_approval


def executions(states: Any, machine: str, status: str | None = None) -> Iterator[Any]:
    """Those of a state machine, the newest first."""
    of_status = {"statusFilter": status} if status else {}
    for page in states.get_paginator("list_executions").paginate(stateMachineArn=machine, **of_status):
        yield from page["executions"]


def now() -> datetime:
    return datetime.now(UTC)
