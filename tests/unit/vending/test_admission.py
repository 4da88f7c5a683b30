"""Turns to create an account, as long as the line is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from groundwork.vending.admission import take_turn
from groundwork.vending.work import Work

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
WORK = Work(route="create", execution="arn", account_name="dev", email="aws+dev@example.com", kind="workload")


class Line:
    """The ledger's line, without the ledger."""

    def __init__(self) -> None:
        self.end: datetime | None = None

    def join_line(self, begin: datetime, turn: timedelta) -> datetime:
        self.end = max(self.end or begin, begin) + turn
        return self.end


def waits(line: Any, *after: float, refused: bool = False, work: Work = WORK) -> list[int]:
    """How long those wait who come so many seconds after noon."""
    return [take_turn(work, line, NOON + timedelta(seconds=each), refused=refused).seconds for each in after]


def test_a_lone_account_waits_for_nobody() -> None:
    assert waits(Line(), 0, 60, 120) == [0, 0, 0]


def test_a_burst_and_then_one_in_ten_seconds() -> None:
    assert waits(Line(), *[0] * 6) == [0, 0, 3, 13, 23, 33]


def test_who_comes_later_waits_less() -> None:
    assert waits(Line(), 0, 0, 0, 0, 9) == [0, 0, 3, 13, 14]


def test_after_a_pause_the_bucket_is_full_again() -> None:
    assert waits(Line(), 0, 0, 0, 0, 35, 35, 35) == [0, 0, 3, 13, 0, 0, 8]


def test_who_was_refused_takes_the_bucket_for_empty_and_so_do_all_behind_him() -> None:
    line = Line()
    assert waits(line, 0) == [0]
    assert waits(line, 1, refused=True) == [13]
    assert waits(line, 1) == [23]


@pytest.mark.parametrize("known", [{"account_id": "1" * 12}, {"creation_id": "car-12345678"}])
def test_who_needs_no_call_needs_no_turn(known: dict[str, str]) -> None:
    line = Line()
    assert waits(line, *[0] * 9, work=WORK.model_copy(update=known)) == [0] * 9
    assert line.end is None
