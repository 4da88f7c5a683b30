"""An execution's history as states: how often each was entered, how it ended, and what went in and out. Pure.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Status = Literal["running", "retrying", "done", "failed"]
FAILURES = ("Failed", "TimedOut", "Aborted")
OVER = ("ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted")
MAP_RUN = "MapRunStarted"


@dataclass
class Attempt:
    """One call that a Task made. `error` is empty while it is under way, and when it went well."""

    began: datetime
    ended: datetime | None = None
    arguments: str = ""
    result: str = ""
    error: str = ""
    cause: str = ""


@dataclass
class Visit:
    """A state that was entered once. `id` is that of the event which says so."""

    id: int
    name: str
    kind: str
    entered: datetime
    given: str
    exited: datetime | None = None
    output: str | None = None
    status: Status = "running"
    error: str = ""
    cause: str = ""
    map_run: str = ""
    attempts: list[Attempt] = field(default_factory=list)

    def shown(self) -> dict[str, Any]:
        """Without what went in and out, which can be long."""
        return {
            "id": self.id,
            "name": self.name,
            "kind": self.kind,
            "entered": self.entered.isoformat(),
            "exited": self.exited.isoformat() if self.exited else None,
            "status": self.status,
            "error": self.error,
            "cause": self.cause,
            "attempts": len(self.attempts),
            "mapRun": self.map_run,
            "outcome": _outcome(self.output),
        }

    def whole(self) -> dict[str, Any]:
        attempts = [
            {
                **vars(attempt),
                "began": attempt.began.isoformat(),
                "ended": attempt.ended.isoformat() if attempt.ended else None,
            }
            for attempt in self.attempts
        ]
        return {**self.shown(), "input": self.given, "output": self.output, "calls": attempts}


def visits(events: Iterable[Mapping[str, Any]]) -> list[Visit]:
    """In the order in which the states were entered. An event belongs to the state from which its `previousEventId` leads
    back."""
    found: list[Visit] = []
    of: dict[int, Visit] = {}
    for event in events:
        kind, details = event["type"], _details(event)
        visit = of.get(event["previousEventId"])
        if kind.endswith("StateEntered"):
            state = kind.removesuffix("StateEntered")
            visit = Visit(event["id"], details["name"], state, event["timestamp"], details.get("input", ""))
            found.append(visit)
        elif kind.endswith("StateExited"):
            visit = _entered(found, details["name"], visit)
            _exit(visit, event, details)
        elif kind in OVER:
            _end(found, event, details)
        elif visit is not None:
            _happen(visit, event, details)
        if visit is not None:
            of[event["id"]] = visit
    return found


def _entered(found: list[Visit], name: str, visit: Visit | None) -> Visit:
    """The one that is left: a Parallel's end comes after the last event of one of its branches."""
    if visit is not None and visit.name == name and visit.exited is None:
        return visit
    return next(each for each in reversed(found) if each.name == name and each.exited is None)


def _exit(visit: Visit, event: Mapping[str, Any], details: Mapping[str, Any]) -> None:
    visit.exited, visit.output = event["timestamp"], details.get("output")
    visit.status = "failed" if visit.error else "done"


def _happen(visit: Visit, event: Mapping[str, Any], details: Mapping[str, Any]) -> None:
    kind, moment = event["type"], event["timestamp"]
    if kind == MAP_RUN:
        visit.map_run = details["mapRunArn"]
    elif kind == "TaskScheduled":
        visit.attempts.append(Attempt(moment, arguments=details.get("parameters", "")))
        visit.status, visit.error, visit.cause = "running", "", ""
    elif kind == "TaskSucceeded" and visit.attempts:
        visit.attempts[-1].ended, visit.attempts[-1].result = moment, details.get("output", "")
    elif kind.endswith(FAILURES) and visit.exited is None:
        visit.error, visit.cause = details.get("error", ""), details.get("cause", "")
        visit.status = "retrying"
        if visit.attempts:
            last = visit.attempts[-1]
            last.ended, last.error, last.cause = moment, visit.error, visit.cause


def _end(found: list[Visit], event: Mapping[str, Any], details: Mapping[str, Any]) -> None:
    """What was still open when the execution failed failed with it."""
    for visit in found:
        if visit.exited is None:
            visit.exited, visit.status = event["timestamp"], "failed"
            visit.error = visit.error or details.get("error", "")
            visit.cause = visit.cause or details.get("cause", "")


def _details(event: Mapping[str, Any]) -> Mapping[str, Any]:
    found = (value for key, value in event.items() if key.endswith("EventDetails"))
    return next(found, {})


def _outcome(output: str | None) -> str:
    """What a component, or the whole, says it came to."""
    value = json.loads(output) if output else None
    outcome = value.get("outcome") if isinstance(value, dict) else None
    return outcome if isinstance(outcome, str) else ""
