"""access: the roles, groups and users that the declaration wants in an account, and nothing more on them.

Roles and users of ours carry the tag `managed-by: groundwork`; groups, which carry no tags, and policies a mark (`marks`).
Whatever of ours is no longer declared goes (`removal`). Everybody else's roles, groups, users and policies are left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from groundwork.baseline import strangers
from groundwork.baseline.component import Call, Component, Permission, Target, needing
from groundwork.baseline.example_accounts import everywhere
from groundwork.contracts import Kind
from groundwork.declaration import Declaration
from groundwork.declaration.settings import MANAGED_BY
from groundwork.errors import InvalidDeclaration

from . import difference, entry_roles, others, pipelines, removal, state
from .state import Found
from .wanted import Wanted, declared_roles, never_left_out, wanted, without_keys

if TYPE_CHECKING:
    from mypy_boto3_iam.literals import EntityTypeType

__all__ = ["Access"]

_IAM = "arn:{partition}:iam::{account}"
_OURS = {"StringEquals": {f"iam:ResourceTag/{MANAGED_BY}": state.US}}
_OF_USERS: tuple[Kind, ...] = ("security",)
"""The account of the users and groups."""


class Access(Component[Found]):
    name: ClassVar[str] = "access"
    reads = (
        Permission(["iam:GetAccountAuthorizationDetails", "iam:ListRoles"]),
        Permission(["iam:ListVirtualMFADevices"], kinds=_OF_USERS),
        Permission(
            [
                "iam:GetLoginProfile",
                "iam:ListAccessKeys",
                "iam:ListMFADevices",
                "iam:ListSSHPublicKeys",
                "iam:ListServiceSpecificCredentials",
                "iam:ListSigningCertificates",
            ],
            [f"{_IAM}:user/*"],
            kinds=_OF_USERS,
        ),
    )
    reads_in_plan = strangers.READS
    writes = (
        Permission(
            [
                "iam:AttachRolePolicy",
                "iam:CreateRole",
                "iam:DeleteRolePermissionsBoundary",
                "iam:DeleteRolePolicy",
                "iam:DetachRolePolicy",
                "iam:PutRolePermissionsBoundary",
                "iam:PutRolePolicy",
                "iam:TagRole",
                "iam:UntagRole",
                "iam:UpdateAssumeRolePolicy",
                "iam:UpdateRole",
            ],
            [f"{_IAM}:role/*"],
        ),
        Permission(["iam:DeleteRole"], [f"{_IAM}:role/*"], _OURS),
        Permission(
            ["iam:CreatePolicy", "iam:CreatePolicyVersion", "iam:DeletePolicy", "iam:DeletePolicyVersion"],
            [f"{_IAM}:policy/*"],
        ),
        Permission(
            [
                "iam:AddUserToGroup",
                "iam:AttachGroupPolicy",
                "iam:CreateGroup",
                "iam:DeleteGroup",
                "iam:DeleteGroupPolicy",
                "iam:DetachGroupPolicy",
                "iam:PutGroupPolicy",
                "iam:RemoveUserFromGroup",
                "iam:UpdateGroup",
            ],
            [f"{_IAM}:group/*"],
            kinds=_OF_USERS,
        ),
        Permission(
            [
                "iam:CreateUser",
                "iam:DeleteUserPolicy",
                "iam:DetachUserPolicy",
                "iam:TagUser",
                "iam:UntagUser",
                "iam:UpdateAccessKey",
                "iam:UpdateUser",
            ],
            [f"{_IAM}:user/*"],
            kinds=_OF_USERS,
        ),
        Permission(
            [
                "iam:DeactivateMFADevice",
                "iam:DeleteAccessKey",
                "iam:DeleteLoginProfile",
                "iam:DeleteSSHPublicKey",
                "iam:DeleteServiceSpecificCredential",
                "iam:DeleteSigningCertificate",
                "iam:DeleteUser",
                "iam:PutUserPolicy",
            ],
            [f"{_IAM}:user/*"],
            _OURS,
            kinds=_OF_USERS,
        ),
        Permission(["iam:DeleteVirtualMFADevice"], [f"{_IAM}:mfa/*"], kinds=_OF_USERS),
    )

    def rendered(self, declaration: Declaration) -> Sequence[Wanted]:
        made, wrong = [], []
        for target in everywhere(declaration):
            try:
                made.append(never_left_out(wanted(target)))
            except InvalidDeclaration as refused:
                wrong.append(str(refused))
        if wrong:
            raise InvalidDeclaration("\n".join(dict.fromkeys(wrong)))
        return made

    def read(self, target: Target) -> Found:
        iam, roles = target.client("iam"), [role.name for role in declared_roles(target)]
        if target.account.kind in _OF_USERS:
            declared = {user.name for user in target.declaration.access.users}
            remaining = declared if target.declaration.removes(self.name) else None
            found = state.read(iam, _kinds(target), roles, without_keys(target), remaining)
        else:
            found = state.read(iam, _kinds(target), roles)
        if not target.foresees:
            return found
        doors = (strangers.Door(role.name, role.path, role.trust) for role in found.roles.values())
        ours = {*roles, *target.declaration.entry_role_names}
        return replace(found, seen=strangers.seen(doors, ours, target))

    def diff(self, found: Found, target: Target) -> Iterable[Call]:
        """Boundaries come before the roles that have them, groups before who is in them; each holder of power is one
        lane, in which what takes power away comes first. Raises `InvalidDeclaration` when a policy is longer than IAM
        takes."""
        want = wanted(target)
        pending = frozenset(item.resource.partition("/")[2] for item in want.left_out if item.inline is None)
        boundaries = {policy.arn: difference.resource_of(policy) for policy in want.policies}
        groups = {f"group/{group.name}" for group in want.groups}
        for policy in want.policies:
            yield from needing((), difference.policy(found.policies.get(policy.arn), policy))
        for role in want.roles:
            own = {boundaries[role.boundary]} if role.boundary in boundaries else set()
            yield from needing(own, difference.role(found.roles.get(role.name), role))
        for group in want.groups:
            resource = f"group/{group.name}"
            ways = frozenset(
                item.inline for item in want.left_out if item.inline and item.resource == resource
            )
            yield from needing((), difference.group(found.groups.get(group.name), group, ways))
        for user in want.users:
            yield from needing(groups, difference.user(found.users.get(user.name), user, pending))
        yield from removal.undeclared(found, want, target, self.name)
        yield from difference.left_out(want)
        yield from entry_roles.calls(found.roles, target)
        if target.foresees:
            yield from others.calls(found.roles, {role.name for role in want.roles}, target)
        told = (
            list(pipelines.open_to_others(found.roles.values(), target))
            if target.account.kind == "tooling"
            else []
        )
        yield from needing((), told)
        going = removal.going(found, target, self.name)
        yield from needing((), strangers.calls(found.seen, target, {call.resource for call in told} | going))

    def left(self, target: Target) -> Iterable[Call]:
        return removal.kept(state.read(target.client("iam"), _kinds(target), ()))


def _kinds(target: Target) -> list[EntityTypeType]:
    """Of what an account may hold."""
    if target.account.kind in _OF_USERS:
        return ["Role", "LocalManagedPolicy", "User", "Group"]
    return ["Role", "LocalManagedPolicy"]
