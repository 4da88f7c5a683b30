"""checks.asl finds what Step Functions would refuse, and what it would only notice when it gets there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from checks.asl import problems

GREET: dict[str, Any] = {
    "QueryLanguage": "JSONata",
    "StartAt": "Greet",
    "States": {
        "Greet": {
            "Type": "Task",
            "Resource": "arn:${Partition}:states:::lambda:invoke",
            "Arguments": {"FunctionName": "${HelloFunction}", "Payload": "{% $states.input %}"},
            "Next": "Done",
        },
        "Done": {"Type": "Succeed"},
    },
}


def written(folder: Path, machine: dict[str, Any]) -> Path:
    path = folder / "machine.asl.json"
    path.write_text(json.dumps(machine))
    return path


def changed(**greet: Any) -> dict[str, Any]:
    states = {**GREET["States"], "Greet": {**GREET["States"]["Greet"], **greet}}
    return {**GREET, "States": states}


def test_a_good_machine_has_no_problems(tmp_path: Path) -> None:
    assert problems(written(tmp_path, GREET)) == []


@pytest.mark.parametrize(
    ("machine", "told"),
    [
        (changed(Arguments={"Payload": "{% $states.input[ %}"}), "is no valid JSONata"),
        (changed(Arguments={"Payload": "{% $states.input"}), "improperly opened or closed"),
        (changed(Type="The field 'Type'"), "The field 'Type'"),
        (changed(Next="Nowhere"), "Missing 'Next' target: Nowhere"),
        (changed(Next="Greet"), 'State "Done" is not reachable.'),
        (changed(Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Lost"}]), "Missing 'Next' target: Lost"),
        ({**GREET, "StartAt": "Start"}, "Missing 'StartAt' target: Start"),
        (changed(Assign={"said": "{% ($length := 1; $length) %}"}), "$length is built in"),
        (changed(Assign={"said": "{% $map([1], function($uuid) { $uuid }) %}"}), "$uuid is built in"),
        (changed(Assign={"states": 1}), "$states is reserved"),
        (
            changed(
                Catch=[
                    {
                        "ErrorEquals": ["States.ALL"],
                        "Output": "{% $states.errorOutput.Cause %}",
                        "Next": "Done",
                    }
                ]
            ),
            "may have no Cause",
        ),
    ],
)
def test_a_broken_machine_is_told_of(tmp_path: Path, machine: dict[str, Any], told: str) -> None:
    assert any(told in problem for problem in problems(written(tmp_path, machine)))


INNER: dict[str, Any] = {
    "StartAt": "Again",
    "States": {"Again": {"Type": "Pass", "Assign": {"said": 1}, "End": True}},
}
DISTRIBUTED = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}


@pytest.mark.parametrize(
    "within",
    [
        {"Type": "Parallel", "Branches": [INNER]},
        {"Type": "Map", "Items": [1], "ItemProcessor": INNER},
        {"Type": "Map", "Items": [1], "ItemProcessor": INNER | DISTRIBUTED},
    ],
)
def test_a_variable_of_two_scopes_is_told_of(tmp_path: Path, within: dict[str, Any]) -> None:
    greeting = changed(Assign={"said": "{% $states.result %}"}, Next="More")
    greeting["States"]["More"] = {**within, "Next": "Done"}
    told = problems(written(tmp_path, greeting))
    assert any("SCHEMA_VALIDATION_FAILED: the variable $said" in problem for problem in told)


def test_what_is_no_json_is_told_of(tmp_path: Path) -> None:
    path = tmp_path / "machine.asl.json"
    path.write_text("{")
    assert "INVALID_JSON_DESCRIPTION" in problems(path)[0]
