"""Where the result of an asynchronous invocation goes: destinations, and the function's dead-letter queue.

Follows "Capturing records of Lambda asynchronous invocations" of the developer guide. Lambda uses the
function's execution role for it.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from local.functions.sandbox import Outcome

if TYPE_CHECKING:
    from local.engine import Engine

LAMBDA = "lambda.amazonaws.com"


def deliver_result(
    engine: Engine,
    function: Any,
    config: dict[str, Any],
    payload: bytes,
    request_id: str,
    outcome: Outcome,
    attempts: int,
) -> None:
    failed = outcome.function_error is not None
    destinations = config.get("DestinationConfig", {})
    destination = destinations.get("OnFailure" if failed else "OnSuccess", {}).get("Destination")
    dead_letters = getattr(function, "remembered", {}).get("DeadLetterConfig", {}).get("TargetArn")
    if destination:
        record = _record(function, payload, request_id, outcome, attempts)
        _send(engine, function, destination, json.dumps(record), {}, failed)
    if failed and dead_letters:
        attributes = {
            "RequestID": request_id,
            "ErrorCode": "200",
            "ErrorMessage": json.loads(outcome.payload).get("errorMessage", "")[:1024],
        }
        _send(engine, function, dead_letters, payload.decode(), attributes, failed)


def _record(
    function: Any, payload: bytes, request_id: str, outcome: Outcome, attempts: int
) -> dict[str, Any]:
    response: dict[str, Any] = {"statusCode": 200, "executedVersion": str(function.version)}
    if outcome.function_error:
        response["functionError"] = outcome.function_error
    return {
        "version": "1.0",
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "requestContext": {
            "requestId": request_id,
            "functionArn": f"{function.function_arn}:{function.version}",
            "condition": "RetriesExhausted" if outcome.function_error else "Success",
            "approximateInvokeCount": attempts,
        },
        "requestPayload": json.loads(payload),
        "responseContext": response,
        "responsePayload": json.loads(outcome.payload or b"null"),
    }


def _send(
    engine: Engine, function: Any, arn: str, body: str, attributes: dict[str, str], failed: bool
) -> None:
    _, _, service, region, account, resource = arn.split(":", 5)
    credentials = engine.mint(function.role, function.function_name, service=LAMBDA)
    typed = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
    if service == "sqs":
        queue = f"{engine.url}/{account}/{resource}"
        engine.client("sqs", region=region, credentials=credentials).send_message(
            QueueUrl=queue, MessageBody=body, MessageAttributes=typed
        )
    elif service == "sns":
        engine.client("sns", region=region, credentials=credentials).publish(
            TopicArn=arn, Message=body, MessageAttributes=typed
        )
    elif service == "lambda":
        engine.client("lambda", region=region, credentials=credentials).invoke(
            FunctionName=arn, Payload=body.encode(), InvocationType="Event"
        )
    else:
        entry = {
            "Source": "lambda",
            "DetailType": f"Lambda Function Invocation Result - {'Failure' if failed else 'Success'}",
            "Detail": body,
            "Resources": [f"{function.function_arn}:{function.version}"],
            "EventBusName": arn,
        }
        engine.client("events", region=region, credentials=credentials).put_events(Entries=[entry])
