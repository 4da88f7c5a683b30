"""Delivery of one event to one target: attempts, backoff, and the dead-letter queue."""

from __future__ import annotations

import json
import random
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnection
from moto.awslambda.utils import get_backend as lambda_backend
from moto.core.exceptions import ServiceException
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends
from werkzeug.exceptions import HTTPException

from local.events.target_inputs import target_input
from local.identity.sessions import RoleNotAssumable

if TYPE_CHECKING:
    from local.engine import Engine

EVENTS = "events.amazonaws.com"
DEFAULT_ATTEMPTS = 185
DEFAULT_AGE_SECONDS = 24 * 60 * 60
LONGEST_BACKOFF_SECONDS = 600.0
# IAM's name for reaching a target, and the service whose resource policy must allow it.
ACTIONS = {
    "lambda": "lambda:InvokeFunction",
    "sqs": "sqs:SendMessage",
    "sns": "sns:Publish",
}
DELIVERED_SERVICES = ("states", "events", *ACTIONS)
NO_PERMISSIONS = {"AccessDenied", "AccessDeniedException", "AuthorizationError", "InvalidClientTokenId"}
ALREADY_STARTED = "ExecutionAlreadyExists"
NO_RESOURCE = {
    "StateMachineDoesNotExist",
    "ResourceNotFoundException",
    "NotFound",
    "NoSuchEntity",
    "QueueDoesNotExist",
    "AWS.SimpleQueueService.NonExistentQueue",
}


class Undeliverable(Exception):
    """A target that cannot be reached however often one tries; `code` is EventBridge's word for why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Delivery:
    """One event on its way to one target of a rule."""

    def __init__(self, engine: Engine, rule: Any, target: dict[str, Any], event: dict[str, Any]) -> None:
        self._engine = engine
        self._rule = rule
        self._target = target
        self._event = event
        self._attempts = 0
        self._started = time.monotonic()
        # One name for every attempt: a second start of the same delivery is the same execution.
        self._execution_name = f"{event['id']}_{uuid.uuid4()}"[:80]

    def attempt(self) -> None:
        """Deliver now; on a passing failure come back later, on any other go to the dead-letter queue."""
        try:
            self._send()
        except RoleNotAssumable as error:
            self._bury("NO_PERMISSIONS", str(error), None)
        except Undeliverable as error:
            self._bury(error.code, str(error), None)
        except (NoConnection, HTTPClientError) as error:
            self._retry("SDK_CLIENT_ERROR", str(error))
        except (ClientError, ServiceException, HTTPException) as error:
            code, message = _code_and_message(error)
            if code in NO_PERMISSIONS:
                self._bury("NO_PERMISSIONS", message, None)
            elif code == ALREADY_STARTED:
                return  # by an attempt that was not answered
            elif code in NO_RESOURCE:
                self._bury("RESOURCE_NOT_FOUND", message, None)
            else:
                self._retry(code, message)

    def _retry(self, code: str, message: str) -> None:
        policy = self._target.get("RetryPolicy", {})
        age = (time.monotonic() - self._started) / self._engine.clock.scale
        if self._attempts >= int(policy.get("MaximumRetryAttempts", DEFAULT_ATTEMPTS)):
            self._bury(code, message, "MaximumRetryAttempts")
        elif age >= int(policy.get("MaximumEventAgeInSeconds", DEFAULT_AGE_SECONDS)):
            self._bury(code, message, "MaximumEventAgeInSeconds")
        else:
            backoff = min(LONGEST_BACKOFF_SECONDS, 2.0**self._attempts) * random.uniform(0.5, 1)
            self._attempts += 1
            again = threading.Timer(self._engine.clock.seconds(backoff), self._attempt_again)
            again.daemon = True
            again.start()

    def _attempt_again(self) -> None:
        if self._engine.running:
            self._engine.in_background(self.attempt)

    def _send(self) -> None:
        arn = self._target["Arn"]
        body = target_input(self._target, self._event, self._rule.arn)
        _, _, service, region, account, resource = arn.split(":", 5)
        senders: Mapping[str, Callable[[str, str, str, str], None]] = {
            "states": self._start_execution,
            "lambda": self._invoke_function,
            "sqs": self._send_message,
            "sns": self._publish,
            "events": self._forward,
        }
        if not self._target.get("RoleArn"):
            self._require_resource_policy(service, arn)
        senders[service](region, account, resource, body)

    def _require_resource_policy(self, service: str, arn: str) -> None:
        """A target without a role is reached as the service itself: the target's own policy must admit it."""
        if service not in ACTIONS:
            return
        decision = self._engine.authorizer.resource_allows(
            EVENTS,
            ACTIONS[service],
            arn,
            source_arn=self._rule.arn,
            source_account=self._event["account"],
        )
        if not decision.allowed:
            raise Undeliverable("NO_PERMISSIONS", f"{EVENTS} is not allowed {ACTIONS[service]} on {arn}")

    def _start_execution(self, region: str, account: str, resource: str, body: str) -> None:
        credentials = self._engine.mint(self._target["RoleArn"], self._event["id"], service=EVENTS)
        self._engine.client("stepfunctions", region=region, credentials=credentials).start_execution(
            stateMachineArn=self._target["Arn"], name=self._execution_name, input=body
        )

    def _invoke_function(self, region: str, account: str, resource: str, body: str) -> None:
        _, name, *qualifier = resource.split(":")
        function = lambda_backend(account, region).get_function(name, qualifier[0] if qualifier else None)
        function.invoke(body, {"X-Amz-Invocation-Type": "Event"}, {})

    def _send_message(self, region: str, account: str, resource: str, body: str) -> None:
        group = self._target.get("SqsParameters", {}).get("MessageGroupId")
        sqs_backends[account][region].send_message(resource, body, group_id=group)

    def _publish(self, region: str, account: str, resource: str, body: str) -> None:
        sns_backends[account][region].publish(body, arn=self._target["Arn"])

    def _forward(self, region: str, account: str, resource: str, body: str) -> None:
        """To another bus: the event stays as it is, but for the account and Region that it is now in."""
        if self._target.get("RoleArn"):
            self._engine.mint(self._target["RoleArn"], self._event["id"], service=EVENTS)
        self._engine.bus.publish(
            resource.removeprefix("event-bus/"), self._event | {"account": account, "region": region}
        )

    def _bury(self, code: str, message: str, exhausted: str | None) -> None:
        """Send the event as it came to the dead-letter queue, with why; without a queue it is lost."""
        queue = self._target.get("DeadLetterConfig", {}).get("Arn")
        if not queue or not self._may_bury(queue):
            return
        attributes = {
            "RULE_ARN": self._rule.arn,
            "TARGET_ARN": self._target["Arn"],
            "ERROR_CODE": code,
            "ERROR_MESSAGE": message[:1024],
        }
        if exhausted:
            attributes |= {
                "EXHAUSTED_RETRY_CONDITION": exhausted,
                "RETRY_ATTEMPTS": str(self._attempts),
            }
        _, _, _, region, account, name = queue.split(":")
        typed = {key: {"DataType": "String", "StringValue": value} for key, value in attributes.items()}
        sqs_backends[account][region].send_message(name, json.dumps(self._event), message_attributes=typed)

    def _may_bury(self, queue: str) -> bool:
        try:
            self._require_resource_policy("sqs", queue)
        except Undeliverable:
            return False
        return True


def _code_and_message(error: ClientError | ServiceException | HTTPException) -> tuple[str, str]:
    if isinstance(error, ClientError):
        return error.response["Error"]["Code"], error.response["Error"]["Message"]
    code = getattr(error, "error_type", None) or getattr(error, "code", None) or type(error).__name__
    return str(code), str(getattr(error, "message", error))
