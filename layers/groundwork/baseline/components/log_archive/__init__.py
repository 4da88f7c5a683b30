"""The log archive: the buckets and the key of the security account that every account's logs go to.

Its policies admit the whole organization, so that a new account changes nothing here. Once its role is there
(`writer.py`), that is who changes it; an entry role lays down the role, and all the rest where no guard rail is yet.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from botocore.exceptions import ClientError

from groundwork.baseline.archive import WRITER, archive
from groundwork.baseline.component import (
    Action,
    Call,
    Component,
    Permission,
    Target,
    known_later,
    needing,
)
from groundwork.baseline.components.log_archive import buckets, policies, writer
from groundwork.baseline.components.log_archive.writer import Writer
from groundwork.baseline.documents import differences
from groundwork.contracts import Severity
from groundwork.declaration import Declaration
from groundwork.declaration.policy_files import Document
from groundwork.errors import ComponentNotSettled
from groundwork.side_by_side import side_by_side

THE_ROLE = ("arn:{partition}:iam::{account}:role/" + WRITER,)
KEYS_AND_ALIASES = ("arn:{partition}:kms:*:{account}:key/*", "arn:{partition}:kms:*:{account}:alias/*")
MINE = {"managed-by": "groundwork"}
KEY_TAG = "groundwork:alias"
"""By this tag a key is found again whose alias is missing: after CreateKey, or when somebody deleted the alias."""


@dataclass(frozen=True)
class Key:
    """`aliased`: the declared alias leads to it. `rotates` is None of a key that is to be deleted: AWS then says no,
    and what it was before when the deletion is cancelled."""

    arn: str
    state: str
    aliased: bool
    tagged: bool
    policy: Document
    rotates: bool | None


@dataclass(frozen=True)
class Found:
    """`astray` is the key that the declared alias leads to instead of ours. `buckets` holds, of each bucket that is
    there, its settings by the name of the operation that writes them. `former` names what was the archive's and is no
    longer declared."""

    key: Key | None
    astray: str | None
    buckets: Mapping[str, Mapping[str, Any]]
    writer: Writer | None
    former: tuple[str, ...] = ()


class LogArchive(Component[Found]):
    name = "log-archive"
    kinds = ("security",)
    reads = (
        Permission(["iam:GetRole", "iam:GetRolePolicy", "iam:ListRolePolicies"], THE_ROLE),
        Permission(["kms:ListKeys", "s3:ListAllMyBuckets"]),
        Permission(
            ["kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags"],
            KEYS_AND_ALIASES,
        ),
        Permission(
            [
                "s3:GetBucketLogging",
                "s3:GetBucketObjectLockConfiguration",
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
        Permission(
            ["iam:CreateRole", "iam:DeleteRolePolicy", "iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy"],
            THE_ROLE,
        ),
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
                "s3:PutBucketObjectLockConfiguration",
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

    def entry_roles(self, declaration: Declaration) -> Sequence[str]:
        return [WRITER, *declaration.entry_role_names]

    # -- read ----------------------------------------------------------------------------------------

    def read(self, target: Target) -> Found:
        home, names = target.declaration.regions.home, archive(target)
        (key, astray), settings, role, former = side_by_side(
            lambda: _read_key(target.client("kms", home), names.key_alias),
            lambda: buckets.read(target.client("s3", home), buckets.names(names)),
            lambda: writer.read(target.client("iam"), WRITER),
            lambda: _former(target, buckets.names(names), names.key_alias) if target.is_behind else (),
        )
        return Found(key, astray, settings, role, former)

    # -- diff ----------------------------------------------------------------------------------------

    def diff(self, found: Found, target: Target) -> Iterable[Call]:
        """Whoever comes by an entry role lays down the archive's role, and nothing else: the guard rails may be in force
        already. Raises `ComponentNotSettled` when the role is there and the archive is to be changed by another's session.
        """
        role = writer.wanted([*self.reads, *self.writes], target)
        yield from needing((), writer.calls(found.writer, role))
        entered_by_another = target.entered_by not in (None, WRITER)
        for call in self._in_the_archive(found, target):
            if found.writer and entered_by_another:
                raise ComponentNotSettled(
                    f"role/{WRITER} is there and changes the archive from now on: entered by "
                    f"{target.entered_by}, though {call.resource} {call.reason}."
                )
            later = found.writer is None and entered_by_another
            yield replace(call, after=f"role/{WRITER} exists") if later else call
        yield from _kept(found.former)
        yield from buckets.still_locked(archive(target).trail_bucket, found.buckets, target)

    def left(self, target: Target) -> Iterable[Call]:
        """All of it stays, whatever `prune` says: it is the evidence."""
        return _kept(_former(target, (), ""))

    def _in_the_archive(self, found: Found, target: Target) -> Iterable[Call]:
        """The other buckets log to the one for access logs. Of one bucket S3 takes one change at a time."""
        names = archive(target)
        yield from needing((), _key_calls(found, target))
        key_arn = found.key.arn if found.key else _arn_to_come(names.key_alias)
        for bucket in buckets.names(names):
            needs = set() if bucket == names.access_logs_bucket else {f"bucket {names.access_logs_bucket}"}
            its = found.buckets.get(bucket)
            yield from needing(needs, buckets.calls(bucket, its, key_arn, target))


# -- what is no longer declared ------------------------------------------------------------------------


def _former(target: Target, buckets_in_use: Collection[str], alias: str) -> tuple[str, ...]:
    """Buckets with the policies of an archive, and keys with its tags, besides those that are declared."""
    home = target.declaration.regions.home
    kms = target.client("kms", home)
    keys = (f"key {arn}" for arn in _key_arns(kms) if _alias_by_tag(kms, arn) not in (None, alias))
    found = buckets.former(target.client("s3", home), buckets_in_use)
    return (*(f"bucket {name}" for name in found), *sorted(keys))


def _kept(former: Iterable[str]) -> Iterator[Call]:
    """Told while the account is behind the declaration, and never removed."""
    for resource in former:
        kept = (
            "is of a log archive that is declared no longer, and stays: logs are in it, or need it to be read"
        )
        yield Call("s3", "", {}, resource, "report", kept)


# -- the key -------------------------------------------------------------------------------------------


def _read_key(kms: Any, alias: str) -> tuple[Key | None, str | None]:
    """Our key, and the one that the alias leads to instead.

    The tag says which key is ours: an alias can be moved to any other key.
    """
    by_alias = _described(kms, alias)
    if by_alias and _is_tagged(kms, by_alias["Arn"], alias):
        return _examined(kms, by_alias, aliased=True, tagged=True), None
    ours = next((arn for arn in sorted(_key_arns(kms)) if _is_tagged(kms, arn, alias)), None)
    if ours:
        metadata = kms.describe_key(KeyId=ours)["KeyMetadata"]
        astray = by_alias["Arn"] if by_alias else None
        return _examined(kms, metadata, aliased=False, tagged=True), astray
    return (_examined(kms, by_alias, aliased=True, tagged=False) if by_alias else None), None


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
    return _alias_by_tag(kms, arn) == alias


def _alias_by_tag(kms: Any, arn: str) -> str | None:
    """Of a key of ours. One whose policy keeps the account's administrators out is somebody else's."""
    try:
        listed = kms.list_resource_tags(KeyId=arn)["Tags"]
    except ClientError as closed:
        if closed.response["Error"]["Code"] != "AccessDeniedException":
            raise
        return None
    tags = {tag["TagKey"]: tag["TagValue"] for tag in listed}
    return tags.get(KEY_TAG) if MINE.items() <= tags.items() else None


def _examined(kms: Any, metadata: Mapping[str, Any], *, aliased: bool, tagged: bool) -> Key:
    arn, state = metadata["Arn"], metadata["KeyState"]
    policy = json.loads(kms.get_key_policy(KeyId=arn, PolicyName="default")["Policy"])
    rotates = (
        None if state == "PendingDeletion" else kms.get_key_rotation_status(KeyId=arn)["KeyRotationEnabled"]
    )
    return Key(arn, state, aliased, tagged, policy, rotates)


def _arn_to_come(alias: str) -> str:
    return known_later(f"ARN of key {alias}")


def _key_calls(found: Found, target: Target) -> Iterator[Call]:
    """In the order that KMS takes them: a key's policy in every state, all the rest only when it is enabled.

    https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
    """
    alias, home = archive(target).key_alias, target.declaration.regions.home
    policy = policies.key(target)
    tags = [{"TagKey": name, "TagValue": value} for name, value in (MINE | {KEY_TAG: alias}).items()]
    # A new key has its policy and its tags from the start.
    key = found.key or Key(_arn_to_come(alias), "Enabled", False, True, policy, False)
    this, after = {"KeyId": key.arn}, "" if found.key else f"key {alias} exists"

    def call(
        operation: str,
        parameters: Mapping[str, Any],
        reason: str,
        severity: Severity = "high",
        action: Action = "update",
        after: str = after,
    ) -> Call:
        return Call(
            *("kms", operation, parameters, f"key {alias}", action, reason, home),
            severity=severity,
            after=after,
        )

    if found.key is None:
        creation = {"Description": "Groundwork's log archive", "Policy": json.dumps(policy), "Tags": tags}
        missing = "does not exist: no log can be encrypted"
        yield call("CreateKey", creation, missing, action="create", after="")
    if wrong := differences(key.policy, policy):
        yield call("PutKeyPolicy", this | {"PolicyName": "default", "Policy": json.dumps(policy)}, wrong)
    if key.state == "PendingDeletion":
        yield call("CancelKeyDeletion", this, "is to be deleted: every log would become unreadable")
    if key.state in ("PendingDeletion", "Disabled"):
        yield call("EnableKey", this, "is disabled: logs can be neither delivered nor read")
    if not key.aliased:
        pointed = {"AliasName": alias, "TargetKeyId": key.arn}
        if found.astray:
            yield call("UpdateAlias", pointed, f"alias leads to {found.astray}; expected {key.arn}")
        else:
            missing = "alias does not exist: no account finds the key, and no guard rail protects it"
            yield call("CreateAlias", pointed, missing, action="create")
    if not key.tagged:
        adopted = "was there under the declared alias, untagged: adopted"
        yield call("TagResource", this | {"Tags": tags}, adopted, "low")
    if not key.rotates:
        # Whether a key rotates that is to be deleted is not told: told to once more, it does for certain.
        wrong = "does not rotate" if key.rotates is False else "may not rotate once its deletion is cancelled"
        yield call("EnableKeyRotation", this, wrong, "medium")
