"""The EventBridge adapter: who gets which event, in which form, and what becomes of it when nobody does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.engine import Engine
from local.events.schedules import InvalidSchedule, next_time
from local.events.target_inputs import fill, target_input
from tests.engine.support import create_function, create_role, eventually, plain_moto, policy

PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}


@pytest.fixture(scope="module")
def aws() -> Iterator[Engine]:
    with Engine(time_scale=0.001, organization=None) as engine:
        machine = create_role(engine, "machine", "states.amazonaws.com")
        create_role(engine, "rule", "events.amazonaws.com", allow="states:StartExecution")
        create_role(engine, "idle-rule", "events.amazonaws.com", allow="states:ListStateMachines")
        engine.client("stepfunctions").create_state_machine(
            name="machine", definition=json.dumps(PASS), roleArn=machine
        )
        yield engine


class Inbox:
    """A queue that EventBridge may write to, unless told otherwise."""

    def __init__(self, aws: Engine, name: str, admits: str = "events.amazonaws.com") -> None:
        allow = {
            "Effect": "Allow",
            "Principal": {"Service": admits},
            "Action": "sqs:SendMessage",
            "Resource": "*",
        }
        self.sqs = aws.client("sqs")
        self.url = self.sqs.create_queue(QueueName=name, Attributes={"Policy": policy(allow)})["QueueUrl"]
        self.arn = f"arn:aws:sqs:{aws.region}:{aws.management_account}:{name}"

    def next(self) -> dict[str, Any]:
        def received() -> list[dict[str, Any]]:
            answer = self.sqs.receive_message(QueueUrl=self.url, MessageAttributeNames=["All"])
            return list(answer.get("Messages", []))

        message: dict[str, Any] = eventually(received)[0]
        self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return message

    def next_json(self) -> Any:
        return json.loads(self.next()["Body"])


def rule(aws: Engine, name: str, arn: str, source: str, **more: Any) -> None:
    events = aws.client("events")
    events.put_rule(Name=name, EventPattern=json.dumps({"source": [source]}))
    events.put_targets(Rule=name, Targets=[{"Id": "it", "Arn": arn, **more}])


def send(aws: Engine, source: str, **detail: Any) -> dict[str, Any]:
    entry = {"Source": source, "DetailType": "Asked", "Detail": json.dumps(detail)}
    return dict(aws.client("events").put_events(Entries=[entry]))


def test_the_envelope_is_complete(aws: Engine) -> None:
    inbox = Inbox(aws, "envelope")
    rule(aws, "envelope", inbox.arn, "envelope")
    sent = send(aws, "envelope", a=1)["Entries"][0]["EventId"]
    event = inbox.next_json()
    assert datetime.fromisoformat(event.pop("time")).tzinfo is not None
    assert event == {
        "version": "0",
        "id": sent,
        "detail-type": "Asked",
        "source": "envelope",
        "account": aws.management_account,
        "region": "us-east-1",
        "resources": [],
        "detail": {"a": 1},
    }


@pytest.mark.parametrize(
    ("form", "received"),
    [
        ({"Input": '{"fixed": true}'}, {"fixed": True}),
        ({"InputPath": "$.detail.who"}, {"name": 'Ann "A"'}),
        (
            {
                "InputTransformer": {
                    "InputPathsMap": {"who": "$.detail.who", "type": "$.detail-type", "no": "$.detail.no"},
                    "InputTemplate": '{"who": <who>, "text": "<type> by <who>", "no": "<no>"}',
                }
            },
            {"who": {"name": 'Ann "A"'}, "text": 'Asked by {"name": "Ann \\"A\\""}', "no": ""},
        ),
    ],
    ids=["Input", "InputPath", "InputTransformer"],
)
def test_a_target_gets_the_form_it_asked_for(
    aws: Engine, form: dict[str, Any], received: Any, request: pytest.FixtureRequest
) -> None:
    name = request.node.callspec.id
    inbox = Inbox(aws, name)
    rule(aws, name, inbox.arn, name, **form)
    send(aws, name, who={"name": 'Ann "A"'})
    assert inbox.next_json() == received


def test_a_disabled_rule_does_not_fire(aws: Engine) -> None:
    off, on = Inbox(aws, "off"), Inbox(aws, "on")
    rule(aws, "off", off.arn, "switch")
    rule(aws, "on", on.arn, "switch")
    aws.client("events").disable_rule(Name="off")
    send(aws, "switch", n=1)
    assert on.next_json()["detail"] == {"n": 1}
    aws.client("events").enable_rule(Name="off")
    send(aws, "switch", n=2)
    assert off.next_json()["detail"] == {"n": 2}


def test_only_aws_sends_as_aws_and_details_are_objects(aws: Engine) -> None:
    entries = [
        {"Source": "aws.organizations", "DetailType": "x", "Detail": "{}"},
        {"Source": "mine", "DetailType": "x", "Detail": "[1]"},
        {"Source": "mine", "DetailType": "x", "Detail": "{}"},
    ]
    answer = aws.client("events").put_events(Entries=entries)
    assert answer["FailedEntryCount"] == 2
    codes = [entry.get("ErrorCode") for entry in answer["Entries"]]
    assert codes == ["NotAuthorizedForSourceException", "MalformedDetail", None]
    inbox = Inbox(aws, "from-aws")
    rule(aws, "from-aws", inbox.arn, "aws.organizations")
    aws.emit("aws.organizations", "AWS Service Event via CloudTrail", {"eventName": "CreateAccountResult"})
    assert inbox.next_json()["detail"] == {"eventName": "CreateAccountResult"}


def machine_arn(aws: Engine, name: str = "machine") -> str:
    return f"arn:aws:states:us-east-1:{aws.management_account}:stateMachine:{name}"


def role_arn(aws: Engine, name: str) -> str:
    return f"arn:aws:iam::{aws.management_account}:role/{name}"


def test_a_state_machine_is_started_with_the_targets_role(aws: Engine) -> None:
    rule(aws, "start", machine_arn(aws), "start", RoleArn=role_arn(aws, "rule"))
    sent = send(aws, "start", a=1)["Entries"][0]["EventId"]
    client = aws.client("stepfunctions")
    started = eventually(lambda: client.list_executions(stateMachineArn=machine_arn(aws))["executions"])[0]
    assert started["name"].startswith(sent)
    described = client.describe_execution(executionArn=started["executionArn"])
    assert json.loads(described["input"])["detail"] == {"a": 1}


@pytest.mark.parametrize(
    ("role", "machine", "code"),
    [
        ("idle-rule", "machine", "NO_PERMISSIONS"),
        ("machine", "machine", "NO_PERMISSIONS"),
        ("rule", "gone", "RESOURCE_NOT_FOUND"),
    ],
    ids=["not-allowed", "not-trusting", "not-there"],
)
def test_what_cannot_be_delivered_goes_to_the_dead_letter_queue(
    aws: Engine, role: str, machine: str, code: str, request: pytest.FixtureRequest
) -> None:
    name = request.node.callspec.id
    dead = Inbox(aws, name)
    target = {"RoleArn": role_arn(aws, role), "DeadLetterConfig": {"Arn": dead.arn}}
    rule(aws, name, machine_arn(aws, machine), name, **target)
    send(aws, name, a=1)
    letter = dead.next()
    assert json.loads(letter["Body"])["detail"] == {"a": 1}
    attributes = {key: value["StringValue"] for key, value in letter["MessageAttributes"].items()}
    assert attributes["ERROR_CODE"] == code
    assert attributes["TARGET_ARN"] == machine_arn(aws, machine)
    assert attributes["RULE_ARN"].endswith(f":rule/{name}")
    assert "EXHAUSTED_RETRY_CONDITION" not in attributes


def test_a_queue_and_a_function_must_admit_the_rule(aws: Engine) -> None:
    dead, closed = Inbox(aws, "dead"), Inbox(aws, "closed", admits="s3.amazonaws.com")
    rule(aws, "closed", closed.arn, "closed", DeadLetterConfig={"Arn": dead.arn})
    send(aws, "closed")
    assert dead.next()["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_PERMISSIONS"

    create_role(aws, "function", "lambda.amazonaws.com")
    code = "import json\ndef handle(event, context): print('GOT ' + json.dumps(event['detail']))\n"
    functions = create_function(aws, "target", code, role="function")
    arn = functions.get_function_configuration(FunctionName="target")["FunctionArn"]
    rule(aws, "function", arn, "function", DeadLetterConfig={"Arn": dead.arn})
    send(aws, "function", n=1)
    assert dead.next()["MessageAttributes"]["TARGET_ARN"]["StringValue"] == arn
    functions.add_permission(
        FunctionName="target",
        StatementId="events",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=f"arn:aws:events:us-east-1:{aws.management_account}:rule/function",
    )
    send(aws, "function", n=2)
    logs = aws.client("logs")

    def lines() -> list[str]:
        groups = logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/target")["logGroups"]
        if not groups:
            return []
        found = logs.filter_log_events(logGroupName="/aws/lambda/target")["events"]
        return [event["message"] for event in found if event["message"].startswith("GOT")]

    assert eventually(lines) == ['GOT {"n": 2}']


def test_a_start_that_was_not_answered_is_made_again_and_is_one_execution(aws: Engine) -> None:
    rule(aws, "unanswered", machine_arn(aws), "unanswered", RoleArn=role_arn(aws, "rule"))
    mark = len(aws.calls)
    aws.faults.plan([{"service": "stepfunctions", "nth": 1, "when": "after", "effect": "reset"}])
    sent = send(aws, "unanswered")["Entries"][0]["EventId"]
    eventually(lambda: [call.operation for call in aws.calls[mark:]].count("StartExecution") == 2)
    aws.faults.clear()
    listed = aws.client("stepfunctions").list_executions(stateMachineArn=machine_arn(aws))["executions"]
    assert [execution["name"].startswith(sent) for execution in listed].count(True) == 1


def test_schedules_fire_on_the_scaled_clock(aws: Engine) -> None:
    inbox = Inbox(aws, "schedule")
    events = aws.client("events")
    events.put_rule(Name="schedule", ScheduleExpression="rate(2 minutes)")
    events.put_targets(Rule="schedule", Targets=[{"Id": "it", "Arn": inbox.arn}])
    first, second = inbox.next_json(), inbox.next_json()
    assert first["detail-type"] == "Scheduled Event" and first["source"] == "aws.events"
    assert first["resources"][0].endswith(":rule/schedule")
    assert first["time"] != second["time"]
    events.disable_rule(Name="schedule")
    with pytest.raises(ClientError, match="ScheduleExpression is not valid"):
        events.put_rule(Name="wrong", ScheduleExpression="rate(1 minutes)")


def test_what_would_not_be_delivered_is_refused(aws: Engine) -> None:
    aws.client("events").put_rule(Name="refused", EventPattern='{"source": ["x"]}')
    for arn, message in (
        ("arn:aws:kinesis:us-east-1:123456789012:stream/s", "does not deliver to kinesis"),
        (machine_arn(aws), "RoleArn is required"),
    ):
        with pytest.raises(ClientError, match=message):
            aws.client("events").put_targets(Rule="refused", Targets=[{"Id": "it", "Arn": arn}])


def test_nothing_failed_in_the_background(aws: Engine) -> None:
    assert aws.failures == []


@pytest.mark.parametrize(
    ("expression", "after", "due"),
    [
        ("rate(1 hour)", "2026-01-01T00:30:00+00:00", "2026-01-01T01:30:00+00:00"),
        ("cron(15 10 * * ? *)", "2026-01-01T10:15:00+00:00", "2026-01-02T10:15:00+00:00"),
        ("cron(0/20 8-9 ? * MON-FRI *)", "2026-01-02T09:41:00+00:00", "2026-01-05T08:00:00+00:00"),
        ("cron(0 0 29 2 ? *)", "2026-01-01T00:00:00+00:00", "2028-02-29T00:00:00+00:00"),
        ("cron(0 0 1 1 ? 2020)", "2026-01-01T00:00:00+00:00", None),
    ],
)
def test_when_a_schedule_is_due(expression: str, after: str, due: str | None) -> None:
    expected = datetime.fromisoformat(due) if due else None
    assert next_time(expression, datetime.fromisoformat(after).astimezone(UTC)) == expected


@pytest.mark.parametrize(
    "expression", ["rate(0 minutes)", "rate(1 hours)", "cron(* * * * * *)", "cron(0 0 L * ? *)"]
)
def test_schedules_that_are_none(expression: str) -> None:
    with pytest.raises(InvalidSchedule):
        next_time(expression, datetime.now(UTC))


def test_templates() -> None:
    assert fill('"at <t>"', {"t": "noon"}) == '"at noon"'
    assert fill('{"a": <gone>, "b": <n>}', {"n": 3}) == '{"a": "", "b": 3}'
    with pytest.raises(ValueError, match="is no JSON path"):
        target_input({"InputPath": "$..x"}, {}, "arn:x/rule")


def test_plain_moto_still_fires_disabled_rules_and_ignores_input() -> None:
    printed = plain_moto("""
        events, sqs = client("events"), client("sqs")
        queue = sqs.create_queue(QueueName="q")["QueueUrl"]
        events.put_rule(Name="r", EventPattern='{"source": ["x"]}', State="DISABLED")
        arn = "arn:aws:sqs:us-east-1:123456789012:q"
        events.put_targets(Rule="r", Targets=[{"Id": "q", "Arn": arn, "Input": '"fixed"'}])
        events.put_events(Entries=[{"Source": "x", "DetailType": "d", "Detail": '{"a": 1}'}])
        print(json.loads(sqs.receive_message(QueueUrl=queue)["Messages"][0]["Body"])["detail"])
    """)
    assert printed == "{'a': 1}"


@pytest.mark.parametrize(
    "detail",
    ['{"a": NaN}', "[]", '"a"', '{"a": ' + "[" * 1000 + "]" * 1000 + "}", "{"],
    ids=lambda text: text[:9],
)
def test_a_detail_is_a_json_object_of_at_most_1000_levels(aws: Engine, detail: str) -> None:
    entry = {"Source": "strict", "DetailType": "Asked", "Detail": detail}
    (answer,) = aws.client("events").put_events(Entries=[entry])["Entries"]
    assert answer["ErrorCode"] == "MalformedDetail"


def test_the_entries_of_a_request_are_less_than_256_kb_together(aws: Engine) -> None:
    events = aws.client("events")
    entry = {"Source": "large", "DetailType": "Asked", "Detail": json.dumps({"a": "x" * 131_054})}
    assert events.put_events(Entries=[entry])["FailedEntryCount"] == 0
    with pytest.raises(ClientError, match=r"ValidationException.*Total size of the entries"):
        events.put_events(Entries=[entry, entry])
