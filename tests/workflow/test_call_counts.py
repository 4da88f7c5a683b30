"""How many AWS API calls an account costs, to the last one: a change that adds one says so here.

What counts, and how the scenarios are held still, is the bench's: `make bench` shows the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from bench.deployment import TIME_SCALE, Deployment
from bench.scenarios import AGAIN, MARKS, NEW, OF_A_ROLL_OUT, SCENARIOS
from bench.tally import Tally
from tests.workflow.conftest import Slot

MANY = 60

CALLS = {
    NEW: 77,
    "its result event": 4,
    AGAIN: 27,
    "plan": 24,
    "plan of a sabotaged one": 25,
    "re-run of security": 56,
    "re-run of management": 32,
    OF_A_ROLL_OUT: 28,
}

BY_SERVICE = {
    NEW: {
        "cloudtrail": 7,
        "config": 9,
        "dynamodb": 14,
        "ec2": 4,
        "events": 1,
        "iam": 19,
        "kms": 3,
        "organizations": 10,
        "s3": 4,
        "sts": 6,
    },
    AGAIN: {
        "cloudtrail": 3,
        "config": 3,
        "dynamodb": 6,
        "ec2": 1,
        "iam": 4,
        "kms": 2,
        "organizations": 2,
        "s3": 1,
        "states": 1,
        "sts": 4,
    },
}

Tallies = Mapping[str, Tally]


@pytest.fixture(scope="module")
def counted(slot: Slot) -> Iterator[tuple[Tallies, Tallies]]:
    """All scenarios among a handful of accounts, and those that have a mark among many."""
    deployment = Deployment(slot.own(time_scale=TIME_SCALE))
    few = {name: scenario(deployment).tally for name, scenario in SCENARIOS.items()}
    deployment.fill_up(MANY)
    assert deployment.accounts() == MANY
    yield few, {name: SCENARIOS[name](deployment).tally for name in MARKS}
    slot.close()


def test_every_scenario_makes_exactly_these_calls(counted: tuple[Tallies, Tallies]) -> None:
    few, _ = counted
    assert {name: tally.total for name, tally in few.items()} == CALLS


@pytest.mark.parametrize("name", BY_SERVICE)
def test_by_service(counted: tuple[Tallies, Tallies], name: str) -> None:
    few, _ = counted
    assert few[name].services == BY_SERVICE[name]


@pytest.mark.parametrize("name", MARKS)
def test_no_more_than_the_mark_however_many_accounts_there_are(
    counted: tuple[Tallies, Tallies], name: str
) -> None:
    few, many = counted
    assert few[name].total <= MARKS[name]
    assert many[name] == few[name]
