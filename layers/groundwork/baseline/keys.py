"""A customer managed key of ours in the home Region, and its alias: found, looked at, and brought to what is declared."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from groundwork.baseline.central_policies import minified
from groundwork.baseline.component import Action, Call, Permission, Target, known_later
from groundwork.baseline.documents import differences
from groundwork.contracts import Severity
from groundwork.declaration.policy_files import Document

MINE = {"managed-by": "groundwork"}
KEY_TAG = "groundwork:alias"
"""By this tag a key is found again whose alias is missing: after CreateKey, or when somebody deleted the alias."""

KEYS_AND_ALIASES = ("arn:{partition}:kms:*:{account}:key/*", "arn:{partition}:kms:*:{account}:alias/*")
LOOK = Permission(
    ["kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags"],
    KEYS_AND_ALIASES,
)
"""Besides kms:ListKeys, which takes no resource."""
WRITES = (
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
)


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


class Use(NamedTuple):
    """What a key is for, and in words what it means that it is missing, disabled, to be deleted, or without its alias."""

    description: str
    missing: str
    disabled: str
    doomed: str
    lost: str


def read(kms: Any, alias: str) -> tuple[Key | None, str | None]:
    """Our key, and the one that the alias leads to instead.

    The tag says which key is ours: an alias can be moved to any other key.
    """
    by_alias = _described(kms, alias)
    if by_alias and _is_tagged(kms, by_alias["Arn"], alias):
        return _examined(kms, by_alias, aliased=True, tagged=True), None
    ours = next((arn for arn in sorted(arns(kms)) if _is_tagged(kms, arn, alias)), None)
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


def arns(kms: Any) -> Iterator[str]:
    return (entry["KeyArn"] for page in kms.get_paginator("list_keys").paginate() for entry in page["Keys"])


def _is_tagged(kms: Any, arn: str, alias: str) -> bool:
    return alias_by_tag(kms, arn) == alias


def alias_by_tag(kms: Any, arn: str) -> str | None:
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
    rotates = (
        None if state == "PendingDeletion" else kms.get_key_rotation_status(KeyId=arn)["KeyRotationEnabled"]
    )
    return Key(arn, state, aliased, tagged, policy_of(kms, arn), rotates)


def policy_of(kms: Any, arn: str) -> Document:
    policy: Document = json.loads(kms.get_key_policy(KeyId=arn, PolicyName="default")["Policy"])
    return policy


def arn_to_come(alias: str) -> str:
    return known_later(f"ARN of key {alias}")


def calls(
    found: Key | None, astray: str | None, alias: str, policy: Document, use: Use, target: Target
) -> Iterator[Call]:
    """In the order that KMS takes them: a key's policy in every state, all the rest only when it is enabled.

    https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
    """
    tags = [{"TagKey": name, "TagValue": value} for name, value in (MINE | {KEY_TAG: alias}).items()]
    # A new key has its policy and its tags from the start.
    key = found or Key(arn_to_come(alias), "Enabled", False, True, policy, False)
    this, after = {"KeyId": key.arn}, "" if found else f"key {alias} exists"

    def call(
        operation: str,
        parameters: Mapping[str, Any],
        reason: str,
        severity: Severity = "high",
        action: Action = "update",
        after: str = after,
    ) -> Call:
        return Call(
            *("kms", operation, parameters, f"key {alias}", action, reason, target.declaration.regions.home),
            severity=severity,
            after=after,
        )

    if found is None:
        creation = {"Description": use.description, "Policy": minified(policy), "Tags": tags}
        missing = f"does not exist: {use.missing}"
        yield call("CreateKey", creation, missing, action="create", after="")
    if wrong := differences(key.policy, policy):
        yield call("PutKeyPolicy", this | {"PolicyName": "default", "Policy": minified(policy)}, wrong)
    if key.state == "PendingDeletion":
        yield call("CancelKeyDeletion", this, f"is to be deleted: {use.doomed}")
    if key.state in ("PendingDeletion", "Disabled"):
        yield call("EnableKey", this, f"is disabled: {use.disabled}")
    if not key.aliased:
        pointed = {"AliasName": alias, "TargetKeyId": key.arn}
        if astray:
            yield call("UpdateAlias", pointed, f"alias leads to {astray}; expected {key.arn}")
        else:
            missing = f"alias does not exist: {use.lost}"
            yield call("CreateAlias", pointed, missing, action="create")
    if not key.tagged:
        adopted = "was there under the declared alias, untagged: adopted"
        yield call("TagResource", this | {"Tags": tags}, adopted, "low")
    if not key.rotates:
        # Whether a key rotates that is to be deleted is not told: told to once more, it does for certain.
        wrong = "does not rotate" if key.rotates is False else "may not rotate once its deletion is cancelled"
        yield call("EnableKeyRotation", this, wrong, "medium")
