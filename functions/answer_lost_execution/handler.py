"""For executions that ended where no Catch sees it (timeout, abort, runtime errors): records and answers, once."""

from __future__ import annotations

from pydantic import ConfigDict

from groundwork.aws.executions import Ended, Executions
from groundwork.contracts import Model
from groundwork.entry import entry
from groundwork.errors import InvalidRequest
from groundwork.ledger import Ledger
from groundwork.notifications.answers import send
from groundwork.notifications.metrics import count_failure
from groundwork.settings import settings
from groundwork.vending.outcome import Failure, failed


class Input(Model):
    """`Step Functions Execution Status Change`."""

    model_config = ConfigDict(extra="ignore")

    detail: Ended


NOT_UNMARSHALLED = "Runtime.UnmarshalError"
"""Lambda's own word for an input that none of its functions can be given."""
NOT_EVALUATED, FIRST_STATE = "States.QueryEvaluationError", "'Begin'"
"""JSONata's number is a double: an expression fails at the first longer one that it meets, in the state that takes the input."""
UNREADABLE = "The input is nested deeper, or holds longer numbers, than can be read; ask for less."


@entry(Input)
def handle(event: Input) -> None:
    ended, executions = event.detail, Executions()
    if executions.has_answered(ended.execution_arn):
        return
    ledger, asked = Ledger(settings().ledger_table), executions.input_of(ended.execution_arn)
    failure = Failure(
        error=ended.name_of_error,
        cause=ended.cause or f"The execution ended as {ended.status} before it could answer.",
    )
    if asked is None or failure.error == NOT_UNMARSHALLED or _is_not_evaluated(failure):
        failure = Failure(error=InvalidRequest.__name__, cause=UNREADABLE)
    failing = failed(ledger, ended.execution_arn, asked, failure, None, "answer-lost-execution")
    if failing.answers:
        send(failing.answers)
        count_failure(failing.error)


def _is_not_evaluated(failure: Failure) -> bool:
    return failure.error == NOT_EVALUATED and FIRST_STATE in failure.cause
