"""S3 Block Public Access: of the organization, of an account and of a bucket, and what it refuses.

An S3 policy of the organization holds the account's setting: a read shows all four as the policy has them, a change is
denied whoever asks, and the account's own comes back when the policy no longer reaches it. The strictest setting
counts: the account's, or the bucket's. Reading through what is public is for nobody without a signature here anyhow.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_s3.html
https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_PutPublicAccessBlock.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from moto.core.exceptions import AccessDeniedError
from moto.s3.models import (
    ALL_USERS_GRANTEE,
    AUTHENTICATED_USERS_GRANTEE,
    FakeAcl,
    PublicAccessBlock,
    S3Backend,
)
from moto.s3control.models import S3ControlBackend, s3control_backends

from groundwork.policies.conditions import as_list
from local.engine import Engine
from local.organizations import in_effect

POLICY_TYPE = "S3_POLICY"
FIXED = frozenset(
    (
        *("aws:sourcearn", "aws:sourcevpc", "aws:sourcevpce", "aws:sourceowner", "aws:sourceaccount"),
        *("aws:sourceorgid", "aws:principalorgid", "aws:principalaccount", "aws:sourceip", "aws:userid"),
        *("s3:dataaccesspointarn", "s3:dataaccesspointaccount"),
        "s3:x-amz-server-side-encryption-aws-kms-key-id",
    )
)
"""Condition keys by which a statement for everybody is not public, when they are held to fixed values. See "The meaning
of public" on the first page above."""
PUBLIC_GRANTEES = (ALL_USERS_GRANTEE, AUTHENTICATED_USERS_GRANTEE)


class Denied(AccessDeniedError):
    """S3 says no more than this, with status 403, which moto has for no error of S3's that is not in its model."""

    def __init__(self) -> None:
        super().__init__("", "")
        self.description = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"


def install(engine: Engine) -> None:
    read = vars(S3ControlBackend)["get_public_access_block"]

    def shown(backend: S3ControlBackend, account_id: str) -> Any:
        held = _held(backend.account_id)
        return read(backend, account_id) if held is None else PublicAccessBlock(held, held, held, held)

    def unless_held(change: Any) -> Any:
        def changed(backend: S3ControlBackend, *given: Any, **named: Any) -> Any:
            if _held(backend.account_id) is not None:
                raise Denied
            return change(backend, *given, **named)

        return changed

    engine.patch(S3ControlBackend, "get_public_access_block", shown)
    for change in ("put_public_access_block", "delete_public_access_block"):
        engine.patch(S3ControlBackend, change, unless_held(vars(S3ControlBackend)[change]))
    put_policy = vars(S3Backend)["put_bucket_policy"]

    def policy(backend: S3Backend, bucket_name: str, policy: bytes) -> Any:
        if is_public(json.loads(policy)) and _blocks(backend, bucket_name, "block_public_policy"):
            raise Denied
        return put_policy(backend, bucket_name, policy)

    def acl(put: Any) -> Any:
        def unless_public(backend: S3Backend, bucket_name: str, *given: Any, **named: Any) -> Any:
            wanted = next((each for each in (*given, *named.values()) if isinstance(each, FakeAcl)), None)
            if _is_for_everybody(wanted) and _blocks(backend, bucket_name, "block_public_acls"):
                raise Denied
            return put(backend, bucket_name, *given, **named)

        return unless_public

    engine.patch(S3Backend, "put_bucket_policy", policy)
    for put in ("put_bucket_acl", "put_object_acl"):
        engine.patch(S3Backend, put, acl(vars(S3Backend)[put]))


def _held(account_id: str) -> bool | None:
    """Whether an S3 policy of the organization blocks public access in the account; None where none says anything."""
    attributes = in_effect(POLICY_TYPE, account_id).get("s3_attributes", {})
    held = attributes.get("public_access_block_configuration")
    return None if held is None else held == "all"


def _blocks(backend: S3Backend, bucket_name: str, setting: str) -> bool:
    bucket = backend.get_bucket(bucket_name)
    held = _held(bucket.account_id)
    own = s3control_backends[bucket.account_id][backend.partition].public_access_block
    account = bool(getattr(own, setting, False)) if held is None else held
    return account or bool(getattr(bucket.public_access_block, setting, False))


def is_public(document: Mapping[str, Any]) -> bool:
    """Whether S3 takes a bucket's policy for a public one."""
    return any(
        statement.get("Effect") == "Allow"
        and _for_everybody(statement.get("Principal"))
        and not any(key in FIXED and _are_fixed(values) for key, values in _conditions(statement))
        for statement in as_list(document.get("Statement", []))
    )


def _for_everybody(principal: Any) -> bool:
    return principal == "*" or (isinstance(principal, Mapping) and "*" in as_list(principal.get("AWS", [])))


def _conditions(statement: Mapping[str, Any]) -> Iterator[tuple[str, Iterable[str]]]:
    for operator, keys in statement.get("Condition", {}).items():
        if not operator.lower().startswith(("stringnot", "arnnot", "notip", "null")):
            yield from ((key.lower(), as_list(values)) for key, values in keys.items())


def _are_fixed(values: Iterable[Any]) -> bool:
    return not any(mark in str(value) for value in values for mark in "*?$")


def _is_for_everybody(acl: FakeAcl | None) -> bool:
    grants = acl.grants if acl else []
    return any(grantee in PUBLIC_GRANTEES for grant in grants for grantee in grant.grantees)
