"""What leads from the account's IAM to the wanted one: first what takes power away, then what gives it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from groundwork.baseline.component import Action, Call
from groundwork.baseline.documents import differences, widens
from groundwork.contracts import Severity
from groundwork.declaration.policy_files import MFA_SELF_SERVICE, Document
from groundwork.declaration.settings import MANAGED_BY

from . import revocation
from .documents import compact
from .marks import marked
from .state import ACCESS_KEYS, US, GroupState, Holder, PolicyState, RoleState, UserState
from .trust_differences import trust_difference
from .wanted import Wanted

TAKE_AWAY = (
    *("UpdateAssumeRolePolicy", "PutRolePermissionsBoundary", "DetachRolePolicy", "DeleteRolePolicy"),
    *("PutRolePolicy", "UntagRole"),
)
"""Calls by which a role's users may lose something."""
MOST_VERSIONS = 5
"""Of a managed policy: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""


def call(
    operation: str,
    resource: str,
    action: Action,
    reason: str,
    severity: Severity = "medium",
    /,
    **parameters: Any,
) -> Call:
    return Call("iam", operation, parameters, resource, action, reason, severity=severity)


def _if_wider(found: Document | None, wanted: Document) -> Severity:
    return "high" if widens(found, wanted) else "medium"


# -- customer managed policies, which serve as boundaries ------------------------------------------


def resource_of(policy: PolicyState) -> str:
    return f"policy/{policy.name}"


def policy(found: PolicyState | None, wanted: PolicyState) -> Iterator[Call]:
    resource, document = resource_of(wanted), compact(marked(wanted.document, wanted.name))
    if found is None:
        yield call(
            "CreatePolicy", resource, "create", "the permissions boundary does not exist",
            PolicyName=wanted.name, PolicyDocument=document,
            Description="Permissions boundary laid down by Groundwork",
        )  # fmt: skip
    elif words := differences(found.document, wanted.document) or _unmarked(found):
        if len(found.other_versions) >= MOST_VERSIONS - 1:
            oldest = found.other_versions[0]
            reason = f"version {oldest}, the oldest, makes room: IAM keeps {MOST_VERSIONS}"
            yield call(
                "DeletePolicyVersion", resource, "update", reason, "low",
                PolicyArn=wanted.arn, VersionId=oldest,
            )  # fmt: skip
        yield call(
            "CreatePolicyVersion", resource, "update", words, _if_wider(found.document, wanted.document),
            PolicyArn=wanted.arn, PolicyDocument=document, SetAsDefault=True,
        )  # fmt: skip


def _unmarked(found: PolicyState | GroupState) -> str:
    return "" if found.is_marked else "does not say by its mark that it is Groundwork's"


# -- roles -----------------------------------------------------------------------------------------


def role(found: RoleState | None, wanted: RoleState) -> Iterator[Call]:
    calls = _role(found, wanted)
    yield from calls if found is None or found.tags.get(MANAGED_BY) == US else _taking_over(calls)


def _taking_over(calls: Iterable[Call]) -> Iterator[Call]:
    """Of a role that somebody else made, the tag that makes it ours says who will miss what."""
    calls = list(calls)
    missed = [each.reason for each in calls if each.operation in TAKE_AWAY]
    breaks = (
        [f"somebody else made it, and who uses it finds it changed: {'; '.join(missed)}"] if missed else ()
    )
    for each in calls:
        yield replace(each, breaks=breaks) if each.operation == "TagRole" else each


def _role(found: RoleState | None, wanted: RoleState) -> Iterator[Call]:
    resource, at = f"role/{wanted.name}", {"RoleName": wanted.name}
    if found is None:
        boundary = {"PermissionsBoundary": wanted.boundary} if wanted.boundary else {}
        yield call(
            "CreateRole", resource, "create", "the role does not exist",
            **at, **boundary, Path=wanted.path, AssumeRolePolicyDocument=compact(wanted.trust),
            Description=wanted.description, MaxSessionDuration=wanted.max_session_duration,
            Tags=_tag_list(wanted.tags),
        )  # fmt: skip
        yield from policies("Role", resource, None, wanted)
        return
    if words := trust_difference(found.trust, wanted.trust):
        yield call(
            "UpdateAssumeRolePolicy", resource, "update", words, _if_wider(found.trust, wanted.trust),
            **at, PolicyDocument=compact(wanted.trust),
        )  # fmt: skip
    if found.boundary != wanted.boundary:
        yield _boundary(resource, found.boundary, wanted)
    if settings := "; ".join(_settings(found, wanted)):
        only_words = found.max_session_duration == wanted.max_session_duration
        yield call(
            "UpdateRole", resource, "update", settings, "low" if only_words else "medium",
            **at, Description=wanted.description, MaxSessionDuration=wanted.max_session_duration,
        )  # fmt: skip
    kept = frozenset(revocation.by_hand(found))
    yield from policies("Role", resource, found, wanted, kept)
    for name in kept:
        reason = f"older sessions were revoked by hand, with {name}: delete it once they have ended"
        yield call("DeleteRolePolicy", resource, "report", reason, "low", **at, PolicyName=name)
    # A session takes its role's tags along: one that is not declared may open doors elsewhere.
    if extra := sorted(key for key in found.tags.keys() - wanted.tags.keys() if not key.startswith("aws:")):
        reason = f"tagged {', '.join(extra)}, which is not declared"
        yield call("UntagRole", resource, "update", reason, **at, TagKeys=extra)
    yield from _tags("Role", resource, found.tags, wanted)
    if found.path != wanted.path:
        reason = (
            f"path is {found.path}; declared is {wanted.path}, and IAM cannot change a role's path: "
            "delete the role and start the execution again"
        )
        yield call("CreateRole", resource, "report", reason, **at, Path=wanted.path)


def _boundary(resource: str, found: str | None, wanted: RoleState) -> Call:
    there, at = f"permissions boundary is {found or 'missing'}", {"RoleName": wanted.name}
    if wanted.boundary is None:
        return call("DeleteRolePermissionsBoundary", resource, "update", f"{there}; none is declared", **at)
    reason = f"{there}; expected {wanted.boundary}"
    return call(
        "PutRolePermissionsBoundary", resource, "update", reason, "high",
        **at, PermissionsBoundary=wanted.boundary,
    )  # fmt: skip


def _settings(found: RoleState, wanted: RoleState) -> Iterator[str]:
    if found.description != wanted.description:
        yield f"description is {found.description!r}; expected {wanted.description!r}"
    if found.max_session_duration != wanted.max_session_duration:
        yield f"session length is {found.max_session_duration} s; expected {wanted.max_session_duration} s"


# -- groups and users ------------------------------------------------------------------------------


def group(found: GroupState | None, wanted: GroupState, left_alone: frozenset[str]) -> Iterator[Call]:
    """`left_alone` names inline policies that cannot be worked out yet."""
    resource, at = f"group/{wanted.name}", {"GroupName": wanted.name}
    if found is None:
        yield call("CreateGroup", resource, "create", "the group does not exist", **at, Path=wanted.path)
    elif found.path != wanted.path:
        yield call("UpdateGroup", resource, "update", _path(found, wanted), **at, NewPath=wanted.path)
    yield from policies("Group", resource, found, wanted, left_alone)


def user(found: UserState | None, wanted: UserState, left_alone: frozenset[str]) -> Iterator[Call]:
    """`left_alone` names groups that cannot be worked out yet."""
    resource, at = f"user/{wanted.name}", {"UserName": wanted.name}
    if found is None:
        yield call(
            "CreateUser", resource, "create", "the user does not exist",
            **at, Path=wanted.path, Tags=_tag_list(wanted.tags),
        )  # fmt: skip
        found = UserState(wanted.name, wanted.path, tags=wanted.tags)
    if found.path != wanted.path:
        yield call("UpdateUser", resource, "update", _path(found, wanted), **at, NewPath=wanted.path)
    yield from out_of_groups(found, wanted.groups | left_alone, "which is not declared")
    for key in found.active_keys:
        yield call(
            "UpdateAccessKey", resource, "update", f"has the access key {key}; none is wanted", "high",
            **at, AccessKeyId=key, Status="Inactive",
        )  # fmt: skip
    yield from policies("User", resource, found, wanted)
    # The console keeps the description of an access key in a tag of its user: tags of others stay.
    yield from _tags("User", resource, found.tags, wanted)
    if ACCESS_KEYS in found.tags and ACCESS_KEYS not in wanted.tags:
        reason = f"is tagged {ACCESS_KEYS}: {found.tags[ACCESS_KEYS]}, and may have access keys"
        yield call("UntagUser", resource, "update", reason, **at, TagKeys=[ACCESS_KEYS])
    for name in sorted(wanted.groups - found.groups):
        yield call(
            "AddUserToGroup", resource, "update", f"is not in group {name}, as declared", **at, GroupName=name
        )


def out_of_groups(found: UserState, keep: frozenset[str], why: str) -> Iterator[Call]:
    for name in sorted(found.groups - keep):
        reason = f"is in group {name}, {why}"
        yield call(
            "RemoveUserFromGroup", f"user/{found.name}", "update", reason, "high",
            UserName=found.name, GroupName=name,
        )  # fmt: skip


def _path(found: Holder, wanted: Holder) -> str:
    return f"path is {found.path}; expected {wanted.path}"


# -- what they share -------------------------------------------------------------------------------


def policies(
    kind: str, resource: str, found: Holder | None, wanted: Holder, left_alone: frozenset[str] = frozenset()
) -> Iterator[Call]:
    """Inline and attached policies of a Role, Group or User; None is one that is made in this round."""
    at = {f"{kind}Name": wanted.name}
    there = found or Holder(wanted.name)
    for arn in sorted(there.attached - wanted.attached):
        reason = f"has {_short(arn)} attached, which is not declared"
        yield call(f"Detach{kind}Policy", resource, "update", reason, "high", **at, PolicyArn=arn)
    for name in sorted(there.inline.keys() - wanted.inline.keys() - left_alone):
        reason = f"has the inline policy {name}, which is not declared"
        yield call(f"Delete{kind}Policy", resource, "update", reason, "high", **at, PolicyName=name)
    for name, declared in wanted.inline.items():
        document = declared
        if isinstance(wanted, GroupState) and name == MFA_SELF_SERVICE:
            document = marked(declared, wanted.name)
        if name not in there.inline:
            reason = f"lacks the declared inline policy {name}"
        elif words := differences(there.inline[name], declared):
            reason = f"inline policy {name}: {words.removeprefix('policy ')}"
        elif document != declared and isinstance(there, GroupState) and not there.is_marked:
            reason = f"inline policy {name}: {_unmarked(there)}"
        else:
            continue
        yield call(
            f"Put{kind}Policy", resource, "update", reason,
            # Without a policy that denies, as mfa-self-service, its holder may do more. Nobody holds a new one yet.
            "medium" if found is None else _if_wider(there.inline.get(name), declared),
            **at, PolicyName=name, PolicyDocument=compact(document),
        )  # fmt: skip
    for arn in sorted(wanted.attached - there.attached):
        reason = f"lacks the declared policy {_short(arn)}"
        yield call(f"Attach{kind}Policy", resource, "update", reason, **at, PolicyArn=arn)


def _short(arn: str) -> str:
    """An AWS managed policy by its name, any other by its whole ARN."""
    return arn.partition(":policy/")[2] if ":iam::aws:policy/" in arn else arn


def _tags(
    kind: str, resource: str, found: Mapping[str, str], wanted: RoleState | UserState
) -> Iterator[Call]:
    different = {key: value for key, value in wanted.tags.items() if found.get(key) != value}
    if not different:
        return
    words = [
        f"tag {key} is {found.get(key, 'missing')!r}; expected {value!r}"
        for key, value in different.items()
        if key != MANAGED_BY
    ]
    if MANAGED_BY in different:
        words.insert(0, f"was there without our tag {MANAGED_BY}: {US}; it is adopted, since it is declared")
    # Another value than the declared one opens doors just as a tag that is not declared.
    revalued = any(key in found for key in different if key != MANAGED_BY)
    yield call(
        f"Tag{kind}", resource, "update", "; ".join(words), "medium" if revalued else "low",
        **{f"{kind}Name": wanted.name}, Tags=_tag_list(different),
    )  # fmt: skip


def _tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


# -- what cannot be there yet -------------------------------------------------------------------------


def left_out(wanted: Wanted) -> Iterator[Call]:
    for item in wanted.left_out:
        kind, _, name = item.resource.partition("/")
        operation = "PutGroupPolicy" if item.inline else f"Create{kind.capitalize()}"
        reason = f"left out for now: {item.why}; it is laid down once that is there"
        yield call(operation, item.resource, "report", reason, **{f"{kind.capitalize()}Name": name})
