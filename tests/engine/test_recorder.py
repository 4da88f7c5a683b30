"""The bench's recorder: which calls were made, by whose invocation, and nothing of the administrator's."""

from __future__ import annotations

import json

from bench.models.critical_path import Step, calls_of, critical_path
from bench.recorder import Recorder
from local.engine import Engine
from tests.engine.support import create_function, create_role, eventually, run_machine

TWICE = """
import boto3

def handle(event, context):
    sqs = boto3.client("sqs")
    sqs.list_queues()
    sqs.create_queue(QueueName="made")
"""
STARTED = {"Source": "test", "DetailType": "Start", "Detail": "{}"}


def names(steps: list[Step]) -> list[tuple[str, list[str]]]:
    return [(step.name, [call.name for call in step.calls]) for step in steps]


def test_calls_belong_to_the_invocation_that_made_them() -> None:
    with Engine() as aws:
        create_role(aws, "caller", "lambda.amazonaws.com")
        role = create_role(aws, "machine", "states.amazonaws.com")
        create_function(aws, "groundwork-LookFunction-1", TWICE, role="caller")
        recorder = Recorder(aws)
        aws.client("sqs").list_queues()  # the administrator's
        run_machine(aws, role, "groundwork-LookFunction-1")
        path = critical_path(recorder.steps())
        assert names(path) == [("Look", ["sqs ListQueues", "sqs CreateQueue"])]
        assert calls_of(path) == 2
        (step,) = path
        assert step.start <= step.calls[0].start < step.calls[1].start <= step.end
        (invocation,) = recorder.invocations
        assert invocation.memory == 128
        recorder.clear()
        assert recorder.steps() == []


def test_a_call_of_aws_with_a_role_is_a_step_of_its_own() -> None:
    with Engine() as aws:
        events = aws.client("events")
        role = create_role(aws, "rule", "events.amazonaws.com")
        machine = aws.client("stepfunctions").create_state_machine(
            name="nothing",
            definition=json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}),
            roleArn=create_role(aws, "machine", "states.amazonaws.com"),
        )["stateMachineArn"]
        events.put_rule(Name="rule", EventPattern=json.dumps({"source": ["test"]}))
        events.put_targets(Rule="rule", Targets=[{"Id": "machine", "Arn": machine, "RoleArn": role}])
        recorder = Recorder(aws)
        events.put_events(Entries=[STARTED])
        eventually(recorder.steps)
        (step,) = recorder.steps()
        assert (step.name, step.invoked) == ("stepfunctions StartExecution", False)
