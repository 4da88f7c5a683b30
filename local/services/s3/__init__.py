"""Amazon S3, where moto falls short of it: lists of buckets, access logging, default encryption, Object Lock and whose policy decides.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-bucket-encryption.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-configure.html
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from moto.core.responses import ActionResult
from moto.iam.access_control import PermissionResult
from moto.s3.exceptions import CrossLocationLoggingProhibited, InvalidTargetBucketForLogging, S3ClientError
from moto.s3.models import FakeBucket, S3Backend
from moto.s3.responses import S3Response

from local.clients import service_model
from local.engine import Engine
from local.services.log_delivery import KMS, Sender, default_encryption

DELETED = frozenset(
    (
        *("cors", "encryption", "lifecycle", "ownershipControls", "policy", "publicAccessBlock"),
        *("replication", "tagging", "website"),
    )
)
PUT = DELETED | {"accelerate", "acl", "inventory", "logging", "notification", "object-lock", "versioning"}
GOT = PUT | {"list-type", "location", "policyStatus", "uploads", "versions"}
SUBRESOURCES: Mapping[str, Mapping[str, frozenset[str]]] = {
    "bucket": {"GET": GOT, "PUT": PUT, "DELETE": DELETED, "POST": frozenset(("delete",))},
    "key": {
        "GET": frozenset(("acl", "attributes", "legal-hold", "tagging")),
        "PUT": frozenset(("acl", "legal-hold", "retention", "tagging")),
        "DELETE": frozenset(("tagging",)),
        "POST": frozenset(("restore", "select", "uploads")),
    },
}
"""What moto has of a bucket and of an object besides themselves, by method. A request for another it takes for one that is
about the bucket itself: it lists its objects, creates it, or deletes it."""
LOGGING = "logging.s3.amazonaws.com"
BY_S3 = {
    "Rule": {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": "false"}
}
"""How S3 encrypts in a bucket that nothing else was set for."""


def install(engine: Engine) -> None:
    engine.patch(FakeBucket, "set_logging", _set_logging)
    engine.patch(S3Backend, "get_bucket_encryption", _encryption)
    engine.patch(S3Response, "get_bucket_encryption", _shown_encryption)
    engine.patch(S3Backend, "put_object_lock_configuration", _lock)
    engine.patch(S3Response, "all_buckets", _listed)
    for kind in SUBRESOURCES:
        name = f"_{kind}_response"
        engine.patch(S3Response, name, _once_signed_up(engine, kind, vars(S3Response)[name]))
    # moto applies a bucket policy's statements for everyone without their conditions: a deny of calls without
    # TLS would deny all. The policy is evaluated in front of moto, in full.
    engine.patch(FakeBucket, "get_permission", lambda bucket, action, resource: PermissionResult.PERMITTED)


def _encryption(backend: S3Backend, bucket_name: str) -> dict[str, Any]:
    return backend.get_bucket(bucket_name).encryption or BY_S3


def _listed(response: S3Response) -> Any:
    """By name, and where a page is asked for, page by page and with their Regions: moto tells neither the Region nor that
    there is more.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html
    """
    response.data["Action"] = "ListAllMyBuckets"
    response._authenticate_and_authorize_s3_action()
    prefix, region, size, after = (
        response._get_param(name) for name in ("prefix", "bucket-region", "max-buckets", "continuation-token")
    )
    listed = response.backend.list_buckets(prefix=prefix, bucket_region=region, max_buckets=None)
    left = sorted(bucket.name for bucket in listed if after is None or bucket.name > after)
    names = left[: int(size)] if size else left
    asked = any(each is not None for each in (prefix, region, size, after))
    shown = [_shown_bucket(response.backend.buckets[name], with_region=asked) for name in names]
    more = {"ContinuationToken": names[-1]} if names and len(names) < len(left) else {}
    more |= {"Prefix": prefix} if prefix else {}
    response.data["Action"] = "ListBuckets"
    owner = {"ID": "bcaf1ffd86f41161ca5fb16fd081034f", "DisplayName": "webfile"}
    return response.serialized(ActionResult({"Owner": owner, "Buckets": shown, **more}))


def _shown_bucket(bucket: FakeBucket, *, with_region: bool) -> dict[str, Any]:
    shown = {"Name": bucket.name, "CreationDate": bucket.creation_date_ISO8601}
    return shown | ({"BucketRegion": bucket.region_name} if with_region else {})


def _shown_encryption(response: S3Response) -> Any:
    """As it was put: moto leaves out which kinds of encryption are blocked."""
    rule = dict(_encryption(response.backend, response.bucket_name)["Rule"])
    rule["BucketKeyEnabled"] = str(rule.get("BucketKeyEnabled", "false")).lower() == "true"
    if blocked := (rule.pop("BlockedEncryptionTypes", None) or {}).get("EncryptionType"):
        rule["BlockedEncryptionTypes"] = {
            "EncryptionType": [blocked] if isinstance(blocked, str) else blocked
        }
    response.data["Action"] = "GetBucketEncryption"
    return response.serialized(ActionResult({"ServerSideEncryptionConfiguration": {"Rules": [rule]}}))


def _lock(
    backend: S3Backend,
    bucket_name: str,
    lock_enabled: bool,
    mode: str | None = None,
    days: int | None = None,
    years: int | None = None,
) -> None:
    """Also of a bucket that has objects, which moto refuses as AWS did until 2023; what is locked stays so."""
    bucket = backend.get_bucket(bucket_name)
    if not bucket.is_versioned:
        message = "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration"
        raise S3ClientError("InvalidBucketState", message)
    if not lock_enabled:
        raise S3ClientError("MalformedXML", "ObjectLockEnabled must be Enabled: it cannot be taken back.")
    bucket.object_lock_enabled = True
    bucket.default_lock_mode, bucket.default_lock_days, bucket.default_lock_years = mode, days, years


def _once_signed_up(engine: Engine, kind: str, answer: Any) -> Any:
    """S3 answers outside of moto's common path, where young accounts are turned away; it has its own words.

    https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
    """

    def respond(response: S3Response, *request: Any) -> Any:
        if refusal := engine.young_accounts.refusal(response.current_account, "s3"):
            raise S3ClientError(*refusal)
        asked = _subresources().intersection(request[0].args)
        if asked - SUBRESOURCES[kind].get(request[0].method, asked):
            raise NotImplementedError(f"S3's {', '.join(sorted(asked))} action has not been implemented")
        return answer(response, *request)

    return respond


@cache
def _subresources() -> frozenset[str]:
    """Every name that S3 tells operations on one address apart by."""
    model = service_model("s3")
    addresses = (model.operation_model(name).http["requestUri"] for name in model.operation_names)
    names = (part.partition("=")[0] for each in addresses for part in each.partition("?")[2].split("&"))
    return frozenset(names) - {"", "x-id", "select-type"}


def _set_logging(bucket: FakeBucket, wanted: dict[str, Any] | None, backend: S3Backend) -> None:
    """The target must be the same account's, in the same Region, admit S3's log delivery by its policy or by
    its ACL where ACLs are on, and not encrypt with KMS or lock by default: logs could not be delivered."""
    if not wanted:
        bucket.logging = {}
        return
    target = backend.buckets.get(wanted["TargetBucket"])
    if target is None:
        raise InvalidTargetBucketForLogging("The target bucket for logging does not exist.")
    if target.region_name != bucket.region_name:
        raise CrossLocationLoggingProhibited
    if default_encryption(target).get("SSEAlgorithm") == KMS or target.default_lock_mode:
        message = "The target bucket must use SSE-S3 and no default retention to receive access logs."
        raise InvalidTargetBucketForLogging(message)
    sender = Sender(LOGGING, bucket.account_id, bucket.arn, bucket.partition)
    by_policy = sender.may_write(target, f"{wanted.get('TargetPrefix') or ''}log")
    by_acl = _has_acls(target) and FakeBucket._log_permissions_enabled_acl(target)
    if not (by_policy or by_acl):
        raise InvalidTargetBucketForLogging(
            "You must either provide the necessary permissions to the logging service using a bucket policy or "
            "give the log-delivery group WRITE and READ_ACP permissions to the target bucket"
        )
    bucket.logging = wanted


def _has_acls(bucket: FakeBucket) -> bool:
    """ACLs are off unless ownership controls say otherwise: BucketOwnerEnforced has been the default since 2023."""
    return (bucket.ownership_rule or "BucketOwnerEnforced") != "BucketOwnerEnforced"
