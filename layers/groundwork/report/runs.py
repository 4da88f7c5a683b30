"""From the history of an execution to the time in each of its states.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from groundwork.report.model import Ended, StateTime

OVER = frozenset(("ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted"))
FAILURES = ("Failed", "TimedOut", "Aborted")
AGAIN = ("Scheduled", "Started", "Succeeded")
"""What comes after a failure that is retried."""


@dataclass
class _Visits:
    """Of one state: `open` is when it was entered and not left."""

    seconds: float = 0
    times: int = 0
    open: datetime | None = None
    failing: bool = False
    ended: Ended = "running"

    def leave(self, at: datetime, *, failed: bool) -> None:
        if self.open is not None:
            self.seconds += (at - self.open).total_seconds()
        self.open, self.ended = None, "failed" if failed else "succeeded"


def state_times(events: Iterable[Mapping[str, Any]], now: datetime) -> list[StateTime]:
    """In the order in which the states were first entered. `events` are the oldest first. A state whose failure was caught
    has failed; what was under way when the execution ended has failed with it."""
    found: dict[str, _Visits] = {}
    of: dict[int, _Visits] = {}
    for event in events:
        kind, at = str(event["type"]), event["timestamp"]
        state = of.get(event.get("previousEventId", 0))
        if kind.endswith("StateEntered"):
            state = found.setdefault(event["stateEnteredEventDetails"]["name"], _Visits())
            state.times, state.open, state.failing, state.ended = state.times + 1, at, False, "running"
        elif kind.endswith("StateExited"):
            state = found.setdefault(event["stateExitedEventDetails"]["name"], _Visits())
            state.leave(at, failed=state.failing)
        elif kind in OVER:
            for each in found.values():
                if each.open is not None:
                    each.leave(at, failed=True)
        elif state is not None and kind.endswith((*FAILURES, *AGAIN)):
            state.failing = kind.endswith(FAILURES)
        if state is not None:
            of[event["id"]] = state
    for each in found.values():
        if each.open is not None:
            each.seconds += (now - each.open).total_seconds()
    return [
        StateTime(name=name, ended=each.ended, seconds=round(each.seconds, 3), times=each.times)
        for name, each in found.items()
    ]
