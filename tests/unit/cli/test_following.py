"""A request followed over the executions that it starts, one before its approval and one after."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from rich.spinner import Spinner

from cli.executions import following
from cli.executions.following import Asked, Follower
from cli.executions.runs import SUCCEEDED, Run, run_table
from cli.given import GIVEN, Output

EVENT = "85973605-b18a-4c8b-86f1-8370ad359688"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:groundwork-vend-account"
EXECUTION = MACHINE.replace(":stateMachine:", ":execution:")
NOW = datetime(2026, 11, 30, tzinfo=UTC)


class ExecutionDoesNotExist(Exception):
    pass


class StepFunctions:
    """A client: the first execution waits for an approval, which comes after some looks."""

    class exceptions:  # noqa: N801 - as botocore has it
        ExecutionDoesNotExist = ExecutionDoesNotExist

    def __init__(self) -> None:
        self.looks = 0
        self.decided_at = 3

    def get_paginator(self, name: str) -> StepFunctions:
        self._operation = name
        return self

    def paginate(self, executionArn: str = "", **_: Any) -> Iterator[dict[str, Any]]:  # noqa: N803
        if self._operation == "list_executions":
            name = f"{EVENT}_05d40468-7a73-46dc-9c7d-8e0cc8bacccc"
            yield {"executions": [{"name": name, "executionArn": f"{EXECUTION}:{name}", "startDate": NOW}]}
            return
        decided = executionArn.endswith("-decided")
        waits = {"outcome": "in-progress", "note": "It waits for an approval: all requests do."}
        output = {"outcome": "ready", "accountId": "211047650761"} if decided else waits
        details = {"output": json.dumps(output)}
        ended = {
            "id": 1,
            "type": "ExecutionSucceeded",
            "timestamp": NOW,
            "executionSucceededEventDetails": details,
        }
        yield {"events": [ended]}

    def describe_execution(self, executionArn: str) -> dict[str, Any]:  # noqa: N803
        self.looks += 1
        if self.looks < self.decided_at:
            raise ExecutionDoesNotExist
        assert executionArn == f"{EXECUTION}:{EVENT}-decided"
        return {"startDate": NOW}


class Aws:
    def __init__(self) -> None:
        self.states = StepFunctions()

    def client(self, _: str) -> StepFunctions:
        return self.states

    def state_machine(self, _: str) -> str:
        return MACHINE


def test_it_is_followed_through_its_approval(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(GIVEN, "output", Output.JSON)
    pauses: list[float] = []
    monkeypatch.setattr("cli.executions.following.time.sleep", pauses.append)
    aws: Any = Aws()
    ended = Follower(aws, {"dev": Asked(EVENT, NOW)}).to_the_end()
    assert ended["dev"].output == {"outcome": "ready", "accountId": "211047650761"}
    assert following.SECONDS_FOR_PEOPLE in pauses


def test_an_execution_that_was_started_by_hand_is_over_when_it_waits_for_an_approval() -> None:
    aws: Any = Aws()
    run = Run(f"{EXECUTION}:again", NOW)
    assert Follower(aws, {"dev": run}).to_the_end()["dev"].awaits_approval


def test_while_somebody_decides_it_says_now_and_then_that_it_waits(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A log of a pipeline shows that it goes on; a screen has a spinner, and seconds that count."""
    clock = iter(range(0, 10_000, 400))
    monkeypatch.setattr(GIVEN, "output", Output.JSON)
    monkeypatch.setattr("cli.executions.following.time.sleep", lambda _: None)
    monkeypatch.setattr("cli.executions.following.time.monotonic", lambda: next(clock))
    aws: Any = Aws()
    aws.states.decided_at = 6
    Follower(aws, {"dev": Asked(EVENT, NOW)}).to_the_end()
    told = [line.split(" s  ")[1] for line in capsys.readouterr().err.splitlines()]
    assert [line.partition("dev")[2].strip() for line in told] == [
        "in-progress: It waits for an approval: all requests do.",
        "still waiting for an approval",
        "still waiting for an approval",
        "ready",
    ]


def test_what_waits_for_an_approval_is_not_shown_as_done() -> None:
    waits = {"outcome": "in-progress", "note": "It waits for an approval: all requests do."}
    run = Run("arn", NOW, SUCCEEDED, output=waits, stopped=NOW)
    (mark,) = run_table({"dev": run}, plainly=True).columns[0].cells
    assert isinstance(mark, Spinner)
    (seconds,) = run_table({"dev": run}, plainly=True).columns[2].cells
    assert seconds != "0.0 s"
