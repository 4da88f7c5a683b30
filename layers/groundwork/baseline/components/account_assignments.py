"""account-assignments: the groups that may enter an account's roles have the permission sets of these roles in it, by IAM
Identity Center.

Its calls are made in the security account, to which IAM Identity Center is delegated, in the execution of the account that they are
about. Whoever is assigned one of our permission sets and is not declared is taken off; who is assigned one of others is not
looked at. Whoever was deleted keeps what they were assigned, and is left alone: nobody comes in by it, and IAM Identity Center was
seen to fail to take it off. IAM Identity Center works on its own: the state machine asks again until it is done. The management account is left out:
AWS lets no delegated administrator assign anybody there.

https://docs.aws.amazon.com/singlesignon/latest/userguide/delegated-admin.html
https://docs.aws.amazon.com/singlesignon/latest/APIReference/API_CreateAccountAssignment.html
https://github.com/hashicorp/terraform-provider-aws/issues/19341
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from groundwork.baseline.component import Call, Component, Permission, Target, known_later, removal
from groundwork.baseline.components.permission_sets import identities, instance, with_failures
from groundwork.baseline.components.permission_sets.identities import GROUP, Principal
from groundwork.baseline.components.permission_sets.instance import (
    CHANGES,
    INSTANCE,
    LOOKS,
    MOST_FAILURES,
    PERMISSION_SET,
    Instance,
    Requests,
    Standing,
)
from groundwork.declaration.identity_center import Assignment, assignments
from groundwork.declaration.settings import ACCOUNT_ASSIGNMENTS
from groundwork.errors import IdentityCenterInProgress
from groundwork.side_by_side import side_by_side

_STORE = "arn:{partition}:identitystore::*:identitystore/*"
_ACCOUNT = (INSTANCE, PERMISSION_SET, "arn:{partition}:sso:::account/{account}")


@dataclass(frozen=True)
class Found:
    """`sets` has the ARNs of our permission sets, by name, `others` the names of those that somebody else made. `groups` has the ids of
    declared groups, None where the identity store has none of the name. `there` is who is assigned our permission sets in the
    account, by name of the set. `gone` are those of them that are to be taken off, and deleted. `created` and `deleted` are what AWS
    was asked for."""

    standing: Standing = field(default_factory=Standing)
    sets: Mapping[str, str] = field(default_factory=dict)
    others: frozenset[str] = frozenset()
    groups: Mapping[str, str | None] = field(default_factory=dict)
    there: Mapping[str, frozenset[Principal]] = field(default_factory=dict)
    gone: frozenset[Principal] = frozenset()
    created: Requests = field(default_factory=Requests)
    deleted: Requests = field(default_factory=Requests)


class AccountAssignments(Component[Found]):
    name = ACCOUNT_ASSIGNMENTS
    by_administrator = True
    lasting = IdentityCenterInProgress
    reads = (
        *LOOKS,
        Permission(
            [
                "sso:DescribeAccountAssignmentCreationStatus",
                "sso:DescribeAccountAssignmentDeletionStatus",
                "sso:ListAccountAssignmentCreationStatus",
                "sso:ListAccountAssignmentDeletionStatus",
                "sso:ListAccountAssignments",
                "sso:ListPermissionSetsProvisionedToAccount",
            ],
            _ACCOUNT,
        ),
        Permission(
            ["identitystore:DescribeGroup", "identitystore:GetGroupId"],
            [_STORE, "arn:{partition}:identitystore:::group/*"],
        ),
        Permission(
            ["identitystore:DescribeUser"],
            [_STORE, "arn:{partition}:identitystore:::user/*"],
        ),
    )
    writes = (
        *CHANGES,
        Permission(["sso:CreateAccountAssignment", "sso:DeleteAccountAssignment"], _ACCOUNT),
    )

    # -- read ----------------------------------------------------------------------------------------

    def read(self, target: Target) -> Found:
        return self._read(_wanted(target), target)

    def _read(self, wanted: list[Assignment], target: Target) -> Found:
        """What AWS was asked for is looked at only where something differs."""
        standing = instance.standing(target)
        if standing.instance is None:
            return Found(standing)
        where = standing.instance
        names = instance.permission_sets(where, target)
        sso = instance.client(target)
        pages = sso.get_paginator("list_permission_sets_provisioned_to_account").paginate(
            InstanceArn=where.arn, AccountId=target.account.id
        )
        here = {arn for page in pages for arn in page.get("PermissionSets", [])}
        declared = {each.permission_set for each in wanted}
        looked_at = {name: arn for name, arn in names.items() if name in declared or arn in here}
        ours = instance.ours(looked_at.values(), where, target)
        sets = {name: arn for name, arn in looked_at.items() if arn in ours}
        assigned = [name for name, arn in sets.items() if arn in here]
        look = partial(_assigned, sso, where, target.account.id)
        there = dict(
            zip(
                assigned,
                side_by_side(*(partial(look, sets[name]) for name in assigned)),
                strict=True,
            )
        )
        groups = identities.ids({each.group for each in wanted}, where, target)
        found = Found(standing, sets, frozenset(looked_at) - sets.keys(), groups, there)
        known = {Principal(GROUP, id_) for id_ in groups.values() if id_}
        others = {principal for _, principal in _superfluous(wanted, found)} - known
        found = replace(found, gone=identities.deleted(others, where, target))
        if any(_missing(wanted, found)):
            found = replace(found, created=instance.requests("creation", where, target))
        if any(_to_take_off(wanted, found)):
            found = replace(found, deleted=instance.requests("deletion", where, target))
        return found

    # -- diff ----------------------------------------------------------------------------------------

    def diff(self, found: Found, target: Target) -> Iterable[Call]:
        """Raises `IdentityCenterFailed` once nothing is left that can be done."""
        return _difference(_wanted(target), found, target)

    def left(self, target: Target) -> Iterable[Call]:
        found = self._read([], target)
        return _difference([], found, target) if found.standing.instance else ()


def _wanted(target: Target) -> list[Assignment]:
    return assignments(target.declaration, target.account)


def _assigned(sso: Any, where: Instance, account: str, arn: str) -> frozenset[Principal]:
    pages = sso.get_paginator("list_account_assignments").paginate(
        InstanceArn=where.arn, AccountId=account, PermissionSetArn=arn
    )
    return frozenset(
        Principal(each["PrincipalType"], each["PrincipalId"])
        for page in pages
        for each in page.get("AccountAssignments", [])
    )


# -- diff ----------------------------------------------------------------------------------------------


def _difference(wanted: list[Assignment], found: Found, target: Target) -> list[Call]:
    if (where := found.standing.instance) is None:
        return list(instance.hindrance(found.standing, "account assignments", target))
    failures, made = list(_unknown_groups(wanted, found)), list[Call]()
    for each in _missing(wanted, found):
        if each.permission_set in found.others:
            failures.append(_of_others(each))
        elif failed := _failed(each, found, target):
            failures.append(failed)
        else:
            made.append(_creation(each, found, where, target))
    for name, principal in _superfluous(wanted, found):
        if principal in found.gone:
            failures.append(_of_nobody(name, principal))
        elif failed := _not_taken_off(name, principal, found, target):
            failures.append(failed)
        else:
            made += removal(ACCOUNT_ASSIGNMENTS, [_deletion(name, principal, found, where, target)], target)
    return with_failures(made, failures, target)


def _missing(wanted: Iterable[Assignment], found: Found) -> Iterator[Assignment]:
    """Of the groups that are there."""
    for each in wanted:
        group = found.groups.get(each.group)
        if group is not None and Principal(GROUP, group) not in found.there.get(each.permission_set, ()):
            yield each


def _superfluous(wanted: Iterable[Assignment], found: Found) -> Iterator[tuple[str, Principal]]:
    """While a group that is to have a permission set is not found, none is taken off it: it may be that one, renamed."""
    unknown = {each.permission_set for each in wanted if found.groups.get(each.group) is None}
    expected = {
        (each.permission_set, Principal(GROUP, found.groups.get(each.group) or "")) for each in wanted
    }
    for name, principals in sorted(found.there.items()):
        for principal in sorted(principals):
            if (name, principal) not in expected and not (name in unknown and principal.kind == GROUP):
                yield name, principal


def _to_take_off(wanted: Iterable[Assignment], found: Found) -> Iterator[tuple[str, Principal]]:
    return (each for each in _superfluous(wanted, found) if each[1] not in found.gone)


def _of_nobody(name: str, principal: Principal) -> Call:
    kind = principal.kind.lower()
    told = (
        f"stays, and lets nobody in: the {kind} was deleted, and IAM Identity Center takes none off whose {kind} is not in its identity "
        "store"
    )
    resource = _resource(name, f"the deleted {kind} {principal.id}")
    return Call("sso-admin", "", {}, resource, "report", told, severity="low")


def _unknown_groups(wanted: Iterable[Assignment], found: Found) -> Iterator[Call]:
    for name in sorted({each.group for each in wanted}):
        if name in found.groups and found.groups[name] is None:
            told = (
                "is not in the identity store of IAM Identity Center, and nobody of it comes in: create it there, have the identity "
                "provider send it, or declare under identityCenter.groups what it is called"
            )
            yield Call("identitystore", "", {}, f"group {name}", "report", told, severity="high")


def _of_others(each: Assignment) -> Call:
    told = f"is not made: permission set {each.permission_set} was made by others, and is left alone"
    return Call("sso-admin", "", {}, _resource(each.permission_set, each.group), "report", told)


def _creation(each: Assignment, found: Found, where: Instance, target: Target) -> Call:
    arn, group = found.sets.get(each.permission_set), str(found.groups[each.group])
    waits = ""
    if arn is None:
        waits = f"permission set {each.permission_set}, which the security account's own execution makes"
    elif _at_work(found.created, arn, group, target):
        waits = "IAM Identity Center has assigned it"
    known = arn or known_later(f"ARN of permission set {each.permission_set}")
    given = _given(where, known, Principal(GROUP, group), target)
    resource = _resource(each.permission_set, each.group)
    why = f"does not exist: {each.group} does not come in"
    call = Call(
        *("sso-admin", "CreateAccountAssignment", given, resource, "create", why, where.region), after=waits
    )
    return instance.once_a_try(call, _failures(found.created, known, group, target), target)


def _deletion(name: str, principal: Principal, found: Found, where: Instance, target: Target) -> Call:
    arn, who = found.sets[name], _called(principal, found)
    at_work = _at_work(found.deleted, arn, principal.id, target)
    call = Call(
        "sso-admin",
        "DeleteAccountAssignment",
        _given(where, arn, principal, target),
        _resource(name, who),
        "delete",
        f"lets {who} in, which is not declared",
        where.region,
        severity="high",
        after="IAM Identity Center has taken it off" if at_work else "",
    )
    return instance.once_a_try(call, _failures(found.deleted, arn, principal.id, target), target)


def _called(principal: Principal, found: Found) -> str:
    names = {group: display for display, group in found.groups.items()}
    return names.get(principal.id, f"{principal.kind.lower()} {principal.id}")


def _not_taken_off(name: str, principal: Principal, found: Found, target: Target) -> Call | None:
    why = _failure(found.deleted, found.sets[name], principal.id, target)
    resource, told = _resource(name, _called(principal, found)), f"could not be taken off: {why}"
    return Call("sso-admin", "", {}, resource, "report", told, severity="high") if why else None


def _failed(each: Assignment, found: Found, target: Target) -> Call | None:
    arn, group = found.sets.get(each.permission_set, ""), found.groups.get(each.group) or ""
    why = _failure(found.created, arn, group, target)
    resource = _resource(each.permission_set, each.group)
    told = f"could not be made: {why}"
    return Call("sso-admin", "", {}, resource, "report", told, severity="high") if why else None


def _given(where: Instance, arn: str, principal: Principal, target: Target) -> dict[str, str]:
    return {
        "InstanceArn": where.arn,
        "PermissionSetArn": arn,
        "PrincipalType": principal.kind,
        "PrincipalId": principal.id,
        "TargetType": "AWS_ACCOUNT",
        "TargetId": target.account.id,
    }


def _resource(permission_set: str, who: str) -> str:
    return f"assignment of {permission_set} to {who}"


def _at_work(asked: Requests, arn: str, principal: str, target: Target) -> bool:
    return any(_is_about(each, arn, principal, target) for each in asked.in_progress)


def _failure(asked: Requests, arn: str, principal: str, target: Target) -> str:
    """Why, in AWS's words; empty where it did not fail, or is asked for again."""
    failed = _failures(asked, arn, principal, target)
    return instance.why(failed[0]) if len(failed) >= MOST_FAILURES else ""


def _failures(asked: Requests, arn: str, principal: str, target: Target) -> list[Mapping[str, Any]]:
    return [each for each in asked.failed if _is_about(each, arn, principal, target)]


def _is_about(each: Mapping[str, Any], arn: str, principal: str, target: Target) -> bool:
    asked = (each.get("TargetId"), each.get("PermissionSetArn"), each.get("PrincipalId"))
    return asked == (target.account.id, arn, principal)
