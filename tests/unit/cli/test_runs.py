"""What is told of an execution while it goes on, and at its end."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cli.executions.runs import STATES_IN_WORDS, Reader, Run, input_of, subject_of

ROOT = Path(__file__).parents[3]
START = datetime(2026, 11, 30, tzinfo=UTC)


def states_of(machine: str) -> dict[str, Any]:
    return dict(json.loads((ROOT / "statemachines" / f"{machine}.asl.json").read_text())["States"])


def test_words_are_of_states_that_there_are_and_of_each_that_takes_time() -> None:
    states = states_of("vend_account") | states_of("roll_out") | states_of("close_account")
    assert STATES_IN_WORDS.keys() <= states.keys()
    assert {name for name, state in states.items() if state["Type"] == "Task"} <= STATES_IN_WORDS.keys()


class History:
    """A client of Step Functions with one execution, whose events are these."""

    def __init__(self, *events: dict[str, Any]) -> None:
        self.events = [{"id": number, "timestamp": START, **each} for number, each in enumerate(events, 1)]

    def get_paginator(self, _: str) -> History:
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return [{"events": self.events[::-1]}]


def entered(name: str) -> dict[str, Any]:
    return {"type": "TaskStateEntered", "stateEnteredEventDetails": {"name": name}}


def left(name: str) -> dict[str, Any]:
    return {"type": "TaskStateExited", "stateExitedEventDetails": {"name": name}}


def ended(kind: str, **details: str) -> dict[str, Any]:
    return {"type": f"Execution{kind}", f"execution{kind}EventDetails": details}


def seen(*events: dict[str, Any]) -> Run:
    run = Run("arn", START)
    Reader(History(*events)).look(run)
    return run


def test_what_it_does_now() -> None:
    assert Run("arn", START).plainly() == "starting"
    assert seen(entered("CheckCreation")).plainly() == "AWS makes the account"
    assert seen(entered("CheckCreation"), left("CheckCreation")).plainly() == "AWS makes the account"
    baseline = seen(entered("Baseline"), entered("Access"), entered("Trail"), left("Access"))
    assert baseline.plainly() == "laying down the baseline: Trail"


def test_of_a_baseline_those_branches_are_named_that_it_still_waits_for() -> None:
    branches = [entered(name) for name in ("Access", "Trail", "Config", "Budget")]
    assert seen(entered("Baseline"), *branches).plainly() == "laying down the baseline"
    last = seen(entered("Baseline"), *branches, left("Trail"))
    assert last.plainly() == "laying down the baseline: Access, Config, Budget"
    assert seen(entered("SendAnswers"), entered("PutAnswer")).plainly() == "telling of it"


def test_a_plan_is_not_said_to_lay_anything_down() -> None:
    given = {"type": "ExecutionStarted", "executionStartedEventDetails": {"input": '{"mode": "plan"}'}}
    planning = seen(given, entered("Baseline"), entered("Trail"))
    assert planning.plainly() == "comparing with the baseline: Trail"
    assert seen(given, entered("CheckAccess")).plainly() == "waiting until it can be entered"


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ({"outcome": "ready", "changes": [{}, {}]}, "ready, 2 changes"),
        ({"outcome": "unchanged", "changes": []}, "unchanged"),
        (
            {"outcome": "in-progress", "changes": [], "note": "Another is on it."},
            "in-progress: Another is on it.",
        ),
        ({"accounts": {"drifted": 1, "unchanged": 4}}, "1 drifted, 4 unchanged"),
    ],
)
def test_how_it_ended(output: dict[str, Any], words: str) -> None:
    run = seen(entered("Done"), ended("Succeeded", output=json.dumps(output)))
    assert run.over and not run.failed
    assert run.plainly() == words


def test_how_it_failed() -> None:
    run = seen(ended("Failed", error="InvalidRequest", cause="email is missing. Remedy: Add it."))
    assert run.failed
    assert run.plainly() == "failed: InvalidRequest: email is missing. Remedy: Add it."


@pytest.mark.parametrize(
    ("given", "subject"),
    [
        ({"accountId": "211047650761"}, ("", "211047650761")),
        ({"detail": {"accountName": "dev"}}, ("dev", "")),
        (
            {
                "source": "aws.organizations",
                "detail": {"serviceEventDetails": {"createAccountStatus": {"accountId": "1"}}},
            },
            ("", "1"),
        ),
        (
            {
                "source": "aws.controltower",
                "detail": {
                    "serviceEventDetails": {"createManagedAccountStatus": {"account": {"accountId": "2"}}}
                },
            },
            ("", "2"),
        ),
        ({}, ("", "")),
        # a request says what it likes: it is about no account that is there, and stops no command
        ({"source": "groundwork", "detail": {"serviceEventDetails": "createAccountStatus"}}, ("", "")),
        (
            {
                "source": "groundwork.by.AIDAEXAMPLEEXAMPLE",
                "detail": {"serviceEventDetails": {"createAccountStatus": {"accountId": "1"}}},
            },
            ("", ""),
        ),
        ({"detail": []}, ("", "")),
        ([], ("", "")),
    ],
)
def test_whom_it_is_about(given: Any, subject: tuple[str, str]) -> None:
    assert subject_of(given) == subject


@pytest.mark.parametrize("text", ["[" * 100_000 + "]" * 100_000, f"[{'9' * 5_000}]"])
def test_an_input_that_nobody_can_read_is_about_nothing(text: str) -> None:
    assert subject_of(input_of({"input": text})) == ("", "")
