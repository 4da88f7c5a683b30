"""Listeners at the topic, and what can be said of a failure once everybody has been told of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.sqs.models import sqs_backends

from tests.workflow.conftest import Cloud, until
from tests.workflow.many import notices, subscribe
from tests.workflow.statements import Statement, of_resources, of_roles


@dataclass
class People:
    """Who has subscribed to the topic."""

    cloud: Cloud
    url: str
    _heard: list[dict[str, Any]] = field(default_factory=list)

    def notices(self, text: str) -> list[dict[str, Any]]:
        """The messages so far that hold this text."""
        self._heard += notices(self.cloud, self.url)
        return [each for each in self._heard if text in each["Message"]]

    def notice(self, text: str) -> dict[str, Any]:
        """The first of them; waits for it."""
        return until(lambda: self.notices(text), f"a notice with {text}")[0]


def listening(cloud: Cloud) -> People:
    return People(cloud, subscribe(cloud))


def statement(name: str) -> Statement:
    """A statement of the template, like `RulesRole.StartTheMachines`."""
    return next(each for each in [*of_roles(), *of_resources()] if str(each) == name)


def seen_to(cloud: Cloud, execution: str) -> None:
    """Wait until the function that sees to ended executions has looked at this one, and is done with it: nobody else
    comes after it."""
    function = cloud.physical("AnswerLostExecutionFunction")

    def looked() -> bool:
        return not cloud.aws.functions.is_busy(function) and any(
            (call.action, call.resource, call.verdict) == ("states:GetExecutionHistory", execution, "allowed")
            for call in cloud.aws.calls
        )

    until(looked, f"a look at how {execution} ended")


def failure_heard_once(cloud: Cloud, people: People, execution: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """`Account Failed` and what people are told of an execution, when all who could answer for it have had their
    chance."""
    seen_to(cloud, execution)
    failed = cloud.answer("Account Failed", execution=execution)["detail"]
    notice = people.notice(execution)
    assert cloud.answered("Account Failed", execution=execution) == 1
    assert len(people.notices(execution)) == 1
    return failed, notice


def undelivered(cloud: Cloud) -> int:
    """How many events lie in the queue, those among them that somebody is looking at."""
    attributes = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = cloud.aws.client("sqs").get_queue_attributes(
        QueueUrl=cloud.outputs["UndeliveredEventsUrl"], AttributeNames=attributes
    )["Attributes"]
    return sum(int(found[name]) for name in attributes)


def lying(cloud: Cloud, text: str) -> dict[str, Any]:
    """A message of that queue whose body holds this text, left where it is; waits for it."""
    sqs, url = cloud.aws.client("sqs"), cloud.outputs["UndeliveredEventsUrl"]

    def find() -> dict[str, Any] | None:
        found = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], VisibilityTimeout=0
        ).get("Messages", [])
        return next((dict(message) for message in found if text in message["Body"]), None)

    return until(find, f"an undelivered event with {text}")


def put_again(cloud: Cloud, message: dict[str, Any]) -> None:
    """The same message in the queue once more, as when a replay died before it could take it out. Nobody may write
    there, so that it is put there behind the door."""
    sqs_backends[cloud.aws.management_account][cloud.aws.region].send_message(
        cloud.outputs["UndeliveredEventsUrl"].rsplit("/", 1)[1],
        message["Body"],
        message_attributes={
            name: {"DataType": "String", "StringValue": each["StringValue"]}
            for name, each in message.get("MessageAttributes", {}).items()
        },
    )


def metric(cloud: Cloud, name: str, statistic: str = "Sum") -> float:
    """One of Groundwork's own metrics, over the life of this organization."""
    now = datetime.now(UTC)
    points = cloud.aws.client("cloudwatch").get_metric_statistics(
        Namespace="Groundwork",
        MetricName=name,
        StartTime=now - timedelta(days=1),
        EndTime=now + timedelta(minutes=1),
        Period=172800,
        Statistics=[statistic],
    )["Datapoints"]
    return float(points[0][statistic]) if points else 0.0


def message_of(notice: dict[str, Any]) -> dict[str, Any]:
    """What an alarm says in a notice."""
    said: dict[str, Any] = json.loads(notice["Message"])
    return said
