"""The topic of all alarms, in the security account, the key that encrypts it, and who is told.

Alarms cannot use the key that AWS manages for SNS. The key is for this topic alone: who may publish is for the topic's
policy to say.

https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from groundwork.baseline import keys
from groundwork.baseline.component import Action, Call, Permission, Target, known_later
from groundwork.baseline.components.alarms.cis import PREFIX
from groundwork.baseline.documents import differences, widens
from groundwork.baseline.keys import Key
from groundwork.contracts import Kind, Severity
from groundwork.declaration.policy_files import Document
from groundwork.side_by_side import side_by_side

SECURITY: tuple[Kind, ...] = ("security",)
NAME = "groundwork-alarms"
ALIAS = "alias/groundwork-alarms"
CLOUDWATCH = "cloudwatch.amazonaws.com"
PENDING = "PendingConfirmation"
DELETED = "Deleted"
"""Of a subscription that somebody has ended: SNS goes on listing it for some days."""
USE = keys.Use(
    description="Encrypts what alarms say, until it is delivered",
    missing="no alarm can tell anybody",
    disabled="no alarm can tell anybody",
    doomed="no alarm could tell anybody any more",
    lost="the topic finds no key, and no alarm tells anybody",
)

_TOPIC = ("arn:{partition}:sns:*:{account}:" + NAME,)
READS = (Permission(["sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic"], _TOPIC, kinds=SECURITY),)
WRITES = (Permission(["sns:CreateTopic", "sns:SetTopicAttributes", "sns:Subscribe"], _TOPIC, kinds=SECURITY),)


@dataclass(frozen=True)
class Topic:
    """`attributes` is None of a topic that is not there. `subscribed` has, by address in small letters, whether it is
    confirmed; `others` is the number of those that tell by another way than mail."""

    key: Key | None
    astray: str | None
    attributes: Mapping[str, str] | None = None
    subscribed: Mapping[str, bool] = field(default_factory=dict)
    others: int = 0


def arn(target: Target) -> str:
    security = target.organization.security_account_id
    if target.account.kind == "security":
        security = target.account.id
    home = target.declaration.regions.home
    return f"arn:{target.organization.partition}:sns:{home}:{security or known_later('security')}:{NAME}"


# -- read ----------------------------------------------------------------------------------------------


def read(target: Target) -> Topic:
    home = target.declaration.regions.home
    (key, astray), (attributes, subscriptions) = side_by_side(
        lambda: keys.read(target.client("kms", home), ALIAS),
        lambda: _topic(target.client("sns", home), arn(target)),
    )
    mails = [each for each in subscriptions if each["Protocol"].startswith("email")]
    mails = [each for each in mails if each["SubscriptionArn"] != DELETED]
    subscribed = {each["Endpoint"].lower(): each["SubscriptionArn"] != PENDING for each in mails}
    return Topic(key, astray, attributes, subscribed, len(subscriptions) - len(mails))


def _topic(sns: Any, topic: str) -> tuple[Mapping[str, str] | None, list[Mapping[str, str]]]:
    try:
        attributes = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    except ClientError as missing:
        if missing.response["Error"]["Code"] not in ("NotFound", "NotFoundException"):
            raise
        return None, []
    pages = sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    return attributes, [each for page in pages for each in page["Subscriptions"]]


# -- diff ----------------------------------------------------------------------------------------------


def calls(found: Topic, target: Target) -> Iterator[Call]:
    yield from keys.calls(found.key, found.astray, ALIAS, key_policy(target), USE, target)
    policy, this = topic_policy(target), arn(target)

    def call(
        operation: str,
        parameters: Mapping[str, Any],
        reason: str,
        severity: Severity,
        action: Action = "update",
    ) -> Call:
        home = target.declaration.regions.home
        return Call(*("sns", operation, parameters, f"topic {NAME}", action, reason, home), severity=severity)

    if found.attributes is None:
        attributes = {"Policy": json.dumps(policy), "KmsMasterKeyId": ALIAS}
        missing = "does not exist: no alarm can tell anybody"
        creation = {"Name": NAME, "Attributes": attributes}
        yield call("CreateTopic", creation, missing, "medium", "create")
    else:
        its = json.loads(found.attributes["Policy"])
        if wrong := differences(its, policy):
            severity: Severity = "high" if widens(its, policy) else "medium"
            yield call("SetTopicAttributes", _attribute(this, "Policy", json.dumps(policy)), wrong, severity)
        key = found.attributes.get("KmsMasterKeyId", "")
        if key != ALIAS:
            other = f"is encrypted with {key or 'no key'}; expected {ALIAS}"
            yield call("SetTopicAttributes", _attribute(this, "KmsMasterKeyId", ALIAS), other, "medium")
    yield from _subscriptions(found, target)


def _attribute(topic: str, name: str, value: str) -> dict[str, str]:
    return {"TopicArn": topic, "AttributeName": name, "AttributeValue": value}


def _subscriptions(found: Topic, target: Target) -> Iterator[Call]:
    """Those of others stay. One that nobody confirms is gone after some days, and asked for again."""
    addresses = target.declaration.settings("alarms").notify
    for number, address in enumerate(addresses, 1):
        resource = f"subscription {number} of alarms.notify"
        confirmed = found.subscribed.get(address.lower())
        if confirmed is None:
            yield Call(
                *("sns", "Subscribe"),
                {"TopicArn": arn(target), "Protocol": "email", "Endpoint": address},
                resource=resource,
                action="create",
                reason="does not exist: AWS asks by mail whether it is wanted",
                region=target.declaration.regions.home,
                personal=("Endpoint",),
            )
        elif not confirmed:
            waits = "is not confirmed: nobody is told there until the mail from AWS Notifications is answered"
            yield Call("sns", "", {}, resource, "report", waits)
    if not addresses and not found.others and True not in found.subscribed.values():
        nobody = "has no subscriber, and no alarm tells anybody: name addresses under alarms.notify, or subscribe to it"
        yield Call("sns", "", {}, f"topic {NAME}", "report", nobody)


# -- documents -----------------------------------------------------------------------------------------


def key_policy(target: Target) -> Document:
    """As AWS documents it for alarms: it names no condition for CloudWatch."""
    partition = target.organization.partition
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "AdministeredByIAM",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:{partition}:iam::{target.account.id}:root"},
                "Action": "kms:*",
                "Resource": "*",
            },
            {
                "Sid": "AlarmsEncrypt",
                "Effect": "Allow",
                "Principal": {"Service": CLOUDWATCH},
                "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
                "Resource": "*",
            },
        ],
    }


def topic_policy(target: Target) -> Document:
    """Groundwork's alarms publish. The management and the security account are named besides, by their ids: AWS documents
    aws:SourceAccount for alarms, and aws:SourceOrgID for services as a whole."""
    organization, home = target.organization, target.declaration.regions.home
    by_organization = target.declaration.settings("alarms").by == "organization"
    known = {organization.management_account_id, *(() if by_organization else (target.account.id,))}
    alarms = f"arn:{organization.partition}:cloudwatch:{home}:*:alarm:{PREFIX}*"

    def publishing(sid: str, who: Mapping[str, Any]) -> Mapping[str, Any]:
        return {
            "Sid": sid,
            "Effect": "Allow",
            "Principal": {"Service": CLOUDWATCH},
            "Action": "sns:Publish",
            "Resource": arn(target),
            "Condition": {"StringEquals": who, "ArnLike": {"aws:SourceArn": alarms}},
        }

    everywhere = publishing("AlarmsOfTheOrganizationTell", {"aws:SourceOrgID": organization.id})
    return {
        "Version": "2012-10-17",
        "Statement": [
            publishing("AlarmsTell", {"aws:SourceAccount": sorted(known)}),
            *([] if by_organization else [everywhere]),
        ],
    }
