"""What an account holds, seen from inside by AWS's own answers and nobody else's."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from botocore.exceptions import ClientError

from tests.workflow.conftest import Cloud

DEV = "allow-dev-from-security-account"
WORKLOAD_ROLES = {
    "allow-admin-from-security-account": (["AdministratorAccess"], set[str]()),
    DEV: ([], {"observe"}),
    "allow-read-only-from-security-account": (["ReadOnlyAccess"], set[str]()),
    "allow-support-from-security-account": (["AWSSupportAccess"], set[str]()),
}
"""Each with AWS's policies and the names of its own."""
WHERE_DEVELOPERS_WORK = {DEV: (["PowerUserAccess"], {"workload-roles"})}
SECURITY_GROUPS = {
    "admin-external-accounts": {"AdministratorAccess"},
    "dev-external-accounts": set[str](),
    "ro-external-accounts": {"ReadOnlyAccess"},
}


def portrait(cloud: Cloud, account_id: str) -> dict[str, Any]:
    """Everything a baseline is about, by what it is: two accounts in the same state look the same."""
    return {
        **_roles(cloud, account_id),
        **_groups(cloud, account_id),
        **_trails(cloud, account_id),
        **_config(cloud, account_id),
        **_settings(cloud, account_id),
        **_archive(cloud, account_id),
    }


def lacks(cloud: Cloud, account_id: str, security: str) -> list[str]:
    """What a workload account lacks of the article's set-up; empty when it has everything."""
    found = portrait(cloud, account_id)
    root = f"arn:aws:iam::{security}:root"
    expected = WORKLOAD_ROLES | (
        WHERE_DEVELOPERS_WORK if {"Development", "Staging"} & set(_units(cloud, account_id)) else {}
    )
    wrong = [f"no role {name}" for name in expected if f"role {name}" not in found]
    for name, (policies, own) in expected.items():
        role = found.get(f"role {name}")
        if role:
            (statement,) = role["trust"]["Statement"]
            if statement["Principal"] != {"AWS": root}:
                wrong.append(f"{name} trusts {statement['Principal']}")
            if statement["Condition"]["Bool"] != {"aws:MultiFactorAuthPresent": "true"}:
                wrong.append(f"{name} asks for no MFA")
            attached = [f"arn:aws:iam::aws:policy/{policy}" for policy in policies]
            if (role["attached"], set(role["inline"])) != (attached, own):
                wrong.append(f"{name} has {role['attached']} and {sorted(role['inline'])}")
    trail = found.get("trail groundwork", {})
    archived = trail.get("S3BucketName") == f"groundwork-trail-{security}"
    if not (
        archived and trail["logging"] and trail["LogFileValidationEnabled"] and trail["IsMultiRegionTrail"]
    ):
        wrong.append(f"its trail is {trail}")
    if not found["recording"].get("groundwork"):
        wrong.append("Config does not record")
    channels = [channel["s3BucketName"] for channel in found["channels"]]
    if channels != [f"groundwork-config-{security}"]:
        wrong.append(f"Config delivers to {channels}")
    if (found["password policy"] or {}).get("MinimumPasswordLength") != 14:
        wrong.append(f"its password policy is {found['password policy']}")
    if not found["aliases"]:
        wrong.append("no alias")
    if not found["EBS encryption"]:
        wrong.append("EBS does not encrypt by default")
    if set((found["public access block"] or {}).values()) != {True}:
        wrong.append(f"its public access block is {found['public access block']}")
    return wrong


def _units(cloud: Cloud, account_id: str) -> Iterator[str]:
    """The names of the units that an account is in, the innermost first; of the root there are none."""
    organizations = cloud.aws.client("organizations")
    (parent,) = organizations.list_parents(ChildId=account_id)["Parents"]
    while parent["Type"] != "ROOT":
        unit = organizations.describe_organizational_unit(OrganizationalUnitId=parent["Id"])
        yield str(unit["OrganizationalUnit"]["Name"])
        (parent,) = organizations.list_parents(ChildId=parent["Id"])["Parents"]


def or_none(ask: Callable[[], Any], *absent: str) -> Any:
    """An answer, None when AWS says by one of these codes that there is none."""
    try:
        return ask()
    except ClientError as error:
        if error.response["Error"]["Code"] not in absent:
            raise
        return None


def _plain(items: Iterable[dict[str, Any]]) -> dict[str, str]:
    return {item["Key"]: item["Value"] for item in items}


def _policies(holder: dict[str, Any], kind: str) -> dict[str, Any]:
    return {
        "attached": sorted(policy["PolicyArn"] for policy in holder["AttachedManagedPolicies"]),
        "inline": {
            policy["PolicyName"]: policy["PolicyDocument"] for policy in holder.get(f"{kind}PolicyList", [])
        },
    }


def _roles(cloud: Cloud, account_id: str) -> dict[str, Any]:
    iam = cloud.inside("iam", account_id)
    pages = iam.get_paginator("get_account_authorization_details").paginate(Filter=["Role"])
    found = {}
    for role in (role for page in pages for role in page["RoleDetailList"]):
        if role["Path"].startswith("/aws-service-role/"):
            continue
        whole = iam.get_role(RoleName=role["RoleName"])["Role"]
        found[f"role {role['RoleName']}"] = {
            "trust": role["AssumeRolePolicyDocument"],
            **_policies(role, "Role"),
            "boundary": whole.get("PermissionsBoundary"),
            "session": whole["MaxSessionDuration"],
            "description": whole.get("Description"),
            "tags": _plain(role["Tags"]),
        }
    return found


def _groups(cloud: Cloud, account_id: str) -> dict[str, Any]:
    iam = cloud.inside("iam", account_id)
    pages = iam.get_paginator("get_account_authorization_details").paginate(Filter=["Group"])
    return {
        f"group {group['GroupName']}": _policies(group, "Group")
        for page in pages
        for group in page["GroupDetailList"]
    }


def _trails(cloud: Cloud, account_id: str) -> dict[str, Any]:
    """The trails the account can see; of an organization trail, too."""
    cloudtrail = cloud.inside("cloudtrail", account_id)
    found = {}
    for trail in cloudtrail.describe_trails(includeShadowTrails=True)["trailList"]:
        logging = cloudtrail.get_trail_status(Name=trail["TrailARN"])["IsLogging"]
        found[f"trail {trail['Name']}"] = {**trail, "logging": logging}
    return found


def _config(cloud: Cloud, account_id: str) -> dict[str, Any]:
    config = cloud.inside("config", account_id)
    statuses = config.describe_configuration_recorder_status()["ConfigurationRecordersStatus"]
    return {
        "recorders": config.describe_configuration_recorders()["ConfigurationRecorders"],
        "recording": {status["name"]: status["recording"] for status in statuses},
        "channels": config.describe_delivery_channels()["DeliveryChannels"],
    }


def _settings(cloud: Cloud, account_id: str) -> dict[str, Any]:
    iam, s3 = cloud.inside("iam", account_id), cloud.inside("s3control", account_id)
    password = or_none(iam.get_account_password_policy, "NoSuchEntity")
    block = or_none(
        lambda: s3.get_public_access_block(AccountId=account_id), "NoSuchPublicAccessBlockConfiguration"
    )
    return {
        "password policy": password and password["PasswordPolicy"],
        "aliases": iam.list_account_aliases()["AccountAliases"],
        "public access block": block and block["PublicAccessBlockConfiguration"],
        "EBS encryption": cloud.inside("ec2", account_id).get_ebs_encryption_by_default()[
            "EbsEncryptionByDefault"
        ],
    }


def _archive(cloud: Cloud, account_id: str) -> dict[str, Any]:
    s3, kms = cloud.inside("s3", account_id), cloud.inside("kms", account_id)
    found: dict[str, Any] = {}
    for bucket in (each["Name"] for each in s3.list_buckets()["Buckets"]):
        policy = _answer(s3, "get_bucket_policy", bucket, "NoSuchBucketPolicy")
        found[f"bucket {bucket}"] = {
            "policy": policy and json.loads(policy["Policy"]),
            "encryption": s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"],
            "versioning": s3.get_bucket_versioning(Bucket=bucket).get("Status"),
            "block": _answer(s3, "get_public_access_block", bucket, "NoSuchPublicAccessBlockConfiguration"),
            "lifecycle": _answer(
                s3, "get_bucket_lifecycle_configuration", bucket, "NoSuchLifecycleConfiguration"
            ),
            "logging": s3.get_bucket_logging(Bucket=bucket).get("LoggingEnabled"),
        }
    aliases = [
        alias for alias in kms.list_aliases()["Aliases"] if not alias["AliasName"].startswith("alias/aws/")
    ]
    for alias in aliases:
        key = alias["TargetKeyId"]
        found[f"key {alias['AliasName']}"] = {
            "key": key,
            "rotates": kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"],
            "policy": json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]),
        }
    return found


def _answer(s3: Any, operation: str, bucket: str, absent: str) -> Any:
    found = or_none(lambda: getattr(s3, operation)(Bucket=bucket), absent)
    return found and {key: value for key, value in found.items() if key != "ResponseMetadata"}
