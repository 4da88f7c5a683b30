"""Topics: made by CloudFormation, published to by Step Functions, heard in a queue that admits them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from local.engine import Engine
from tests.engine.stack.stacks import create, resources
from tests.engine.stepfunctions.machines import machine, output, run
from tests.engine.support import create_role, plain_moto, policy

PUBLISH = "arn:aws:states:::sns:publish"
REF = {"Ref": "Topic"}


@pytest.fixture(scope="module")
def aws() -> Iterator[Engine]:
    with Engine(time_scale=0.01, organization=None) as engine:
        yield engine


def admits(source: Any) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": {"Fn::GetAtt": ["Heard", "Arn"]},
        "Condition": {"ArnEquals": {"aws:SourceArn": source}},
    }


def alerting(source: Any = REF, **more: Any) -> dict[str, Any]:
    """A topic with a reader of mail and a queue that admits what `source` sends."""
    subscription = {"Protocol": "sqs", "Endpoint": {"Fn::GetAtt": ["Heard", "Arn"]}, "TopicArn": REF}
    statement = {"Effect": "Deny", "Principal": "*", "Action": "sns:Publish", "Resource": REF}
    statement["Condition"] = {"Bool": {"aws:SecureTransport": "false"}}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    queue = {"Version": "2012-10-17", "Statement": [admits(source)]}
    return {
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "Alerts", "KmsMasterKeyId": "alias/aws/sns"}},
        "Policy": {"Type": "AWS::SNS::TopicPolicy", "Properties": {"Topics": [REF], "PolicyDocument": document | more}},
        "Mail": {
            "Type": "AWS::SNS::Subscription",
            "Properties": {"Protocol": "email", "Endpoint": "a@example.com", "TopicArn": REF},
        },
        "Heard": {"Type": "AWS::SQS::Queue"},
        "Admits": {
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {"Queues": [{"Ref": "Heard"}], "PolicyDocument": queue},
        },
        "Subscribed": {"Type": "AWS::SNS::Subscription", "Properties": subscription, "DependsOn": "Admits"},
    }  # fmt: skip


def heard(aws: Engine, queue: str) -> list[str]:
    found = aws.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(message["Body"])["Message"] for message in found]


def publishing(topic: str) -> dict[str, Any]:
    return {
        "Say": {
            "Type": "Task",
            "Resource": PUBLISH,
            "Arguments": {"TopicArn": topic, "Subject": "Rolled out", "Message": {"failed": 2}},
            "Catch": [
                {"ErrorEquals": ["SNS.AuthorizationErrorException"], "Output": "refused", "Next": "Said"}
            ],
            "Output": "{% $exists($states.result.MessageId) %}",
            "Next": "Said",
        },
        "Said": {"Type": "Succeed"},
    }


def test_a_machine_publishes_as_its_role_and_a_queue_hears(aws: Engine) -> None:
    create(aws, "alerts", alerting())
    made = resources(aws, "alerts")
    role = create_role(aws, "publisher", "states.amazonaws.com", "sqs:ListQueues")
    arn = machine(aws, "publisher", publishing(made["Topic"]), role="publisher")
    assert output(run(aws, arn)) == "refused" and heard(aws, made["Heard"]) == []
    may = {"Effect": "Allow", "Action": "sns:Publish", "Resource": made["Topic"]}
    aws.client("iam").put_role_policy(RoleName="publisher", PolicyName="may", PolicyDocument=policy(may))
    assert output(run(aws, arn)) is True
    (message,) = heard(aws, made["Heard"])
    assert json.loads(message) == {"failed": 2}
    calls = [(call.action, call.resource, call.verdict) for call in aws.calls if call.service == "sns"]
    assert calls[-2:] == [("sns:Publish", made["Topic"], "denied"), ("sns:Publish", made["Topic"], "allowed")]
    assert role.endswith("role/publisher")


def test_a_queue_that_does_not_admit_the_topic_hears_nothing(aws: Engine) -> None:
    create(aws, "deaf", alerting("arn:aws:sns:us-east-1:123456789012:another"))
    made = resources(aws, "deaf")
    aws.client("sns").publish(TopicArn=made["Topic"], Message="hello")
    assert heard(aws, made["Heard"]) == []


def test_a_topic_and_its_subscriptions_are_changed_and_taken_away(aws: Engine) -> None:
    create(aws, "changing", alerting())
    made, sns = resources(aws, "changing"), aws.client("sns")
    listed = sns.list_subscriptions_by_topic(TopicArn=made["Topic"])["Subscriptions"]
    assert sorted(each["Protocol"] for each in listed) == ["email", "sqs"]
    wanted = alerting()
    wanted["Topic"]["Properties"]["DisplayName"] = "Alarms"
    del wanted["Mail"]
    body = json.dumps({"Resources": wanted})
    aws.client("cloudformation").update_stack(StackName="changing", TemplateBody=body)
    assert sns.get_topic_attributes(TopicArn=made["Topic"])["Attributes"]["DisplayName"] == "Alarms"
    (left,) = sns.list_subscriptions_by_topic(TopicArn=made["Topic"])["Subscriptions"]
    assert left["Protocol"] == "sqs"
    aws.client("cloudformation").delete_stack(StackName="changing")
    assert made["Topic"] not in {topic["TopicArn"] for topic in sns.list_topics()["Topics"]}


def test_plain_moto_still_delivers_to_a_queue_that_admits_nobody() -> None:
    printed = plain_moto("""
        sqs, sns = client("sqs"), client("sns")
        queue = sqs.create_queue(QueueName="q")["QueueUrl"]
        topic = sns.create_topic(Name="t")["TopicArn"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        sns.publish(TopicArn=topic, Message="hello")
        print(len(sqs.receive_message(QueueUrl=queue)["Messages"]))
    """)
    assert printed.splitlines()[-1] == "1"
