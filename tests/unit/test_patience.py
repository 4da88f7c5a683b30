"""Errors that pass are ones the state machine asks about again; and it waits for nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from checks.references import patience
from groundwork.baseline.components import COMPONENTS
from groundwork.errors import Pending, every_error

MACHINE = Path(__file__).parents[2] / "statemachines" / "vend_account.asl.json"


def tasks(machine: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for state in machine["States"].values():
        if state["Type"] == "Task":
            yield state
        for inner in (
            *state.get("Branches", []),
            *([state["ItemProcessor"]] if "ItemProcessor" in state else []),
        ):
            yield from tasks(inner)


def retried(task: dict[str, Any]) -> set[str]:
    return {name for retry in task["Retry"] for name in retry["ErrorEquals"]}


def every_task() -> list[dict[str, Any]]:
    return list(tasks(json.loads(MACHINE.read_text())))


@pytest.mark.parametrize("name", COMPONENTS)
def test_what_passes_is_asked_again(name: str) -> None:
    component = next(
        task for task in every_task() if task["Arguments"].get("Payload", {}).get("component") == name
    )
    assert {"ComponentNotSettled", "OrganizationBusy"} <= retried(component)


def test_what_kms_shows_late_is_waited_for() -> None:
    """An alias may take five minutes: https://docs.aws.amazon.com/kms/latest/developerguide/accessing-kms.html"""
    assert patience()["ComponentNotSettled"] == "6 min"


def test_only_what_passes_is_asked_again() -> None:
    refused = {kind.__name__ for kind in every_error() if not issubclass(kind, Pending)}
    waits = set().union(*(retried(task) for task in every_task()))
    assert waits & refused == {"BaselineUndone", "ComponentNotSettled"}


def test_every_function_waits_for_lambda_to_have_room() -> None:
    """A young account runs ten functions at once; five accounts being vended want more."""
    functions = [task for task in every_task() if "FunctionName" in task["Arguments"]]
    assert functions
    assert [task for task in functions if "Lambda.TooManyRequestsException" not in retried(task)] == []
