"""AWS::Events, AWS::Scheduler, AWS::SQS and AWS::SNS."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from typing import Any

from local.stack.errors import StackError
from local.stack.resource import (
    Context,
    Made,
    Properties,
    PutType,
    ResourceType,
    document,
    embedded,
    only,
    tag_changes,
    tag_list,
    tag_map,
)

DEFAULT_BUS = "default"


@embedded
class Rule(PutType):
    name = "AWS::Events::Rule"
    applies = frozenset(
        {
            "Description",
            "EventBusName",
            "EventPattern",
            "Name",
            "RoleArn",
            "ScheduleExpression",
            "State",
            "Tags",
            "Targets",
        }
    )

    def put(self, to: Context, wanted: Properties, physical_id: str | None) -> Made:
        events, bus = to.api("events"), wanted.get("EventBusName", DEFAULT_BUS)
        name = physical_id.split("|")[-1] if physical_id else wanted.get("Name") or to.name(64)
        settings = only(wanted, "Description", "RoleArn", "ScheduleExpression", "State", "Tags")
        if "EventPattern" in wanted:
            settings["EventPattern"] = document(wanted["EventPattern"])
        arn = events.put_rule(Name=name, EventBusName=bus, **settings)["RuleArn"]
        _no_failures(events.put_targets(Rule=name, EventBusName=bus, Targets=wanted.get("Targets", [])))
        return Made(name if bus == DEFAULT_BUS else f"{bus}|{name}", {"Arn": arn})

    def update(self, to: Context, made: Made, old: Properties, wanted: Properties) -> Made:
        remade = super().update(to, made, old, wanted)
        kept = {target["Id"] for target in wanted.get("Targets", [])}
        gone = [target["Id"] for target in old.get("Targets", []) if target["Id"] not in kept]
        self._remove_targets(to, made, old, gone)
        return remade

    def delete(self, to: Context, made: Made, old: Properties) -> None:
        self._remove_targets(to, made, old, [target["Id"] for target in old.get("Targets", [])])
        to.api("events").delete_rule(**self._where(made, old, "Name"))

    def _remove_targets(self, to: Context, made: Made, old: Properties, ids: list[str]) -> None:
        if ids:
            _no_failures(to.api("events").remove_targets(Ids=ids, **self._where(made, old, "Rule")))

    @staticmethod
    def _where(made: Made, old: Properties, parameter: str) -> Properties:
        return {
            parameter: made.physical_id.split("|")[-1],
            "EventBusName": old.get("EventBusName", DEFAULT_BUS),
        }


@embedded
class EventBus(ResourceType):
    name = "AWS::Events::EventBus"
    applies = frozenset({"Name", "Tags"})

    def create(self, to: Context, wanted: Properties) -> Made:
        arn = to.api("events").create_event_bus(**wanted)["EventBusArn"]
        return Made(wanted["Name"], {"Arn": arn})

    def delete(self, to: Context, made: Made, old: Properties) -> None:
        to.api("events").delete_event_bus(Name=made.physical_id)


@embedded
class EventBusPolicy(PutType):
    name = "AWS::Events::EventBusPolicy"
    applies = frozenset({"Action", "Condition", "EventBusName", "Principal", "Statement", "StatementId"})

    def put(self, to: Context, wanted: Properties, physical_id: str | None) -> Made:
        bus = wanted.get("EventBusName", DEFAULT_BUS)
        if "Statement" in wanted:
            # The API replaces a bus's whole policy when given one, CloudFormation only one statement of it.
            kept = [s for s in self._statements(to, bus) if s.get("Sid") != wanted["StatementId"]]
            statement = {"Sid": wanted["StatementId"], **wanted["Statement"]}
            policy = {"Version": "2012-10-17", "Statement": [*kept, statement]}
            to.api("events").put_permission(EventBusName=bus, Policy=document(policy))
        else:
            grant = only(wanted, "Action", "Principal", "StatementId", "Condition")
            to.api("events").put_permission(EventBusName=bus, **grant)
        return Made(f"{bus}|{wanted['StatementId']}")

    def delete(self, to: Context, made: Made, old: Properties) -> None:
        bus = old.get("EventBusName", DEFAULT_BUS)
        to.api("events").remove_permission(EventBusName=bus, StatementId=old["StatementId"])

    @staticmethod
    def _statements(to: Context, bus: str) -> list[Properties]:
        policy = to.api("events").describe_event_bus(Name=bus).get("Policy")
        return list(json.loads(policy)["Statement"]) if policy else []


@embedded
class Schedule(ResourceType):
    name = "AWS::Scheduler::Schedule"
    applies = frozenset(
        {
            "Description",
            "EndDate",
            "FlexibleTimeWindow",
            "GroupName",
            "KmsKeyArn",
            "Name",
            "ScheduleExpression",
            "ScheduleExpressionTimezone",
            "StartDate",
            "State",
            "Target",
        }
    )

    def create(self, to: Context, wanted: Properties) -> Made:
        name = wanted.get("Name") or to.name(64)
        arn = to.api("scheduler").create_schedule(**(wanted | {"Name": name}))["ScheduleArn"]
        return Made(name, {"Arn": arn})

    def update(self, to: Context, made: Made, old: Properties, wanted: Properties) -> Made:
        to.api("scheduler").update_schedule(**(wanted | {"Name": made.physical_id}))
        return made

    def delete(self, to: Context, made: Made, old: Properties) -> None:
        to.api("scheduler").delete_schedule(Name=made.physical_id, **only(old, "GroupName"))


QUEUE_ATTRIBUTES = (
    "ContentBasedDeduplication",
    "DelaySeconds",
    "FifoQueue",
    "KmsDataKeyReusePeriodSeconds",
    "KmsMasterKeyId",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds",
    "RedriveAllowPolicy",
    "RedrivePolicy",
    "SqsManagedSseEnabled",
    "VisibilityTimeout",
)


@embedded
class Queue(ResourceType):
    name = "AWS::SQS::Queue"
    applies = frozenset({"QueueName", "Tags", *QUEUE_ATTRIBUTES})

    def create(self, to: Context, wanted: Properties) -> Made:
        name = wanted.get("QueueName") or to.name(75) + (".fifo" if wanted.get("FifoQueue") else "")
        url = to.api("sqs").create_queue(
            QueueName=name, Attributes=_attributes(wanted, QUEUE_ATTRIBUTES), tags=tag_map(wanted)
        )["QueueUrl"]
        return Made(url, {"Arn": to.arn("sqs", name), "QueueName": name, "QueueUrl": url})

    def update(self, to: Context, made: Made, old: Properties, wanted: Properties) -> Made:
        sqs, url = to.api("sqs"), made.physical_id
        attributes = _attributes(wanted, QUEUE_ATTRIBUTES)
        cleared = {key: "" for key in _attributes(old, QUEUE_ATTRIBUTES) if key not in attributes}
        sqs.set_queue_attributes(QueueUrl=url, Attributes=attributes | cleared)
        put, gone = tag_changes(old, wanted)
        if put:
            sqs.tag_queue(QueueUrl=url, Tags=put)
        if gone:
            sqs.untag_queue(QueueUrl=url, TagKeys=gone)
        return made

    def delete(self, to: Context, made: Made, old: Properties) -> None:
        to.api("sqs").delete_queue(QueueUrl=made.physical_id)


@embedded
class QueuePolicy(PutType):
    name = "AWS::SQS::QueuePolicy"
    applies = frozenset({"PolicyDocument", "Queues"})

    def put(self, to: Context, wanted: Properties, physical_id: str | None) -> Made:
        self._set(to, wanted["Queues"], document(wanted["PolicyDocument"]))
        return _policy_id(physical_id)

    def update(self, to: Context, made: Made, old: Properties, wanted: Properties) -> Made:
        self._set(to, (queue for queue in old["Queues"] if queue not in wanted["Queues"]), "")
        return super().update(to, made, old, wanted)

    def delete(self, to: Context, made: Made, old: Properties) -> None:
        self._set(to, old["Queues"], "")

    @staticmethod
    def _set(to: Context, queues: Iterable[str], policy: str) -> None:
        for queue in queues:
            to.api("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})


TOPIC_ATTRIBUTES = (
    "ContentBasedDeduplication",
    "DisplayName",
    "FifoTopic",
    "KmsMasterKeyId",
    "SignatureVersion",
)


@embedded
class Topic(ResourceType):
    name = "AWS::SNS::Topic"
    applies = frozenset({"Subscription", "Tags", "TopicName", *TOPIC_ATTRIBUTES})

    def create(self, to: Context, wanted: Properties) -> Made:
        sns, name = to.api("sns"), wanted.get("TopicName") or to.name(256)
        attributes = _attributes(wanted, TOPIC_ATTRIBUTES)
        arn = sns.create_topic(Name=name, Attributes=attributes, **only(wanted, "Tags"))["TopicArn"]
        for subscription in wanted.get("Subscription", []):
            sns.subscribe(TopicArn=arn, **subscription)
        return Made(arn, {"TopicArn": arn, "TopicName": name})

    def update(self, to: Context, made: Made, old: Properties, wanted: Properties) -> Made:
        sns, arn = to.api("sns"), made.physical_id
        attributes = _attributes(wanted, TOPIC_ATTRIBUTES)
        cleared = {key: "" for key in _attributes(old, TOPIC_ATTRIBUTES) if key not in attributes}
        for key, value in (attributes | cleared).items():
            sns.set_topic_attributes(TopicArn=arn, AttributeName=key, AttributeValue=value)
        put, gone = tag_changes(old, wanted)
        if put:
            sns.tag_resource(ResourceArn=arn, Tags=tag_list(put))
        if gone:
            sns.untag_resource(ResourceArn=arn, TagKeys=gone)
        self._resubscribe(sns, arn, old.get("Subscription", []), wanted.get("Subscription", []))
        return made

    def delete(self, to: Context, made: Made, old: Properties) -> None:
        self._resubscribe(to.api("sns"), made.physical_id, old.get("Subscription", []), [])
        to.api("sns").delete_topic(TopicArn=made.physical_id)

    @staticmethod
    def _resubscribe(sns: Any, arn: str, old: list[Properties], wanted: list[Properties]) -> None:
        for subscription in sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]:
            known = only(subscription, "Protocol", "Endpoint")
            if known in old and known not in wanted:
                sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
        for subscription in (item for item in wanted if item not in old):
            sns.subscribe(TopicArn=arn, **subscription)


@embedded
class TopicPolicy(PutType):
    name = "AWS::SNS::TopicPolicy"
    applies = frozenset({"PolicyDocument", "Topics"})

    def put(self, to: Context, wanted: Properties, physical_id: str | None) -> Made:
        for topic in wanted["Topics"]:
            to.api("sns").set_topic_attributes(
                TopicArn=topic, AttributeName="Policy", AttributeValue=document(wanted["PolicyDocument"])
            )
        return _policy_id(physical_id)

    def delete(self, to: Context, made: Made, old: Properties) -> None:
        """AWS leaves the topics' last policy in place."""


@embedded
class Subscription(ResourceType):
    name = "AWS::SNS::Subscription"
    applies = frozenset(
        {
            "Endpoint",
            "FilterPolicy",
            "FilterPolicyScope",
            "Protocol",
            "RawMessageDelivery",
            "RedrivePolicy",
            "TopicArn",
        }
    )
    attributes = ("FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy")

    def create(self, to: Context, wanted: Properties) -> Made:
        arn = to.api("sns").subscribe(
            **only(wanted, "Endpoint", "Protocol", "TopicArn"),
            Attributes=_attributes(wanted, self.attributes),
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]
        return Made(arn, {"Arn": arn})

    def update(self, to: Context, made: Made, old: Properties, wanted: Properties) -> Made:
        for key, value in _attributes(wanted, self.attributes).items():
            to.api("sns").set_subscription_attributes(
                SubscriptionArn=made.physical_id, AttributeName=key, AttributeValue=value
            )
        return made

    def delete(self, to: Context, made: Made, old: Properties) -> None:
        to.api("sns").unsubscribe(SubscriptionArn=made.physical_id)


def _attributes(values: Properties, names: Iterable[str]) -> dict[str, str]:
    """SQS and SNS take every attribute as text."""
    return {
        key: str(value).lower() if isinstance(value, bool | int) else document(value)
        for key, value in only(values, *names).items()
    }


def _policy_id(physical_id: str | None) -> Made:
    made = physical_id or str(uuid.uuid4())
    return Made(made, {"Id": made})


def _no_failures(answer: Properties) -> None:
    """PutTargets and RemoveTargets answer 200 and list what failed."""
    if failed := answer.get("FailedEntries"):
        raise StackError("; ".join(f"{item['TargetId']}: {item.get('ErrorMessage')}" for item in failed))
