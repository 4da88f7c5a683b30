"""When people are told that an account is going to be closed, and when that is begun."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest

from groundwork.closing.requesting import Coming
from groundwork.ledger.records import EndingRecord

DAY = date(2026, 12, 31)
ON_THE_DAY = datetime.combine(DAY, time(), UTC)


def ending(told: str | None = None, told_at: datetime | None = None) -> EndingRecord:
    at = int(told_at.timestamp()) if told_at else None
    return EndingRecord(account_id="211047650761", expires_on=DAY.isoformat(), told=told, told_at=at)


@pytest.mark.parametrize(
    ("days", "told", "notice"),
    [
        (15, None, None),
        (14, None, 14),
        (14, "2026-12-31/14", None),
        (4, "2026-12-31/14", None),
        (3, "2026-12-31/14", 3),
        (3, None, 3),  # of two that are due the last one alone
        (3, "2026-12-31/3", None),
        (-40, None, 3),
        (10, "2026-12-01/3", 14),  # of another day
        (10, "declared/0", 14),
    ],
)
def test_the_notice_that_is_due_is_told_once(days: int, told: str | None, notice: int | None) -> None:
    assert Coming(ending(told), DAY).next_notice(DAY - timedelta(days=days)) == notice


@pytest.mark.parametrize(("told", "notice"), [(None, 0), ("declared/0", None), ("2026-12-31/3", 0)])
def test_what_is_declared_is_told_at_once(told: str | None, notice: int | None) -> None:
    assert Coming(ending(told), None).next_notice(DAY) == notice


def test_on_the_day_it_is_due_if_people_have_been_told() -> None:
    told = ending("2026-12-31/3", ON_THE_DAY - timedelta(days=3))
    assert Coming(told, DAY).is_due(ON_THE_DAY)
    assert not Coming(told, DAY).is_due(ON_THE_DAY - timedelta(seconds=1))
    assert not Coming(ending(), DAY).is_due(ON_THE_DAY)
    assert not Coming(ending("2026-12-30/3", ON_THE_DAY - timedelta(days=3)), DAY).is_due(ON_THE_DAY)


@pytest.mark.parametrize("day", [DAY, None])
def test_nobody_is_suspended_within_a_day_of_being_told(day: date | None) -> None:
    late = ON_THE_DAY + timedelta(days=9)
    coming = Coming(ending("2026-12-31/3" if day else "declared/0", late), day)
    assert not coming.is_due(late + timedelta(hours=23, minutes=59))
    assert coming.is_due(late + timedelta(days=1))
    assert coming.suspended_at(late) == late + timedelta(days=1)
