"""What was laid down and is no longer declared: how it goes, so that nobody keeps a way in and nobody's falls open.

A role is closed first, a user denied everything: that holds sessions that are open, whose permissions IAM works out anew
for each call. Then goes what IAM wants gone before, and the denial last of all. A run that ends halfway leaves less than
there was, and the next one goes on from there.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_disable-perms.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUser.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRole.html
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass, replace

from groundwork.baseline.component import Call, Target, needing
from groundwork.baseline.documents import differences
from groundwork.declaration.policy_files import ENTER, MFA_SELF_SERVICE, Document
from groundwork.declaration.settings import MANAGED_BY

from .difference import call, out_of_groups, policies, resource_of
from .documents import ROLE_INLINE_CHARACTERS, USER_INLINE_CHARACTERS, compact
from .state import LEAVING, US, Found, GroupState, Holder, PolicyState, RoleState, UserState, ours
from .wanted import Wanted, declared_policies, declared_roles

TAGGED = f"is tagged {MANAGED_BY}: {US} and no longer declared for this account"
MARKED = "carries Groundwork's mark and is no longer declared for this account"

DENIAL = "no-longer-declared"
NOTHING: Document = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}],
}
NOBODY: Document = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}


@dataclass(frozen=True)
class Leaving:
    """What is ours and no longer declared. `copies` are groups that look like ours and carry no mark: of people, or of a
    Groundwork that knew none."""

    roles: list[RoleState]
    groups: list[GroupState]
    users: list[UserState]
    policies: list[PolicyState]
    copies: list[GroupState]


def leaving(found: Found, target: Target) -> Leaving:
    access = target.declaration.access
    return _all_but(
        found,
        roles={role.name for role in declared_roles(target)},
        groups={group.name for group in access.groups},
        users={user.name for user in access.users},
        policies=declared_policies(target),
    )


def _all_but(
    found: Found,
    roles: Container[str] = (),
    groups: Container[str] = (),
    users: Container[str] = (),
    policies: Container[str] = (),
) -> Leaving:
    """What is ours, without those of these names."""
    others = [group for group in found.groups.values() if group.name not in groups]
    return Leaving(
        [role for role in ours(found.roles) if role.name not in roles],
        [group for group in others if group.is_marked],
        [user for user in ours(found.users) if user.name not in users],
        [policy for policy in found.policies.values() if policy.is_marked and policy.name not in policies],
        [group for group in others if not group.is_marked and _looks_like_ours(group)],
    )


def _looks_like_ours(group: GroupState) -> bool:
    return MFA_SELF_SERVICE in group.inline or any(name.startswith(ENTER) for name in group.inline)


def going(found: Found, target: Target, name: str) -> set[str]:
    """The roles that nobody needs to be told of besides: they are removed."""
    if not target.declaration.removes(name):
        return set()
    return {f"role/{role.name}" for role in leaving(found, target).roles if not role.in_instance_profile}


def undeclared(found: Found, want: Wanted, target: Target, name: str) -> Iterator[Call]:
    """What becomes of all that is no longer declared. Memberships of our users are ended in the lane of the user, the uses
    of a policy in the lane of who has it: groups and policies go after them."""
    those = leaving(found, target)
    yield from needing((), map(_copy, those.copies))
    yield from needing((), _made_by_others(found, want))
    if not target.declaration.removes(name):
        yield from needing((), _reported(those))
        return
    for role in those.roles:
        yield from needing((), _role(role))
    for user in those.users:
        yield from needing((), _user(user))
    mine = {user.name for user in ours(found.users)} | {user.name for user in want.users}
    for group in those.groups:
        members = [user for user in found.users.values() if group.name in user.groups]
        first = {f"user/{user.name}" for user in members if user.name in mine}
        strangers = [user for user in members if user.name not in mine]
        yield from needing(first, _group(group, strangers))
    for policy in those.policies:
        ended = dict(_uses_that_end(policy.arn, found, want, those))
        yield from needing(ended.keys(), _policy(policy, policy.uses - sum(ended.values())))


# -- a role ------------------------------------------------------------------------------------------


def _role(role: RoleState) -> Iterator[Call]:
    resource, at = f"role/{role.name}", {"RoleName": role.name}
    if role.in_instance_profile:
        reason = f"{TAGGED}: take it out of its instance profile"
        yield call("DeleteRole", resource, "report", reason, "high", **at)
        return
    if differences(role.trust, NOBODY):
        reason = f"{TAGGED}: nobody enters it any more"
        yield call(
            "UpdateAssumeRolePolicy", resource, "update", reason, "high",
            **at, PolicyDocument=compact(NOBODY),
        )  # fmt: skip
    denial = _denial(role, ROLE_INLINE_CHARACTERS)
    yield from _denied("Role", resource, role, denial)
    yield from _without_policies("Role", resource, role, denial)
    yield call("DeleteRole", resource, "delete", TAGGED, "high", **at)


# -- a user ------------------------------------------------------------------------------------------


def _user(user: UserState) -> Iterator[Call]:
    resource, at = f"user/{user.name}", {"UserName": user.name}
    denial = _denial(user, USER_INLINE_CHARACTERS)
    yield from _denied("User", resource, user, denial)
    for each in user.credentials:
        parameters = {
            **(at if each.of_user else {}),
            **({each.parameter: each.value} if each.parameter else {}),
        }
        yield call(
            each.operation,
            resource,
            "update",
            f"{each.words}, and is no longer declared",
            "high",
            **parameters,
        )
    yield from out_of_groups(user, frozenset(), "and is no longer declared")
    yield from _without_policies("User", resource, user, denial)
    yield call("DeleteUser", resource, "delete", TAGGED, "high", **at)


# -- what both share ---------------------------------------------------------------------------------


def _denial(holder: Holder, room: int) -> str:
    """The name of the inline policy that denies everything: of a new one, or of the longest where there is no room."""
    lengths = {name: len(compact(document)) for name, document in holder.inline.items()}
    if DENIAL in lengths or sum(lengths.values()) + len(compact(NOTHING)) <= room:
        return DENIAL
    return max(lengths, key=lambda name: lengths[name])


def _denied(kind: str, resource: str, holder: Holder, denial: str) -> Iterator[Call]:
    if differences(holder.inline.get(denial), NOTHING):
        reason = f"{TAGGED}: it is denied everything, and so are sessions that are open"
        yield call(
            f"Put{kind}Policy", resource, "update", reason, "high",
            **{f"{kind}Name": holder.name}, PolicyName=denial, PolicyDocument=compact(NOTHING),
        )  # fmt: skip


def _without_policies(kind: str, resource: str, holder: Holder, denial: str) -> Iterator[Call]:
    """The denial goes last."""
    rest = {name: document for name, document in holder.inline.items() if name != denial}
    yield from policies(kind, resource, replace(holder, inline=rest), Holder(holder.name))
    yield call(
        f"Delete{kind}Policy", resource, "update", "all that it denied is gone", "low",
        **{f"{kind}Name": holder.name}, PolicyName=denial,
    )  # fmt: skip


# -- groups and policies -----------------------------------------------------------------------------


def _group(group: GroupState, strangers: list[UserState]) -> Iterator[Call]:
    """`strangers` are users that others made: they stay, and are in the group no longer. Its path says that it goes, once
    the policy with the mark has gone."""
    resource, at = f"group/{group.name}", {"GroupName": group.name}
    if group.path != LEAVING:
        yield call("UpdateGroup", resource, "update", MARKED, "low", **at, NewPath=LEAVING)
    for user in sorted(strangers, key=lambda each: each.name):
        reason = f"{MARKED}: user {user.name}, whom others made, leaves it"
        yield call("RemoveUserFromGroup", resource, "update", reason, "high", **at, UserName=user.name)
    yield from policies("Group", resource, group, Holder(group.name))
    yield call("DeleteGroup", resource, "delete", MARKED, "high", **at)


def _copy(group: GroupState) -> Call:
    reason = "looks like a group of Groundwork, is not declared and does not carry its mark: it stays; delete it if it is nobody's"
    return call("DeleteGroup", f"group/{group.name}", "report", reason, "medium", GroupName=group.name)


def _made_by_others(found: Found, want: Wanted) -> Iterator[Call]:
    """Users whom nobody declared and Groundwork did not make, in groups that are declared."""
    known = {user.name for user in ours(found.users)} | {user.name for user in want.users}
    declared = {group.name for group in want.groups}
    for user in found.users.values():
        if user.name not in known and (groups := sorted(user.groups & declared)):
            reason = f"is in {', '.join(groups)}, and neither declared nor made by Groundwork: declare it, or take it out"
            yield call("RemoveUserFromGroup", f"user/{user.name}", "report", reason, "medium",
                       UserName=user.name, GroupName=groups[0])  # fmt: skip


def _policy(policy: PolicyState, others: int) -> Iterator[Call]:
    """`others` are those who have it still: a boundary that was taken off them would let them do more."""
    resource, at = resource_of(policy), {"PolicyArn": policy.arn}
    if others > 0:
        reason = f"{MARKED}; it stays while others have it: {others} of them"
        yield call("DeletePolicy", resource, "report", reason, "low", **at)
        return
    for version in policy.other_versions:
        yield call(
            "DeletePolicyVersion", resource, "update", f"{MARKED}: version {version}", "low",
            **at, VersionId=version,
        )  # fmt: skip
    yield call("DeletePolicy", resource, "delete", MARKED, "low", **at)


def _uses_that_end(arn: str, found: Found, want: Wanted, those: Leaving) -> Iterator[tuple[str, int]]:
    """By whom the policy is held no longer after this run: by those who go, and those for whom it is not declared."""
    changed: list[tuple[str, Holder, Holder]] = [
        *(
            (f"role/{each.name}", each, Holder(each.name))
            for each in those.roles
            if not each.in_instance_profile
        ),
        *((f"user/{each.name}", each, Holder(each.name)) for each in those.users),
        *((f"group/{each.name}", each, Holder(each.name)) for each in those.groups),
        *(
            (f"role/{each.name}", found.roles[each.name], each)
            for each in want.roles
            if each.name in found.roles
        ),
        *(
            (f"group/{each.name}", found.groups[each.name], each)
            for each in want.groups
            if each.name in found.groups
        ),
        *(
            (f"user/{each.name}", there, replace(each, boundary=there.boundary))
            for each in want.users
            if (there := found.users.get(each.name))
        ),
    ]
    for resource, before, after in changed:
        if (ends := _uses(before, arn) - _uses(after, arn)) > 0:
            yield resource, ends


def _uses(holder: Holder, arn: str) -> int:
    return (arn in holder.attached) + (holder.boundary == arn)


# -- where they are only told ------------------------------------------------------------------------


def _reported(those: Leaving, remedy: str = "or let prune.access remove it") -> Iterator[Call]:
    for role in those.roles:
        yield call("DeleteRole", f"role/{role.name}", "report", f"{TAGGED}: delete it, {remedy}", "high",
                   RoleName=role.name)  # fmt: skip
    for user in those.users:
        reason = f"{TAGGED}: delete it with its password, keys and devices, {remedy}"
        yield call("DeleteUser", f"user/{user.name}", "report", reason, "high", UserName=user.name)
    for group in those.groups:
        yield call("DeleteGroup", f"group/{group.name}", "report", f"{MARKED}: delete it, {remedy}", "high",
                   GroupName=group.name)  # fmt: skip
    for policy in those.policies:
        yield call("DeletePolicy", resource_of(policy), "report", f"{MARKED}: delete it, {remedy}", "low",
                   PolicyArn=policy.arn)  # fmt: skip


def kept(found: Found) -> Iterator[Call]:
    """All of ours, where accounts of a kind have no `access` any more: to take it out is to look after it oneself, so that
    it is told until it is gone, whatever `prune` says."""
    those = _all_but(found)
    told = [*map(_copy, those.copies), *_reported(those, "or declare access for accounts of this kind")]
    return (replace(each, taken_out=True) for each in told)
