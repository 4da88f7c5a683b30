"""The documents that decide who enters what."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from groundwork.baseline.components.access.state import GroupState, Holder, RoleState, UserState
from groundwork.contracts import Account, Organization
from groundwork.declaration.policy_files import Document
from groundwork.doors import known
from groundwork.fields import ancestors
from groundwork.policies.decision import Levels
from groundwork.policies.documents import Kind, Policy, compile_policy

FULL_ACCESS: Document = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}
ELSEWHERE = "ou-somewhere"
"""Stands in a path of ids for a unit whose id is not known."""


@dataclass(frozen=True)
class PermissionSet:
    """Of IAM Identity Center, as a role in an account: what it is called, and who is assigned it there, in words."""

    words: str
    people: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Place:
    """An account: what is in its IAM, and the service control policies over it, from the root down. `words` are how a
    sentence calls it; `policies` are customer managed ones, by ARN. `permission_sets` are those of the roles that IAM Identity
    Center makes, by the role's name."""

    account: Account
    words: str
    roles: Sequence[RoleState] = ()
    groups: Sequence[GroupState] = ()
    users: Sequence[UserState] = ()
    policies: Mapping[str, Document] = field(default_factory=dict)
    permission_sets: Mapping[str, PermissionSet] = field(default_factory=dict)
    control: Sequence[Sequence[Document]] = ()

    def role(self, name: str) -> RoleState | None:
        return next((role for role in self.roles if role.name == name), None)

    def called(self, role: RoleState) -> str:
        """As a sentence calls it: a permission set, whose role has another name in each account, by its own."""
        made_of = self.permission_sets.get(role.name)
        return made_of.words if made_of else role.name

    def role_called(self, words: str) -> RoleState | None:
        return next((role for role in self.roles if self.called(role) == words), None)

    def documents(self, holder: Holder) -> list[Document]:
        """The policies of a role, a group or a user itself. One of which nothing is known allows everything."""
        return [*holder.inline.values(), *(self.managed(arn) for arn in sorted(holder.attached))]

    def all_of(self, user: UserState) -> list[Document]:
        """A user's policies with those of the groups that the user is in."""
        groups = [group for group in self.groups if group.name in user.groups]
        return [document for holder in (user, *groups) for document in self.documents(holder)]

    def boundary(self, holder: Holder) -> list[Document] | None:
        return None if holder.boundary is None else [self.managed(holder.boundary)]

    def managed(self, arn: str) -> Document:
        found = self.policies.get(arn) or known.managed_policy(arn.partition(":policy/")[2])
        return FULL_ACCESS if found is None else found

    @cached_property
    def unknown(self) -> frozenset[str]:
        """ARNs of policies that are attached and of which nothing is known."""
        arns = {arn for holder in (*self.roles, *self.groups, *self.users) for arn in holder.attached}
        return frozenset(
            arn
            for arn in arns
            if arn not in self.policies and known.managed_policy(arn.partition(":policy/")[2]) is None
        )

    @cached_property
    def levels(self) -> Levels:
        return [compiled(level) for level in self.control]


@dataclass(frozen=True)
class Premises:
    """An organization's accounts by id. `notes` are sentences on what could not be looked at; `shows_assignments` is whether it is
    known who is assigned permission sets."""

    organization: Organization
    places: Mapping[str, Place]
    notes: Sequence[str] = ()
    shows_assignments: bool = True

    def path(self, account_id: str) -> str | None:
        """Where an account is, as `aws:ResourceOrgPaths` has it. None for one that is not of the organization."""
        place = self.places.get(account_id)
        if place is None:
            return None
        units, root = self.organization.units, f"{self.organization.id}/{self.organization.root_id}/"
        path = root
        for unit in ancestors(place.account.unit) if place.account.unit else ():
            path = units.get(unit) or f"{path}{ELSEWHERE}/"
        return path


def compiled(documents: Sequence[Document], kind: Kind = Kind.IDENTITY) -> list[Policy]:
    """Each once, by its text."""
    return [compile_policy(json.dumps(document), kind) for document in documents]


def of_aws(arn: str) -> bool:
    """Whether it is one of AWS's managed policies."""
    return ":iam::aws:" in arn
