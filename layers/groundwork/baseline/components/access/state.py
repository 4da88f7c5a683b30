"""Roles, groups, users and policies as they are, and as they are wanted: the same shapes for both."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote

from groundwork.baseline.strangers import Seen
from groundwork.declaration.policy_files import MFA_SELF_SERVICE, Document
from groundwork.declaration.settings import MANAGED_BY

from . import credentials
from .credentials import Credential
from .marks import is_marked, unmarked

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_iam.literals import EntityTypeType

US = "groundwork"
ACCESS_KEYS = "groundwork:access-keys"
"""The tag of users who may have none; mfa-self-service denies them to make or activate one."""
NO_ACCESS_KEYS = "none"
LEAVING = "/no-longer-declared/"
"""The path of a group that is being taken away."""
PAGE_SIZE = 1000


@dataclass(frozen=True)
class Holder:
    """What roles, groups and users have in common. `inline` has documents by name, `attached` ARNs, `boundary` is one;
    groups have none."""

    name: str
    path: str = "/"
    inline: Mapping[str, Document] = field(default_factory=dict)
    attached: frozenset[str] = frozenset()
    boundary: str | None = None


@dataclass(frozen=True)
class RoleState(Holder):
    """`max_session_duration` is in seconds."""

    trust: Document = field(default_factory=dict)
    description: str = ""
    max_session_duration: int = 3600
    tags: Mapping[str, str] = field(default_factory=dict)
    in_instance_profile: bool = False


@dataclass(frozen=True)
class GroupState(Holder):
    """Groups carry no tags: `is_marked` says whether it is ours."""

    is_marked: bool = True


@dataclass(frozen=True)
class UserState(Holder):
    """`active_keys` are ids of access keys, read of those only who may have none; `credentials` of those who leave."""

    groups: frozenset[str] = frozenset()
    tags: Mapping[str, str] = field(default_factory=dict)
    active_keys: tuple[str, ...] = ()
    credentials: tuple[Credential, ...] = ()


@dataclass(frozen=True)
class PolicyState:
    """A customer managed policy: its document in force, the ids of its other versions, oldest first, and how many have
    it attached or as their boundary."""

    arn: str
    document: Document
    other_versions: tuple[str, ...] = ()
    uses: int = 0
    is_marked: bool = True

    @property
    def name(self) -> str:
        return self.arn.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Found:
    """The account's IAM, by name; policies by ARN."""

    roles: Mapping[str, RoleState] = field(default_factory=dict)
    groups: Mapping[str, GroupState] = field(default_factory=dict)
    users: Mapping[str, UserState] = field(default_factory=dict)
    policies: Mapping[str, PolicyState] = field(default_factory=dict)
    seen: Seen = field(default_factory=Seen)


def read(
    client: IAMClient,
    kinds: Sequence[EntityTypeType],
    declared_roles: Iterable[str],
    without_keys: Iterable[str] = (),
    remaining_users: Collection[str] | None = None,
) -> Found:
    """One pass over the account, and one over its roles when a declared one is there; one call for each user who may
    have no access key, and some for each of ours who is not among `remaining_users`.

    GetAccountAuthorizationDetails returns neither description nor session length of a role; ListRoles does,
    and neither boundary nor tags.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRoles.html
    """
    roles: dict[str, Any] = {}
    groups: dict[str, GroupState] = {}
    users: dict[str, UserState] = {}
    policies: dict[str, PolicyState] = {}
    details = client.get_paginator("get_account_authorization_details")
    for page in details.paginate(Filter=kinds, PaginationConfig={"PageSize": PAGE_SIZE}):
        roles |= {raw["RoleName"]: raw for raw in page["RoleDetailList"]}
        groups |= {raw["GroupName"]: _group(raw) for raw in page["GroupDetailList"]}
        users |= {raw["UserName"]: _user(raw) for raw in page["UserDetailList"]}
        policies |= {raw["Arn"]: _policy(raw) for raw in page["Policies"]}
    listed: dict[str, Any] = {}
    if not roles.keys().isdisjoint(declared_roles):
        for listing in client.get_paginator("list_roles").paginate(PaginationConfig={"PageSize": PAGE_SIZE}):
            listed |= {raw["RoleName"]: raw for raw in listing["Roles"]}
    for name in users.keys() & set(without_keys):
        users[name] = replace(users[name], active_keys=_active_keys(client, name))
    if remaining_users is not None:
        leaving = [user.name for user in ours(users) if user.name not in remaining_users]
        for name, theirs in credentials.read(client, leaving, users).items():
            users[name] = replace(users[name], credentials=theirs)
    return Found(
        {name: _role(raw, listed.get(name, {})) for name, raw in roles.items()}, groups, users, policies
    )


def _active_keys(client: IAMClient, user: str) -> tuple[str, ...]:
    keys = client.list_access_keys(UserName=user)["AccessKeyMetadata"]  # two at most: never a second page
    return tuple(key["AccessKeyId"] for key in keys if key["Status"] == "Active")


def _role(raw: Any, listed: Any) -> RoleState:
    return RoleState(
        raw["RoleName"],
        raw["Path"],
        _inline(raw.get("RolePolicyList", [])),
        _attached(raw),
        trust=parsed(raw["AssumeRolePolicyDocument"]),
        description=listed.get("Description", ""),
        max_session_duration=listed.get("MaxSessionDuration", 3600),
        boundary=_boundary(raw),
        tags=_tags(raw),
        in_instance_profile=bool(raw.get("InstanceProfileList")),
    )


def _group(raw: Any) -> GroupState:
    name, inline = raw["GroupName"], _inline(raw.get("GroupPolicyList", []))
    carried = inline.get(MFA_SELF_SERVICE, {})
    if is_ours := is_marked(carried, name):
        inline[MFA_SELF_SERVICE] = unmarked(carried, name)
    return GroupState(name, raw["Path"], inline, _attached(raw), is_marked=is_ours or raw["Path"] == LEAVING)


def _user(raw: Any) -> UserState:
    return UserState(
        raw["UserName"],
        raw["Path"],
        _inline(raw.get("UserPolicyList", [])),
        _attached(raw),
        boundary=_boundary(raw),
        groups=frozenset(raw.get("GroupList", [])),
        tags=_tags(raw),
    )


def _policy(raw: Any) -> PolicyState:
    versions = {version["VersionId"]: version for version in raw["PolicyVersionList"]}
    in_force = versions.pop(raw["DefaultVersionId"])
    oldest_first = sorted(versions, key=lambda version: int(version.removeprefix("v")))
    document, name = parsed(in_force["Document"]), raw["PolicyName"]
    return PolicyState(
        raw["Arn"],
        unmarked(document, name),
        tuple(oldest_first),
        raw.get("AttachmentCount", 0) + raw.get("PermissionsBoundaryUsageCount", 0),
        is_marked(document, name),
    )


def _inline(raw: Any) -> dict[str, Document]:
    return {policy["PolicyName"]: parsed(policy["PolicyDocument"]) for policy in raw}


def _attached(raw: Any) -> frozenset[str]:
    return frozenset(policy["PolicyArn"] for policy in raw.get("AttachedManagedPolicies", []))


def _boundary(raw: Any) -> str | None:
    arn: str | None = raw.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    return arn


def _tags(raw: Any) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in raw.get("Tags", [])}


def parsed(document: Any) -> Document:
    """IAM sends documents URL-encoded; botocore decodes most of them."""
    read: Document = json.loads(unquote(document)) if isinstance(document, str) else document
    return read


H = TypeVar("H", RoleState, UserState)


def ours(found: Mapping[str, H]) -> list[H]:
    """Those that carry our tag."""
    return [state for state in found.values() if state.tags.get(MANAGED_BY) == US]
