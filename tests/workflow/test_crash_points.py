"""Some of the crash points that `make prove` goes through: where an account could be made twice, left locked, or lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from local.calls import CallRecord
from prove.crash_points import Point, Run, faults_of, of_iam, points, survives, undisturbed
from prove.runs import Removal, Repair, Vend
from prove.world import World
from tests.workflow.conftest import Cloud, nothing_by_itself


@pytest.fixture(scope="module")
def world(cloud: Cloud) -> Iterator[World]:
    with nothing_by_itself(cloud):
        yield World(cloud)


@pytest.fixture(scope="module")
def vend(world: World) -> Run:
    return Vend(world)


@pytest.fixture(scope="module")
def calls(world: World, vend: Run) -> list[CallRecord]:
    return undisturbed(vend, world)


VENDS = [
    Point("CreateAccountFunction", "organizations", "CreateAccount", 1).fault("kill-function", "after"),
    Point("LeaseAccountFunction", "dynamodb", "UpdateItem", 1).fault("kill-function", "after"),
    Point("", "lambda", "Invoke", 4).fault("reset", "after"),
]
ROLL_OUT = Point("SelectAccountsFunction", "s3", "PutObject", 1).fault("kill-function", "after")


@pytest.mark.parametrize("fault", VENDS, ids=json.dumps)
def test_a_vend_survives(world: World, vend: Run, calls: list[CallRecord], fault: dict[str, Any]) -> None:
    assert survives(vend, world, fault) == (True, [])
    assert vend.starts == 1


def test_a_roll_out_survives(world: World) -> None:
    run = Repair(world)
    assert ROLL_OUT in faults_of(points(undisturbed(run, world)))
    assert survives(run, world, ROLL_OUT) == (True, [])


REMOVALS = [
    Point("ApplyComponentFunction", "iam", operation, 1).fault("kill-function", "after")
    for operation in ("PutUserPolicy", "DeactivateMFADevice", "DeleteGroupPolicy")
]


def test_a_removal_survives(world: World) -> None:
    run = Removal(world)
    struck = faults_of(of_iam(points(undisturbed(run, world))))
    for fault in REMOVALS:
        assert fault in struck
        assert survives(run, world, fault) == (True, [])


def test_every_function_of_the_way_to_ready_is_struck(calls: list[CallRecord]) -> None:
    functions = {point.function for point in points(calls)}
    assert functions >= {
        "ReadRequestFunction",
        "TakeAdmissionSlotFunction",
        "CreateAccountFunction",
        "CheckCreationFunction",
        "EnrollAccountFunction",
        "CheckAccessFunction",
        "LeaseAccountFunction",
        "ApplyComponentFunction",
        "VerifyBaselineFunction",
        "RecordOutcomeFunction",
    }
    kills = [fault for fault in faults_of(points(calls)) if fault["effect"] == "kill-function"]
    assert {fault["when"] for fault in kills} == {"before", "after"}


def test_a_run_that_goes_wrong_is_told(world: World, vend: Run, calls: list[CallRecord]) -> None:
    """The proof can fail: a call that is refused for good, and a second start that is refused, too."""
    fault = {"service": "iam", "operation": "CreateRole", "effect": "LimitExceeded"}
    struck, wrong = survives(vend, world, fault)
    assert struck
    assert "BaselineFailed" in " ".join(wrong)
