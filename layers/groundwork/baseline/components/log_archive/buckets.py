"""The buckets of the log archive: what each is to be like, how that is read, and how it is put right."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from groundwork.baseline.archive import Archive, archive, is_known
from groundwork.baseline.component import Call, Target
from groundwork.baseline.components.log_archive import policies
from groundwork.baseline.documents import differences
from groundwork.contracts import Severity
from groundwork.declaration.policy_files import Document
from groundwork.declaration.settings import ObjectLock
from groundwork.side_by_side import side_by_side

ABORT_UPLOADS_AFTER_DAYS = 7
KEEP_DELETED_DAYS = 30
"""For so long a version can be brought back that has expired, was deleted or overwritten. Expiration alone deletes
nothing in a versioned bucket: it makes the version a noncurrent one.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-expire-general-considerations.html
"""


@dataclass(frozen=True)
class Setting:
    """One setting of a bucket: how it is read and written, and what is wrong when it differs.

    `part` is the key under which the answer holds it (None: the answer itself); `absent` is AWS's code for none;
    `severity` tells by found and wanted how bad it is.
    """

    write: str
    parameter: str
    read: str
    part: str | None
    absent: str | None
    wrong: str
    severity: Callable[[Any, Any], Severity] = lambda *_: "high"


def _of_encryption(found: Any, wanted: Any) -> Severity:
    """High by another key: who has it decides who reads the logs and for how long, or nothing is delivered at all."""

    def by_default(rules: Any) -> Any:
        return rules["Rules"][0].get("ApplyServerSideEncryptionByDefault")

    return "medium" if by_default(found) in (by_default(BY_S3), by_default(wanted)) else "high"


def _of_lifecycle(found: Any, wanted: Any) -> Severity:
    """High when it deletes logs before their time."""
    (declared,) = wanted["Rules"]
    rules = [rule for rule in (found or {}).get("Rules", []) if rule["Status"] == "Enabled"]
    for rule in rules:
        expiration = rule.get("Expiration", {})
        days = 0 if "Date" in expiration else expiration.get("Days")
        noncurrent = rule.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays")
        if days is not None and days < declared["Expiration"]["Days"]:
            return "high"
        if noncurrent is not None and noncurrent < declared["NoncurrentVersionExpiration"]["NoncurrentDays"]:
            return "high"
    return "medium"


def _of_object_lock(found: Any, wanted: Any) -> Severity:
    """High where logs can be deleted before their time."""

    def held(configuration: Any) -> int:
        retention = (configuration or {}).get("Rule", {}).get("DefaultRetention", {})
        return int(retention.get("Days", retention.get("Years", 0) * 365))

    return "high" if held(found) < held(wanted) else "medium"


SETTINGS = (
    Setting(
        *("PutPublicAccessBlock", "PublicAccessBlockConfiguration", "get_public_access_block"),
        part="PublicAccessBlockConfiguration",
        absent="NoSuchPublicAccessBlockConfiguration",
        wrong="public access is not blocked",
    ),
    Setting(
        *("PutBucketOwnershipControls", "OwnershipControls", "get_bucket_ownership_controls"),
        part="OwnershipControls",
        absent="OwnershipControlsNotFoundError",
        wrong="the bucket's owner does not own every object",
    ),
    Setting(
        *("PutBucketVersioning", "VersioningConfiguration", "get_bucket_versioning"),
        part=None,
        absent=None,
        wrong="versioning is off: logs can be overwritten",
    ),
    Setting(
        *("PutObjectLockConfiguration", "ObjectLockConfiguration", "get_object_lock_configuration"),
        part="ObjectLockConfiguration",
        absent="ObjectLockConfigurationNotFoundError",
        wrong="the lock on logs is not as declared",
        severity=_of_object_lock,
    ),
    Setting(
        *("PutBucketEncryption", "ServerSideEncryptionConfiguration", "get_bucket_encryption"),
        part="ServerSideEncryptionConfiguration",
        absent="ServerSideEncryptionConfigurationNotFoundError",
        wrong="default encryption is not as declared",
        severity=_of_encryption,
    ),
    Setting(
        *("PutBucketLifecycleConfiguration", "LifecycleConfiguration", "get_bucket_lifecycle_configuration"),
        part=None,
        absent="NoSuchLifecycleConfiguration",
        wrong="lifecycle is not as declared",
        severity=_of_lifecycle,
    ),
    Setting(
        *("PutBucketPolicy", "Policy", "get_bucket_policy"),
        part="Policy",
        absent="NoSuchBucketPolicy",
        wrong="",
    ),
    Setting(
        *("PutBucketLogging", "BucketLoggingStatus", "get_bucket_logging"),
        part=None,
        absent=None,
        wrong="access is not logged",
    ),
)

OWNED_BY_THE_BUCKET = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
NO_KEYS_OF_CLIENTS = {"EncryptionType": ["SSE-C"]}
"""Who reads what was encrypted with a key of one's own? Only who has that key.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/blocking-unblocking-s3-c-encryption-gpb.html
"""
BORN_WITH = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}
BY_S3 = {"Rules": [{**BORN_WITH, "BlockedEncryptionTypes": NO_KEYS_OF_CLIENTS}]}
NEW_BUCKET: Mapping[str, Any] = {
    **dict.fromkeys(setting.write for setting in SETTINGS),
    "PutBucketOwnershipControls": OWNED_BY_THE_BUCKET,
    "PutBucketEncryption": {"Rules": [BORN_WITH]},
}
"""What a bucket is born with: the one that CreateBucket is told, the other by S3.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-bucket-encryption.html
"""


def names(of: Archive) -> tuple[str, ...]:
    """The access-log bucket first: the others log to it."""
    return of.access_logs_bucket, of.trail_bucket, of.config_bucket


# -- read ----------------------------------------------------------------------------------------------


def read(s3: Any, of: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Of each bucket that is there, its settings by the name of the operation that writes them."""
    owned = {
        bucket["Name"]
        for page in s3.get_paginator("list_buckets").paginate()
        for bucket in page.get("Buckets", [])
    }
    there = [name for name in of if name in owned]
    pairs = [(name, setting) for name in there for setting in SETTINGS]
    answers = side_by_side(*(partial(_read_setting, s3, *pair) for pair in pairs))
    found: dict[str, dict[str, Any]] = {name: {} for name in there}
    for (name, setting), answer in zip(pairs, answers, strict=True):
        found[name][setting.write] = answer
    return found


def _read_setting(s3: Any, bucket: str, setting: Setting) -> Any:
    try:
        answer = getattr(s3, setting.read)(Bucket=bucket)
    except ClientError as missing:
        if missing.response["Error"]["Code"] != setting.absent:
            raise
        return None
    value = answer[setting.part] if setting.part else answer
    return json.loads(value) if isinstance(value, str) else value


# -- what is wanted ------------------------------------------------------------------------------------


def wanted(bucket: str, key_arn: str, target: Target) -> dict[str, Any]:
    """The settings of a bucket, by the name of the operation that writes them."""
    its, declared = archive(target), target.declaration.log_archive
    is_access_logs = bucket == its.access_logs_bucket
    document: dict[str, Callable[[Target], Document]] = {
        its.access_logs_bucket: policies.access_logs_bucket,
        its.trail_bucket: policies.trail_bucket,
        its.config_bucket: policies.config_bucket,
    }
    by_key = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_arn}
    to_be = {
        "PutPublicAccessBlock": dict.fromkeys(
            ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
        ),
        "PutBucketOwnershipControls": OWNED_BY_THE_BUCKET,
        "PutBucketVersioning": {"Status": "Enabled"},
        # S3 delivers access logs only to a bucket that it encrypts by itself.
        "PutBucketEncryption": BY_S3
        if is_access_logs
        else {
            "Rules": [
                {
                    "ApplyServerSideEncryptionByDefault": by_key,
                    "BucketKeyEnabled": True,
                    "BlockedEncryptionTypes": NO_KEYS_OF_CLIENTS,
                }
            ]
        },
        "PutBucketLifecycleConfiguration": {
            "Rules": [
                _lifecycle(declared.access_logs_expire_after_days, archive_after=None)
                if is_access_logs
                else _lifecycle(declared.expire_after_days, archive_after=declared.archive_after_days)
            ]
        },
        "PutBucketPolicy": document[bucket](target),
    }
    if bucket == its.trail_bucket and declared.object_lock:
        to_be["PutObjectLockConfiguration"] = _lock(declared.object_lock)
    if not is_access_logs:
        logging = {"TargetBucket": its.access_logs_bucket, "TargetPrefix": f"{bucket}/"}
        to_be["PutBucketLogging"] = {"LoggingEnabled": logging}
    return to_be


def _lock(declared: ObjectLock) -> dict[str, Any]:
    retention = {"Mode": declared.mode.upper(), "Days": declared.days}
    return {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": retention}}


def _lifecycle(expire_after: int, archive_after: int | None) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "ID": "groundwork",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "Expiration": {"Days": expire_after},
        "NoncurrentVersionExpiration": {"NoncurrentDays": KEEP_DELETED_DAYS},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": ABORT_UPLOADS_AFTER_DAYS},
    }
    if archive_after is not None and archive_after < expire_after:
        rule["Transitions"] = [{"Days": archive_after, "StorageClass": "GLACIER_IR"}]
    return rule


# -- diff ----------------------------------------------------------------------------------------------


def calls(bucket: str, found: Mapping[str, Any] | None, key_arn: str, target: Target) -> Iterator[Call]:
    """`found` is None for a bucket that is not there: it is then told like one as S3 makes it."""
    home, resource = target.declaration.regions.home, f"bucket {bucket}"
    if found is None:
        parameters: dict[str, Any] = {"Bucket": bucket, "ObjectOwnership": "BucketOwnerEnforced"}
        if "PutObjectLockConfiguration" in wanted(bucket, key_arn, target):
            parameters["ObjectLockEnabledForBucket"] = True
        if home != "us-east-1":  # where S3 refuses to be told
            parameters["CreateBucketConfiguration"] = {"LocationConstraint": home}
        missing = "does not exist: no log is kept"
        yield Call("s3", "CreateBucket", parameters, resource, "create", missing, home, severity="high")
    there, alias = found or NEW_BUCKET, archive(target).key_alias
    to_be = wanted(bucket, key_arn, target)
    for setting in SETTINGS:
        if setting.write not in to_be:
            continue
        has, wants = there[setting.write], to_be[setting.write]
        if wrong := _wrong(setting, has, wants):
            text = json.dumps(wants)
            yield Call(
                "s3",
                setting.write,
                {"Bucket": bucket, setting.parameter: text if setting.parameter == "Policy" else wants},
                f"{resource}: {setting.parameter}",
                "update",
                wrong.replace(key_arn, f"key {alias}"),
                home,
                severity=setting.severity(has, wants),
                after="" if is_known(text) else f"key {alias} exists",
            )


def _wrong(setting: Setting, found: Any, wanted: Any) -> str:
    """In words; empty when all that is wanted is in what AWS returned, which may say more about it."""
    if setting.parameter == "Policy":
        return differences(found, wanted)
    unlike = "; ".join(_unlike(found, wanted))
    return f"{setting.wrong}: {unlike}" if unlike else ""


def _unlike(found: Any, wanted: Any, place: str = "") -> Iterator[str]:
    """Where `found` lacks something of what is wanted, in AWS's terms."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        for name, part in wanted.items():
            yield from _unlike(found.get(name), part, f"{place}.{name}".lstrip("."))
    elif isinstance(wanted, list) and isinstance(found, list) and len(found) == len(wanted):
        for there, part in zip(found, wanted, strict=True):
            yield from _unlike(there, part, place.removesuffix("Rules"))
    elif found != wanted:
        yield f"{place or 'it'} is {_shown(found)}, expected {_shown(wanted)}"


def _shown(value: Any) -> str:
    """A value in short: of one with parts, what stands in them."""
    if isinstance(value, dict):
        return "(" + ", ".join(f"{name} {_shown(part)}" for name, part in value.items()) + ")"
    if isinstance(value, list):
        return " and ".join(_shown(part) for part in value) or "missing"
    return "missing" if value is None else str(value) or "empty"
