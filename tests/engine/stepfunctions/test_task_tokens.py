"""The Step Functions adapter: tasks that wait until their token is sent back, as AWS documents them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.engine import Engine
from tests.engine.stepfunctions.machines import ended, machine, output, start
from tests.engine.support import create_function, create_role, eventually, plain_moto

CODE = """
import os
def handle(event, context):
    if event.get("attempt") == 0:
        raise type("NotYet", (Exception,), {})("the first attempt fails")
"""
WAITING = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
    "Arguments": {
        "FunctionName": "ask",
        "Payload": {
            "token": "{% $states.context.Task.Token %}",
            "attempt": "{% $states.input.again ? $states.context.State.RetryCount : 1 %}",
        },
    },
    "Retry": [{"ErrorEquals": ["NotYet"], "IntervalSeconds": 1, "MaxAttempts": 1}],
    "End": True,
}


@pytest.fixture(scope="module")
def aws() -> Iterator[Engine]:
    with Engine(time_scale=0.01, organization=None) as engine:
        create_role(engine, "machine", "states.amazonaws.com")
        create_role(engine, "function", "lambda.amazonaws.com")
        create_function(engine, "ask", CODE, role="function")
        yield engine


@pytest.fixture(scope="module")
def waiting(aws: Engine) -> str:
    return machine(aws, "waiting", {"Ask": WAITING})


def tokens(aws: Engine, execution: str, number: int = 1) -> list[str]:
    """The tokens of the attempts so far, once the last of so many waits. The history shows them to whoever may read it."""

    def waits() -> list[str] | None:
        events = aws.client("stepfunctions").get_execution_history(
            executionArn=execution, includeExecutionData=True
        )["events"]
        asked = [
            json.loads(event["taskScheduledEventDetails"]["parameters"])["Payload"]["token"]
            for event in events
            if event["type"] == "TaskScheduled"
        ]
        submitted = any(event["type"] == "TaskSubmitted" for event in events)
        return asked if len(asked) == number and submitted else None

    return eventually(waits)


def refusal(call: Callable[..., Any], **given: str) -> str:
    with pytest.raises(ClientError) as refused:
        call(**given)
    return str(refused.value.response["Error"]["Code"])


def test_an_execution_waits_for_its_token_and_takes_it_once(aws: Engine, waiting: str) -> None:
    client = aws.client("stepfunctions")
    execution = start(aws, waiting)
    (token,) = tokens(aws, execution)
    assert client.describe_execution(executionArn=execution)["status"] == "RUNNING"
    assert refusal(client.send_task_success, taskToken=token, output="{") == "InvalidOutput"
    client.send_task_heartbeat(taskToken=token)
    client.send_task_success(taskToken=token, output='{"decided": true}')
    assert output(ended(aws, execution)) == {"decided": True}
    assert refusal(client.send_task_success, taskToken=token, output="{}") == "TaskTimedOut"
    assert refusal(client.send_task_success, taskToken="nobody's", output="{}") == "InvalidToken"


def test_a_failure_sent_back_fails_the_task_with_its_cause(aws: Engine, waiting: str) -> None:
    execution = start(aws, waiting)
    (token,) = tokens(aws, execution)
    aws.client("stepfunctions").send_task_failure(taskToken=token, error="Denied", cause="too dear")
    found = ended(aws, execution)
    assert (found["status"], found["error"], found["cause"]) == ("FAILED", "Denied", "too dear")


def test_each_attempt_has_a_token_of_its_own(aws: Engine, waiting: str) -> None:
    client = aws.client("stepfunctions")
    execution = start(aws, waiting, {"again": True})
    first, second = tokens(aws, execution, 2)
    assert first != second
    assert refusal(client.send_task_success, taskToken=first, output="{}") == "TaskTimedOut"
    client.send_task_success(taskToken=second, output="{}")
    assert ended(aws, execution)["status"] == "SUCCEEDED"


def test_a_wait_times_out_by_the_scaled_clock(aws: Engine) -> None:
    arn = machine(aws, "impatient", {"Ask": {**WAITING, "TimeoutSeconds": 100}})
    execution = start(aws, arn)
    (token,) = tokens(aws, execution)
    assert ended(aws, execution)["error"] == "States.Timeout"
    assert refusal(aws.client("stepfunctions").send_task_failure, taskToken=token) == "TaskTimedOut"


def test_whoever_stops_the_execution_ends_the_wait(aws: Engine, waiting: str) -> None:
    client = aws.client("stepfunctions")
    execution = start(aws, waiting)
    (token,) = tokens(aws, execution)
    client.stop_execution(executionArn=execution)
    assert ended(aws, execution)["status"] == "ABORTED"
    assert refusal(client.send_task_success, taskToken=token, output="{}") == "TaskTimedOut"


def test_plain_moto_still_forgets_the_cause_of_a_failure() -> None:
    printed = plain_moto("""
        default_user_config["stepfunctions"] = {"execute_state_machine": True}
        sfn, sqs = client("stepfunctions"), client("sqs")
        url = sqs.create_queue(QueueName="asked")["QueueUrl"]
        ask = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "End": True,
               "Parameters": {"QueueUrl": url, "MessageBody": {"token.$": "$$.Task.Token"}}}
        definition = json.dumps({"StartAt": "A", "States": {"A": ask}})
        role = "arn:aws:iam::123456789012:role/r"
        arn = sfn.create_state_machine(name="m", definition=definition, roleArn=role)["stateMachineArn"]
        started = sfn.start_execution(stateMachineArn=arn)["executionArn"]
        while not (found := sqs.receive_message(QueueUrl=url).get("Messages")):
            pass
        token = json.loads(found[0]["Body"])["token"]
        sfn.send_task_failure(taskToken=token, error="Denied", cause="too dear")
        while (ended := sfn.describe_execution(executionArn=started))["status"] == "RUNNING":
            pass
        print(ended.get("cause"))
    """)
    assert printed.splitlines()[-1] == "None"
