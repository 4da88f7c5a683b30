"""The failures of components, as one execution tells them; and who answers for a request."""

from __future__ import annotations

import json
from typing import Any

import pytest

from groundwork.ledger.records import RequestRecord
from groundwork.vending.outcome import Failure, _component_in_words, failed


@pytest.mark.parametrize("cause", ["Key (AWS::KMS::Key): not allowed", "Key (AWS::KMS::Key): not allowed."])
def test_what_to_do_is_a_sentence_of_its_own(cause: str) -> None:
    """What a service says often ends without a full stop."""
    failure = {"component": "stacks", "error": "StackFailed", "cause": json.dumps({"errorMessage": cause})}
    told = _component_in_words(failure)
    assert told.startswith("stacks: StackFailed: Key (AWS::KMS::Key): not allowed. Mend what the cause says")


class Ledger:
    """Of one request, which its owner makes."""

    def __init__(self, record: RequestRecord) -> None:
        self.record = record

    def request(self, email: str) -> RequestRecord:
        return self.record

    def answer_once(self, *_: str) -> bool:
        return True

    def close_request(self, *_: str) -> bool:
        return True

    def account(self, _: str) -> None:
        return None


@pytest.mark.parametrize(
    ("event", "owner", "error", "answers"),
    [
        (
            "1",
            "first",
            "RequestInProgress",
            0,
        ),  # the same event, delivered twice: whoever works on it answers
        ("2", "first", "RequestInProgress", 1),
        ("1", "second", "RequestInProgress", 1),
        ("1", "first", "InvalidRequest", 1),
    ],
)
def test_an_event_has_one_answer_however_long_its_account_takes(
    event: str, owner: str, error: str, answers: int
) -> None:
    record = RequestRecord(
        email="aws+dev@example.com",
        account_name="dev",
        kind="workload",
        request_id="1",
        tags={},
        owner=owner,
        state="claimed",
    )
    asked = {"id": event, "detail": {"accountName": "dev", "email": record.email}}
    ledger: Any = Ledger(record)
    told = failed(ledger, "second", asked, Failure(error=error, cause="x"), None, "record-failure")
    assert len(told.answers) == answers
