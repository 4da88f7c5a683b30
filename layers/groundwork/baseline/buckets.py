"""The settings of an S3 bucket: how each is read and written, and what is wrong when it differs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from groundwork.aws.sessions import DENIALS
from groundwork.baseline.central_policies import minified
from groundwork.baseline.component import Call
from groundwork.baseline.documents import differences
from groundwork.contracts import Severity
from groundwork.declaration.policy_files import Document
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


PUBLIC_ACCESS = Setting(
    *("PutPublicAccessBlock", "PublicAccessBlockConfiguration", "get_public_access_block"),
    part="PublicAccessBlockConfiguration",
    absent="NoSuchPublicAccessBlockConfiguration",
    wrong="public access is not blocked",
)
OWNERSHIP = Setting(
    *("PutBucketOwnershipControls", "OwnershipControls", "get_bucket_ownership_controls"),
    part="OwnershipControls",
    absent="OwnershipControlsNotFoundError",
    wrong="the bucket's owner does not own every object",
)
VERSIONING = Setting(
    *("PutBucketVersioning", "VersioningConfiguration", "get_bucket_versioning"),
    part=None,
    absent=None,
    wrong="versioning is off",
)
OBJECT_LOCK = Setting(
    *("PutObjectLockConfiguration", "ObjectLockConfiguration", "get_object_lock_configuration"),
    part="ObjectLockConfiguration",
    absent="ObjectLockConfigurationNotFoundError",
    wrong="the lock is not as declared",
)
ENCRYPTION = Setting(
    *("PutBucketEncryption", "ServerSideEncryptionConfiguration", "get_bucket_encryption"),
    part="ServerSideEncryptionConfiguration",
    absent="ServerSideEncryptionConfigurationNotFoundError",
    wrong="default encryption is not as declared",
    severity=_of_encryption,
)
LIFECYCLE = Setting(
    *("PutBucketLifecycleConfiguration", "LifecycleConfiguration", "get_bucket_lifecycle_configuration"),
    part=None,
    absent="NoSuchLifecycleConfiguration",
    wrong="lifecycle is not as declared",
)
POLICY = Setting(
    *("PutBucketPolicy", "Policy", "get_bucket_policy"),
    part="Policy",
    absent="NoSuchBucketPolicy",
    wrong="",
)
LOGGING = Setting(
    *("PutBucketLogging", "BucketLoggingStatus", "get_bucket_logging"),
    part=None,
    absent=None,
    wrong="access is not logged",
)

PAGE = 1_000
UNSEEN = DENIALS | {"NoSuchBucket"}
BLOCKED = dict.fromkeys(
    ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
)
OWNED_BY_THE_BUCKET = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
NO_KEYS_OF_CLIENTS = {"EncryptionType": ["SSE-C"]}
"""Who reads what was encrypted with a key of one's own? Only who has that key.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/blocking-unblocking-s3-c-encryption-gpb.html
"""
BORN_WITH = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}
BY_S3 = {"Rules": [{**BORN_WITH, "BlockedEncryptionTypes": NO_KEYS_OF_CLIENTS}]}


def new_bucket(settings: Iterable[Setting]) -> dict[str, Any]:
    """What a bucket is born with: the one that CreateBucket is told, the other by S3.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-bucket-encryption.html
    """
    return {
        **dict.fromkeys(setting.write for setting in settings),
        "PutBucketOwnershipControls": OWNED_BY_THE_BUCKET,
        "PutBucketEncryption": {"Rules": [BORN_WITH]},
    }


def creation(bucket: str, region: str) -> dict[str, Any]:
    """What CreateBucket is told."""
    parameters: dict[str, Any] = {"Bucket": bucket, "ObjectOwnership": "BucketOwnerEnforced"}
    if region != "us-east-1":  # where S3 refuses to be told
        parameters["CreateBucketConfiguration"] = {"LocationConstraint": region}
    return parameters


def tls_only(arn: str) -> dict[str, Any]:
    """The statement that lets nobody read or write without TLS."""
    return {
        "Sid": "OnlyOverTLS",
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


# -- read ----------------------------------------------------------------------------------------------


def owned(s3: Any) -> dict[str, str]:
    """The account's buckets, of every Region, by name with their Region: it is told where a page is asked for, and empty
    where it is not.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html
    """
    pages = s3.get_paginator("list_buckets").paginate(MaxBuckets=PAGE)
    return {
        bucket["Name"]: bucket.get("BucketRegion") or ""
        for page in pages
        for bucket in page.get("Buckets", [])
    }


def read(s3: Any, names: Iterable[str], settings: Iterable[Setting]) -> dict[str, dict[str, Any]]:
    """Of each of these buckets, its settings by the name of the operation that writes them."""
    there = list(names)
    pairs = [(name, setting) for name in there for setting in settings]
    answers = side_by_side(*(partial(_read_setting, s3, *pair) for pair in pairs))
    found: dict[str, dict[str, Any]] = {name: {} for name in there}
    for (name, setting), answer in zip(pairs, answers, strict=True):
        found[name][setting.write] = answer
    return found


def policy_of_others(s3: Any, bucket: str) -> Document | None:
    """Of a bucket that may be anybody's. None where it has no policy, keeps us out, or was deleted meanwhile."""
    try:
        policy: Document | None = _read_setting(s3, bucket, POLICY)
    except ClientError as closed:
        if closed.response["Error"]["Code"] not in UNSEEN:
            raise
        return None
    return policy


def _read_setting(s3: Any, bucket: str, setting: Setting) -> Any:
    try:
        answer = getattr(s3, setting.read)(Bucket=bucket)
    except ClientError as missing:
        if missing.response["Error"]["Code"] != setting.absent:
            raise
        return None
    value = answer[setting.part] if setting.part else answer
    return json.loads(value) if isinstance(value, str) else value


# -- diff ----------------------------------------------------------------------------------------------


def setting_calls(
    bucket: str,
    found: Mapping[str, Any],
    wanted: Mapping[str, Any],
    settings: Iterable[Setting],
    region: str,
) -> Iterator[Call]:
    """The calls that bring the settings in `wanted` about; `found` may say more about each."""
    for setting in settings:
        if setting.write not in wanted:
            continue
        has, wants = found[setting.write], wanted[setting.write]
        if wrong := _wrong(setting, has, wants):
            value = minified(wants) if setting.parameter == "Policy" else wants
            yield Call(
                "s3",
                setting.write,
                {"Bucket": bucket, setting.parameter: value},
                f"bucket {bucket}: {setting.parameter}",
                "update",
                wrong,
                region,
                severity=setting.severity(has, wants),
            )


def _wrong(setting: Setting, found: Any, wanted: Any) -> str:
    """In words; empty when all that is wanted is in what AWS returned, which may say more about it."""
    if setting.parameter == "Policy":
        return differences(found, wanted)
    if setting.parameter == LIFECYCLE.parameter:
        found, wanted = _with_transitions(found), _with_transitions(wanted)
    unlike = "; ".join(_unlike(found, wanted))
    return f"{setting.wrong}: {unlike}" if unlike else ""


def _with_transitions(lifecycle: Any) -> Any:
    """None is a wish, too: what was declared to be moved once is no longer."""
    if lifecycle is None:
        return None
    rules = [{**rule, "Transitions": rule.get("Transitions", [])} for rule in lifecycle.get("Rules", [])]
    return {**lifecycle, "Rules": rules}


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
