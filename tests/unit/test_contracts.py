"""What is refused is named, in words that fit."""

from __future__ import annotations

from typing import Any

import pytest

from groundwork.contracts import read_trigger
from groundwork.errors import InvalidRequest
from groundwork.vending.outcome import Failure, failed


def test_however_many_mistakes_the_cause_stays_short() -> None:
    detail = {f"field-{number}" + "x" * 1000: number for number in range(5000)}
    event = {"id": "1", "source": "groundwork", "detail-type": "Account Requested", "detail": detail}
    with pytest.raises(InvalidRequest) as refused:
        read_trigger(event)
    assert len(str(refused.value)) < 5000
    assert str(refused.value).startswith("accountName is missing; it is required. email is missing")
    assert str(refused.value).endswith("And 4992 more.")


def test_a_long_cause_still_fits_into_a_failed_execution() -> None:
    class Unasked:
        def answer_once(self, execution: str, by: str, *instead_of: str) -> bool:
            return True

    failures = [{"component": "access", "error": "ComponentNotSettled", "cause": "x" * 30_000}] * 5
    failure = Failure(error="BaselineFailed", cause="", failures=failures)
    ledger: Any = Unasked()
    failing = failed(ledger, "arn", {}, failure, None, "record-failure")
    assert len(failing.cause) + len(failing.remedy) < 32_768
    assert failing.answers[0].detail["cause"] == failing.cause
