"""CloudWatch: metrics that stand in logs, and alarms that tell a topic."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.engine import Engine
from local.services.cloudwatch import embedded_metrics
from tests.engine.support import plain_moto, policy

GROUP = {"logGroupName": "group", "logStreamName": "stream"}


@pytest.fixture(scope="module")
def aws() -> Iterator[Engine]:
    with Engine(time_scale=0.001, organization=None) as engine:
        logs = engine.client("logs")
        logs.create_log_group(logGroupName="group")
        logs.create_log_stream(**GROUP)
        yield engine


def line(**changed: Any) -> str:
    directive = {
        "Namespace": "Shop",
        "Dimensions": [["kind"], []],
        "Metrics": [{"Name": "Sold", "Unit": "Count"}, {"Name": "Seconds", "Unit": "Seconds"}],
    }
    now = int(datetime.now(UTC).timestamp() * 1000)
    about = {"Timestamp": now, "CloudWatchMetrics": [directive]}
    return json.dumps({"_aws": about, "kind": "book", "Sold": 2, "Seconds": [1.5, 2.5], **changed})


def log(aws: Engine, *lines: str) -> None:
    now = int(datetime.now(UTC).timestamp() * 1000)
    aws.client("logs").put_log_events(
        **GROUP, logEvents=[{"timestamp": now, "message": text} for text in lines]
    )


def points(aws: Engine, name: str, **dimensions: str) -> list[dict[str, Any]]:
    now = datetime.now(UTC)
    found: list[dict[str, Any]] = aws.client("cloudwatch").get_metric_statistics(
        Namespace="Shop",
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(minutes=1),
        Period=7200,
        Statistics=["Sum", "SampleCount", "Maximum"],
    )["Datapoints"]
    return found


def test_metrics_come_out_of_lines_that_hold_them_and_of_no_others(aws: Engine) -> None:
    log(aws, line(), "plain words", "[1]", '{"_aws": 1}', line(kind="pen", Sold=5))
    (sold,) = points(aws, "Sold", kind="book")
    assert (sold["Sum"], sold["Unit"]) == (2.0, "Count")
    (seconds,) = points(aws, "Seconds", kind="pen")
    assert (seconds["SampleCount"], seconds["Maximum"]) == (2.0, 2.5)


def test_each_set_of_dimensions_is_a_metric_and_what_is_not_there_is_none() -> None:
    whole = list(embedded_metrics(line()))
    assert {(datum["MetricName"], len(datum["Dimensions"])) for _, datum in whole} == {
        ("Sold", 1),
        ("Sold", 0),
        ("Seconds", 1),
        ("Seconds", 0),
    }
    without = json.loads(line())
    del without["kind"], without["Sold"]
    ((namespace, datum),) = embedded_metrics(json.dumps(without))
    assert (namespace, datum["MetricName"], datum["Dimensions"]) == ("Shop", "Seconds", [])


def test_plain_moto_still_takes_no_metrics_out_of_logs() -> None:
    printed = plain_moto(f"""
        logs = client("logs")
        logs.create_log_group(logGroupName="group")
        logs.create_log_stream(**{GROUP})
        import time
        event = {{"timestamp": int(time.time() * 1000), "message": {line()!r}}}
        logs.put_log_events(**{GROUP}, logEvents=[event])
        print(client("cloudwatch").list_metrics(Namespace="Shop")["Metrics"])
    """)
    assert printed.splitlines()[-1] == "[]"


# -- alarms ----------------------------------------------------------------------------------------


@pytest.fixture
def topic(aws: Engine) -> Iterator[str]:
    """A topic that CloudWatch may publish to, with a queue that hears it."""
    sns, sqs = aws.client("sns"), aws.client("sqs")
    arn = str(sns.create_topic(Name="alarms")["TopicArn"])
    url = sqs.create_queue(QueueName="alarms")["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    admits = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": queue}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(admits)})
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue)
    publish(aws, arn, "cloudwatch.amazonaws.com")
    yield arn
    sns.delete_topic(TopicArn=arn)
    sqs.delete_queue(QueueUrl=url)


def publish(aws: Engine, topic: str, service: str) -> None:
    may = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sns:Publish", "Resource": topic}
    aws.client("sns").set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy(may))


def alarm(aws: Engine, topic: str, **more: Any) -> None:
    """An alarm in the state OK."""
    cloudwatch = aws.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="sold-out",
        AlarmDescription="Buy more.",
        Namespace="Shop",
        MetricName="Sold",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[topic],
        **more,
    )
    cloudwatch.set_alarm_state(AlarmName="sold-out", StateValue="OK", StateReason="a test")


def raised(aws: Engine, state: str = "ALARM") -> list[dict[str, Any]]:
    """What the queue hears when the alarm comes into a state."""
    aws.client("cloudwatch").set_alarm_state(AlarmName="sold-out", StateValue=state, StateReason="a test")
    url = aws.client("sqs").get_queue_url(QueueName="alarms")["QueueUrl"]
    messages = aws.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(message["Body"]) for message in messages]


def test_an_alarm_tells_its_topic_when_it_comes_into_a_state(aws: Engine, topic: str) -> None:
    alarm(aws, topic)
    (heard,) = raised(aws)
    said = json.loads(heard["Message"])
    assert heard["Subject"] == 'ALARM: "sold-out"'
    assert (said["AlarmDescription"], said["OldStateValue"], said["NewStateValue"]) == (
        "Buy more.",
        "OK",
        "ALARM",
    )
    assert raised(aws) == []  # it is in it already
    assert raised(aws, "OK") == []  # which has no actions


def test_an_alarm_whose_actions_are_off_tells_nobody(aws: Engine, topic: str) -> None:
    alarm(aws, topic, ActionsEnabled=False)
    assert raised(aws) == []


def test_a_topic_that_does_not_admit_cloudwatch_hears_nothing(aws: Engine, topic: str) -> None:
    alarm(aws, topic)
    publish(aws, topic, "events.amazonaws.com")
    assert raised(aws) == []


def test_an_encrypted_topic_hears_only_when_its_key_admits_cloudwatch_too(aws: Engine, topic: str) -> None:
    kms = aws.client("kms")
    owner = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{aws.management_account}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    admits = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
        "Resource": "*",
    }
    key = kms.create_key(Policy=policy(owner))["KeyMetadata"]["KeyId"]
    aws.client("sns").set_topic_attributes(TopicArn=topic, AttributeName="KmsMasterKeyId", AttributeValue=key)
    alarm(aws, topic)
    assert raised(aws) == []
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy(owner, admits))
    assert raised(aws, "OK") == [] and len(raised(aws)) == 1


def test_plain_moto_still_raises_alarms_that_nobody_hears() -> None:
    printed = plain_moto("""
        sns, sqs, cloudwatch = client("sns"), client("sqs"), client("cloudwatch")
        topic = sns.create_topic(Name="t")["TopicArn"]
        queue = sqs.create_queue(QueueName="q")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        cloudwatch.put_metric_alarm(
            AlarmName="a", Namespace="n", MetricName="m", Statistic="Sum", Period=60, EvaluationPeriods=1,
            Threshold=1, ComparisonOperator="GreaterThanThreshold", AlarmActions=[topic],
        )
        cloudwatch.set_alarm_state(AlarmName="a", StateValue="ALARM", StateReason="r")
        print(len(sqs.receive_message(QueueUrl=queue).get("Messages", [])))
    """)
    assert printed.splitlines()[-1] == "0"
