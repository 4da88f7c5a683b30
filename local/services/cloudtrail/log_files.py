"""A trail's log files: which bucket and key take them, and how they come there.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-examples.html
"""

from __future__ import annotations

import gzip
import json
import secrets
from datetime import UTC, datetime

from moto.cloudtrail.models import Trail
from moto.s3.models import FakeBucket

from local.organizations import organization_of
from local.services.cloudtrail.errors import PRINCIPAL, CloudTrailError
from local.services.cloudtrail.events import event_now
from local.services.log_delivery import Sender, find_bucket, find_key, has_bucket_key, put_log


def check_bucket_exists(trail: Trail) -> FakeBucket:
    bucket = find_bucket(trail.bucket_name, trail.partition)
    if bucket is None:
        message = f"S3 bucket {trail.bucket_name} does not exist!"
        raise CloudTrailError("S3BucketDoesNotExistException", message)
    return bucket


def check(trail: Trail) -> None:
    """Raises what CreateTrail and UpdateTrail do for a bucket or a key that does not admit the trail."""
    bucket = check_bucket_exists(trail)
    sender = _sender(trail)
    if not sender.may_look_at(bucket) or not all(sender.may_write(bucket, key) for key in _probes(trail)):
        message = f"Incorrect S3 bucket policy is detected for bucket: {trail.bucket_name}"
        raise CloudTrailError("InsufficientS3BucketPolicyException", message)
    if trail.kms_key_id:
        trail.kms_key_id = _check_key(trail, sender, bucket)


def _check_key(trail: Trail, sender: Sender, bucket: FakeBucket) -> str:
    key = find_key(trail.kms_key_id, trail.account_id, trail.region_name)
    if key is None or key.region != bucket.region_name:
        raise CloudTrailError(
            "KmsKeyNotFoundException", f"KMS key {trail.kms_key_id} is not found beside the bucket."
        )
    if not key.enabled:
        raise CloudTrailError("KmsKeyDisabledException", f"KMS key {key.arn} is disabled.")
    context = {"aws:cloudtrail:arn": trail.arn}
    uses = {"kms:GenerateDataKey": context, "kms:DescribeKey": {}}
    if has_bucket_key(bucket):
        uses["kms:Decrypt"] = context
    if not all(sender.may_use_key(key, action, given) for action, given in uses.items()):
        message = f"Insufficient permissions to access S3 bucket {bucket.name} or KMS key {key.arn}."
        raise CloudTrailError("InsufficientEncryptionPolicyException", message)
    return str(key.arn)


def deliver(trail: Trail, event_name: str) -> None:
    """Writes a log file with one record for each account that the trail covers; notes a refused delivery."""
    bucket, sender = find_bucket(trail.bucket_name, trail.partition), _sender(trail)
    for prefix, account_id in _folders(trail):
        key = prefix + _file_name(account_id, trail.region_name)
        if bucket is None or not sender.may_write(bucket, key):
            vars(trail.status)["delivery_error"] = "AccessDenied" if bucket else "NoSuchBucket"
            return
        event = event_now(PRINCIPAL, event_name, trail.region_name, account_id)
        record = event | {"requestParameters": {"name": trail.arn}}
        content = gzip.compress(json.dumps({"Records": [record]}).encode())
        put_log(bucket, key, content, trail.kms_key_id)
    vars(trail.status).pop("delivery_error", None)


def _folders(trail: Trail) -> list[tuple[str, str]]:
    """Key prefix and account of each folder the trail writes to."""
    organization = organization_of(trail.account_id, trail.partition)
    if not trail.is_org_trail or organization is None or organization.org is None:
        return [(_folder(trail, trail.account_id), trail.account_id)]
    root = organization.org.id
    return [(_folder(trail, f"{root}/{account.id}"), account.id) for account in organization.accounts]


def _folder(trail: Trail, place: str) -> str:
    prefix = f"{trail.s3_key_prefix}/" if trail.s3_key_prefix else ""
    return f"{prefix}AWSLogs/{place}/CloudTrail/"


def _probes(trail: Trail) -> list[str]:
    """Objects that CloudTrail must be able to write: an organization trail also in the account's own folder."""
    folders = [prefix for prefix, _ in _folders(trail)]
    if trail.is_org_trail:
        folders.append(_folder(trail, trail.account_id))
    return [f"{folder}{trail.region_name}/probe" for folder in folders]


def _file_name(account_id: str, region: str) -> str:
    now = datetime.now(UTC)
    name = f"{account_id}_CloudTrail_{region}_{now:%Y%m%dT%H%MZ}_{secrets.token_hex(8)}.json.gz"
    return f"{region}/{now:%Y/%m/%d}/{name}"


def _sender(trail: Trail) -> Sender:
    return Sender(PRINCIPAL, trail.account_id, trail.arn, trail.partition)
