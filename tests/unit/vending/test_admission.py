"""Admission slots for CreateAccount."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from groundwork.vending.admission import take_admission_slot
from groundwork.vending.work import Work

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
WORK = Work(route="create", execution="arn", account_name="dev", email="aws+dev@example.com", kind="workload")


class Queue:
    """The ledger's admission queue, without the ledger."""

    def __init__(self) -> None:
        self.end: datetime | None = None

    def join_admission_queue(self, begin: datetime, slot: timedelta) -> datetime:
        self.end = max(self.end or begin, begin) + slot
        return self.end


def waits(queue: Any, *after: float, refused: bool = False, work: Work = WORK) -> list[int]:
    """How long those wait who come so many seconds after noon."""
    return [
        take_admission_slot(work, queue, NOON + timedelta(seconds=each), refused=refused).seconds
        for each in after
    ]


def test_a_lone_account_waits_for_nobody() -> None:
    assert waits(Queue(), 0, 60, 120) == [0, 0, 0]


def test_a_burst_and_then_one_in_ten_seconds() -> None:
    assert waits(Queue(), *[0] * 6) == [0, 0, 3, 13, 23, 33]


def test_who_comes_later_waits_less() -> None:
    assert waits(Queue(), 0, 0, 0, 0, 9) == [0, 0, 3, 13, 14]


def test_after_a_pause_the_bucket_is_full_again() -> None:
    assert waits(Queue(), 0, 0, 0, 0, 35, 35, 35) == [0, 0, 3, 13, 0, 0, 8]


def test_who_was_refused_takes_the_bucket_for_empty_and_so_do_all_behind_him() -> None:
    queue = Queue()
    assert waits(queue, 0) == [0]
    assert waits(queue, 1, refused=True) == [13]
    assert waits(queue, 1) == [23]


@pytest.mark.parametrize("known", [{"account_id": "1" * 12}, {"creation_id": "car-12345678"}])
def test_who_needs_no_call_needs_no_turn(known: dict[str, str]) -> None:
    queue = Queue()
    assert waits(queue, *[0] * 9, work=WORK.model_copy(update=known)) == [0] * 9
    assert queue.end is None
