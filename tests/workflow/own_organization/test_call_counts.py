"""How many AWS API calls an account costs, to the last one: a change that adds one says so here.

What counts, and how the scenarios are held still, is the bench's: `make bench` shows the same numbers. The other
scenarios, and an organization of many accounts, are in `prove/call_counts.py`.
"""

from __future__ import annotations

import pytest

from bench.deployment import TIME_SCALE, Deployment
from bench.scenarios import AGAIN, MARKS, NEW, SCENARIOS
from bench.tally import Tally
from prove.call_counts import CALLS
from tests.workflow.conftest import Slot

BY_SERVICE = {
    NEW: {
        "cloudtrail": 7,
        "config": 9,
        "dynamodb": 14,
        "ec2": 21,
        "events": 1,
        "iam": 25,
        "kms": 3,
        "organizations": 8,
        "sts": 6,
    },
    AGAIN: {
        "cloudtrail": 3,
        "config": 3,
        "dynamodb": 3,
        "ec2": 2,
        "iam": 5,
        "kms": 2,
        "organizations": 2,
        "sts": 4,
    },
}


@pytest.fixture(scope="module")
def counted(slot: Slot) -> dict[str, Tally]:
    deployment = Deployment(slot.own(time_scale=TIME_SCALE))
    return {name: SCENARIOS[name](deployment).tally for name in BY_SERVICE}


@pytest.mark.parametrize("name", BY_SERVICE)
def test_a_scenario_makes_exactly_these_calls(counted: dict[str, Tally], name: str) -> None:
    assert counted[name].services == BY_SERVICE[name]
    assert counted[name].total == CALLS[name] <= MARKS[name]


def test_every_scenario_with_a_mark_is_counted_here_and_the_others_are_proven() -> None:
    assert BY_SERVICE.keys() == MARKS.keys()
    assert CALLS.keys() == SCENARIOS.keys()
