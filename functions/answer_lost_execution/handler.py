"""For executions that ended where no Catch sees it (timeout, abort, runtime errors): records and answers, once."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict

from groundwork.answers import send
from groundwork.contracts import Model
from groundwork.entry import entry
from groundwork.errors import InvalidRequest
from groundwork.executions import Executions
from groundwork.ledger import Ledger
from groundwork.outcome import Failure, failed
from groundwork.settings import settings
from groundwork.telemetry import count_failure


class Input(Model):
    """The part of `Step Functions Execution Status Change` that matters, as the rule's transformer passes it on."""

    model_config = ConfigDict(extra="ignore")

    execution: str
    status: str
    detail: dict[str, Any]


NOT_UNMARSHALLED = "Runtime.UnmarshalError"
"""Lambda's own word for an input that none of its functions can be given."""
UNREADABLE = "The input is nested deeper, or holds longer numbers, than can be read; ask for less."


@entry(Input)
def handle(event: Input) -> None:
    ledger, asked = Ledger(settings().ledger_table), Executions().input_of(event.execution)
    failure = Failure(
        error=event.detail.get("error") or f"Execution{event.status.title().replace('_', '')}",
        cause=event.detail.get("cause") or f"The execution ended as {event.status} before it could answer.",
    )
    if asked is None or failure.error == NOT_UNMARSHALLED:
        failure = Failure(error=InvalidRequest.__name__, cause=UNREADABLE)
    failing = failed(ledger, event.execution, asked, failure, None, "answer-lost-execution")
    if failing.answers:
        count_failure(failing.error)
        send(failing.answers)
