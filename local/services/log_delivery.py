"""Whether an AWS service may write its logs into a bucket, and under a key, as their policies say.

CloudTrail and Config check this before they accept a bucket, and again with each delivery.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html
https://docs.aws.amazon.com/config/latest/developerguide/s3-bucket-policy.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from moto.kms.models import Key, kms_backends
from moto.s3.models import FakeBucket, s3_backends

from groundwork.policies.decision import ResourceSide, decide_for_service
from groundwork.policies.documents import Caller, Kind, Request, compile_policy
from local.authorization import state
from local.authorization.keys import of_resource
from local.organizations import organization_of

Keys = dict[str, Any]
KMS = "aws:kms"


@dataclass(frozen=True)
class Sender:
    """A service that acts for a resource of an account: for a trail of it, or for its recorder."""

    service: str
    account: str
    source_arn: str
    partition: str = "aws"

    def keys(self) -> Keys:
        """The condition keys that AWS sets on the service's own calls."""
        keys: Keys = {
            "aws:principalisawsservice": "true",
            "aws:principalservicename": self.service,
            "aws:securetransport": "true",
            "aws:sourceaccount": self.account,
            "aws:sourcearn": self.source_arn,
            "aws:viaawsservice": "false",
        }
        return keys

    def keys_with_organization(self) -> Keys:
        """As `keys`, with the sender's organization: on writes and on keys, not when it looks at the bucket."""
        organization = organization_of(self.account, self.partition)
        if organization is None or organization.org is None:
            return self.keys()
        path = organization.path_of(organization.account(self.account).parent_id)
        return self.keys() | {"aws:sourceorgid": organization.org.id, "aws:sourceorgpaths": (path,)}

    def may_look_at(self, bucket: FakeBucket, action: str = "s3:GetBucketAcl") -> bool:
        return self._admitted(bucket.policy, action, bucket.arn, bucket.account_id, self.keys())

    def may_write(self, bucket: FakeBucket, key: str) -> bool:
        """Whether it may put that object, as the services do: with bucket-owner-full-control."""
        encryption = default_encryption(bucket)
        keys = self.keys_with_organization() | {"s3:x-amz-acl": "bucket-owner-full-control"}
        if encryption.get("SSEAlgorithm") == KMS:
            keys["s3:x-amz-server-side-encryption"] = KMS
        return self._admitted(bucket.policy, "s3:PutObject", f"{bucket.arn}/{key}", bucket.account_id, keys)

    def may_use_key(self, key: Key, action: str, context: dict[str, str]) -> bool:
        """Whether the key's policy lets it, with an encryption context; `action` is like `kms:Decrypt`."""
        keys = self.keys_with_organization()
        keys |= {f"kms:encryptioncontext:{name}".lower(): value for name, value in context.items()}
        keys["kms:encryptioncontextkeys"] = tuple(context)
        return self._admitted(key.policy, action, key.arn, key.account_id, keys)

    def _admitted(self, document: Any, action: str, resource: str, owner: str, keys: Keys) -> bool:
        """By the policy of the bucket or the key, and by the resource control policies over the account that has it."""
        if not document:
            return False
        text = document.decode() if isinstance(document, bytes) else str(document)
        place = state.membership(owner)
        known = {**keys, **of_resource(owner, place, resource)}
        controls = state.resource_control_levels(place, owner, action)
        side = ResourceSide(compile_policy(text, Kind.RESOURCE), owner, control=controls)
        return decide_for_service(
            Request(action, resource, known, Caller(service=self.service)), side
        ).allowed


def find_bucket(name: str, partition: str = "aws") -> FakeBucket | None:
    """A bucket by name, whoever owns it."""
    owner = s3_backends.bucket_accounts.get(name)
    if owner is None or owner[0] != partition:
        return None
    bucket: FakeBucket = s3_backends[owner[1]][partition].get_bucket(name)
    return bucket


def find_key(key_id: str, account: str, region: str) -> Key | None:
    """A KMS key by id, alias or ARN, from the view of an account and Region."""
    if key_id.startswith("arn:"):
        _, _, _, region, account, _ = key_id.split(":", 5)
    backend = kms_backends[account][region]
    return backend.keys.get(backend.any_id_to_key_id(key_id))


def default_encryption(bucket: FakeBucket) -> dict[str, str]:
    """SSEAlgorithm and KMSMasterKeyID that new objects get; empty for SSE-S3 by default."""
    rule: dict[str, Any] = (bucket.encryption or {}).get("Rule", {})
    return dict(rule.get("ApplyServerSideEncryptionByDefault", {}))


def has_bucket_key(bucket: FakeBucket) -> bool:
    """Whether S3 Bucket Keys are on, which makes the writer need kms:Decrypt as well."""
    rule: dict[str, Any] = (bucket.encryption or {}).get("Rule", {})
    return str(rule.get("BucketKeyEnabled", "false")).lower() == "true"


def put_log(bucket: FakeBucket, key: str, content: bytes, kms_key_arn: str | None = None) -> None:
    """Stores an object as a log-writing service does; a default retention of the bucket holds for it, too."""
    locked = bucket.object_lock_enabled and bucket.has_default_lock
    s3_backends[bucket.account_id][bucket.partition].put_object(
        bucket.name,
        key,
        content,
        encryption=KMS if kms_key_arn else None,
        kms_key_id=kms_key_arn,
        lock_mode=bucket.default_lock_mode if locked else None,
        lock_until=bucket.default_retention() if locked else None,
    )
