"""What the tests of access share."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from groundwork.baseline.components.access import Access
from groundwork.contracts import Account
from groundwork.declaration import Declaration
from groundwork.declaration.loading import load
from local.identity.credentials import Credentials
from tests.component.conftest import World

ACCESS = Access()
ADMIN, DEV, READER, DEPLOY, SUPPORT = (
    "allow-admin-from-security-account",
    "allow-dev-from-security-account",
    "allow-read-only-from-security-account",
    "allow-deploy-from-mgmt-account",
    "allow-support-from-security-account",
)
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
ANYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def declared(change: Callable[[dict[str, Any]], None], **others: Any) -> Declaration:
    """The default declaration with `access` changed, and other keys."""
    default = load()
    access = default.access.model_dump(by_alias=True, exclude_none=True)
    change(access)
    declaration = Declaration.model_validate(
        default.model_dump(by_alias=True, exclude_none=True) | {"access": access} | others
    )
    declaration._policies.update(default._policies, limits=ANYTHING)
    return declaration


def with_role(**more: Any) -> Declaration:
    """The default declaration and one more role."""
    extra = {"name": "extra", "where": {"kinds": ["workload"]}, "trust": {"account": "security"}}
    return declared(lambda access: access["roles"].append(extra | more))


def only_role(name: str, **more: Any) -> Declaration:
    """The default declaration with one role declared otherwise."""

    def change(access: dict[str, Any]) -> None:
        next(role for role in access["roles"] if role["name"] == name).update(more)

    return declared(change)


FORGOTTEN = frozenset({"CreateDate", "UpdateDate", "RoleLastUsed", "RoleId", "GroupId", "UserId", "PolicyId"})


def holdings(world: World, account: Account) -> Any:
    """All of the account's own IAM, comparable: no times, no random ids, no order."""
    iam = world.client("iam", account)
    details = iam.get_account_authorization_details(Filter=["Role", "Group", "User", "LocalManagedPolicy"])
    kinds = ("RoleDetailList", "GroupDetailList", "UserDetailList", "Policies")
    roles = [
        {key: role.get(key) for key in ("RoleName", "Description", "MaxSessionDuration")}
        for role in iam.list_roles()["Roles"]
    ]
    active = [
        key["UserName"]
        for user in details["UserDetailList"]
        for key in iam.list_access_keys(UserName=user["UserName"])["AccessKeyMetadata"]
        if key["Status"] == "Active"
    ]
    return _plain({kind: details[kind] for kind in kinds} | {"roles": roles, "active keys": active})


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items() if key not in FORGOTTEN}
    if isinstance(value, list):
        return sorted((_plain(part) for part in value), key=partial(json.dumps, sort_keys=True, default=str))
    return value


def baselined(world: World) -> Account:
    """A fresh workload account with its baseline."""
    account = world.account()
    world.apply(ACCESS, account)
    return account


def is_in(world: World, who: Credentials) -> bool:
    """Whether these credentials stand for somebody who may look around."""
    iam = world.aws.client("iam", credentials=who)
    try:
        iam.list_roles()
    except ClientError:
        return False
    return True
