"""The identity store of IAM Identity Center: which groups and users it has.

https://docs.aws.amazon.com/singlesignon/latest/IdentityStoreAPIReference/API_GetGroupId.html
https://docs.aws.amazon.com/singlesignon/latest/IdentityStoreAPIReference/API_DescribeUser.html
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import NamedTuple

from botocore.exceptions import ClientError

from groundwork.baseline.component import Target
from groundwork.side_by_side import side_by_side

from .instance import Instance

GROUP = "GROUP"


class Principal(NamedTuple):
    """A group or a user of the identity store, by its id."""

    kind: str
    id: str


def ids(names: Iterable[str], where: Instance, target: Target) -> dict[str, str | None]:
    """Of groups, by display name; None where there is no such group."""
    store, asked = target.client("identitystore", where.region), sorted(names)

    def id_of(name: str) -> str | None:
        attribute = {"AttributePath": "displayName", "AttributeValue": name}
        try:
            found = store.get_group_id(
                IdentityStoreId=where.identity_store, AlternateIdentifier={"UniqueAttribute": attribute}
            )
        except ClientError as error:
            if not is_absent(error, GROUP):
                raise
            return None
        return str(found["GroupId"])

    return dict(zip(asked, side_by_side(*(partial(id_of, name) for name in asked)), strict=True))


def deleted(principals: Iterable[Principal], where: Instance, target: Target) -> frozenset[Principal]:
    """Those of them that the identity store has no more: what they were assigned stays."""
    store, asked = target.client("identitystore", where.region), sorted(set(principals))

    def is_there(principal: Principal) -> bool:
        try:
            if principal.kind == GROUP:
                store.describe_group(IdentityStoreId=where.identity_store, GroupId=principal.id)
            else:
                store.describe_user(IdentityStoreId=where.identity_store, UserId=principal.id)
        except ClientError as error:
            if not is_absent(error, principal.kind):
                raise
            return False
        return True

    answers = side_by_side(*(partial(is_there, each) for each in asked))
    return frozenset(each for each, there in zip(asked, answers, strict=True) if not there)


def is_absent(error: ClientError, kind: str) -> bool:
    """Whether the identity store says that it has no such group, or user. By the same code it says that it is not there itself,
    or that the key is not by which it is encrypted."""
    answer = error.response
    return (
        answer["Error"]["Code"] == "ResourceNotFoundException"
        and answer.get("ResourceType") in (None, kind)
        and not answer.get("Reason")
    )
