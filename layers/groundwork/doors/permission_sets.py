"""Permission sets of IAM Identity Center as doors: in each account a role of AWS's own, which those enter who are assigned the
permission set there.

Its trust names a SAML provider, the same for all of them, and says nothing of who they are: AssumeRoleWithSAML "will not work on
IAM Identity Center managed roles", so that nobody comes in but by an assignment. Whether they show MFA its settings decide.

https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html
https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithSAML.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from groundwork.baseline.component import Target
from groundwork.baseline.components.access.documents import NotYetKnown
from groundwork.baseline.components.access.state import RoleState
from groundwork.baseline.components.permission_sets import instance, state
from groundwork.declaration.identity_center import assignments, permission_sets
from groundwork.declaration.policy_files import statements
from groundwork.declaration.settings import ACCOUNT_ASSIGNMENTS
from groundwork.doors.premises import PermissionSet, Place, Premises
from groundwork.policies.conditions import as_list

PATH, INLINE = "/aws-reserved/sso.amazonaws.com/", "AwsSSOInlinePolicy"
NAME = re.compile(r"AWSReservedSSO_(.+)_[0-9a-f]{16}")
PROVIDER = re.compile(r"arn:[\w-]+:iam::\d{12}:saml-provider/AWSSSO_[0-9a-f]+_DO_NOT_DELETE")
UNIQUE = "0123456789abcdef"
"""What AWS chooses for each account."""
OMITTED = "us-east-1"
"""The Region that does not stand in the path."""


def called(name: str, *, of_others: bool = False) -> str:
    return f"permission set {name}{' of others' if of_others else ''}"


def of_center(name: str) -> str:
    return f"{name} of IAM Identity Center"


# -- as declared ------------------------------------------------------------------------------------------


def with_declared(place: Place, target: Target, notes: list[str]) -> Place:
    """With those of which somebody is declared to be assigned in the account."""
    if not target.is_declared(ACCOUNT_ASSIGNMENTS):
        return place
    people: dict[str, set[str]] = {}
    for each in assignments(target.declaration, target.account):
        people.setdefault(each.permission_set, set()).add(of_center(each.group))
    roles, sets = [], {}
    for declared in permission_sets(target.declaration):
        name = str(declared.permission_set)
        if name not in people:
            continue
        try:
            role = _role(state.wanted(declared, target), target)
        except NotYetKnown as unknown:
            notes.append(f"{place.words}: {called(name)}: {unknown}.")
            continue
        roles.append(role)
        sets[role.name] = PermissionSet(called(name), frozenset(people[name]))
    return replace(place, roles=[*place.roles, *roles], permission_sets=sets)


def _role(made: state.PermissionSet, target: Target) -> RoleState:
    """What it becomes in the account."""
    region, partition = instance.region(target), target.organization.partition
    provider = f"arn:{partition}:iam::{target.account.id}:saml-provider/AWSSSO_{UNIQUE}_DO_NOT_DELETE"
    trust = {
        "Effect": "Allow",
        "Principal": {"Federated": provider},
        "Action": ["sts:AssumeRoleWithSAML", "sts:TagSession"],
    }
    return RoleState(
        f"AWSReservedSSO_{made.name}_{UNIQUE}",
        PATH if region == OMITTED else f"{PATH}{region}/",
        inline={INLINE: made.inline} if made.inline else {},
        attached=made.managed,
        trust={"Version": "2012-10-17", "Statement": [trust]},
    )


# -- as held ----------------------------------------------------------------------------------------------


def name_of(role: RoleState) -> str:
    """Of the permission set, where IAM Identity Center made the role: it is below a path that nobody else may use, has the name that
    it gives, and trusts its provider alone. Empty for all other roles."""
    named = NAME.fullmatch(role.name)
    trusted = [each for each in statements(role.trust) if each.get("Effect") == "Allow"]
    is_its = role.path.startswith(PATH) and all(_is_of_center(each.get("Principal")) for each in trusted)
    return named[1] if named and is_its else ""


def _is_of_center(principal: object) -> bool:
    return (
        isinstance(principal, Mapping)
        and set(principal) == {"Federated"}
        and all(PROVIDER.fullmatch(each) for each in as_list(principal["Federated"]))
    )


def region_of(roles: Iterable[RoleState]) -> str | None:
    """Where IAM Identity Center is, as the paths of its roles have it; None where it has none."""
    found = (role.path.removeprefix(PATH).strip("/") for role in roles if name_of(role))
    return next((each or OMITTED for each in found), None)


def without(premises: Premises) -> Premises:
    """Without any permission set, where nobody knows who is assigned them."""
    places = {
        id_: replace(
            place,
            roles=[role for role in place.roles if not name_of(role)],
            permission_sets={},
        )
        for id_, place in premises.places.items()
    }
    return replace(premises, places=places)
