"""SQS in the embedded AWS, and where moto differs."""

from __future__ import annotations

from local.engine import Engine
from tests.engine.support import plain_moto

TIMES = ["CreatedTimestamp", "LastModifiedTimestamp"]


def test_times_are_whole_seconds() -> None:
    with Engine(organization=None) as aws:
        sqs = aws.client("sqs")
        url = sqs.create_queue(QueueName="queue")["QueueUrl"]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "1"})
        told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=TIMES)["Attributes"]
        assert sorted(told) == TIMES
        assert all(each.isdigit() for each in told.values())


def test_plain_moto_tells_fractions() -> None:
    said = plain_moto(
        """
        sqs = client("sqs")
        url = sqs.create_queue(QueueName="queue")["QueueUrl"]
        print(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["CreatedTimestamp"])["Attributes"])
        """
    )
    assert "." in said
