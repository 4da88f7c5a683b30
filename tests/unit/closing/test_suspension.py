"""Into the unit where an account waits and back: who does it holds the account, from the first line to the last."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from groundwork.aws.organizations import Listed
from groundwork.closing.suspension import reopen, suspend
from groundwork.closing.work import Closure
from groundwork.errors import AccountBusy
from groundwork.ledger.records import ClosingRecord
from tests.unit.closing.sandbox import ACCOUNT, RECORD, ROOT, UNIT

LISTED = Listed(
    id=ACCOUNT,
    name="sandbox",
    email=RECORD.email,
    state="ACTIVE",
    joined=datetime(2026, 12, 22, tzinfo=UTC),
    management_account_id="100000000001",
    organization_id="o-exampleorgid",
    partition="aws",
    root_id=ROOT,
    unit_ids=(),
)


class Done:
    """Organizations, Step Functions and the ledger: what each is asked for is `done`, in that order."""

    def __init__(self, holder: str | None = None) -> None:
        self.holder, self.parent = holder, ROOT
        self.done: list[str] = []
        self.answered: str | None = None

    leases: Any = property(lambda self: self)
    closings: Any = property(lambda self: self)
    endings: Any = property(lambda self: self)

    def take(self, account_id: str, execution: str, is_running: Callable[[str], bool]) -> None:
        if self.holder and is_running(self.holder):
            raise AccountBusy(f"Account {account_id} is being worked on by {self.holder}.")
        self.done.append("take")

    def answered_by(self, asker: str) -> str | None:
        if not self.answered:
            self.done.append("answered_by")
        return self.answered

    def is_running(self, execution: str) -> bool:
        return execution == "another"

    def account(self, account_id: str) -> Listed:
        return LISTED.model_copy(update={"unit_ids": () if self.parent == ROOT else (self.parent,)})

    def move(self, account_id: str, here: str, there: str) -> None:
        self.done.append("move")
        self.parent = there

    def open(self, record: ClosingRecord) -> ClosingRecord:
        self.done.append("open")
        return record

    def __getattr__(self, name: str) -> Callable[..., bool]:
        def answer(*_: Any) -> bool:
            self.done.append(name)
            return True

        return answer


def work(route: Any) -> Closure:
    return Closure(route=route, execution="two", listed=LISTED, record=RECORD)


def shut(done: Any) -> Closure:
    return suspend(work("close"), done, done, done)


def had_back(done: Any) -> Any:
    return reopen(work("reopen"), done, done, done, "machine")


def test_it_is_held_until_it_is_where_it_waits() -> None:
    done = Done()
    assert shut(done).record == RECORD
    assert done.done == ["take", "open", "tag", "move"]  # the inventory lets it go


def test_it_is_held_until_its_reopening_is_answered() -> None:
    done = Done()
    done.parent = UNIT
    assert had_back(done).answers[0].detail_type == "Account Reopened"
    steps = ["answered_by", "begin_reopening", "move", "tag", "begin_anew", "forget", "start", "answer_once"]
    assert done.done == ["take", *steps, "release"]


def test_a_reopening_that_is_answered_undoes_nothing_that_came_since() -> None:
    done = Done()
    done.parent, done.answered = ROOT, "two"
    assert had_back(done).answers[0].detail_type == "Account Reopened"
    assert done.done == ["take", "release"]


@pytest.mark.parametrize("act", [shut, had_back])
def test_whose_lease_has_run_out_leaves_the_account_to_who_has_it_now(act: Callable[[Any], Any]) -> None:
    done = Done("another")
    with pytest.raises(AccountBusy, match="is being worked on by another"):
        act(done)
    assert done.done == []
    done = Done("one that has ended")
    act(done)
    assert done.done[0] == "take"
