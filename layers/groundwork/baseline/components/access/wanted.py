"""The declaration, worked out for one account."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from groundwork.baseline.component import Target
from groundwork.declaration.access import Boundary, Group, Role, User
from groundwork.declaration.policy_files import ENTER, MFA_SELF_SERVICE, Document
from groundwork.declaration.settings import MANAGED_BY
from groundwork.errors import InvalidDeclaration

from .documents import (
    GROUP_INLINE_CHARACTERS,
    MANAGED_POLICY_CHARACTERS,
    ROLE_INLINE_CHARACTERS,
    NotYetKnown,
    enter_policy,
    filled,
    hold_to,
    together,
    trust_policy,
)
from .marks import marked
from .revocation import REVOKED, revocation
from .state import ACCESS_KEYS, NO_ACCESS_KEYS, US, GroupState, PolicyState, RoleState, UserState


@dataclass(frozen=True)
class LeftOut:
    """What is declared and cannot be worked out yet; `inline` is the name of a group's policy."""

    resource: str
    why: str
    inline: str | None = None


@dataclass
class Wanted:
    roles: list[RoleState] = field(default_factory=list)
    groups: list[GroupState] = field(default_factory=list)
    users: list[UserState] = field(default_factory=list)
    policies: list[PolicyState] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


def wanted(target: Target) -> Wanted:
    """Raises `InvalidDeclaration` when a policy is longer than IAM takes."""
    all_of_it = Wanted()
    for role in declared_roles(target):
        with_boundary = _or_left_out(f"role/{role.name}", partial(_role, role, target), all_of_it)
        if with_boundary is not None:
            state, boundary = with_boundary
            all_of_it.roles.append(state)
            if boundary is not None and boundary not in all_of_it.policies:
                all_of_it.policies.append(boundary)
    for declared in declared_boundaries(target):
        policy = _or_left_out(f"policy/{declared.name}", partial(_for_others, declared, target), all_of_it)
        all_of_it.policies += [policy] if policy is not None else []
    if target.account.kind == "security":
        for group in target.declaration.access.groups:
            entered = _or_left_out(
                f"group/{group.name}", partial(_group, group, target, all_of_it), all_of_it
            )
            all_of_it.groups += [entered] if entered is not None else []
        left_out = {item.resource for item in all_of_it.left_out if item.inline is None}
        all_of_it.users += [_user(user, left_out, target) for user in target.declaration.access.users]
    return all_of_it


def never_left_out(all_of_it: Wanted) -> Wanted:
    """Where all that is declared is there, nothing waits for it. Raises `InvalidDeclaration`."""
    for each in all_of_it.left_out:
        raise InvalidDeclaration(
            f"baseline.yaml: access {each.resource}: {each.why}, and accounts declares none."
        )
    return all_of_it


def declared_roles(target: Target) -> list[Role]:
    return [role for role in target.declaration.access.roles if role.where.admits(target.account)]


def declared_boundaries(target: Target) -> list[Boundary]:
    return [each for each in target.declaration.access.boundaries if each.where.admits(target.account)]


def declared_policies(target: Target) -> frozenset[str]:
    """The names of the customer managed policies that the declaration lays down in the account."""
    bounds = {role.permissions_boundary or "" for role in declared_roles(target)}
    others = {boundary.name for boundary in declared_boundaries(target)}
    return frozenset({name for name in bounds if target.declaration.has_policy(name)} | others)


T = TypeVar("T")


def _or_left_out(resource: str, work_out: Callable[[], T], all_of_it: Wanted) -> T | None:
    try:
        return work_out()
    except NotYetKnown as unknown:
        all_of_it.left_out.append(LeftOut(resource, str(unknown)))
        return None


def _role(role: Role, target: Target) -> tuple[RoleState, PolicyState | None]:
    inline = _inline(role.policies, target)
    before = target.declaration.access.revoke_sessions_before
    if before and role.trust.mfa == "required":
        inline[REVOKED] = revocation(before)
    hold_to(
        ROLE_INLINE_CHARACTERS, list(inline.values()), f"access.roles {role.name}: policies", "shorten them"
    )
    boundary = _boundary(role, target)
    state = RoleState(
        role.name,
        role.path,
        inline,
        _attached(role.managed_policies, target),
        trust=trust_policy(role, target),
        description=role.description,
        max_session_duration=role.max_session_duration,
        boundary=boundary.arn if isinstance(boundary, PolicyState) else boundary,
        tags={**role.tags, MANAGED_BY: US},
    )
    return state, boundary if isinstance(boundary, PolicyState) else None


def _boundary(role: Role, target: Target) -> PolicyState | str | None:
    """A customer managed policy when it is a file of policies/, else the ARN of an AWS managed one."""
    name = role.permissions_boundary
    if name is None:
        return None
    if not target.declaration.has_policy(name):
        return target.managed_policy_arn(name)
    return _customer_managed(
        name, [name], target, f"access.roles {role.name}: permissionsBoundary", "shorten it"
    )


def _for_others(boundary: Boundary, target: Target) -> PolicyState:
    where = f"access.boundaries {boundary.name}: policies"
    return _customer_managed(boundary.name, boundary.policies, target, where, "shorten them")


def _customer_managed(
    name: str, files: Iterable[str], target: Target, where: str, remedy: str
) -> PolicyState:
    """All that these files say, as one policy."""
    document = together(filled(target.declaration.policy(file), target) for file in files)
    hold_to(MANAGED_POLICY_CHARACTERS, [marked(document, name)], where, remedy)
    return PolicyState(
        f"arn:{target.organization.partition}:iam::{target.account.id}:policy/{name}", document
    )


def _group(group: Group, target: Target, all_of_it: Wanted) -> GroupState:
    inline = {**_inline([MFA_SELF_SERVICE], target), **_inline(group.policies, target)}
    roles = {role.name: role for role in target.declaration.access.roles}
    for number, enter in enumerate(group.enter):
        earlier = sum(other.role == enter.role for other in group.enter[:number])
        name = f"{ENTER}{enter.role}-{earlier + 1}" if earlier else f"{ENTER}{enter.role}"
        try:
            inline[name] = enter_policy(enter, roles[enter.role], target)
        except NotYetKnown as unknown:
            all_of_it.left_out.append(
                LeftOut(f"group/{group.name}", f"entry to {enter.role}: {unknown}", name)
            )
    written = inline | {MFA_SELF_SERVICE: marked(inline[MFA_SELF_SERVICE], group.name)}
    hold_to(
        GROUP_INLINE_CHARACTERS,
        list(written.values()),
        f"access.groups {group.name}: enter and policies, with {MFA_SELF_SERVICE},",
        "enter by organizationalUnits instead of names, or divide the group",
    )
    return GroupState(group.name, group.path, inline, _attached(group.managed_policies, target))


def _user(user: User, left_out: set[str], target: Target) -> UserState:
    groups = frozenset(group for group in user.groups if f"group/{group}" not in left_out)
    keyless = {ACCESS_KEYS: NO_ACCESS_KEYS} if user.name in without_keys(target) else {}
    return UserState(user.name, user.path, groups=groups, tags={**user.tags, MANAGED_BY: US, **keyless})


def without_keys(target: Target) -> frozenset[str]:
    """The declared users who may have no access key."""
    access = target.declaration.access
    return frozenset(
        user.name
        for user in access.users
        if not (access.access_keys if user.access_keys is None else user.access_keys)
    )


def _inline(names: Iterable[str], target: Target) -> dict[str, Document]:
    return {name: filled(target.declaration.policy(name), target) for name in names}


def _attached(names: Iterable[str], target: Target) -> frozenset[str]:
    return frozenset(target.managed_policy_arn(name) for name in names)
