"""The statements of the template's policies, and what is deployed of them: found, taken out and put back."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from samtranslator.yaml_helper import yaml_parse

from tests.workflow.conftest import ROOT, Cloud

ROLE_HOLDERS = {
    "AWS::Serverless::Function": "{}Role",
    "AWS::Serverless::StateMachine": "{}Role",
    "AWS::IAM::Role": "{}",
}
"""The resources with a role, by type, and the logical id of that role."""


@dataclass(frozen=True)
class Statement:
    """One statement, of the role of the resource `holder` or of that resource's own policy. A Lambda permission has
    no Sid in the template; it is one statement."""

    holder: str
    sid: str
    actions: tuple[str, ...] = field(compare=False)

    def __str__(self) -> str:
        return f"{self.holder}.{self.sid}" if self.sid else self.holder


@cache
def template() -> dict[str, Any]:
    found: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text())
    return found


def template_without(*gone: Statement) -> dict[str, Any]:
    """The template as it would be if somebody had forgotten these statements of functions."""
    found = copy.deepcopy(template())
    for statement in gone:
        properties = found["Resources"][statement.holder]["Properties"]
        for policy in properties["Policies"]:
            policy["Statement"] = [each for each in policy["Statement"] if each["Sid"] != statement.sid]
        properties["Policies"] = [policy for policy in properties["Policies"] if policy["Statement"]]
    return found


def of_roles() -> list[Statement]:
    """Every statement of every role that the template makes."""
    return [
        _statement(holder, statement)
        for holder, resource in template()["Resources"].items()
        if resource["Type"] in ROLE_HOLDERS
        for policy in resource["Properties"]["Policies"]
        for statement in policy.get("PolicyDocument", policy)["Statement"]
    ]


def of_resources() -> list[Statement]:
    """Every other statement that allows something: policies of queue, bucket, key and functions, and those that are
    there to be attached."""
    found = []
    for holder, resource in template()["Resources"].items():
        properties = resource["Properties"]
        document = properties.get("KeyPolicy") or properties.get("PolicyDocument") or {"Statement": []}
        found += [_statement(holder, each) for each in document["Statement"] if each["Effect"] == "Allow"]
        if resource["Type"] == "AWS::Lambda::Permission":
            found.append(Statement(holder, "", (properties["Action"],)))
    return found


def _statement(holder: str, body: dict[str, Any]) -> Statement:
    actions = body["Action"] if isinstance(body["Action"], list) else [body["Action"]]
    return Statement(holder, body["Sid"], tuple(actions))


# -- what is deployed ------------------------------------------------------------------------------


def physical(cloud: Cloud, logical_id: str) -> str:
    described = cloud.aws.client("cloudformation").describe_stack_resource(
        StackName="groundwork", LogicalResourceId=logical_id
    )
    return str(described["StackResourceDetail"]["PhysicalResourceId"])


def role_of(cloud: Cloud, holder: str) -> str:
    """The name of the role that a resource of the template has, or is."""
    kind = template()["Resources"][holder]["Type"]
    return physical(cloud, ROLE_HOLDERS[kind].format(holder))


def policies_of(cloud: Cloud, role: str) -> dict[str, dict[str, Any]]:
    """The inline policies of a role, by name."""
    iam = cloud.aws.client("iam")
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    return {name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names}


@contextmanager
def taken_out(cloud: Cloud, statement: Statement) -> Iterator[None]:
    """For as long as it lasts, what is deployed is as if the template had been deployed without the statement."""
    take_out = _WAYS.get(template()["Resources"][statement.holder]["Type"], _out_of_role)
    put_back = take_out(cloud, statement)
    try:
        yield
    finally:
        put_back()


PutBack = Callable[[], object]


def _without(document: dict[str, Any], sid: str) -> str:
    """The policy without the statement; empty when it was the only one."""
    rest = [each for each in document["Statement"] if each.get("Sid") != sid]
    assert len(rest) < len(document["Statement"]), f"no statement {sid}"
    return json.dumps({**document, "Statement": rest}) if rest else ""


def _out_of_role(cloud: Cloud, statement: Statement) -> PutBack:
    iam, role = cloud.aws.client("iam"), role_of(cloud, statement.holder)
    name, document = next(
        (name, document)
        for name, document in policies_of(cloud, role).items()
        if statement.sid in [each.get("Sid") for each in document["Statement"]]
    )
    if rest := _without(document, statement.sid):
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=rest)
    else:
        iam.delete_role_policy(RoleName=role, PolicyName=name)
    return lambda: iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))


def _out_of_function(cloud: Cloud, statement: Statement) -> PutBack:
    declared = template()["Resources"][statement.holder]["Properties"]
    function = physical(cloud, declared["FunctionName"]["Ref"])
    client = cloud.aws.client("lambda")
    rule = physical(cloud, declared["SourceArn"]["Fn::GetAtt"][0])
    statements = json.loads(client.get_policy(FunctionName=function)["Policy"])["Statement"]
    (found,) = [
        each for each in statements if each["Condition"]["ArnLike"]["AWS:SourceArn"].endswith(f"/{rule}")
    ]
    client.remove_permission(FunctionName=function, StatementId=found["Sid"])
    return lambda: client.add_permission(
        FunctionName=function,
        StatementId=found["Sid"],
        Action=found["Action"],
        Principal=found["Principal"]["Service"],
        SourceArn=found["Condition"]["ArnLike"]["AWS:SourceArn"],
    )


def _out_of_queue(cloud: Cloud, statement: Statement) -> PutBack:
    sqs, url = cloud.aws.client("sqs"), cloud.outputs["UndeliveredEventsUrl"]
    policy = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"]
    rest = _without(json.loads(policy), statement.sid)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": rest})
    return lambda: sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})


def _out_of_bucket(cloud: Cloud, statement: Statement) -> PutBack:
    s3, bucket = cloud.aws.client("s3"), physical(cloud, "BootstrapTrailBucket")
    policy = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    s3.put_bucket_policy(Bucket=bucket, Policy=_without(json.loads(policy), statement.sid))
    return lambda: s3.put_bucket_policy(Bucket=bucket, Policy=policy)


def _out_of_key(cloud: Cloud, statement: Statement) -> PutBack:
    kms, key = cloud.aws.client("kms"), physical(cloud, statement.holder)
    policy = kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=_without(json.loads(policy), statement.sid))
    return lambda: kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy)


def _out_of_topic(cloud: Cloud, statement: Statement) -> PutBack:
    sns, topic = cloud.aws.client("sns"), cloud.outputs["NoticesTopicArn"]
    policy = sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"]

    def put(document: str) -> None:
        sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=document)

    put(_without(json.loads(policy), statement.sid))
    return lambda: put(policy)


_WAYS: dict[str, Callable[[Cloud, Statement], PutBack]] = {
    "AWS::Lambda::Permission": _out_of_function,
    "AWS::SNS::TopicPolicy": _out_of_topic,
    "AWS::SQS::QueuePolicy": _out_of_queue,
    "AWS::S3::BucketPolicy": _out_of_bucket,
    "AWS::KMS::Key": _out_of_key,
}
