"""AWS::S3 and AWS::DynamoDB."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from local.stack.errors import NotEmbedded
from local.stack.resource import (
    Context,
    Made,
    Properties,
    PutType,
    ResourceType,
    document,
    embedded,
    only,
    renamed,
    tag_changes,
    tag_list,
)


@embedded
class Bucket(ResourceType):
    name = "AWS::S3::Bucket"
    applies = frozenset(
        {
            "AccessControl",
            "BucketEncryption",
            "BucketName",
            "LifecycleConfiguration",
            "LoggingConfiguration",
            "ObjectLockConfiguration",
            "ObjectLockEnabled",
            "OwnershipControls",
            "PublicAccessBlockConfiguration",
            "Tags",
            "VersioningConfiguration",
        }
    )

    def create(self, to: Context, wanted: Properties) -> Made:
        _require_private(wanted)
        s3, name = to.api("s3"), wanted.get("BucketName") or to.name(63, lower=True)
        elsewhere = {"CreateBucketConfiguration": {"LocationConstraint": to.region}}
        s3.create_bucket(
            Bucket=name,
            **(elsewhere if to.region != "us-east-1" else {}),
            **renamed(wanted, {"ObjectLockEnabled": "ObjectLockEnabledForBucket"}),
        )
        self._configure(s3, name, {}, wanted)
        attributes = {
            "Arn": f"arn:{to.partition}:s3:::{name}",
            "DomainName": f"{name}.s3.amazonaws.com",
            "RegionalDomainName": f"{name}.s3.{to.region}.amazonaws.com",
        }
        return Made(name, attributes)

    def update(self, to: Context, made: Made, old: Properties, wanted: Properties) -> Made:
        _require_private(wanted)
        self._configure(to.api("s3"), made.physical_id, old, wanted)
        return made

    def delete(self, to: Context, made: Made, old: Properties) -> None:
        to.api("s3").delete_bucket(Bucket=made.physical_id)

    @staticmethod
    def _configure(s3: Any, bucket: str, old: Properties, wanted: Properties) -> None:
        for name, setting in BUCKET_SETTINGS.items():
            if wanted.get(name) == old.get(name):
                continue
            if name in wanted:
                setting.put(s3, bucket, wanted[name])
            else:
                setting.clear(s3, bucket)


def _require_private(wanted: Properties) -> None:
    """`Private` is what every bucket is, whose ACLs AWS disables; any other one fails there, too, where none are enabled."""
    acl = wanted.get("AccessControl", "Private")
    if acl != "Private":
        raise NotEmbedded(
            f"the embedded CloudFormation carries out no AccessControl of a bucket but Private, not {acl}"
        )


class BucketSetting:
    """One property of a bucket: the operation that puts it, its parameter, and how it is cleared."""

    def __init__(
        self,
        operation: str,
        parameter: str,
        convert: Callable[[Any], Any] = lambda value: value,
        cleared: Any = None,
    ) -> None:
        self.operation, self.parameter, self.convert, self.cleared = operation, parameter, convert, cleared

    def put(self, s3: Any, bucket: str, value: Any) -> None:
        getattr(s3, f"put_{self.operation}")(Bucket=bucket, **{self.parameter: self.convert(value)})

    def clear(self, s3: Any, bucket: str) -> None:
        if self.cleared is not None:
            getattr(s3, f"put_{self.operation}")(Bucket=bucket, **{self.parameter: self.cleared})
        else:
            getattr(s3, f"delete_{self.operation.removesuffix('_configuration')}")(Bucket=bucket)


def _encryption(wanted: Properties) -> Properties:
    return {
        "Rules": [
            {
                "ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"],
                **only(rule, "BucketKeyEnabled"),
            }
            for rule in wanted["ServerSideEncryptionConfiguration"]
        ]
    }


def _logging(wanted: Properties) -> Properties:
    target = renamed(wanted, {"DestinationBucketName": "TargetBucket", "LogFilePrefix": "TargetPrefix"})
    return {"LoggingEnabled": {"TargetPrefix": "", **target}}


def _lifecycle(wanted: Properties) -> Properties:
    return {"Rules": [_lifecycle_rule(rule) for rule in wanted["Rules"]]}


def _lifecycle_rule(rule: Properties) -> Properties:
    """CloudFormation's flat rule in the API's nested shape; NotEmbedded for what is left over."""
    made: Properties = {
        "Filter": {"Prefix": rule.get("Prefix", "")},
        **renamed(rule, {"Id": "ID", "Status": "Status"}),
    }
    if "ExpirationInDays" in rule:
        made["Expiration"] = {"Days": rule["ExpirationInDays"]}
    if "ExpiredObjectDeleteMarker" in rule:
        made["Expiration"] = only(rule, "ExpiredObjectDeleteMarker")
    if "NoncurrentVersionExpirationInDays" in rule:
        made["NoncurrentVersionExpiration"] = {"NoncurrentDays": rule["NoncurrentVersionExpirationInDays"]}
    if "NoncurrentVersionExpiration" in rule:
        made["NoncurrentVersionExpiration"] = rule["NoncurrentVersionExpiration"]
    if "AbortIncompleteMultipartUpload" in rule:
        made["AbortIncompleteMultipartUpload"] = rule["AbortIncompleteMultipartUpload"]
    if "Transitions" in rule:
        made["Transitions"] = [
            renamed(step, {"TransitionInDays": "Days", "StorageClass": "StorageClass"})
            for step in rule["Transitions"]
        ]
    if "NoncurrentVersionTransitions" in rule:
        made["NoncurrentVersionTransitions"] = [
            renamed(step, {"TransitionInDays": "NoncurrentDays", "StorageClass": "StorageClass"})
            for step in rule["NoncurrentVersionTransitions"]
        ]
    if strange := set(rule) - LIFECYCLE_RULE:
        raise NotEmbedded(
            f"the embedded CloudFormation does not carry out {sorted(strange)} of a lifecycle rule"
        )
    return made


LIFECYCLE_RULE = {
    "AbortIncompleteMultipartUpload",
    "ExpirationInDays",
    "ExpiredObjectDeleteMarker",
    "Id",
    "NoncurrentVersionExpiration",
    "NoncurrentVersionExpirationInDays",
    "NoncurrentVersionTransitions",
    "Prefix",
    "Status",
    "Transitions",
}

BUCKET_SETTINGS: Mapping[str, BucketSetting] = {
    "VersioningConfiguration": BucketSetting(
        "bucket_versioning", "VersioningConfiguration", cleared={"Status": "Suspended"}
    ),
    "BucketEncryption": BucketSetting("bucket_encryption", "ServerSideEncryptionConfiguration", _encryption),
    "PublicAccessBlockConfiguration": BucketSetting("public_access_block", "PublicAccessBlockConfiguration"),
    "OwnershipControls": BucketSetting("bucket_ownership_controls", "OwnershipControls"),
    "ObjectLockConfiguration": BucketSetting(
        "object_lock_configuration", "ObjectLockConfiguration", cleared={"ObjectLockEnabled": "Enabled"}
    ),
    "LifecycleConfiguration": BucketSetting(
        "bucket_lifecycle_configuration", "LifecycleConfiguration", _lifecycle
    ),
    "LoggingConfiguration": BucketSetting("bucket_logging", "BucketLoggingStatus", _logging, cleared={}),
    "Tags": BucketSetting("bucket_tagging", "Tagging", lambda tags: {"TagSet": tags}),
}


@embedded
class BucketPolicy(PutType):
    name = "AWS::S3::BucketPolicy"
    applies = frozenset({"Bucket", "PolicyDocument"})

    def put(self, to: Context, wanted: Properties, physical_id: str | None) -> Made:
        to.api("s3").put_bucket_policy(Bucket=wanted["Bucket"], Policy=document(wanted["PolicyDocument"]))
        return Made(wanted["Bucket"])

    def delete(self, to: Context, made: Made, old: Properties) -> None:
        to.api("s3").delete_bucket_policy(Bucket=old["Bucket"])


@embedded
class Table(ResourceType):
    name = "AWS::DynamoDB::Table"
    applies = frozenset(
        {
            "AttributeDefinitions",
            "BillingMode",
            "DeletionProtectionEnabled",
            "GlobalSecondaryIndexes",
            "KeySchema",
            "PointInTimeRecoverySpecification",
            "SSESpecification",
            "StreamSpecification",
            "TableClass",
            "TableName",
            "Tags",
            "TimeToLiveSpecification",
        }
    )

    def create(self, to: Context, wanted: Properties) -> Made:
        dynamodb, name = to.api("dynamodb"), wanted.get("TableName") or to.name(255)
        table = dynamodb.create_table(
            TableName=name,
            **_encrypted(_streamed(wanted)),
            **only(
                wanted,
                "AttributeDefinitions",
                "BillingMode",
                "DeletionProtectionEnabled",
                "GlobalSecondaryIndexes",
                "KeySchema",
                "TableClass",
                "Tags",
            ),
        )["TableDescription"]
        dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
        self._add(dynamodb, name, {}, wanted)
        stream = {"StreamArn": table["LatestStreamArn"]} if "LatestStreamArn" in table else {}
        return Made(name, {"Arn": table["TableArn"], **stream})

    def update(self, to: Context, made: Made, old: Properties, wanted: Properties) -> Made:
        for fixed in ("KeySchema", "GlobalSecondaryIndexes", "StreamSpecification", "SSESpecification"):
            if old.get(fixed) != wanted.get(fixed):
                raise NotEmbedded(f"the embedded CloudFormation cannot change {fixed} of a table")
        dynamodb = to.api("dynamodb")
        settings = only(
            wanted, "AttributeDefinitions", "BillingMode", "DeletionProtectionEnabled", "TableClass"
        )
        dynamodb.update_table(TableName=made.physical_id, **settings)
        put, gone = tag_changes(old, wanted)
        arn = made.attributes["Arn"]
        if put:
            dynamodb.tag_resource(ResourceArn=arn, Tags=tag_list(put))
        if gone:
            dynamodb.untag_resource(ResourceArn=arn, TagKeys=gone)
        self._add(dynamodb, made.physical_id, old, wanted)
        return made

    def delete(self, to: Context, made: Made, old: Properties) -> None:
        to.api("dynamodb").delete_table(TableName=made.physical_id)

    @staticmethod
    def _add(dynamodb: Any, name: str, old: Properties, wanted: Properties) -> None:
        backups, expiry = "PointInTimeRecoverySpecification", "TimeToLiveSpecification"
        if old.get(backups) != wanted.get(backups):
            settings = wanted.get(backups, {"PointInTimeRecoveryEnabled": False})
            dynamodb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=settings)
        if old.get(expiry) != wanted.get(expiry):
            settings = wanted.get(expiry) or old[expiry] | {"Enabled": False}
            dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=settings)


def _encrypted(wanted: Properties) -> Properties:
    if "SSESpecification" not in wanted:
        return wanted
    names = {"SSEEnabled": "Enabled", "SSEType": "SSEType", "KMSMasterKeyId": "KMSMasterKeyId"}
    return only(wanted, "StreamSpecification") | {
        "SSESpecification": renamed(wanted["SSESpecification"], names)
    }


def _streamed(wanted: Properties) -> Properties:
    if "StreamSpecification" not in wanted:
        return only(wanted, "SSESpecification")
    stream = {"StreamEnabled": True, **only(wanted["StreamSpecification"], "StreamViewType")}
    return only(wanted, "SSESpecification") | {"StreamSpecification": stream}
