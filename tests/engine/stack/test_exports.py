"""Exports of the embedded CloudFormation: who imports them, and what must not go while somebody does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.engine import Engine
from tests.engine.stack.stacks import create, described, resources
from tests.engine.support import plain_moto

QUEUE = {"Type": "AWS::SQS::Queue"}
NAMED = {
    "Value": {"Fn::GetAtt": ["Queue", "QueueName"]},
    "Export": {"Name": {"Fn::Sub": "${AWS::StackName}-queue"}},
}

EXPIRING = {
    "rulePriority": 1,
    "selection": {
        "tagStatus": "untagged",
        "countType": "sinceImagePushed",
        "countUnit": "days",
        "countNumber": 365,
    },
    "action": {"type": "expire"},
}


@pytest.fixture(scope="module")
def aws() -> Iterator[Engine]:
    with Engine(time_scale=0.05) as engine:
        yield engine


def exporting(aws: Engine, name: str) -> None:
    create(aws, name, {"Queue": QUEUE}, Outputs={"Queue": NAMED})


def reading(export: str) -> dict[str, Any]:
    value = {"Fn::ImportValue": {"Fn::Sub": export}}
    return {"Told": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": value}}}


def update(aws: Engine, name: str, declared: dict[str, Any], **more: Any) -> None:
    body = json.dumps({"Resources": declared, **more})
    aws.client("cloudformation").update_stack(StackName=name, TemplateBody=body)


def test_a_stack_reads_what_another_one_exports(aws: Engine) -> None:
    exporting(aws, "giver")
    create(aws, "taker", reading("giver-queue"))
    cloudformation = aws.client("cloudformation")
    (output,) = described(aws, "giver")["Outputs"]
    exports = {each["Name"]: each for each in cloudformation.list_exports()["Exports"]}
    (told,) = resources(aws, "taker").values()
    value = aws.client("ssm").get_parameter(Name=told)["Parameter"]["Value"]
    assert output["ExportName"] == "giver-queue"
    assert exports["giver-queue"]["Value"] == output["OutputValue"] == value
    assert exports["giver-queue"]["ExportingStackId"] == described(aws, "giver")["StackId"]
    assert cloudformation.list_imports(ExportName="giver-queue")["Imports"] == ["taker"]


def test_a_stack_whose_export_is_in_use_is_not_deleted(aws: Engine) -> None:
    """DeleteStack answers; the stack goes on as what it was, and says who uses it."""
    exporting(aws, "needed")
    create(aws, "user", reading("needed-queue"))
    cloudformation = aws.client("cloudformation")
    cloudformation.delete_stack(StackName="needed")
    stack = described(aws, "needed")
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert stack["StackStatusReason"] == (
        "Delete canceled. Cannot delete export needed-queue as it is in use by user."
    )
    aws.client("sqs").get_queue_url(QueueName=stack["Outputs"][0]["OutputValue"])
    cloudformation.delete_stack(StackName="user")
    with pytest.raises(ClientError, match="Export 'needed-queue' is not imported by any stack"):
        cloudformation.list_imports(ExportName="needed-queue")
    cloudformation.delete_stack(StackName="needed")
    with pytest.raises(ClientError, match="does not exist"):
        described(aws, "needed")


def test_an_export_in_use_neither_goes_nor_changes(aws: Engine) -> None:
    exporting(aws, "kept")
    create(aws, "reader", reading("kept-queue"))
    value = described(aws, "kept")["Outputs"][0]["OutputValue"]
    update(aws, "kept", {"Queue": QUEUE, "Other": QUEUE}, Outputs={})
    assert described(aws, "kept")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    told = "Delete canceled. Cannot delete export kept-queue as it is in use by reader."
    assert described(aws, "kept")["StackStatusReason"] == told
    update(aws, "kept", {"Queue": QUEUE}, Outputs={"Queue": {**NAMED, "Value": "another"}})
    told = "Update canceled. Cannot update export kept-queue as it is in use by reader."
    assert described(aws, "kept")["StackStatusReason"] == told
    events = aws.client("cloudformation").describe_stack_events(StackName="kept")["StackEvents"]
    blamed = {each["LogicalResourceId"] for each in events if each.get("ResourceStatusReason") == told}
    assert blamed == {"kept"}  # the stack, and none of its resources
    (export,) = [
        e for e in aws.client("cloudformation").list_exports()["Exports"] if e["Name"] == "kept-queue"
    ]
    assert export["Value"] == value


def test_a_name_is_exported_once_and_imported_only_where_it_is(aws: Engine) -> None:
    exporting(aws, "first")
    create(aws, "second", {"Queue": QUEUE}, Outputs={"Queue": {**NAMED, "Export": {"Name": "first-queue"}}})
    assert described(aws, "second")["StackStatus"] == "ROLLBACK_COMPLETE"
    assert described(aws, "second")["StackStatusReason"] == (
        "Export with name first-queue is already exported by stack first."
    )
    create(aws, "third", reading("nobodys"))
    assert "No export named nobodys found" in described(aws, "third")["StackStatusReason"]
    elsewhere = aws.client("cloudformation", region="eu-west-1")
    assert elsewhere.list_exports()["Exports"] == []


def test_a_repository_of_images_is_made_changed_and_deleted(aws: Engine) -> None:
    """What `cdk bootstrap` makes, with a bucket whose AccessControl is Private."""
    lifecycle = {"LifecyclePolicyText": json.dumps({"rules": [EXPIRING]})}
    repository = {"RepositoryName": "images", "ImageTagMutability": "IMMUTABLE", "LifecyclePolicy": lifecycle}
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"AccessControl": "Private"}}
    declared = {"Images": {"Type": "AWS::ECR::Repository", "Properties": repository}, "Assets": bucket}
    uri = {"Uri": {"Value": {"Fn::GetAtt": ["Images", "RepositoryUri"]}}}
    create(aws, "images", declared, Outputs=uri)
    ecr = aws.client("ecr")
    (made,) = ecr.describe_repositories()["repositories"]
    assert described(aws, "images")["Outputs"][0]["OutputValue"] == made["repositoryUri"]
    assert made["imageTagMutability"] == "IMMUTABLE"
    assert ecr.get_lifecycle_policy(repositoryName="images")["lifecyclePolicyText"]
    changed = {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": "images"}}
    update(aws, "images", {"Images": changed, "Assets": bucket}, Outputs=uri)
    (made,) = ecr.describe_repositories()["repositories"]
    assert made["imageTagMutability"] == "MUTABLE"
    with pytest.raises(ClientError, match="LifecyclePolicyNotFound"):
        ecr.get_lifecycle_policy(repositoryName="images")
    public = {"Type": "AWS::S3::Bucket", "Properties": {"AccessControl": "PublicRead"}}
    create(aws, "public", {"It": public})
    assert "no AccessControl of a bucket but Private" in described(aws, "public")["StackStatusReason"]
    aws.client("cloudformation").delete_stack(StackName="images")
    assert ecr.describe_repositories()["repositories"] == []


def test_plain_moto_deletes_what_others_import() -> None:
    code = """
        import boto3, json
        from moto import mock_aws
        with mock_aws():
            stacks = boto3.client("cloudformation", region_name="us-east-1")
            queue = {"Queue": {"Type": "AWS::SQS::Queue"}}
            exported = {"Queue": {"Value": "it", "Export": {"Name": "it"}}}
            value = {"Fn::ImportValue": "it"}
            told = {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "/told", "Type": "String", "Value": value}}
            for name, body in (("a", {"Resources": queue, "Outputs": exported}), ("b", {"Resources": {"T": told}})):
                stacks.create_stack(StackName=name, TemplateBody=json.dumps(body))
            stacks.delete_stack(StackName="a")
            print([stack["StackName"] for stack in stacks.describe_stacks()["Stacks"]])
    """
    assert plain_moto(code) == "['b']"
