"""What becomes of an account that is asked to be closed, or had back, by what is known of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from groundwork.aws.organizations import Listed
from groundwork.closing.reading import ClosingReader
from groundwork.declaration.loading import load
from groundwork.errors import AccountBusy
from groundwork.ledger.memory import Memory
from groundwork.ledger.records import EndingRecord
from tests.unit.closing.sandbox import ACCOUNT, RECORD, ROOT, UNIT

NOW = datetime(2026, 12, 31, tzinfo=UTC)
PLAIN = load()
CLOSING = PLAIN.model_copy(
    update={"closing": PLAIN.closing.model_copy(update={"unit": "Suspended", "accounts": ["leftover"]})}
)


class Known:
    """Organizations, the ledger and Step Functions, of one account in which nobody works."""

    def __init__(self, memory: Memory, name: str = "sandbox", answered_by: str | None = None) -> None:
        self.memory, self.name = memory.model_copy(update={"pinned": {}}), name
        self.answers = {"closing the-event": answered_by}
        self.leases, self.held = self, list[str]()
        self.before_it_is_held: Callable[[], None] = lambda: None
        """What whoever held the account before does, once this execution has looked."""

    def take(self, account_id: str, execution: str, _is_running: Any) -> None:
        self.before_it_is_held()
        self.held.append(execution)

    def now_has(self, **memory: Any) -> None:
        self.memory = Memory(pinned={}, **memory)

    def release(self, account_id: str, execution: str) -> None:
        self.held.remove(execution)

    def is_running(self, execution: str) -> bool:
        return False

    def shown(self, account_id: str) -> tuple[Listed, dict[str, str]]:
        listed = Listed(
            id=account_id,
            name=self.name,
            email=RECORD.email,
            state="ACTIVE",
            joined=NOW - timedelta(days=9),
            management_account_id="100000000001",
            organization_id="o-exampleorgid",
            partition="aws",
            root_id=ROOT,
            unit_ids=(),
        )
        known = self.memory.closings.get(account_id)
        return listed, {"groundwork:state": RECORD.tag if known and known.closed_at is None else "ready"}

    def units(self, root: str, paths: list[str]) -> dict[str, str]:
        return {"Suspended": UNIT}

    def recall(self, *_: Any) -> Memory:
        return self.memory

    def answered_by(self, asker: str) -> str | None:
        return self.answers.get(asker)

    def answer_once(self, asker: str, execution: str) -> bool:
        assert self.held, "answered by one that does not hold the account"
        return self.answers.setdefault(asker, execution) == execution


def read(known: Known, **asked: Any) -> Any:
    return read_raw(known, {"accountId": ACCOUNT, **asked})


def read_raw(known: Known, raw: Any) -> Any:
    reader = ClosingReader(CLOSING, known, known, known, "100000000001")  # type: ignore[arg-type]
    return reader.read(raw, "two", NOW)


def reads_event(known: Known, asks_for: str) -> Any:
    detail = {"accountId": ACCOUNT}
    what = {"id": "the-event", "detail-type": f"Account {asks_for} Requested", "detail": detail}
    return read_raw(known, what | {"source": "groundwork.by.AIDAAAAAAAAAAAAAAAAAA"})


def test_one_that_is_on_its_way_back_is_not_closed_before_it_is_there() -> None:
    known = Known(Memory(closings={ACCOUNT: RECORD.model_copy(update={"reopening": 1})}))
    with pytest.raises(AccountBusy, match="is on its way back"):
        read(known)
    assert read(known, reopen=True).route == "reopen"  # which finishes it
    assert known.held == ["two"]


def test_who_has_nothing_to_do_holds_nothing() -> None:
    known = Known(Memory(endings={ACCOUNT: EndingRecord(account_id=ACCOUNT, expires_on="2026-12-31")}))
    known.before_it_is_held = known.now_has  # another day was asked for
    assert (read(known, expiredOn="2026-12-31").route, known.held) == ("done", [])


def test_who_is_refused_once_it_holds_the_account_lets_it_go() -> None:
    known = Known(Memory())
    known.before_it_is_held = lambda: known.now_has(
        closings={ACCOUNT: RECORD.model_copy(update={"reopening": 1})}
    )
    with pytest.raises(AccountBusy, match="is on its way back"):
        read(known)
    assert known.held == []


def test_that_an_account_is_not_being_closed_is_said_by_who_holds_it() -> None:
    known = Known(Memory())
    work = read(known, reopen=True)
    (answer,) = work.answers
    assert answer.detail["note"] == "It is not being closed."
    assert (work.route, known.held) == ("done", [])


def test_one_that_was_just_being_closed_is_had_back() -> None:
    known = Known(Memory())
    known.before_it_is_held = lambda: known.now_has(closings={ACCOUNT: RECORD})
    work = read(known, reopen=True)
    assert (work.route, work.answers, known.held) == ("reopen", [], ["two"])


@pytest.mark.parametrize(
    ("expires_on", "route"), [("2026-12-31", "close"), ("2027-03-31", "done"), (None, "done")]
)
def test_one_that_expires_is_closed_if_it_does_so_still(expires_on: str | None, route: str) -> None:
    ending = EndingRecord(account_id=ACCOUNT, expires_on=expires_on)
    work = read(Known(Memory(endings={ACCOUNT: ending})), expiredOn="2026-12-31")
    assert work.route == route
    assert work.record is None or work.record.expired_on == "2026-12-31"


def test_one_of_which_the_ledger_knows_nothing_does_not_expire() -> None:
    assert read(Known(Memory()), expiredOn="2026-12-31").route == "done"


@pytest.mark.parametrize(("name", "route"), [("leftover", "close"), ("sandbox", "done")])
def test_one_that_was_declared_is_closed_if_it_is_so_still(name: str, route: str) -> None:
    assert read(Known(Memory(), name), declared=True).route == route


@pytest.mark.parametrize(
    ("asks_for", "waits", "answered_by", "route"),
    [
        ("Close", False, "one", "done"),
        ("Close", False, "two", "close"),
        ("Close", False, None, "close"),
        ("Close", True, "one", "close"),  # the execution before this one may have died on the way
        ("Reopen", True, "one", "done"),
        ("Reopen", True, "two", "reopen"),
    ],
)
def test_an_event_that_another_execution_has_answered_is_over(
    asks_for: str, waits: bool, answered_by: str | None, route: str
) -> None:
    known = Known(Memory(closings={ACCOUNT: RECORD} if waits else {}), answered_by=answered_by)
    assert reads_event(known, asks_for).route == route


def test_an_event_that_comes_again_does_not_close_what_aws_has_opened_again() -> None:
    closed = RECORD.model_copy(update={"called_at": 1, "closed_at": 2})
    known = Known(Memory(closings={ACCOUNT: closed}), answered_by="one")
    assert reads_event(known, "Close").route == "done"
    known.answers.clear()  # asked for anew
    assert reads_event(known, "Close").route == "close"
