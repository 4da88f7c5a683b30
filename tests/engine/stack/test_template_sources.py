"""CloudFormation reads a template from S3 as whoever asks, and takes none that is too long."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.engine import Engine
from local.identity.credentials import Credentials
from local.stack.template_sources import LONGEST, LONGEST_SENT
from tests.engine.support import plain_moto

BUCKET, ELSEWHERE = "templates-of-mine", "eu-west-1"
TOPIC = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}


def body(length: int) -> str:
    """A template of so many bytes."""
    short = json.dumps({**TOPIC, "Metadata": {"Of": ""}})
    return json.dumps({**TOPIC, "Metadata": {"Of": "x" * (length - len(short))}})


@pytest.fixture(scope="module")
def aws() -> Iterator[Engine]:
    with Engine(time_scale=0.05) as engine:
        s3 = engine.client("s3", region=ELSEWHERE)
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": ELSEWHERE})
        for name, length in (("small", 100), ("large", LONGEST), ("too-large", LONGEST + 1)):
            s3.put_object(Bucket=BUCKET, Key=name, Body=body(length))
        yield engine


def url(key: str, host: str = f"{BUCKET}.s3.{ELSEWHERE}.amazonaws.com") -> str:
    return f"https://{host}/{key}"


@pytest.mark.parametrize(
    "address",
    [
        url("large"),
        url("large", f"{BUCKET}.s3.amazonaws.com"),
        url(f"{BUCKET}/large", f"s3.{ELSEWHERE}.amazonaws.com"),
        url(f"{BUCKET}/large", "s3.amazonaws.com"),
    ],
)
def test_it_is_read_from_another_region_by_each_form_of_its_address(aws: Engine, address: str) -> None:
    cloudformation = aws.client("cloudformation")
    cloudformation.validate_template(TemplateURL=address)
    cloudformation.create_stack(StackName="large", TemplateURL=address)
    kept = cloudformation.get_template(StackName="large")["TemplateBody"]
    assert len(json.dumps(kept)) == LONGEST
    cloudformation.delete_stack(StackName="large")


def by_everything(cloudformation: Any, **given: str) -> list[str]:
    """What each call that takes a template answers."""
    at = {"StackName": "mine", **given}
    told = []
    for call, asked in (
        (cloudformation.validate_template, given),
        (cloudformation.create_stack, at),
        (cloudformation.create_change_set, {**at, "ChangeSetName": "one", "ChangeSetType": "CREATE"}),
    ):
        with pytest.raises(ClientError) as refused:
            call(**asked)
        assert refused.value.response["Error"]["Code"] == "ValidationError"
        told.append(refused.value.response["Error"]["Message"])
    assert cloudformation.describe_stacks()["Stacks"] == []
    return told


def test_what_is_too_long_is_refused(aws: Engine) -> None:
    cloudformation = aws.client("cloudformation")
    for told in by_everything(cloudformation, TemplateBody=body(LONGEST_SENT + 1)):
        assert told.endswith(
            "'templateBody' failed to satisfy constraint: Member must have length less than or equal to 51200"
        )
    for told in by_everything(cloudformation, TemplateURL=url("too-large")):
        assert told == "Template may not exceed 1000000 bytes in size."
    cloudformation.validate_template(TemplateBody=body(LONGEST_SENT))


@pytest.mark.parametrize(
    ("address", "why"),
    [
        (url("gone"), "S3 error: The specified key does not exist"),
        (
            url("large", f"{BUCKET}.s3.us-west-2.amazonaws.com"),
            "S3 error: The bucket you are attempting to access",
        ),
        (url("large").replace("https", "http"), "TemplateURL must be a supported URL"),
        ("https://example.com/template.yaml", "TemplateURL must be a supported URL"),
        (f"https://s3.{ELSEWHERE}.amazonaws.com/", "TemplateURL must be a supported URL"),
    ],
)
def test_what_cannot_be_read_is_told_and_leaves_no_stack(aws: Engine, address: str, why: str) -> None:
    for told in by_everything(aws.client("cloudformation"), TemplateURL=address):
        assert told.startswith(why)


def test_it_is_read_with_the_permissions_of_whoever_asks(aws: Engine) -> None:
    iam = aws.client("iam")
    iam.create_user(UserName="deployer")
    key = iam.create_access_key(UserName="deployer")["AccessKey"]
    allowed = {"Effect": "Allow", "Action": ["cloudformation:*", "sns:*"], "Resource": "*"}

    def may(*more: dict[str, Any]) -> Any:
        document = json.dumps({"Version": "2012-10-17", "Statement": [allowed, *more]})
        iam.put_user_policy(UserName="deployer", PolicyName="own", PolicyDocument=document)
        made = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
        return aws.client("cloudformation", credentials=made)

    other = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{BUCKET}/small"}
    for told in by_everything(may(other), TemplateURL=url("large")):
        assert told.startswith("S3 error: ")
        assert "s3:GetObject" in told
    read = {**other, "Resource": f"arn:aws:s3:::{BUCKET}/large"}
    may(read).create_stack(StackName="read", TemplateURL=url("large"))


def test_plain_moto_takes_any_length() -> None:
    taken = plain_moto("""
        import boto3, json
        from moto import mock_aws

        with mock_aws():
            s3, cloudformation = boto3.client("s3", "us-east-1"), boto3.client("cloudformation", "us-east-1")
            body = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}) + " " * 1_000_001
            s3.create_bucket(Bucket="theirs")
            s3.put_object(Bucket="theirs", Key="large", Body=body)
            cloudformation.create_stack(StackName="sent", TemplateBody=body)
            cloudformation.create_stack(StackName="read", TemplateURL="https://theirs.s3.amazonaws.com/large")
            print(sorted(each["StackName"] for each in cloudformation.describe_stacks()["Stacks"]))
    """)
    assert taken.strip() == "['read', 'sent']"
