"""Step Functions: the one place where Groundwork asks about, or starts, executions of its own state machine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pydantic import ConfigDict

from groundwork.aws.clients import own_client
from groundwork.contracts import Mode, Model

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_stepfunctions.type_defs import HistoryEventTypeDef

PROGRESSING = "Account Progressing"
"""How far a request is: told on the way, and no answer."""


class Ended(Model):
    """An execution that has come to its end, as the detail of `Step Functions Execution Status Change` has it."""

    model_config = ConfigDict(extra="ignore")

    execution_arn: str
    status: str
    error: str | None = None
    cause: str | None = None

    @property
    def name_of_error(self) -> str:
        """Somebody who stops an execution need not give it one."""
        return self.error or f"Execution{self.status.title().replace('_', '')}"


def execution_arn(state_machine_arn: str, name: str) -> str:
    """Of the execution that has, or would have, this name."""
    return f"{state_machine_arn.replace(':stateMachine:', ':execution:')}:{name}"


class Executions:
    def __init__(self, client: SFNClient | None = None) -> None:
        self._client: SFNClient = client or own_client("stepfunctions")

    def is_running(self, arn: str) -> bool:
        """False also for an execution that nobody remembers any more."""
        return self._status(arn) in ("RUNNING", "PENDING_REDRIVE")

    def has_failed(self, arn: str) -> bool:
        """Whether it has ended, and not by success. False also for one that nobody remembers."""
        return self._status(arn) in ("FAILED", "TIMED_OUT", "ABORTED")

    def _status(self, arn: str) -> str | None:
        """None of one that nobody remembers.

        https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
        """
        with suppress(self._client.exceptions.ExecutionDoesNotExist, self._client.exceptions.InvalidArn):
            return self._client.describe_execution(executionArn=arn)["status"]
        return None

    def input_of(self, arn: str) -> Any:
        """None when it is nested deeper, or holds longer numbers, than can be read."""
        try:
            return json.loads(self._client.describe_execution(executionArn=arn)["input"])
        except (RecursionError, ValueError):
            return None

    def has_answered(self, arn: str) -> bool:
        """Whether the execution has put its answer on the bus, which no `Account Progressing` is. That is among the last things
        it does, and so in what is shown of a long history backwards.

        https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetExecutionHistory.html
        """
        last = self._client.get_execution_history(executionArn=arn, reverseOrder=True)["events"]
        by_id = {event["id"]: event for event in last}
        return any(_is_answer(event, by_id) for event in last)

    def wake(self, token: str) -> bool:
        """Let whoever waits with this token go on; it looks for itself what was decided. False when nobody waits any
        more.

        https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html
        """
        gone = self._client.exceptions
        with suppress(gone.TaskTimedOut, gone.TaskDoesNotExist, gone.InvalidToken):
            self._client.send_task_success(taskToken=token, output="{}")
            return True
        return False

    def start(self, state_machine_arn: str, name: str, account_id: str, mode: Mode) -> bool:
        """Start the machine for an account. False when an execution of this name was started before."""
        given = {"accountId": account_id} | ({"mode": mode} if mode != "apply" else {})
        return self.begin(state_machine_arn, name, given)

    def begin(self, state_machine_arn: str, name: str, given: Mapping[str, Any]) -> bool:
        """Start a machine with this input. False when an execution of this name was started before.

        https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
        """
        try:
            self._client.start_execution(
                stateMachineArn=state_machine_arn, name=name, input=json.dumps(given)
            )
        except self._client.exceptions.ExecutionAlreadyExists:
            return False
        return True


def _is_answer(event: HistoryEventTypeDef, by_id: Mapping[int, HistoryEventTypeDef]) -> bool:
    """Whether this is the end of a task that has put something on the bus: what, says the event with which it began."""
    if event.get("taskSucceededEventDetails", {}).get("resourceType") != "events":
        return False
    began: HistoryEventTypeDef | None = event
    while began and "taskScheduledEventDetails" not in began:
        began = by_id.get(began["previousEventId"])
    # The beginning of an answer is shown: what is not is longer ago.
    return began is not None and PROGRESSING not in began["taskScheduledEventDetails"]["parameters"]
