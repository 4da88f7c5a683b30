"""The pass over accounts that are due: whom it closes, in which order, and when it leaves it for later."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from groundwork.aws.organizations import Listed
from groundwork.closing import due
from groundwork.closing.due import DueAccounts
from groundwork.closing.reading import in_text
from groundwork.declaration.loading import load
from groundwork.errors import OrganizationBusy, RefusedByAws
from groundwork.ledger.memory import Memory
from groundwork.ledger.records import ClosingRecord

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
ROOT, UNIT, MANAGEMENT = "r-ab12", "ou-ab12-9", "100000000001"
CLOSING = load()
MACHINE = f"arn:aws:states:us-east-1:{MANAGEMENT}:stateMachine:groundwork-vend-account"
LATER = timedelta(minutes=15)


def seconds(moment: datetime) -> int:
    return int(moment.timestamp())


class Aws:
    """An organization, and the ledger's part about closings. `answers` are what CloseAccount answers next."""

    def __init__(self, *records: ClosingRecord, states: Mapping[str, str] | None = None) -> None:
        self.records = {each.account_id: each for each in records}
        self.states = dict.fromkeys([MANAGEMENT, *self.records], "ACTIVE") | dict(states or {})
        self.protected: set[str] = set()
        self.answers: list[Any] = []
        self.called: list[str] = []
        self.not_before = 0
        self.shows_late = False
        self.closings = self.tally = self
        self.put, self.ended, self.scans = len(self.records), -1, 0

    # Organizations

    def accounts(self) -> Iterator[Listed]:
        return (self.listed(each) for each in self.states)

    def listed(self, account: str) -> Listed:
        return Listed(
            id=account,
            name=f"account-{account[-2:]}",
            email=f"aws+{account}@example.com",
            state=self.states[account],
            joined=NOW - timedelta(days=400),
            management_account_id=MANAGEMENT,
            organization_id="o-exampleorgid",
            partition="aws",
            root_id=ROOT,
            unit_ids=() if account == MANAGEMENT else (UNIT,),
        )

    def shown(self, account: str) -> tuple[Listed, dict[str, str]]:
        held = {"groundwork:protected": "yes"} if account in self.protected else {}
        return self.listed(account), {"groundwork:state": self.records[account].tag, **held}

    def has(self, account: str) -> bool:
        return account in self.states

    def units(self, root: str, paths: list[str]) -> dict[str, str]:
        return {}

    def close(self, account: str) -> str:
        self.called.append(account)
        answer = self.answers.pop(0) if self.answers else "begun"
        if isinstance(answer, Exception):
            raise answer
        if answer == "begun" and not self.shows_late:
            self.states[account] = "PENDING_CLOSURE"
        return str(answer)

    # the ledger

    def recall_all(self, *, consistent: bool = False) -> Memory:
        self.scans += 1
        return Memory(closings=dict(self.records))

    def seen(self) -> int | None:
        return None if self.ended == self.put else self.put

    def note_gone(self, seen: int) -> None:
        self.ended = seen

    def take_slot(self, now: int, until: int) -> bool:
        free = self.not_before <= now
        self.not_before = until if free else self.not_before
        return free

    def pause(self, until: int) -> None:
        self.not_before = until

    def _note(self, account: str, **values: Any) -> bool:
        self.records[account] = self.records[account].model_copy(update=values)
        return True

    def note_call(self, account: str, now: int) -> bool:
        return self._note(account, called_at=now)

    def note_begun(self, account: str, now: int) -> None:
        self._note(account, begun_at=now)

    def forget_call(self, account: str, before: int | None) -> None:
        self._note(account, called_at=before)

    def note_refusal(self, account: str, now: int, before: int | None) -> None:
        self._note(account, called_at=before, refused_at=now)

    def note_closed(self, record: ClosingRecord, now: int) -> None:
        self._note(record.account_id, closed_at=now)

    def forget(self, account: str) -> None:
        del self.records[account]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    said: list[tuple[str, str]] = []
    monkeypatch.setattr(
        due,
        "send",
        lambda answers: said.extend((each.detail_type, each.detail["accountId"]) for each in answers),
    )
    return said


def waiting(number: int, ago: timedelta = timedelta(hours=1), **more: Any) -> ClosingRecord:
    account = f"{200000000000 + number}"
    return ClosingRecord(
        account_id=account,
        account_name=f"account-{number}",
        email=f"aws+{account}@example.com",
        closes_at=in_text(NOW - ago),
        unit=UNIT,
        home=ROOT,
        former="ready",
        execution="arn",
        **more,
    )


def look(aws: Aws, when: datetime = NOW) -> due.Passed:
    return DueAccounts(CLOSING, aws, aws, MACHINE).close(when)  # type: ignore[arg-type]


def test_without_accounts_that_wait_aws_is_not_asked(told: list[tuple[str, str]]) -> None:
    aws = Aws()
    aws.accounts = None  # type: ignore[method-assign, assignment]
    assert look(aws).to_json() == {"closing": [], "closed": []}


def test_where_closing_is_not_declared_the_ledger_is_read_until_nobody_waits(
    told: list[tuple[str, str]],
) -> None:
    aws = Aws(waiting(1), waiting(2, called_at=seconds(NOW), closed_at=seconds(NOW)))
    assert look(aws).closing == [waiting(1).account_id]  # declared once, and not any more
    aws.states[waiting(1).account_id] = "CLOSED"
    assert look(aws, NOW + LATER).closed == [waiting(1).account_id]
    look(aws, NOW + 2 * LATER)
    scans = aws.scans
    assert look(aws, NOW + 3 * LATER).to_json() == {"closing": [], "closed": []}
    assert aws.scans == scans
    aws.put += 1  # somebody declared it, asked, and took it out again
    look(aws, NOW + 4 * LATER)
    assert aws.scans == scans + 1


def test_one_a_pass_in_the_order_in_which_they_are_due(told: list[tuple[str, str]]) -> None:
    first, second, third = waiting(3, timedelta(days=2)), waiting(1), waiting(2)
    aws = Aws(second, third, first, waiting(4, -timedelta(seconds=1)))
    for number in range(5):
        look(aws, NOW + number * timedelta(milliseconds=1))  # nothing is due meanwhile
        aws.not_before = 0
    assert aws.called == [first.account_id, second.account_id, third.account_id]


def test_one_that_is_on_its_way_back_is_left_open(told: list[tuple[str, str]]) -> None:
    aws = Aws(waiting(1, reopening=1))
    assert (look(aws).closing, aws.called) == ([], [])


def test_three_at_once_whoever_closes_them(told: list[tuple[str, str]]) -> None:
    others = {f"30000000000{number}": "PENDING_CLOSURE" for number in range(3)}
    aws = Aws(waiting(1), states=others)
    assert look(aws).closing == []
    aws.states["300000000000"] = "CLOSED"
    assert look(aws).closing == [waiting(1).account_id]


def test_no_more_in_30_days_than_aws_closes(told: list[tuple[str, str]]) -> None:
    lately = seconds(NOW - timedelta(days=29))
    before = [waiting(number, called_at=lately, closed_at=lately) for number in range(250)]
    gone = {each.account_id: "CLOSED" for each in before}
    aws = Aws(*before, waiting(999), states=gone)
    assert look(aws).closing == []
    assert look(aws, NOW + timedelta(days=2)).closing == [waiting(999).account_id]


def test_two_passes_that_overlap_close_one(told: list[tuple[str, str]]) -> None:
    aws = Aws(waiting(1), waiting(2))
    look(aws)
    look(aws, NOW + timedelta(seconds=1))
    assert len(aws.called) == 1


@pytest.mark.parametrize("answer", ["later", OrganizationBusy("AWS has a fault")])
def test_what_aws_takes_later_is_asked_at_the_next_pass(told: list[tuple[str, str]], answer: Any) -> None:
    aws = Aws(waiting(1))
    aws.answers = [answer]
    assert look(aws).closing == []
    assert look(aws, NOW + LATER).closing == [waiting(1).account_id]
    assert told == []


def test_a_quota_that_is_used_up_is_asked_again_hours_later(told: list[tuple[str, str]]) -> None:
    aws = Aws(waiting(1))
    aws.answers = ["exhausted"]
    for hours in (0, 1, 5):
        assert look(aws, NOW + timedelta(hours=hours)).closing == []
    assert len(aws.called) == 1
    assert look(aws, NOW + timedelta(hours=6)).closing == [waiting(1).account_id]


def test_who_is_refused_is_told_once_and_keeps_nobody_waiting(told: list[tuple[str, str]]) -> None:
    refused, other = waiting(1, timedelta(days=2)), waiting(2)
    aws = Aws(refused, other)
    aws.answers = [RefusedByAws("something stands against it")]
    assert look(aws).closing == []
    assert look(aws, NOW + LATER).closing == [other.account_id]
    aws.answers = [RefusedByAws("something stands against it")]
    look(aws, NOW + timedelta(days=1))
    assert aws.called.count(refused.account_id) == 2
    assert told == [("Account Failed", refused.account_id)]


def test_the_last_look_finds_who_is_protected_and_the_next_one_goes(told: list[tuple[str, str]]) -> None:
    kept, other = waiting(1, timedelta(days=2)), waiting(2)
    aws = Aws(kept, other)
    aws.protected = {kept.account_id}
    assert look(aws).closing == [other.account_id]
    assert aws.called == [other.account_id]


def test_whoever_was_closed_is_told_once_by_whomever(told: list[tuple[str, str]]) -> None:
    ours, others = waiting(1, called_at=seconds(NOW)), waiting(2, -timedelta(days=9))
    waits = waiting(3, -timedelta(days=9))  # so that the next pass looks at all of them
    aws = Aws(ours, others, waits, states={ours.account_id: "CLOSED", others.account_id: "CLOSED"})
    assert sorted(look(aws).closed) == [ours.account_id, others.account_id]
    assert look(aws, NOW + LATER).closed == []
    assert sorted(told) == [("Account Closed", ours.account_id), ("Account Closed", others.account_id)]


def test_one_that_was_asked_for_may_be_shown_as_suspended_once_it_is_closed(
    told: list[tuple[str, str]],
) -> None:
    """The page of CloseAccount says so, the page about states does not."""
    aws = Aws(waiting(1, called_at=seconds(NOW)), states={waiting(1).account_id: "SUSPENDED"})
    assert look(aws, NOW + LATER).closed == [waiting(1).account_id]


def test_whoever_aws_has_shut_itself_is_not_told_as_closed_and_goes_on_waiting(
    told: list[tuple[str, str]],
) -> None:
    aws = Aws(waiting(1), states={waiting(1).account_id: "SUSPENDED"})
    assert look(aws).to_json() == {"closing": [], "closed": []}
    aws.states[waiting(1).account_id] = "ACTIVE"  # the bill is paid
    assert look(aws, NOW + LATER).closing == [waiting(1).account_id]
    assert told == []


def test_one_that_aws_closes_and_still_shows_as_active_is_asked_for_once(
    told: list[tuple[str, str]],
) -> None:
    """It counts among the three at once, too."""
    aws = Aws(*(waiting(number) for number in range(1, 5)))
    aws.shows_late = True
    for minutes in range(0, 30, 2):
        look(aws, NOW + timedelta(minutes=minutes))
    assert aws.called == [waiting(number).account_id for number in (1, 2, 3)]


@pytest.mark.parametrize("answer", ["closing", "begun"])
def test_a_call_that_aws_has_lost_is_made_again_and_an_earlier_one_is_kept(
    told: list[tuple[str, str]], answer: str
) -> None:
    aws = Aws(waiting(1, called_at=seconds(NOW - timedelta(hours=1))))
    aws.answers = [answer]
    look(aws)
    assert (aws.called, aws.records[waiting(1).account_id].called_at) == (
        [waiting(1).account_id],
        seconds(NOW),
    )


@pytest.mark.parametrize("answer", ["later", "exhausted", RefusedByAws("something stands against it")])
@pytest.mark.parametrize("shown_as", ["SUSPENDED", "CLOSED", None])
def test_an_earlier_call_stays_known_whatever_aws_says_to_the_next(
    told: list[tuple[str, str]], answer: Any, shown_as: str | None
) -> None:
    account, before = waiting(1).account_id, seconds(NOW - timedelta(hours=1))
    aws = Aws(waiting(1, called_at=before, begun_at=before))
    aws.answers = [answer]
    look(aws)
    assert (aws.called, aws.records[account].called_at) == ([account], before)
    if shown_as:
        aws.states[account] = shown_as
    else:
        del aws.states[account]
    assert look(aws, NOW + LATER).closed == [account]
    assert told[-1] == ("Account Closed", account)


@pytest.mark.parametrize("called_at", [None, seconds(NOW - timedelta(hours=1))])
def test_a_call_that_aws_has_not_taken_is_none(told: list[tuple[str, str]], called_at: int | None) -> None:
    """Nor is one before, whose pass died before AWS had answered."""
    for answer in ("later", "exhausted", RefusedByAws("something stands against it")):
        aws = Aws(waiting(1, called_at=called_at))
        aws.answers = [answer]
        look(aws)
        assert aws.records[waiting(1).account_id].called_at is None


def test_what_aws_has_taken_is_noted(told: list[tuple[str, str]]) -> None:
    account, before = waiting(1).account_id, seconds(NOW - timedelta(hours=1))
    aws = Aws(waiting(1))
    assert look(aws).closing == [account]
    assert aws.records[account].begun_at == seconds(NOW)
    aws = Aws(waiting(1, called_at=before))
    aws.answers = ["closing"]  # which says of the earlier call what became of it
    assert look(aws).closing == []
    assert aws.records[account].begun_at == seconds(NOW)


@pytest.mark.parametrize(
    ("ago", "again"), [(timedelta(minutes=30), True), (timedelta(minutes=29, seconds=59), False)]
)
def test_one_that_is_shown_as_active_is_asked_for_again_after_half_an_hour(
    told: list[tuple[str, str]], ago: timedelta, again: bool
) -> None:
    aws = Aws(waiting(1, called_at=seconds(NOW - ago)))
    assert look(aws).closing == ([waiting(1).account_id] if again else [])


def test_only_what_aws_still_closes_counts_among_the_three_at_once(told: list[tuple[str, str]]) -> None:
    lately = seconds(NOW - LATER)
    before = [waiting(number, called_at=lately) for number in (1, 2, 3)]
    aws = Aws(*before, waiting(4))
    assert look(aws).closing == []
    aws.states |= {each.account_id: "CLOSED" for each in before}  # and this pass tells of it
    assert look(aws, NOW + timedelta(minutes=1)).closing == [waiting(4).account_id]


def test_what_aws_has_opened_again_does_not_count_among_the_three_at_once(
    told: list[tuple[str, str]],
) -> None:
    lately = seconds(NOW - LATER)
    aws = Aws(*(waiting(number, called_at=lately, closed_at=lately) for number in (1, 2, 3)), waiting(4))
    assert look(aws).closing == [waiting(4).account_id]


def test_what_somebody_else_closes_is_noted_as_nobody_s_call(told: list[tuple[str, str]]) -> None:
    aws = Aws(waiting(1))
    aws.answers = ["closing"]
    assert look(aws).closing == []
    assert aws.records[waiting(1).account_id].called_at is None


def test_what_aws_support_has_reopened_is_not_closed_again(told: list[tuple[str, str]]) -> None:
    aws = Aws(waiting(1, called_at=seconds(NOW), closed_at=seconds(NOW)))
    assert look(aws, NOW + LATER).closing == []
    assert aws.called == []


def test_what_left_the_organization_open_is_forgotten(told: list[tuple[str, str]]) -> None:
    aws = Aws(waiting(1))
    del aws.states[waiting(1).account_id]
    assert look(aws).to_json() == {"closing": [], "closed": []}
    assert (aws.records, told) == ({}, [])
