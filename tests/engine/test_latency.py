"""Latency: every call of somebody who works with a role is on its way for so long, and the administrator's are not."""

from __future__ import annotations

import pytest

from local.engine import Engine
from local.stepfunctions.role import RoleSession
from tests.engine.support import create_function, create_role, run_machine

LIST = """
import boto3

def handle(event, context):
    boto3.client("sqs").list_queues()
"""


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long calls were kept waiting; here none really is."""
    seconds: list[float] = []
    monkeypatch.setattr("local.latency.sleep", seconds.append)
    return seconds


def test_calls_with_a_role_are_on_their_way_for_so_long(slept: list[float]) -> None:
    with Engine(latency=0.06) as aws:
        create_role(aws, "caller", "lambda.amazonaws.com")
        role = create_role(aws, "machine", "states.amazonaws.com")
        create_function(aws, "lists", LIST, role="caller")
        assert not slept  # all that was the administrator's
        run_machine(aws, role, "lists")
        assert slept == [0.06, 0.06]  # Step Functions' Invoke, and the function's call
        refusal = RoleSession(aws, role, aws.region).ask(
            "stepfunctions", "StartExecution", stateMachineArn="arn:aws:states:us-east-1:1:stateMachine:any"
        )
        assert refusal is None
        assert slept == [0.06] * 3  # off the wire, too
        aws.latency.seconds = 0
        aws.client("lambda").invoke(FunctionName="lists")
        assert slept == [0.06] * 3


def test_no_latency_unless_it_is_asked_for(slept: list[float]) -> None:
    with Engine() as aws:
        create_role(aws, "caller", "lambda.amazonaws.com")
        create_function(aws, "lists", LIST, role="caller")
        aws.client("lambda").invoke(FunctionName="lists")
    assert not slept
