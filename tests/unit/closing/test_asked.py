"""What may be asked about the closing of an account."""

from __future__ import annotations

from typing import Any

import pytest

from groundwork.callers import source_of
from groundwork.closing.asked import CLOSE, REOPEN, read_asked
from groundwork.errors import InvalidRequest
from groundwork.ledger.records import Closing, closing_in

ID, SOURCE = "400000000004", source_of("AIDAAAAAAAAAAAAAAAAAA")


def event(what: str, source: str = SOURCE, **detail: Any) -> dict[str, Any]:
    return {"id": "0c6e5c8e", "source": source, "detail-type": what, "detail": {"accountId": ID, **detail}}


def test_an_event_and_a_start_ask_for_the_same() -> None:
    asked = read_asked(event(CLOSE, reason="over", graceDays=60))
    assert (asked.account_id, asked.reason, asked.grace_days, asked.reopen) == (ID, "over", 60, False)
    assert asked.request_id == "0c6e5c8e"
    started = read_asked({"accountId": ID, "reason": "over", "graceDays": 60})
    assert started == asked.model_copy(update={"request_id": None})
    assert read_asked(event(REOPEN)).reopen
    assert read_asked({"accountId": ID, "reopen": True}).reopen


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (7, 'start with {"accountId": "<12 digits>"}'),
        ({}, "accountId is missing"),
        ({"accountId": "12"}, "accountId '12' is no account id"),
        ({"accountId": ID, "mode": "plan"}, "mode is an unknown field; known are accountId, reason, graceDays, reopen"),
        ({"accountId": ID, "graceDays": 0}, "graceDays 0 is too small"),
        ({"accountId": ID, "graceDays": 366}, "graceDays 366 is too large"),
        ({"accountId": ID, "reason": "x" * 257}, "has 257 characters; give at most 256"),
        ({"accountId": ID, "tooLong": 70000}, "has 70000 characters"),
        (event(CLOSE, "groundwork"), "of source 'groundwork' closes and reopens nothing"),
        (event("Account Requested"), "The event 'Account Requested'"),
        (event(REOPEN, reason="x"), "reason is an unknown field; known are accountId"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_sentence(raw: Any, words: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_asked(raw)
    assert words in str(refused.value)


@pytest.mark.parametrize("former", ["", "ready", "in-quarantine ou-ab12-1 ou-ab12-2"])
def test_the_tag_says_all_that_reopening_needs(former: str) -> None:
    closing = Closing(closes_at="2027-03-01T12:00:00Z", unit="ou-ab12-9", home="r-ab12", former=former)
    assert closing_in(closing.tag) == closing
    assert len(closing.tag) <= 256


@pytest.mark.parametrize("state", [None, "", "ready", "closing", "closing soon", "closed 1 2 3"])
def test_other_states_say_nothing_of_it(state: str | None) -> None:
    assert closing_in(state) is None
