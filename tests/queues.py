"""Queues in which tests find what a service was told to send."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from local.engine import Engine


def queue(aws: Engine, name: str, service: str, source_arn: str) -> tuple[str, str]:
    """The URL and the ARN of a queue to which one rule or topic may send."""
    sqs = aws.client("sqs")
    url = str(sqs.create_queue(QueueName=name)["QueueUrl"])
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": source_arn}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    return url, str(arn)


def listen(aws: Engine, name: str, pattern: Mapping[str, Any]) -> str:
    """A queue that hears what on the bus matches a pattern; its URL."""
    events = aws.client("events")
    rule = events.put_rule(Name=name, EventPattern=json.dumps(pattern))["RuleArn"]
    url, arn = queue(aws, name, "events.amazonaws.com", rule)
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
    return url
