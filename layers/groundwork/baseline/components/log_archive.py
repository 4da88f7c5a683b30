"""The log archive: the buckets and the key of the security account that every account's logs go to.

Its policies admit the whole organization, so that a new account changes nothing here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, ClassVar

from botocore.exceptions import ClientError

from groundwork.baseline import archive_policies as policies
from groundwork.baseline.archive import Archive, archive
from groundwork.baseline.component import Action, Call, Component, Permission, Target
from groundwork.baseline.documents import differences
from groundwork.errors import ComponentNotSettled, GroundworkError
from groundwork.policy_files import Document

KEYS_AND_ALIASES = ("arn:{partition}:kms:*:{account}:key/*", "arn:{partition}:kms:*:{account}:alias/*")
MINE = {"managed-by": "groundwork"}
KEY_TAG = "groundwork:alias"
"""By this tag a key is found again whose alias is missing: after CreateKey, or when somebody deleted the alias."""

ABORT_UPLOADS_AFTER_DAYS = 7
AT_ONCE = 8


@dataclass(frozen=True)
class Key:
    """`policy` and `rotates` are read only of an enabled key; `aliased`: the declared alias leads to it."""

    arn: str
    state: str
    aliased: bool
    tagged: bool
    policy: Document | None = None
    rotates: bool = False


@dataclass(frozen=True)
class Found:
    """`alias_taken`: the declared alias leads to another key than ours. `buckets` holds, of each bucket that is there,
    its settings by the name of the operation that writes them."""

    key: Key | None
    alias_taken: bool
    buckets: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Setting:
    """One setting of a bucket: how it is read and written, and what is wrong when it differs.

    `part` is the key under which the answer holds it (None: the answer itself); `absent` is AWS's code for none.
    """

    write: str
    parameter: str
    read: str
    part: str | None
    absent: str | None
    wrong: str


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
        *("PutBucketEncryption", "ServerSideEncryptionConfiguration", "get_bucket_encryption"),
        part="ServerSideEncryptionConfiguration",
        absent="ServerSideEncryptionConfigurationNotFoundError",
        wrong="default encryption is not as declared",
    ),
    Setting(
        *("PutBucketLifecycleConfiguration", "LifecycleConfiguration", "get_bucket_lifecycle_configuration"),
        part=None,
        absent="NoSuchLifecycleConfiguration",
        wrong="lifecycle is not as declared",
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


class LogArchive(Component[Found]):
    name = "log-archive"
    reads = (
        Permission(["kms:ListKeys", "s3:ListAllMyBuckets"]),
        Permission(
            ["kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags"],
            KEYS_AND_ALIASES,
        ),
        Permission(
            [
                "s3:GetBucketLogging",
                "s3:GetBucketOwnershipControls",
                "s3:GetBucketPolicy",
                "s3:GetBucketPublicAccessBlock",
                "s3:GetBucketVersioning",
                "s3:GetEncryptionConfiguration",
                "s3:GetLifecycleConfiguration",
            ],
            ["arn:{partition}:s3:::*"],
        ),
    )
    writes = (
        Permission(["kms:CreateKey"]),
        Permission(
            [
                "kms:CancelKeyDeletion",
                "kms:CreateAlias",
                "kms:EnableKey",
                "kms:EnableKeyRotation",
                "kms:PutKeyPolicy",
                "kms:TagResource",
                "kms:UpdateAlias",
            ],
            KEYS_AND_ALIASES,
        ),
        Permission(
            [
                "s3:CreateBucket",
                "s3:PutBucketLogging",
                "s3:PutBucketOwnershipControls",
                "s3:PutBucketPolicy",
                "s3:PutBucketPublicAccessBlock",
                "s3:PutBucketVersioning",
                "s3:PutEncryptionConfiguration",
                "s3:PutLifecycleConfiguration",
            ],
            ["arn:{partition}:s3:::*"],
        ),
    )

    # What AWS answers while it has not seen everywhere what was made a moment ago: asked again.
    meanings: ClassVar[Mapping[str, type[GroundworkError]]] = dict.fromkeys(
        (
            "KMSInvalidStateException",
            "NoSuchBucket",
            "NotFoundException",
            "OperationAborted",
        ),
        ComponentNotSettled,
    )

    # -- read ----------------------------------------------------------------------------------------

    def read(self, target: Target) -> Found:
        home, names = target.declaration.regions.home, archive(target)
        key, alias_taken = _read_key(target.client("kms", home), names.key_alias)
        return Found(key, alias_taken, _read_buckets(target.client("s3", home), _bucket_names(names)))

    # -- diff ----------------------------------------------------------------------------------------

    def diff(self, found: Found, target: Target) -> Iterable[Call]:
        yield from _key_calls(found, target)
        if found.key is None:
            return  # no bucket before the key that encrypts it
        names = archive(target)
        for bucket in _bucket_names(names):
            yield from _bucket_calls(
                bucket, found.buckets.get(bucket), _wanted(bucket, names, found.key.arn, target), target
            )


# -- the key -------------------------------------------------------------------------------------------


def _read_key(kms: Any, alias: str) -> tuple[Key | None, bool]:
    """Our key, and whether the alias leads to another one.

    The tag says which key is ours: an alias can be moved to any other key.
    """
    by_alias = _described(kms, alias)
    if by_alias and _is_tagged(kms, by_alias["Arn"], alias):
        return _examined(kms, by_alias, aliased=True, tagged=True), False
    ours = next((arn for arn in sorted(_key_arns(kms)) if _is_tagged(kms, arn, alias)), None)
    if ours:
        return _examined(
            kms, kms.describe_key(KeyId=ours)["KeyMetadata"], aliased=False, tagged=True
        ), by_alias is not None
    return (_examined(kms, by_alias, aliased=True, tagged=False) if by_alias else None), False


def _described(kms: Any, alias: str) -> dict[str, Any] | None:
    try:
        metadata: dict[str, Any] = kms.describe_key(KeyId=alias)["KeyMetadata"]
    except ClientError as missing:
        if missing.response["Error"]["Code"] != "NotFoundException":
            raise
        return None
    return metadata


def _key_arns(kms: Any) -> Iterator[str]:
    return (entry["KeyArn"] for page in kms.get_paginator("list_keys").paginate() for entry in page["Keys"])


def _is_tagged(kms: Any, arn: str, alias: str) -> bool:
    tags = {tag["TagKey"]: tag["TagValue"] for tag in kms.list_resource_tags(KeyId=arn)["Tags"]}
    return (MINE | {KEY_TAG: alias}).items() <= tags.items()


def _examined(kms: Any, metadata: Mapping[str, Any], *, aliased: bool, tagged: bool) -> Key:
    arn, state = metadata["Arn"], metadata["KeyState"]
    if state != "Enabled":
        return Key(arn, state, aliased, tagged)
    policy = json.loads(kms.get_key_policy(KeyId=arn, PolicyName="default")["Policy"])
    return Key(
        arn, state, aliased, tagged, policy, kms.get_key_rotation_status(KeyId=arn)["KeyRotationEnabled"]
    )


def _key_calls(found: Found, target: Target) -> Iterator[Call]:
    alias, home = archive(target).key_alias, target.declaration.regions.home
    policy, key = policies.key(target), found.key
    tags = [{"TagKey": name, "TagValue": value} for name, value in (MINE | {KEY_TAG: alias}).items()]

    def call(operation: str, parameters: Mapping[str, Any], action: Action, reason: str) -> Call:
        return Call("kms", operation, parameters, f"key {alias}", action, reason, home)

    if key is None:
        creation = {"Description": "Groundwork's log archive", "Policy": json.dumps(policy), "Tags": tags}
        yield call("CreateKey", creation, "create", "does not exist")
        return
    this = {"KeyId": key.arn}
    if key.state == "PendingDeletion":
        yield call("CancelKeyDeletion", this, "update", "is to be deleted: every log would become unreadable")
        return
    if key.state == "Disabled":
        yield call("EnableKey", this, "update", "is disabled: logs can be neither delivered nor read")
        return
    if not key.aliased:
        pointed = {"AliasName": alias, "TargetKeyId": key.arn}
        if found.alias_taken:
            yield call("UpdateAlias", pointed, "update", f"alias leads to another key; expected {key.arn}")
        else:
            yield call("CreateAlias", pointed, "create", f"key {key.arn} has no alias: no account finds it")
    if not key.tagged:
        yield call(
            "TagResource",
            this | {"Tags": tags},
            "update",
            "was there under the declared alias, untagged: adopted",
        )
    if wrong := differences(key.policy, policy):
        yield call(
            "PutKeyPolicy", this | {"PolicyName": "default", "Policy": json.dumps(policy)}, "update", wrong
        )
    if not key.rotates:
        yield call("EnableKeyRotation", this, "update", "does not rotate")


# -- the buckets ---------------------------------------------------------------------------------------


def _bucket_names(names: Archive) -> tuple[str, ...]:
    """The access-log bucket first: the others log to it."""
    return names.access_logs_bucket, names.trail_bucket, names.config_bucket


def _read_buckets(s3: Any, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    owned = {
        bucket["Name"]
        for page in s3.get_paginator("list_buckets").paginate()
        for bucket in page.get("Buckets", [])
    }
    there = [name for name in names if name in owned]
    pairs = [(name, setting) for name in there for setting in SETTINGS]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = pool.map(lambda pair: _read_setting(s3, *pair), pairs)
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


def _wanted(bucket: str, names: Archive, key_arn: str, target: Target) -> dict[str, Any]:
    """The settings of a bucket, by the name of the operation that writes them."""
    is_access_logs = bucket == names.access_logs_bucket
    declared = target.declaration.log_archive
    document: dict[str, Callable[[Target], Document]] = {
        names.access_logs_bucket: policies.access_logs_bucket,
        names.trail_bucket: policies.trail_bucket,
        names.config_bucket: policies.config_bucket,
    }
    by_key = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_arn}
    encryption = {  # S3 delivers access logs only to a bucket that it encrypts by itself
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"} if is_access_logs else by_key,
        "BucketKeyEnabled": not is_access_logs,
    }
    wanted = {
        "PutPublicAccessBlock": dict.fromkeys(
            ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
        ),
        "PutBucketOwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        "PutBucketVersioning": {"Status": "Enabled"},
        "PutBucketEncryption": {"Rules": [encryption]},
        "PutBucketLifecycleConfiguration": {
            "Rules": [
                _lifecycle(declared.access_logs_expire_after_days, archive_after=None)
                if is_access_logs
                else _lifecycle(declared.expire_after_days, archive_after=declared.archive_after_days)
            ]
        },
        "PutBucketPolicy": document[bucket](target),
    }
    if not is_access_logs:
        logging = {"TargetBucket": names.access_logs_bucket, "TargetPrefix": f"{bucket}/"}
        wanted["PutBucketLogging"] = {"LoggingEnabled": logging}
    return wanted


def _lifecycle(expire_after: int, archive_after: int | None) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "ID": "groundwork",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "Expiration": {"Days": expire_after},
        "NoncurrentVersionExpiration": {"NoncurrentDays": expire_after},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": ABORT_UPLOADS_AFTER_DAYS},
    }
    if archive_after is not None and archive_after < expire_after:
        rule["Transitions"] = [{"Days": archive_after, "StorageClass": "GLACIER_IR"}]
    return rule


def _bucket_calls(
    bucket: str, found: Mapping[str, Any] | None, wanted: Mapping[str, Any], target: Target
) -> Iterator[Call]:
    home = target.declaration.regions.home
    if found is None:
        parameters: dict[str, Any] = {"Bucket": bucket, "ObjectOwnership": "BucketOwnerEnforced"}
        if home != "us-east-1":  # where S3 refuses to be told
            parameters["CreateBucketConfiguration"] = {"LocationConstraint": home}
        taken = "the bucket's name belongs to another AWS account; declare another one under logArchive"
        refusals = {"BucketAlreadyExists": taken}
        yield Call(
            "s3", "CreateBucket", parameters, f"bucket {bucket}", "create", "does not exist", home, refusals
        )
    for setting in SETTINGS:
        if setting.write not in wanted:
            continue
        value = wanted[setting.write]
        if found is None and setting.write == "PutBucketOwnershipControls":
            continue  # the bucket is born with it
        wrong = (
            "is not set on a new bucket" if found is None else _wrong(setting, found[setting.write], value)
        )
        if wrong:
            given = json.dumps(value) if setting.parameter == "Policy" else value
            changed = {"Bucket": bucket, setting.parameter: given}
            action: Action = "create" if found is None else "update"
            yield Call(
                "s3", setting.write, changed, f"bucket {bucket}: {setting.parameter}", action, wrong, home
            )


def _wrong(setting: Setting, found: Any, wanted: Any) -> str:
    if setting.parameter == "Policy":
        return differences(found, wanted)
    return "" if _holds(found, wanted) else setting.wrong


def _holds(found: Any, wanted: Any) -> bool:
    """Whether all that is wanted is in what AWS returned, which may say more about it."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(_holds(found.get(name), part) for name, part in wanted.items())
    if isinstance(wanted, list):
        return (
            isinstance(found, list)
            and len(found) == len(wanted)
            and all(_holds(there, part) for there, part in zip(found, wanted, strict=True))
        )
    return bool(found == wanted)
