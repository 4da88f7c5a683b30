"""Some of the moments at which `make prove` empties the ledger."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from prove.lost_memory import AFTERWARDS, Forgetting, Moment
from prove.world import World
from tests.workflow.conftest import Slot


@pytest.fixture(scope="module")
def run(slot: Slot) -> Iterator[Forgetting]:
    slot.close()
    with World() as world:
        run = Forgetting(world)
        run.moments()
        yield run


@pytest.mark.parametrize(
    "moment",
    [
        ("CreateAccountFunction", 1),
        ("CheckCreationFunction", 1),
        ("EnrollAccountFunction", 1),
        ("RecordOutcomeFunction", 1),
        AFTERWARDS,
    ],
    ids=lambda moment: moment[0] or "afterwards",
)
def test_the_ledger_is_rebuilt_and_there_is_one_account(run: Forgetting, moment: Moment) -> None:
    assert run.at(moment) == []
