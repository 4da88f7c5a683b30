"""The adapter of roles that services are handed: execution logs need a role that may set up their delivery."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.engine import Engine
from local.iam.service_roles import LOG_DELIVERY
from tests.engine.support import create_role, plain_moto

DEFINITION = json.dumps({"StartAt": "Only", "States": {"Only": {"Type": "Pass", "End": True}}})
REFUSAL = "not authorized to access the Log Destination"


@pytest.fixture(scope="module")
def aws() -> Iterator[Engine]:
    with Engine(time_scale=0.01, organization=None) as engine:
        yield engine


def logging(aws: Engine, level: str = "ALL") -> dict[str, Any]:
    group = f"arn:aws:logs:{aws.region}:{aws.management_account}:log-group:/aws/vendedlogs/states/all:*"
    return {"level": level, "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": group}}]}


def machine(aws: Engine, name: str, level: str, allow: list[str]) -> str:
    role = create_role(aws, name, "states.amazonaws.com", allow)
    created = aws.client("stepfunctions").create_state_machine(
        name=name, definition=DEFINITION, roleArn=role, loggingConfiguration=logging(aws, level)
    )
    return str(created["stateMachineArn"])


@pytest.mark.parametrize("missing", LOG_DELIVERY)
def test_a_machine_that_logs_needs_a_role_that_may_deliver_logs(aws: Engine, missing: str) -> None:
    with pytest.raises(ClientError, match=REFUSAL) as refusal:
        machine(aws, missing.partition(":")[2], "ALL", [each for each in LOG_DELIVERY if each != missing])
    assert refusal.value.response["Error"]["Code"] == "AccessDeniedException"


def test_a_machine_may_log_later_only_with_such_a_role(aws: Engine) -> None:
    client = aws.client("stepfunctions")
    allowed = machine(aws, "allowed", "ALL", list(LOG_DELIVERY))
    silent = machine(aws, "silent", "OFF", ["lambda:InvokeFunction"])
    client.update_state_machine(stateMachineArn=allowed, loggingConfiguration=logging(aws, "ERROR"))
    with pytest.raises(ClientError, match=REFUSAL):
        client.update_state_machine(stateMachineArn=silent, loggingConfiguration=logging(aws))
    role = client.describe_state_machine(stateMachineArn=silent)["roleArn"]
    with pytest.raises(ClientError, match=REFUSAL):
        client.update_state_machine(stateMachineArn=allowed, roleArn=role)


def test_plain_moto_takes_any_role() -> None:
    code = f"""
        role = "arn:aws:iam::123456789012:role/nobody"
        group = {{"logGroupArn": "arn:aws:logs:us-east-1:123456789012:log-group:x:*"}}
        logging = {{"level": "ALL", "destinations": [{{"cloudWatchLogsLogGroup": group}}]}}
        client("stepfunctions").create_state_machine(
            name="m", definition={DEFINITION!r}, roleArn=role, loggingConfiguration=logging)
        print("taken")
    """
    assert plain_moto(code) == "taken"
