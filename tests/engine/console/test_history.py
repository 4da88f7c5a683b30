"""An execution's history, read as states."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from local.console.history import visits

BEGIN = datetime(2026, 11, 30, tzinfo=UTC)


def event(number: int, kind: str, before: int, **details: Any) -> dict[str, Any]:
    moment = BEGIN + timedelta(seconds=number)
    told = {"someEventDetails": details} if details else {}
    return {"id": number, "type": kind, "previousEventId": before, "timestamp": moment, **told}


def test_a_task_that_is_retried_tells_each_attempt() -> None:
    (state,) = visits(
        [
            event(1, "ExecutionStarted", 0),
            event(2, "TaskStateEntered", 0, name="Check", input="{}"),
            event(3, "TaskScheduled", 2, parameters='{"a": 1}'),
            event(4, "TaskFailed", 3, error="NotYet", cause="wait"),
            event(5, "TaskScheduled", 4, parameters='{"a": 1}'),
            event(6, "TaskSucceeded", 5, output='{"b": 2}'),
            event(7, "TaskStateExited", 6, name="Check", output='{"outcome": "changed"}'),
        ]
    )
    shown = state.shown()
    assert (shown["status"], shown["attempts"], shown["error"], shown["outcome"]) == (
        "done",
        2,
        "",
        "changed",
    )
    assert [(call["error"], call["cause"], call["result"]) for call in state.whole()["calls"]] == [
        ("NotYet", "wait", ""),
        ("", "", '{"b": 2}'),
    ]


def test_between_two_attempts_it_is_retrying_and_what_is_caught_has_failed() -> None:
    begun = [
        event(1, "TaskStateEntered", 0, name="Check", input="{}"),
        event(2, "TaskScheduled", 1),
        event(3, "TaskFailed", 2, error="NotYet", cause=""),
    ]
    assert [state.status for state in visits(begun)] == ["retrying"]
    caught = [*begun, event(4, "TaskStateExited", 3, name="Check", output="{}")]
    assert [(state.status, state.error) for state in visits(caught)] == [("failed", "NotYet")]


def test_branches_that_run_side_by_side_are_told_apart() -> None:
    history = [
        event(1, "ParallelStateEntered", 0, name="Baseline", input="{}"),
        event(2, "ParallelStateStarted", 1),
        event(3, "TaskStateEntered", 2, name="Access", input="{}"),
        event(4, "TaskStateEntered", 2, name="Trail", input="{}"),
        event(5, "TaskScheduled", 3),
        event(6, "TaskScheduled", 4),
        event(7, "TaskFailed", 6, error="Denied", cause=""),
        event(8, "TaskSucceeded", 5, output="{}"),
        event(9, "TaskStateExited", 8, name="Access", output="{}"),
        event(10, "TaskStateExited", 7, name="Trail", output="{}"),
        event(11, "ParallelStateExited", 9, name="Baseline", output="[]"),
    ]
    assert [(state.name, state.status) for state in visits(history)] == [
        ("Baseline", "done"),
        ("Access", "done"),
        ("Trail", "failed"),
    ]


def test_what_is_open_when_an_execution_fails_has_failed() -> None:
    history = [
        event(1, "FailStateEntered", 0, name="Failed", input="{}"),
        event(2, "ExecutionFailed", 1, error="BaselineFailed", cause="trail: no bucket"),
    ]
    (state,) = visits(history)
    assert (state.status, state.error, state.cause) == ("failed", "BaselineFailed", "trail: no bucket")
