"""What the tests of Step Functions share: machines, and how their executions ended."""

from __future__ import annotations

import json
from typing import Any

from local.engine import Engine
from tests.engine.support import eventually


def machine(aws: Engine, name: str, states: dict[str, Any], role: str = "machine", **more: Any) -> str:
    """The ARN of a new state machine in JSONata that begins with the first of these states."""
    definition = {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states, **more}
    created = aws.client("stepfunctions").create_state_machine(
        name=name,
        definition=json.dumps(definition),
        roleArn=f"arn:aws:iam::{aws.management_account}:role/{role}",
    )
    return str(created["stateMachineArn"])


def start(aws: Engine, arn: str, event: Any = None, **more: Any) -> str:
    started = aws.client("stepfunctions").start_execution(
        stateMachineArn=arn, input=json.dumps(event or {}), **more
    )
    return str(started["executionArn"])


def ended(aws: Engine, execution: str) -> dict[str, Any]:
    """The execution as described once it has ended."""

    def probe() -> dict[str, Any] | None:
        described: dict[str, Any] = aws.client("stepfunctions").describe_execution(executionArn=execution)
        return described if described["status"] != "RUNNING" else None

    found = eventually(probe)
    assert found is not None
    return found


def run(aws: Engine, arn: str, event: Any = None, **more: Any) -> dict[str, Any]:
    return ended(aws, start(aws, arn, event, **more))


def output(execution: dict[str, Any]) -> Any:
    assert execution["status"] == "SUCCEEDED", (execution.get("error"), execution.get("cause"))
    return json.loads(execution["output"])
