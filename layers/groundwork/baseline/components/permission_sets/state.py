"""A permission set as it is, and as a declared role makes it.

https://docs.aws.amazon.com/singlesignon/latest/userguide/howtosessionduration.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalaccount
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from groundwork.baseline.component import Target
from groundwork.baseline.components.access.documents import (
    ROLE_INLINE_CHARACTERS,
    filled,
    hold_to,
    together,
)
from groundwork.baseline.components.access.revocation import revocation
from groundwork.declaration.access import Role
from groundwork.declaration.policy_files import Document, statements

from .instance import Instance, client

DURATION = re.compile(r"P(?:(\d+)D)?T?(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?")
ACCOUNT = "<account>"
OUTDATED = "LATEST_PERMISSION_SET_NOT_PROVISIONED"
WHOSE = "${aws:PrincipalAccount}"
"""The account in which a session is: what stands for `<account>` in a condition."""


@dataclass(frozen=True)
class PermissionSet:
    """`seconds` is how long a session lasts, `relay_state` the page that opens first. `references` are customer managed policies by name. `accounts` have it
    provisioned, and `outdated` ones of them as it was before."""

    name: str
    description: str
    seconds: int
    managed: frozenset[str] = frozenset()
    inline: Document | None = None
    references: tuple[tuple[str, str], ...] = ()
    has_boundary: bool = False
    arn: str = ""
    accounts: tuple[str, ...] = ()
    outdated: frozenset[str] = field(default_factory=frozenset)
    relay_state: str = ""


def wanted(role: Role, target: Target) -> PermissionSet:
    """Raises `NotYetKnown` while a policy names an account that is not there, and `InvalidDeclaration` when the policies are
    longer than a permission set's may be."""
    documents = [filled(_for_each_account(target.declaration.policy(name)), target) for name in role.policies]
    before = target.declaration.access.revoke_sessions_before
    if before:
        documents.append(revocation(before))
    inline = together(documents) if documents else None
    key = f"access.roles {role.name}: policies"
    hold_to(ROLE_INLINE_CHARACTERS, [inline] if inline else [], key, "shorten them")
    return PermissionSet(
        name=str(role.permission_set),
        description=role.description or f"The role {role.name}",
        seconds=role.max_session_duration,
        managed=frozenset(map(target.managed_policy_arn, role.managed_policies)),
        inline=inline,
        relay_state=role.relay_state or "",
    )


def _for_each_account(document: Document) -> Document:
    """One document is for all accounts. IAM fills in no variable before the fifth colon of an ARN, so that a resource of any
    account stands for `<account>` there; what is allowed is held to the session's own account by a condition.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
    """
    made = [each for statement in statements(document) for each in _for_each(statement)]
    return {**document, "Statement": made}


def _for_each(statement: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """What the statement says of resources of other owners, like AWS's managed policies, it says in a statement of its own."""
    rest = {name: value for name, value in statement.items() if name != "Resource"}
    made: dict[str, Any] = json.loads(json.dumps(rest).replace(ACCOUNT, WHOSE))
    if "Resource" not in statement:
        yield made
        return
    resources = [statement["Resource"]] if isinstance(statement["Resource"], str) else statement["Resource"]
    own = [each.replace(ACCOUNT, "*") for each in resources if ACCOUNT in each]
    others = [each for each in resources if ACCOUNT not in each]
    if own and statement["Effect"] == "Allow":
        conditions = made.get("Condition", {})
        equal = {"aws:ResourceAccount": WHOSE, **conditions.get("StringEquals", {})}
        yield {**made, "Resource": own, "Condition": {**conditions, "StringEquals": equal}}
        made.pop("Sid", None)
        own = []
    if own or others:
        yield {**made, "Resource": [*own, *others]}


def read(arn: str, instance: Instance, target: Target) -> PermissionSet:
    sso, which = client(target), {"InstanceArn": instance.arn, "PermissionSetArn": arn}

    def listed(operation: str, key: str, **more: Any) -> list[Any]:
        pages = sso.get_paginator(operation).paginate(**which, **more)
        return [each for page in pages for each in page.get(key, [])]

    described = sso.describe_permission_set(**which)["PermissionSet"]
    inline = sso.get_inline_policy_for_permission_set(**which).get("InlinePolicy")
    managed = listed("list_managed_policies_in_permission_set", "AttachedManagedPolicies")
    references = listed(
        "list_customer_managed_policy_references_in_permission_set", "CustomerManagedPolicyReferences"
    )
    accounts = listed("list_accounts_for_provisioned_permission_set", "AccountIds")
    outdated = listed(
        "list_accounts_for_provisioned_permission_set", "AccountIds", ProvisioningStatus=OUTDATED
    )
    return PermissionSet(
        name=described["Name"],
        description=described.get("Description", ""),
        seconds=seconds_of(described.get("SessionDuration", "PT1H")),
        managed=frozenset(each["Arn"] for each in managed),
        inline=json.loads(inline) if inline else None,
        references=tuple(sorted((each.get("Path", "/"), each["Name"]) for each in references)),
        has_boundary=_has_boundary(sso, which),
        arn=arn,
        accounts=tuple(accounts),
        outdated=frozenset(outdated),
        relay_state=described.get("RelayState", ""),
    )


def _has_boundary(sso: Any, which: Mapping[str, str]) -> bool:
    try:
        found = sso.get_permissions_boundary_for_permission_set(**which)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return False
    return bool(found.get("PermissionsBoundary"))


def seconds_of(duration: str) -> int:
    """Of an ISO 8601 duration, however it is written; none where it is of months."""
    found = DURATION.fullmatch(duration)
    if not found:
        return 0
    days, hours, minutes, seconds = (int(each or 0) for each in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def duration_of(seconds: int) -> str:
    """PT8H, PT90M or PT3601S."""
    for unit, letter in ((3600, "H"), (60, "M")):
        if seconds % unit == 0:
            return f"PT{seconds // unit}{letter}"
    return f"PT{seconds}S"
