"""A fault plan: what it strikes fails as AWS would fail, and nothing else does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.engine import Engine
from local.faults.plan import Fault, InvalidPlan, read_plan
from tests.engine.support import create_function, create_role, eventually, policy

PUT = """
import boto3, botocore, os

def handle(event, context):
    once = botocore.config.Config(retries={"total_max_attempts": 1}, read_timeout=5)
    client = boto3.client(event.get("service", "sqs"), config=once)
    try:
        getattr(client, event.get("do", "create_queue"))(**event.get("parameters", {"QueueName": event.get("name", "")}))
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"]
    except botocore.exceptions.HTTPClientError as error:
        return type(error).__name__
    return "done"
"""


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(time_scale=0.001) as aws:
        create_role(aws, "caller", "lambda.amazonaws.com")
        for name in ("first", "second"):
            create_function(aws, name, PUT, role="caller")
        yield aws


@pytest.fixture
def aws(engine: Engine) -> Iterator[Engine]:
    yield engine
    engine.faults.clear()


def call(aws: Engine, function: str = "first", **event: Any) -> Any:
    answer = aws.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event).encode())
    payload = json.loads(answer["Payload"].read())
    return payload["errorType"] if "FunctionError" in answer else payload


def queues(aws: Engine) -> set[str]:
    urls = aws.client("sqs").list_queues().get("QueueUrls", [])
    return {url.rsplit("/", 1)[1] for url in urls}


CREATE = {"service": "sqs", "operation": "CreateQueue"}
EFFECTS = {
    "throttle": "Throttling",
    "server-error": "InternalFailure",
    "reset": "ConnectionClosedError",
    "timeout": "ConnectionClosedError",
    "access-denied": "AccessDenied",
    "QueueDeletedRecently": "QueueDeletedRecently",
    "kill-function": "Runtime.ExitError",
}


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("effect", EFFECTS)
def test_a_call_that_is_struck(aws: Engine, effect: str, when: str) -> None:
    aws.faults.plan([{**CREATE, "when": when, "effect": effect}])
    name = f"{effect}-{when}"
    answer = call(aws, name=name)
    assert answer == EFFECTS[effect]
    assert (name in queues(aws)) is (when == "after")
    assert aws.faults.struck == 1
    aws.faults.clear()
    assert call(aws, name=name) == "done"


SERVICES: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "organizations": ("list_roots", {}, "TooManyRequestsException", "ServiceException"),
    "dynamodb": ("list_tables", {}, "ThrottlingException", "InternalServerError"),
    "s3": ("list_buckets", {}, "SlowDown", "InternalError"),
    "ec2": ("describe_regions", {}, "RequestLimitExceeded", "InternalError"),
    "iam": ("list_roles", {}, "Throttling", "InternalFailure"),
    "lambda": ("list_functions", {}, "TooManyRequestsException", "ServiceException"),
}


@pytest.mark.parametrize("service", SERVICES)
def test_each_service_has_its_own_words(aws: Engine, service: str) -> None:
    operation, parameters, throttled, broken = SERVICES[service]
    for effect, code in (("throttle", throttled), ("server-error", broken)):
        aws.faults.plan([{"service": service, "effect": effect}])
        assert call(aws, service=service, do=operation, parameters=parameters) == code


def test_a_fault_strikes_only_whom_it_means(aws: Engine) -> None:
    aws.faults.plan([{**CREATE, "function": "second", "nth": 2, "times": 2, "effect": "throttle"}])
    said = [call(aws, each, name="meant") for each in ("second", "first", "second", "second", "second")]
    assert said == ["done", "done", "Throttling", "Throttling", "done"]
    aws.faults.plan([{**CREATE, "account": "1" * 12, "effect": "throttle"}])
    assert call(aws, name="elsewhere") == "done"
    aws.faults.plan([{**CREATE, "effect": "throttle"}])
    aws.client("sqs").create_queue(QueueName="of-the-administrator")
    assert aws.faults.struck == 0


def test_a_share_is_the_same_each_time(aws: Engine) -> None:
    def run(seed: int) -> list[str]:
        aws.faults.plan([{**CREATE, "share": 0.5, "effect": "throttle"}], seed)
        return [call(aws, name="shared") for _ in range(12)]

    first = run(7)
    assert first == run(7)
    assert {"done", "Throttling"} == set(first)
    assert run(8) != first


def test_the_log_tells_which_function_called(aws: Engine) -> None:
    call(aws, "second", name="who")
    (made,) = [each for each in aws.calls if each.operation == "CreateQueue"][-1:]
    assert made.function == "second"
    aws.client("sqs").list_queues()
    assert aws.calls[-1].function == ""


# -- events ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def inbox(engine: Engine) -> str:
    sqs, events = engine.client("sqs"), engine.client("events")
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": "*",
    }
    url = sqs.create_queue(QueueName="inbox", Attributes={"Policy": policy(allow)})["QueueUrl"]
    arn = f"arn:aws:sqs:{engine.region}:{engine.management_account}:inbox"
    events.put_rule(Name="inbox", EventPattern=json.dumps({"source": ["test"]}))
    events.put_targets(Rule="inbox", Targets=[{"Id": "inbox", "Arn": arn, "InputPath": "$.detail-type"}])
    return str(url)


def heard(aws: Engine, inbox: str, many: int, *sent: str) -> list[str]:
    for name in sent:
        aws.client("events").put_events(Entries=[{"Source": "test", "DetailType": name, "Detail": "{}"}])
    found: list[str] = []

    def enough() -> bool:
        for message in aws.client("sqs").receive_message(QueueUrl=inbox).get("Messages", []):
            found.append(json.loads(message["Body"]))
            aws.client("sqs").delete_message(QueueUrl=inbox, ReceiptHandle=message["ReceiptHandle"])
        return len(found) >= many

    eventually(enough)
    return found


def test_events_come_twice_late_out_of_order_or_never(aws: Engine, inbox: str) -> None:
    def faulty(operation: str, effect: str, **more: Any) -> None:
        aws.faults.plan([{"service": "test", "operation": operation, "effect": effect, **more}])

    faulty("Twice", "duplicate")
    assert sorted(heard(aws, inbox, 3, "Twice", "Once")) == ["Once", "Twice", "Twice"]
    faulty("Never", "drop")
    assert heard(aws, inbox, 1, "Never", "Comes") == ["Comes"]
    faulty("Late", "delay", seconds=200)
    assert heard(aws, inbox, 2, "Late", "Soon") == ["Soon", "Late"]
    faulty("Alone", "reorder")
    assert heard(aws, inbox, 1, "Alone") == ["Alone"]


# -- plans -----------------------------------------------------------------------------------------


def test_a_plan_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps([{**CREATE, "effect": "throttle"}]))
    assert read_plan(path) == ([Fault.model_validate({**CREATE, "effect": "throttle"})], 0)
    path.write_text(json.dumps({"seed": 7, "faults": [{**CREATE, "effect": "NoSuchQueue"}]}))
    assert read_plan(path) == ([Fault.model_validate({**CREATE, "effect": "NoSuchQueue"})], 7)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("nothing", "Expecting value"),
        ('{"seed": 7}', "give a list of faults"),
        ('[{"service": "sqs"}]', "fault 1: effect: Field required"),
        ('[{"service": "sqs", "effect": "sneeze"}]', "effect 'sneeze' is none of throttle"),
        ('[{"service": "sqs", "effect": "reset", "nth": 0}]', "fault 1: nth: Input should be greater"),
        ('[{"service": "sqs", "effect": "reset", "nth": 1, "share": 0.5}]', "nth and share exclude"),
        ('[{"service": "sqs", "effect": "reset", "who": "me"}]', "fault 1: who: Extra inputs"),
    ],
)
def test_a_plan_that_cannot_be_followed(tmp_path: Path, written: str, words: str) -> None:
    path = tmp_path / "plan.json"
    path.write_text(written)
    with pytest.raises(InvalidPlan, match=words):
        read_plan(path)
