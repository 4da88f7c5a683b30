"""Drift detection of the embedded CloudFormation: it really compares, and tells what it could not read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.engine import Engine
from local.identity.credentials import Credentials
from tests.engine.stack.stacks import create, described, resources
from tests.engine.support import plain_moto

TRUSTED = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
PARTS: dict[str, Any] = {
    "Topic": {
        "Type": "AWS::SNS::Topic",
        "Properties": {"DisplayName": "shown", "Tags": [{"Key": "team", "Value": "a"}]},
    },
    "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 40}},
    "Parameter": {
        "Type": "AWS::SSM::Parameter",
        "Properties": {"Type": "String", "Value": "one", "Description": "two", "Tags": {"team": "a"}},
    },
    "Group": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 30}},
    "Role": {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": TRUSTED,
            "ManagedPolicyArns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
        },
    },
    "Bucket": {
        "Type": "AWS::S3::Bucket",
        "Properties": {
            "VersioningConfiguration": {"Status": "Enabled"},
            "PublicAccessBlockConfiguration": {"BlockPublicAcls": True},
        },
    },
    "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "one"}},
}
OTHERS = {**TRUSTED, "Statement": [{**TRUSTED["Statement"][0], "Principal": {"AWS": "*"}}]}  # type: ignore[dict-item]

Way = Callable[[Engine, str], object]
CHANGED: dict[str, tuple[str, Way, list[tuple[str, str]]]] = {
    "a value": (
        "Topic",
        lambda aws, arn: aws.client("sns").set_topic_attributes(
            TopicArn=arn, AttributeName="DisplayName", AttributeValue="other"
        ),
        [("/DisplayName", "NOT_EQUAL")],
    ),
    "a value that is emptied": (
        "Topic",
        lambda aws, arn: aws.client("sns").set_topic_attributes(
            TopicArn=arn, AttributeName="DisplayName", AttributeValue=""
        ),
        [("/DisplayName", "REMOVE")],
    ),
    "a tag more": (
        "Topic",
        lambda aws, arn: aws.client("sns").tag_resource(
            ResourceArn=arn, Tags=[{"Key": "more", "Value": "one"}]
        ),
        [("/Tags/1", "ADD")],
    ),
    "a tag less": (
        "Topic",
        lambda aws, arn: aws.client("sns").untag_resource(ResourceArn=arn, TagKeys=["team"]),
        [("/Tags/0", "REMOVE")],
    ),
    "a number": (
        "Queue",
        lambda aws, url: aws.client("sqs").set_queue_attributes(
            QueueUrl=url, Attributes={"VisibilityTimeout": "50"}
        ),
        [("/VisibilityTimeout", "NOT_EQUAL")],
    ),
    "a parameter": (
        "Parameter",
        lambda aws, name: aws.client("ssm").put_parameter(Name=name, Value="two", Overwrite=True),
        [("/Value", "NOT_EQUAL")],
    ),
    "a tag of a parameter": (
        "Parameter",
        lambda aws, name: aws.client("ssm").remove_tags_from_resource(
            ResourceType="Parameter", ResourceId=name, TagKeys=["team"]
        ),
        [("/Tags/team", "REMOVE")],
    ),
    "a setting that is taken away": (
        "Group",
        lambda aws, name: aws.client("logs").delete_retention_policy(logGroupName=name),
        [("/RetentionInDays", "REMOVE")],
    ),
    "whom a role trusts": (
        "Role",
        lambda aws, name: aws.client("iam").update_assume_role_policy(
            RoleName=name, PolicyDocument=json.dumps(OTHERS)
        ),
        [
            ("/AssumeRolePolicyDocument/Statement/0/Principal/Service", "REMOVE"),
        ],
    ),
    "a policy": (
        "Role",
        lambda aws, name: aws.client("iam").detach_role_policy(
            RoleName=name, PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess"
        ),
        [("/ManagedPolicyArns/0", "REMOVE")],
    ),
    "versions": (
        "Bucket",
        lambda aws, name: aws.client("s3").put_bucket_versioning(
            Bucket=name, VersioningConfiguration={"Status": "Suspended"}
        ),
        [("/VersioningConfiguration/Status", "NOT_EQUAL")],
    ),
    "a whole setting": (
        "Bucket",
        lambda aws, name: aws.client("s3").delete_public_access_block(Bucket=name),
        [("/PublicAccessBlockConfiguration", "REMOVE")],
    ),
}


@pytest.fixture(scope="module")
def aws() -> Iterator[Engine]:
    with Engine(time_scale=0.05) as engine:
        yield engine


def detected(aws: Engine, stack: str, who: Credentials | None = None) -> dict[str, Any]:
    """The answer about it, once CloudFormation is done."""
    cloudformation = aws.client("cloudformation", credentials=who)
    made = cloudformation.detect_stack_drift(StackName=stack)["StackDriftDetectionId"]
    asked = {"StackDriftDetectionId": made}
    first: dict[str, Any] = cloudformation.describe_stack_drift_detection_status(**asked)
    assert first["DetectionStatus"] == "DETECTION_IN_PROGRESS"
    assert "StackDriftStatus" not in first
    second: dict[str, Any] = cloudformation.describe_stack_drift_detection_status(**asked)
    return second


def drifts(aws: Engine, stack: str, *kinds: str) -> dict[str, dict[str, Any]]:
    filters = {"StackResourceDriftStatusFilters": [*kinds]} if kinds else {}
    told = aws.client("cloudformation").describe_stack_resource_drifts(StackName=stack, **filters)
    return {each["LogicalResourceId"]: each for each in told["StackResourceDrifts"]}


def test_what_is_as_it_was_made_is_in_sync_and_other_types_are_not_told(aws: Engine) -> None:
    create(aws, "same", PARTS)
    assert described(aws, "same")["DriftInformation"]["StackDriftStatus"] == "NOT_CHECKED"
    assert drifts(aws, "same") == {}
    told = detected(aws, "same")
    assert (told["DetectionStatus"], told["StackDriftStatus"], told["DriftedStackResourceCount"]) == (
        *("DETECTION_COMPLETE", "IN_SYNC"),
        0,
    )
    found = drifts(aws, "same")
    assert found.keys() == PARTS.keys() - {"Bus"}
    assert {each["StackResourceDriftStatus"] for each in found.values()} == {"IN_SYNC"}
    assert described(aws, "same")["DriftInformation"]["StackDriftStatus"] == "IN_SYNC"


@pytest.mark.parametrize("what", CHANGED)
def test_each_change_is_told_by_its_property_until_it_is_undone(aws: Engine, what: str) -> None:
    part, change, expected = CHANGED[what]
    name = what.replace(" ", "-")
    create(aws, name, {part: PARTS[part]})
    change(aws, resources(aws, name)[part])
    told = detected(aws, name)
    assert (told["StackDriftStatus"], told["DriftedStackResourceCount"]) == ("DRIFTED", 1)
    (found,) = drifts(aws, name, "MODIFIED", "DELETED").values()
    assert found["StackResourceDriftStatus"] == "MODIFIED"
    said = [(each["PropertyPath"], each["DifferenceType"]) for each in found["PropertyDifferences"]]
    assert said == expected
    assert json.loads(found["ExpectedProperties"]).keys() == PARTS[part]["Properties"].keys()


def test_what_is_gone_is_told_so(aws: Engine) -> None:
    create(aws, "gone", {name: part for name, part in PARTS.items() if name != "Bus"})
    there = resources(aws, "gone")
    aws.client("iam").detach_role_policy(
        RoleName=there["Role"], PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess"
    )
    aws.client("sns").delete_topic(TopicArn=there["Topic"])
    aws.client("sqs").delete_queue(QueueUrl=there["Queue"])
    aws.client("ssm").delete_parameter(Name=there["Parameter"])
    aws.client("logs").delete_log_group(logGroupName=there["Group"])
    aws.client("iam").delete_role(RoleName=there["Role"])
    aws.client("s3").delete_bucket(Bucket=there["Bucket"])
    assert detected(aws, "gone")["StackDriftStatus"] == "DRIFTED"
    assert set(drifts(aws, "gone", "DELETED")) == PARTS.keys() - {"Bus"}


def test_one_at_a_time_and_of_a_stack_that_is_done(aws: Engine) -> None:
    create(aws, "busy", {"Topic": PARTS["Topic"]})
    cloudformation = aws.client("cloudformation")
    cloudformation.detect_stack_drift(StackName="busy")
    with pytest.raises(ClientError, match="Drift detection is already in progress for stack"):
        cloudformation.detect_stack_drift(StackName="busy")
    with pytest.raises(ClientError, match="does not exist"):
        cloudformation.describe_stack_drift_detection_status(StackDriftDetectionId="none")
    body = json.dumps({"Resources": {"Topic": PARTS["Topic"]}})
    cloudformation.create_change_set(
        StackName="new", ChangeSetName="one", ChangeSetType="CREATE", TemplateBody=body
    )
    with pytest.raises(ClientError, match="cannot be performed"):
        cloudformation.detect_stack_drift(StackName="new")


def test_whoever_asks_reads_and_what_they_may_not_read_is_unknown(aws: Engine) -> None:
    create(aws, "shut", {"Topic": PARTS["Topic"]})
    iam = aws.client("iam")
    iam.create_user(UserName="asks")
    key = iam.create_access_key(UserName="asks")["AccessKey"]
    who = Credentials(key["AccessKeyId"], key["SecretAccessKey"], None)

    def may(*actions: str) -> None:
        statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_user_policy(UserName="asks", PolicyName="own", PolicyDocument=document)

    operations = ["DetectStackDrift", "DescribeStackDriftDetectionStatus", "DetectStackResourceDrift"]
    some = [f"cloudformation:{name}" for name in operations]
    may(*some)
    with pytest.raises(ClientError, match="cloudformation:BatchDescribeTypeConfigurations"):
        detected(aws, "shut", who)
    may(*some, "cloudformation:BatchDescribeTypeConfigurations")
    told = detected(aws, "shut", who)
    assert (told["DetectionStatus"], told["StackDriftStatus"]) == ("DETECTION_FAILED", "UNKNOWN")
    assert "sns:" in told["DetectionStatusReason"]
    (found,) = drifts(aws, "shut", "UNKNOWN").values()
    assert "not authorized to perform: sns:" in found["DriftStatusReason"]
    may(*some, "cloudformation:BatchDescribeTypeConfigurations", "sns:Get*", "sns:List*")
    assert detected(aws, "shut", who)["StackDriftStatus"] == "IN_SYNC"


def test_plain_moto_detects_no_drift() -> None:
    code = """
        stacks = client("cloudformation")
        stacks.create_stack(StackName="one", TemplateBody='{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}')
        try:
            stacks.detect_stack_drift(StackName="one")
        except NotImplementedError:
            print("no drift")
    """
    assert "no drift" in plain_moto(code)
