"""What resources of a stack are like now, property by property, as their services say it: of the types that drift detection
compares here. Of a bucket its lifecycle, logging and object lock are left out.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resource-import-supported-resources.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from local.stack.resource import Context, Properties, only, renamed, tag_list

ABSENT = (
    "NoSuchPublicAccessBlockConfiguration",
    "NoSuchTagSet",
    "OwnershipControlsNotFoundError",
    "ServerSideEncryptionConfigurationNotFoundError",
)
"""How S3 says that a bucket has no such setting."""


def _topic(to: Context, arn: str) -> Properties:
    sns = to.api("sns")
    tags = sns.list_tags_for_resource(ResourceArn=arn)["Tags"]
    subscriptions = sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
    return {
        **_own(sns.get_topic_attributes(TopicArn=arn)["Attributes"]),
        "TopicName": arn.rpartition(":")[2],
        "Tags": tags,
        "Subscription": [only(each, "Endpoint", "Protocol") for each in subscriptions],
    }


def _queue(to: Context, url: str) -> Properties:
    sqs = to.api("sqs")
    return {
        **_own(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]),
        "QueueName": url.rpartition("/")[2],
        "Tags": tag_list(sqs.list_queue_tags(QueueUrl=url).get("Tags", {})),
    }


def _own(attributes: Mapping[str, str]) -> Properties:
    """SNS and SQS give each attribute as text, what is empty as well."""
    return {name: value for name, value in attributes.items() if value}


def _parameter(to: Context, name: str) -> Properties:
    ssm = to.api("ssm")
    found = ssm.get_parameter(Name=name)["Parameter"]
    named = [{"Key": "Name", "Option": "Equals", "Values": [name]}]
    (described,) = ssm.describe_parameters(ParameterFilters=named)["Parameters"]
    tags = ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=name)["TagList"]
    return {
        **only(described, "AllowedPattern", "Description", "Tier"),
        **only(found, "DataType", "Name", "Type", "Value"),
        "Tags": {tag["Key"]: tag["Value"] for tag in tags},
    }


def _log_group(to: Context, name: str) -> Properties:
    logs = to.api("logs")
    listed = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    found = next((group for group in listed if group["logGroupName"] == name), None)
    if found is None:
        raise ClientError(
            {"Error": {"Code": "ResourceNotFoundException", "Message": name}}, "DescribeLogGroups"
        )
    tags = logs.list_tags_for_resource(resourceArn=found["arn"].removesuffix(":*"))["tags"]
    names = {
        "logGroupClass": "LogGroupClass",
        "logGroupName": "LogGroupName",
        "retentionInDays": "RetentionInDays",
    }
    return {**renamed(found, names), "Tags": tag_list(tags)}


def _role(to: Context, name: str) -> Properties:
    iam = to.api("iam")
    role = iam.get_role(RoleName=name)["Role"]
    attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    inline = iam.list_role_policies(RoleName=name)["PolicyNames"]
    boundary = role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    return {
        **only(
            role, "AssumeRolePolicyDocument", "Description", "MaxSessionDuration", "Path", "RoleName", "Tags"
        ),
        **({"PermissionsBoundary": boundary} if boundary else {}),
        "ManagedPolicyArns": [each["PolicyArn"] for each in attached],
        "Policies": [
            only(iam.get_role_policy(RoleName=name, PolicyName=each), "PolicyDocument", "PolicyName")
            for each in inline
        ],
    }


def _bucket(to: Context, name: str) -> Properties:
    s3 = to.api("s3")

    def asked(operation: str, key: str) -> Any:
        try:
            return getattr(s3, f"get_{operation}")(Bucket=name).get(key)
        except ClientError as refused:
            if refused.response["Error"]["Code"] not in ABSENT:
                raise
            return None

    versioning = only(s3.get_bucket_versioning(Bucket=name), "Status")
    encryption = (asked("bucket_encryption", "ServerSideEncryptionConfiguration") or {}).get("Rules", [])
    rules = [
        renamed(rule, {"ApplyServerSideEncryptionByDefault": "ServerSideEncryptionByDefault"})
        | only(rule, "BucketKeyEnabled")
        for rule in encryption
    ]
    found = {
        "BucketEncryption": {"ServerSideEncryptionConfiguration": rules},
        "BucketName": name,
        "OwnershipControls": asked("bucket_ownership_controls", "OwnershipControls"),
        "PublicAccessBlockConfiguration": asked("public_access_block", "PublicAccessBlockConfiguration"),
        "Tags": asked("bucket_tagging", "TagSet"),
        "VersioningConfiguration": versioning,
    }
    return {key: value for key, value in found.items() if value}


READERS: Mapping[str, Callable[[Context, str], Properties]] = {
    "AWS::IAM::Role": _role,
    "AWS::Logs::LogGroup": _log_group,
    "AWS::S3::Bucket": _bucket,
    "AWS::SNS::Topic": _topic,
    "AWS::SQS::Queue": _queue,
    "AWS::SSM::Parameter": _parameter,
}
"""By type, what reads one by what it is called."""
NOT_COMPARED = (
    *("AccessControl", "KmsKeyId", "KmsMasterKeyId"),
    *("LifecycleConfiguration", "LoggingConfiguration", "ObjectLockConfiguration", "ObjectLockEnabled"),
)
"""AWS compares no KMS key ("Considerations when detecting drift"); the others are left out here alone."""


def differences(expected: Any, actual: Any, path: str = "") -> list[dict[str, str]]:
    """Each `PropertyDifference` of what a template sets."""
    if isinstance(expected, dict):
        there = _parsed(actual)
        if not isinstance(there, dict):
            return [_difference(path, expected, actual, "NOT_EQUAL")]
        found = []
        for key in expected:
            if not path and key in NOT_COMPARED:
                continue
            if key not in there:
                found.append(_difference(f"{path}/{key}", expected[key], None, "REMOVE"))
            else:
                found += differences(expected[key], there[key], f"{path}/{key}")
        return found
    if isinstance(expected, list) and isinstance(actual, list):
        missing = [(n, each) for n, each in enumerate(expected) if not any(_same(each, it) for it in actual)]
        extra = [(n, each) for n, each in enumerate(actual) if not any(_same(it, each) for it in expected)]
        changed = list(zip(missing, extra, strict=False))
        return [
            *(each for (n, was), (_, now) in changed for each in differences(was, now, f"{path}/{n}")),
            *(_difference(f"{path}/{n}", was, None, "REMOVE") for n, was in missing[len(changed) :]),
            *(_difference(f"{path}/{n}", None, now, "ADD") for n, now in extra[len(changed) :]),
        ]
    return [] if _text(expected) == _text(actual) else [_difference(path, expected, actual, "NOT_EQUAL")]


def _same(expected: Any, actual: Any) -> bool:
    return not differences(expected, actual, "/")


def _parsed(value: Any) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _difference(path: str, expected: Any, actual: Any, kind: str) -> dict[str, str]:
    return {
        "PropertyPath": path,
        "ExpectedValue": _text(expected),
        "ActualValue": _text(actual),
        "DifferenceType": kind,
    }


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)
