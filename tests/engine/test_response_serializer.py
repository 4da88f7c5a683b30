"""The quicker response serializer answers byte for byte what plain moto's does."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, ClassVar

import pytest
from moto.core import serialize
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionContext, ActionResult
from moto.core.serialize import XFormedAttributePicker, get_serializer_class, return_if_not_empty
from moto.core.utils import get_service_model

from local.engine import Engine
from tests.engine.support import create_role, eventually

AWARE = datetime(2026, 3, 1, 12, 30, 1, 234567, tzinfo=timezone(timedelta(hours=2)))
DATES = (
    *("2026-03-01T12:30:01Z", "2026-03-01T12:30:01.234Z", "2026-03-01T12:30:01.234567+02:00"),
    *("2026-03-01T12:30:01", "2026-03-01T12:30:01.5", "2026-03-01 12:30:01", "2026-03-01", "20260301"),
    *("2026-03-01T12:30:01.1234567Z", "2026-03-01T12:30Z", "Sun, 01 Mar 2026 12:30:01 GMT", "1772368201"),
    *("2026-02-30T12:30:01Z", "2026-03-01T24:00:00Z", "2026-03-01T12:30:60Z", "no date", "", None),
    *(0, 1772368201, 1772368201.25, AWARE, AWARE.replace(tzinfo=None), AWARE.astimezone(UTC)),
)
FORMATS = ("iso8601", "iso8601_zeroed", "rfc822", "unixtimestamp")


class Instance:
    """One name as the shape's, one that its class renames, one without the prefix; the rest is absent."""

    class Meta:
        serialization_aliases: ClassVar[dict[str, str]] = {"PrivateDnsName": "inner.dns", "VpcId": "no.where"}

    LaunchTime = DATES[0]

    def __init__(self, own_id: str) -> None:
        self.id, self.inner = own_id, {"dns": "host"}


class Role:
    name, id, create_date, tags = "one", "AROA", AWARE, ({"Key": "a", "value": "b"},)


class Assume:
    """Has what is called AssumeRolePolicyDocument as `role_policy_document`, because of its class's name."""

    role_name, role_policy_document = "two", "{}"


class Gone(ServiceException):
    code = "NoSuchEntity"


EVENTS: list[dict[str, Any]] = [
    {"id": 1, "type": "ExecutionStarted", "timestamp": date, "executionStartedEventDetails": {"input": "{}"}}
    for date in (DATES[0], DATES[3], AWARE, 1772368201)
]
ENTERED = {"id": 2, "previous_event_id": 1, "type": "PassStateEntered", "timestamp": DATES[1], "unknown": 1}
ROLE = {"RoleName": "one", "role_id": "AROA", "Arn": "arn", "Path": "/", "CreateDate": DATES[2], "Tags": []}
OBJECTS = [{"Key": "a&b", "Size": 3, "LastModified": date} for date in DATES[:4]]
CASES: dict[str, tuple[str, str, Any]] = {
    "history": ("stepfunctions", "GetExecutionHistory", {"events": [*EVENTS, ENTERED]}),
    "account": ("iam", "GetAccountAuthorizationDetails", {"RoleDetailList": [ROLE, ROLE | {"role_name": 2}]}),
    "object": ("iam", "GetRole", {"Role": Role()}),
    "other object": ("iam", "GetRole", {"Role": Assume()}),
    "dict": ("iam", "GetRole", {"Role": ROLE}),
    "error": ("iam", "GetRole", Gone("there is no such role <one>")),
    "nothing": ("iam", "GetRole", {}),
    "bucket": ("s3", "ListObjectsV2", {"Contents": OBJECTS, "is_truncated": False}),
    "headers": ("s3", "HeadObject", {"LastModified": DATES[0], "ContentLength": 3, "Metadata": {"a": "b"}}),
    "map": ("sns", "GetTopicAttributes", {"Attributes": {"TopicArn": "arn"}}),
    "ec2": ("ec2", "DescribeInstances", {"reservations": [{"Instances": [Instance("i-1"), {"id": "i-2"}]}]}),
    "rest": ("lambda", "GetFunctionConfiguration", {"function_name": "one", "Timeout": "3", "Layers": None}),
    "item": ("dynamodb", "GetItem", {"Item": {"a": {"S": "b", "s": "c"}}}),
    "query": ("sqs", "ReceiveMessage", {"Messages": [{"Body": '"\r', "attributes": {"SentTimestamp": "1"}}]}),
}
TRANSFORMERS = {"Role.Tags": return_if_not_empty, "HistoryEvent.id": str, "Instance.InstanceType": str}


def answered(service: str, operation: str, result: Any, transformers: Any = None) -> Any:
    model = get_service_model(service)
    kind = get_serializer_class(service, str(model.resolved_protocol))
    picker = XFormedAttributePicker(response_transformers=transformers)
    return kind(model.operation_model(operation), value_picker=picker).serialize(result)


def all_answers() -> list[Any]:
    """Each twice: the second time its names are known. Then with changes to values, which absent ones have too."""
    return [
        (name, answered(*case, transformers))
        for transformers in (None, None, TRANSFORMERS, None)
        for name, case in CASES.items()
    ]


def in_every_format(date: Any) -> Any:
    formatted = serialize.TimestampSerializer("iso8601")._convert_timestamp_to_str
    try:
        return [formatted(date, each) for each in FORMATS]
    except (ValueError, RuntimeError, TypeError) as error:
        return repr(error)


def test_answers_that_are_made_up() -> None:
    plain = all_answers()
    with Engine(organization=None):
        assert XFormedAttributePicker.get_possible_keys.__module__ == "local.response_serializer"
        assert all_answers() == plain


def test_dates_in_every_spelling() -> None:
    plain = [in_every_format(date) for date in DATES]
    with Engine(organization=None):
        assert [in_every_format(date) for date in DATES] == plain


def test_answers_that_moto_gave(monkeypatch: pytest.MonkeyPatch) -> None:
    """To real calls, out of moto's own objects; none of them is told differently afterwards by plain moto."""
    given: list[tuple[ActionContext, ActionResult, Any]] = []
    execute = ActionResult.execute_result

    def recorded(result: ActionResult, context: ActionContext) -> Any:
        status, headers, body = execute(result, context)
        given.append((context, result, (status, dict(headers), body)))  # moto adds headers of its own later
        return status, headers, body

    monkeypatch.setattr(ActionResult, "execute_result", recorded)
    with Engine(time_scale=0.01, organization=None) as aws:
        role = create_role(aws, "machine", "states.amazonaws.com")
        states = aws.client("stepfunctions")
        definition = {"StartAt": "One", "States": {"One": {"Type": "Pass", "End": True}}}
        machine = states.create_state_machine(name="one", definition=json.dumps(definition), roleArn=role)
        run = states.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"]
        eventually(lambda: states.describe_execution(executionArn=run)["status"] == "SUCCEEDED")
        for _ in range(2):
            states.get_execution_history(executionArn=run)
            aws.client("iam").get_account_authorization_details(Filter=["Role"])
            aws.client("ec2").describe_vpcs()
            aws.client("sqs").create_queue(QueueName="one")
            aws.client("sns").list_topics()
            aws.client("dynamodb").list_tables()
            with pytest.raises(aws.client("iam").exceptions.NoSuchEntityException):
                aws.client("iam").get_role(RoleName="two")
    told = {context.operation_model.name for context, _, _ in given}
    assert {"GetExecutionHistory", "GetAccountAuthorizationDetails", "DescribeVpcs", "GetRole"} <= told
    for context, result, answer in given:
        assert execute(result, context) == answer
