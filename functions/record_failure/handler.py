"""State RecordFailure: remembers a failure, lets the account go, and says what to answer."""

from __future__ import annotations

from typing import Any

from groundwork.contracts import Model
from groundwork.entry import entry
from groundwork.ledger import Ledger
from groundwork.notifications.metrics import count_failure
from groundwork.settings import settings
from groundwork.vending.outcome import Failing, Failure, failed


class Input(Model):
    execution: str
    input: Any
    failure: Failure
    account_id: str | None = None


@entry(Input)
def handle(event: Input) -> Failing:
    ledger = Ledger(settings().ledger_table)
    failing = failed(ledger, event.execution, event.input, event.failure, event.account_id, "record-failure")
    if failing.answers:
        count_failure(failing.error)
    return failing
