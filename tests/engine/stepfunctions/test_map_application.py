"""A whole application of schedule, Distributed Map, nested executions and topic, least privilege included."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.engine import Engine
from tests.engine.stack.stacks import resources
from tests.engine.stepfunctions.machines import output, run
from tests.engine.support import eventually

TEMPLATE = Path(__file__).parent / "map_application" / "template.yaml"
STACK = "doubling"
STATEMENTS = ("Functions", "Items", "Results", "Children", "Nested", "Watched", "Managed", "Told")


@pytest.fixture(scope="module")
def aws() -> Iterator[Engine]:
    with Engine(time_scale=0.02) as engine:
        yield engine


@pytest.fixture(scope="module")
def outputs(aws: Engine) -> dict[str, str]:
    return aws.deploy(TEMPLATE, STACK)


def numbers(name: str, *given: int, **more: Any) -> dict[str, Any]:
    return {"name": name, "numbers": given, **more}


def test_every_item_is_worked_on_and_failures_are_counted(aws: Engine, outputs: dict[str, str]) -> None:
    execution = run(aws, outputs["MachineArn"], numbers("all", 1, 13, 3))
    assert output(execution) == {"sum": 8, "failed": 1}
    nested = aws.client("stepfunctions").list_executions(stateMachineArn=outputs["DoubleArn"])["executions"]
    assert sorted(child["status"] for child in nested) == ["FAILED", "SUCCEEDED", "SUCCEEDED"]


def test_more_failures_than_tolerated_are_caught(aws: Engine, outputs: dict[str, str]) -> None:
    execution = run(aws, outputs["MachineArn"], numbers("few", 1, 13, 3, tolerated=10))
    assert output(execution) == {"stopped": "States.ExceedToleratedFailureThreshold"}


@contextmanager
def lacking(aws: Engine, role: str, without: str) -> Iterator[None]:
    """The machine's role, one statement taken out."""
    named = {"RoleName": role, "PolicyName": "double-all"}
    whole = aws.client("iam").get_role_policy(**named)["PolicyDocument"]
    assert tuple(statement["Sid"] for statement in whole["Statement"]) == STATEMENTS
    less = whole | {"Statement": [each for each in whole["Statement"] if each["Sid"] != without]}
    aws.client("iam").put_role_policy(**named, PolicyDocument=json.dumps(less))
    try:
        yield
    finally:
        aws.client("iam").put_role_policy(**named, PolicyDocument=json.dumps(whole))


@pytest.mark.parametrize("without", [name for name in STATEMENTS if name != "Managed"])
def test_an_execution_needs_each_statement_of_the_role(
    aws: Engine, outputs: dict[str, str], without: str
) -> None:
    with lacking(aws, outputs["RoleName"], without):
        result = run(aws, outputs["MachineArn"], numbers("less", 1, 2))
    assert result["status"] == "FAILED" or json.loads(result["output"])["failed"] == 2


def test_a_deployment_needs_the_statement_for_the_managed_rule(aws: Engine, outputs: dict[str, str]) -> None:
    machines, arn = aws.client("stepfunctions"), outputs["MachineArn"]
    definition = machines.describe_state_machine(stateMachineArn=arn)["definition"]
    with (
        lacking(aws, outputs["RoleName"], "Managed"),
        pytest.raises(ClientError, match="not authorized to create managed-rule"),
    ):
        machines.update_state_machine(stateMachineArn=arn, definition=definition)


def test_a_schedule_is_off_until_a_parameter_says_how_often(aws: Engine, outputs: dict[str, str]) -> None:
    events, machines = aws.client("events"), aws.client("stepfunctions")
    rule = events.describe_rule(Name=outputs["RuleName"])
    assert (rule["State"], rule["ScheduleExpression"], "Description" in rule) == (
        "DISABLED",
        "rate(1 day)",
        False,
    )
    assert "Reader" not in resources(aws, STACK) and "ReaderArn" not in outputs

    def scheduled() -> list[Any]:
        listed = machines.list_executions(stateMachineArn=outputs["MachineArn"])["executions"]
        ended = [each["executionArn"] for each in listed if each["status"] == "SUCCEEDED"]
        described = [machines.describe_execution(executionArn=arn) for arn in ended]
        return [json.loads(each["output"]) for each in described if "scheduled" in each["input"]]

    assert scheduled() == []
    new = aws.deploy(TEMPLATE, STACK, {"Every": "rate(5 minutes)", "Email": "a@example.com"})
    rule = events.describe_rule(Name=new["RuleName"])
    assert (rule["State"], rule["Description"]) == ("ENABLED", "Doubles now and then")
    topic = aws.client("sns").get_topic_attributes(TopicArn=new["TopicArn"])["Attributes"]
    assert topic["DisplayName"] == "Doubled" and new["ReaderArn"].startswith(new["TopicArn"])
    assert eventually(scheduled)[0] == {"sum": 6, "failed": 0}
    aws.deploy(TEMPLATE, STACK, {"Every": "", "Email": ""})
    rule = events.describe_rule(Name=outputs["RuleName"])
    assert (rule["State"], "Description" in rule) == ("DISABLED", False)
    assert "Reader" not in resources(aws, STACK)
