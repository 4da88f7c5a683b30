"""The buckets of the log archive: what each is to be like, and how that is put right."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from groundwork.baseline import buckets
from groundwork.baseline.archive import Archive, archive, is_known
from groundwork.baseline.buckets import (
    ABORT_UPLOADS_AFTER_DAYS,
    BLOCKED,
    BY_S3,
    ENCRYPTION,
    KEEP_DELETED_DAYS,
    LIFECYCLE,
    LOGGING,
    NO_KEYS_OF_CLIENTS,
    OBJECT_LOCK,
    OWNED_BY_THE_BUCKET,
    OWNERSHIP,
    POLICY,
    PUBLIC_ACCESS,
    VERSIONING,
)
from groundwork.baseline.component import Call, Target
from groundwork.baseline.components.log_archive import policies
from groundwork.contracts import Severity
from groundwork.declaration.policy_files import Document
from groundwork.declaration.settings import ObjectLock
from groundwork.errors import RefusedByAws
from groundwork.side_by_side import side_by_side


def _of_lifecycle(found: Any, wanted: Any) -> Severity:
    """High when it deletes logs before their time."""
    (declared,) = wanted["Rules"]
    if "Expiration" not in declared:  # of templates, which can be put again
        return "medium"
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
    PUBLIC_ACCESS,
    OWNERSHIP,
    replace(VERSIONING, wrong="versioning is off: logs can be overwritten"),
    replace(OBJECT_LOCK, wrong="the lock on logs is not as declared", severity=_of_object_lock),
    ENCRYPTION,
    replace(LIFECYCLE, severity=_of_lifecycle),
    POLICY,
    LOGGING,
)
NEW_BUCKET: Mapping[str, Any] = buckets.new_bucket(SETTINGS)
STAYS = "is of a log archive that is declared no longer, and stays: logs are in it, or need it to be read"
UNUSED = "holds templates, which no declared stack needs any longer, and stays: no stack refers to it; empty and delete it by hand"


def names(of: Archive) -> tuple[str, ...]:
    """The access-log bucket first: the others log to it."""
    templates = (of.templates_bucket,) if of.templates_bucket else ()
    return of.access_logs_bucket, of.trail_bucket, of.config_bucket, *templates


def read(s3: Any, of: Iterable[str], home: str) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """Of each bucket that is there, its settings by the name of the operation that writes them; and the Regions of those
    that are elsewhere than at home."""
    owned = buckets.owned(s3)
    there = {name: owned[name] or home for name in of if name in owned}
    at_home = [name for name, region in there.items() if region == home]
    elsewhere = {name: region for name, region in there.items() if region != home}
    return buckets.read(s3, at_home, SETTINGS), elsewhere


def former(target: Target, in_use: Collection[str]) -> Iterator[tuple[str, str]]:
    """The other buckets of the account that have the policy of one of an archive's, each with what becomes of it. They are
    in Regions that are governed: a guard rail may deny all others, and whoever counts denials would count ours."""
    regions = target.declaration.regions
    owned = buckets.owned(target.client("s3", regions.home))
    others = {
        name: region or regions.home
        for name, region in sorted(owned.items())
        if name not in in_use and (not region or region in regions.governed)
    }
    asked = (
        partial(buckets.policy_of_others, target.client("s3", region), name)
        for name, region in others.items()
    )
    for name, policy in zip(others, side_by_side(*asked), strict=True):
        if policies.is_of_archive(policy):
            yield name, STAYS
        elif policies.is_of_templates(policy):
            yield name, UNUSED


# -- what is wanted ------------------------------------------------------------------------------------


def wanted(bucket: str, key_arn: str, target: Target, former_trails: Collection[str] = ()) -> dict[str, Any]:
    """The settings of a bucket, by the name of the operation that writes them."""
    its, declared = archive(target), target.declaration.log_archive
    if bucket == its.templates_bucket:
        return _of_templates(bucket, target)
    is_access_logs = bucket == its.access_logs_bucket
    document: dict[str, Callable[[Target], Document]] = {
        its.access_logs_bucket: policies.access_logs_bucket,
        its.trail_bucket: partial(policies.trail_bucket, former=former_trails),
        its.config_bucket: policies.config_bucket,
    }
    by_key = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_arn}
    to_be = {
        "PutPublicAccessBlock": BLOCKED,
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
        to_be["PutBucketLogging"] = _logged(bucket, target)
    return to_be


def _of_templates(bucket: str, target: Target) -> dict[str, Any]:
    """Without the key of the logs, which no member account may use. What was put once stays: the declaration may go back."""
    rule = _lifecycle(None, archive_after=None)
    return {
        "PutPublicAccessBlock": BLOCKED,
        "PutBucketOwnershipControls": OWNED_BY_THE_BUCKET,
        "PutBucketVersioning": {"Status": "Enabled"},
        "PutBucketEncryption": BY_S3,
        "PutBucketLifecycleConfiguration": {"Rules": [rule]},
        "PutBucketPolicy": policies.templates_bucket(target),
        "PutBucketLogging": _logged(bucket, target),
    }


def _logged(bucket: str, target: Target) -> dict[str, Any]:
    to = archive(target).access_logs_bucket
    return {"LoggingEnabled": {"TargetBucket": to, "TargetPrefix": f"{bucket}/"}}


def _lock(declared: ObjectLock) -> dict[str, Any]:
    retention = {"Mode": declared.mode.upper(), "Days": declared.days}
    return {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": retention}}


def _lifecycle(expire_after: int | None, archive_after: int | None) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "ID": "groundwork",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "NoncurrentVersionExpiration": {"NoncurrentDays": KEEP_DELETED_DAYS},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": ABORT_UPLOADS_AFTER_DAYS},
    }
    if expire_after is not None:
        rule["Expiration"] = {"Days": expire_after}
    if archive_after is not None and expire_after is not None and archive_after < expire_after:
        rule["Transitions"] = [{"Days": archive_after, "StorageClass": "GLACIER_IR"}]
    return rule


# -- diff ----------------------------------------------------------------------------------------------


def not_at_home(elsewhere: Mapping[str, str], target: Target) -> Iterator[Call]:
    """What only a person can settle: a plan tells it, and else it raises `RefusedByAws`."""
    home = target.declaration.regions.home
    reasons = {
        name: f"is in {region}, and regions.home is {home}; a bucket's Region cannot be changed: declare other names of "
        f"buckets under logArchive, or home: {region}"
        for name, region in elsewhere.items()
    }
    if not target.foresees:
        raise RefusedByAws("; ".join(f"bucket {name} {reason}" for name, reason in reasons.items()) + ".")
    for name, reason in reasons.items():
        yield Call("s3", "", {}, f"bucket {name}", "report", reason, severity="high")


def still_locked(bucket: str, found: Mapping[str, Mapping[str, Any]], target: Target) -> Iterator[Call]:
    """S3 takes a lock off no version, and off no bucket: only new versions could be left unlocked."""
    lock = found.get(bucket, {}).get(OBJECT_LOCK.write)
    if lock and "Rule" in lock and target.declaration.log_archive.object_lock is None:
        retention = lock["Rule"]["DefaultRetention"]
        days = retention.get("Days") or retention.get("Years", 0) * 365
        locks = f"locks new logs for {days} days, which logArchive.objectLock does not declare; it stays"
        yield Call("s3", "", {}, f"bucket {bucket}", "report", locks, severity="low")


def calls(
    bucket: str,
    found: Mapping[str, Any] | None,
    key_arn: str,
    target: Target,
    former_trails: Collection[str] = (),
) -> Iterator[Call]:
    """`found` is None for a bucket that is not there: it is then told like one as S3 makes it."""
    home, alias = target.declaration.regions.home, archive(target).key_alias
    to_be = wanted(bucket, key_arn, target, former_trails)
    if found is None:
        parameters = buckets.creation(bucket, home)
        if "PutObjectLockConfiguration" in to_be:
            parameters["ObjectLockEnabledForBucket"] = True
        holds_logs = bucket != archive(target).templates_bucket
        yield Call(
            *("s3", "CreateBucket", parameters, f"bucket {bucket}", "create"),
            f"does not exist: {'no log is kept' if holds_logs else 'no account gets a large template'}",
            home,
            severity="high" if holds_logs else "medium",
        )
    for call in buckets.setting_calls(bucket, found or NEW_BUCKET, to_be, SETTINGS, home):
        yield replace(
            call,
            reason=call.reason.replace(key_arn, f"key {alias}"),
            after="" if is_known(str(call.parameters)) else f"key {alias} exists",
        )
