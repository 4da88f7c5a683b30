"""From an API operation to the IAM actions that it demands, where the names differ.

The API's name is the action's name unless a table here says otherwise. Sources: the "Actions" column of the
Service Authorization Reference, which links each action to its API operations, and for S3 "Required permissions
for Amazon S3 API operations". An operation that leads to no known action stops the call with an EngineGap.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.authorization import reference


class EngineGap(NotImplementedError):
    """The embedded AWS does not understand a call well enough to authorize it: a table lacks an entry."""


class NotHere(EngineGap):
    """Of a service of which only what reads is here, an operation that does more."""


class NoArn(ValueError):
    """What stands where a call names a resource is no ARN."""


PREFIXES = {  # botocore's service name -> IAM's prefix, where they differ
    "stepfunctions": "states",
    "s3control": "s3",
    "accessanalyzer": "access-analyzer",
    "resourcegroupstaggingapi": "tag",
    "service-quotas": "servicequotas",
    "apigatewayv2": "apigateway",
    "bedrock-agent": "bedrock",
    "efs": "elasticfilesystem",
    "elb": "elasticloadbalancing",
    "elbv2": "elasticloadbalancing",
    "emr": "elasticmapreduce",
    "opensearch": "es",
    "sso-admin": "sso",
}
SERVICES = {  # the signature's service name -> botocore's, where they differ
    "states": "stepfunctions",
    "access-analyzer": "accessanalyzer",
    "monitoring": "cloudwatch",
    "tagging": "resourcegroupstaggingapi",
    "servicequotas": "service-quotas",
    "elasticfilesystem": "efs",
    "elasticloadbalancing": "elbv2",
    "elasticmapreduce": "emr",
    "sso": "sso-admin",
}
BY_PATH = {  # a signature's service and the beginning of the path -> botocore's service
    ("s3", "/v20180820/"): "s3control",
    ("apigateway", "/v2/"): "apigatewayv2",
    ("es", "/2021-01-01/"): "opensearch",
    **{
        ("bedrock", path): "bedrock-agent"
        for path in ("/agents/", "/flows/", "/knowledgebases/", "/prompts/")
    },
}
BY_VERSION = {("elbv2", "2012-06-01"): "elb"}  # a service and the version of its API -> the older service
S3 = {
    "CompleteMultipartUpload": "PutObject",
    "CopyObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "DeleteBucketAnalyticsConfiguration": "PutAnalyticsConfiguration",
    "DeleteBucketCors": "PutBucketCORS",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketIntelligentTieringConfiguration": "PutIntelligentTieringConfiguration",
    "DeleteBucketInventoryConfiguration": "PutInventoryConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "DeleteBucketMetricsConfiguration": "PutMetricsConfiguration",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "DeleteBucketReplication": "PutReplicationConfiguration",
    "DeleteBucketTagging": "PutBucketTagging",
    "DeleteObjects": "DeleteObject",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "GetBucketAnalyticsConfiguration": "GetAnalyticsConfiguration",
    "GetBucketCors": "GetBucketCORS",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketIntelligentTieringConfiguration": "GetIntelligentTieringConfiguration",
    "GetBucketInventoryConfiguration": "GetInventoryConfiguration",
    "GetBucketLifecycle": "GetLifecycleConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetBucketMetricsConfiguration": "GetMetricsConfiguration",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "GetBucketReplication": "GetReplicationConfiguration",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListBucketAnalyticsConfigurations": "GetAnalyticsConfiguration",
    "ListBucketIntelligentTieringConfigurations": "GetIntelligentTieringConfiguration",
    "ListBucketInventoryConfigurations": "GetInventoryConfiguration",
    "ListBucketMetricsConfigurations": "GetMetricsConfiguration",
    "ListBuckets": "ListAllMyBuckets",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListObjectVersions": "ListBucketVersions",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListParts": "ListMultipartUploadParts",
    "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
    "PutBucketAnalyticsConfiguration": "PutAnalyticsConfiguration",
    "PutBucketCors": "PutBucketCORS",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketIntelligentTieringConfiguration": "PutIntelligentTieringConfiguration",
    "PutBucketInventoryConfiguration": "PutInventoryConfiguration",
    "PutBucketLifecycle": "PutLifecycleConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutBucketMetricsConfiguration": "PutMetricsConfiguration",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "PutBucketReplication": "PutReplicationConfiguration",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "SelectObjectContent": "GetObject",
    "UploadPart": "PutObject",
    "UploadPartCopy": "PutObject",
}
WITH_VERSION = {  # S3: naming a version demands another action
    "GetObject": "GetObjectVersion",
    "HeadObject": "GetObjectVersion",
    "DeleteObject": "DeleteObjectVersion",
    "GetObjectAcl": "GetObjectVersionAcl",
    "PutObjectAcl": "PutObjectVersionAcl",
    "GetObjectTagging": "GetObjectVersionTagging",
    "PutObjectTagging": "PutObjectVersionTagging",
    "DeleteObjectTagging": "DeleteObjectVersionTagging",
}
NAMES: Mapping[str, Mapping[str, str]] = {
    "s3": S3,
    "s3control": {
        "GetPublicAccessBlock": "GetAccountPublicAccessBlock",
        "PutPublicAccessBlock": "PutAccountPublicAccessBlock",
        "DeletePublicAccessBlock": "PutAccountPublicAccessBlock",
    },
    "lambda": {
        "Invoke": "InvokeFunction",
        "InvokeAsync": "InvokeFunction",
        "InvokeWithResponseStream": "InvokeFunction",
        "GetLayerVersionByArn": "GetLayerVersion",
    },
    "sqs": {
        "SendMessageBatch": "SendMessage",
        "DeleteMessageBatch": "DeleteMessage",
        "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
    },
    "sns": {"PublishBatch": "Publish"},
    "accessanalyzer": {"GetFindingV2": "GetFinding", "ListFindingsV2": "ListFindings"},
    "budgets": {
        **dict.fromkeys(
            (
                *("DescribeBudget", "DescribeBudgets", "DescribeBudgetNotificationsForAccount"),
                *("DescribeBudgetPerformanceHistory", "DescribeNotificationsForBudget"),
                "DescribeSubscribersForNotification",
            ),
            "ViewBudget",
        ),
        **dict.fromkeys(
            (
                *(
                    "CreateBudget",
                    "CreateNotification",
                    "CreateSubscriber",
                    "DeleteBudget",
                    "DeleteNotification",
                ),
                *("DeleteSubscriber", "UpdateBudget", "UpdateNotification", "UpdateSubscriber"),
            ),
            "ModifyBudget",
        ),
    },
}
READS_OF_API_GATEWAY = "Get"  # its actions are the methods of HTTP
FREE = frozenset(  # AWS demands no permission of the caller ("No permissions are required", API references)
    ("sts:GetCallerIdentity", "sts:GetSessionToken", "sts:GetAccessKeyInfo")
)
TRANSACTIONS = {
    "Put": "dynamodb:PutItem",
    "Update": "dynamodb:UpdateItem",
    "Delete": "dynamodb:DeleteItem",
    "ConditionCheck": "dynamodb:ConditionCheckItem",
    "Get": "dynamodb:GetItem",
}


def service_of(signed_for: str, path: str) -> str:
    """botocore's name of the service that a request is for, by its signature and where it goes."""
    for (service, start), found in BY_PATH.items():
        if service == signed_for and path.startswith(start):
            return found
    return SERVICES.get(signed_for, signed_for)


def prefix_of(service: str) -> str:
    return PREFIXES.get(service, service)


def action_of(service: str, operation: str, parameters: Mapping[str, Any]) -> str:
    """The one action that an operation is known by; raises EngineGap."""
    name = NAMES.get(service, {}).get(operation, operation)
    if service == "s3" and parameters.get("VersionId"):
        name = WITH_VERSION.get(operation, name)
    prefix = prefix_of(service)
    if prefix == "apigateway" and operation.startswith(READS_OF_API_GATEWAY):
        name = "GET"
    action = f"{prefix}:{name}"
    if prefix in reference.READ_ONLY and not reference.is_action(action):
        raise NotHere(f"{service} {operation}")
    if not reference.is_action(action):
        raise EngineGap(
            f"{service} {operation}: the embedded IAM knows no action {action}. Where AWS checks another one, name it in "
            "local/authorization/operations.py"
        )
    return action
