"""What is refused is named, in words that fit."""

from __future__ import annotations

from typing import Any

import pytest

from groundwork.contracts import read_trigger
from groundwork.errors import AccountClosing, InvalidRequest
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


def test_of_an_account_that_waits_to_be_closed_a_refused_run_writes_nothing_and_lets_it_go() -> None:
    done: list[str] = []

    class Ledger:
        leases: Any = property(lambda self: self)

        def account(self, account_id: str) -> None:
            return None

        def __getattr__(self, name: str) -> Any:
            done.append(name)
            return lambda *_: True

    account, ledger = "211047650761", Ledger()
    failure = Failure(error=AccountClosing.__name__, cause="It is to be closed.")
    failing = failed(ledger, "arn", {"accountId": account}, failure, account, "record-failure")  # type: ignore[arg-type]
    assert done == ["release", "answer_once"]
    assert failing.answers[0].detail["accountId"] == account
    assert failing.remedy == AccountClosing.remedy
