"""The queue of undelivered events: each goes to whom it was for, and leaves the queue only when it is there.

A message is an event that a rule could not deliver, or one that a function failed on again and again. An execution is
named after its event, so that one event replayed twice is one execution; the functions themselves answer once.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from groundwork.aws.clients import own_client
from groundwork.contracts import Model

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef
    from mypy_boto3_stepfunctions import SFNClient

HIDDEN_SECONDS = 120
"""Longer than it takes to deliver ten messages. What a replay that died had in hand shows in the queue again after it."""


class Replayed(Model):
    """How many were delivered; `left` says why the others were not, by the id of their message."""

    delivered: int
    left: dict[str, str]


class Undelivered:
    def __init__(self, queue_url: str) -> None:
        self._url = queue_url
        self._sqs: SQSClient = own_client("sqs")
        self._events: EventBridgeClient = own_client("events")
        self._states: SFNClient = own_client("stepfunctions")
        self._functions: LambdaClient = own_client("lambda")

    def replay(self) -> Replayed:
        """Ends when nothing is in the queue but what has been tried."""
        delivered, left, hidden = 0, dict[str, str](), list[str]()
        for message in self._messages(left):
            handle = message["ReceiptHandle"]
            try:
                self._deliver(message)
            except (ClientError, LookupError, ValueError) as error:
                left[message["MessageId"]] = f"{type(error).__name__}: {error}"
                hidden.append(handle)
                continue
            self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=handle)
            delivered += 1
        for handle in hidden:
            self._sqs.change_message_visibility(QueueUrl=self._url, ReceiptHandle=handle, VisibilityTimeout=0)
        return Replayed(delivered=delivered, left=left)

    def _messages(self, tried: Mapping[str, str]) -> Iterator[MessageTypeDef]:
        while True:
            found = self._sqs.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=10,
                MessageAttributeNames=["All"],
                VisibilityTimeout=HIDDEN_SECONDS,
                WaitTimeSeconds=1,
            ).get("Messages", [])
            fresh = [message for message in found if message["MessageId"] not in tried]
            if not fresh:
                return
            yield from fresh

    def _deliver(self, message: MessageTypeDef) -> None:
        """Raises whatever keeps the message from whom it was for."""
        body = json.loads(message["Body"])
        attributes = message.get("MessageAttributes", {})
        if "RULE_ARN" in attributes:
            target = attributes["TARGET_ARN"]["StringValue"]
            name = body.get("id", message["MessageId"])  # a rule's constant input has no id
            self._send(target, name, self._input(attributes["RULE_ARN"]["StringValue"], target, body))
        else:
            about = body["requestContext"]
            function = about["functionArn"].removesuffix(":$LATEST")
            self._send(function, about["requestId"], json.dumps(body["requestPayload"]))

    def _input(self, rule_arn: str, target_arn: str, event: Any) -> str:
        """What the rule gives its target today: a constant, or the event as it is.

        https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_ListTargetsByRule.html
        """
        targets = self._events.list_targets_by_rule(Rule=rule_arn.rsplit("/", 1)[1])["Targets"]
        inputs = [each.get("Input") or json.dumps(event) for each in targets if each["Arn"] == target_arn]
        if not inputs:
            raise LookupError(f"{rule_arn} has no target {target_arn} any more")
        return inputs[0]

    def _send(self, target_arn: str, name: str, given: str) -> None:
        if target_arn.split(":")[2] == "lambda":
            self._functions.invoke(FunctionName=target_arn, InvocationType="Event", Payload=given.encode())
            return
        try:
            self._states.start_execution(stateMachineArn=target_arn, name=name, input=given)
        except self._states.exceptions.ExecutionAlreadyExists:
            return  # replayed before, by an invocation that could not take the message out of the queue any more
