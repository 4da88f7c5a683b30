"""People of IAM Identity Center: which declared roles become permission sets, and which groups are assigned them where.

https://docs.aws.amazon.com/singlesignon/latest/userguide/permissionsetsconcept.html
https://docs.aws.amazon.com/singlesignon/latest/APIReference/API_CreatePermissionSet.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from groundwork.contracts import Account
from groundwork.declaration import Declaration
from groundwork.declaration.access import Group, Role
from groundwork.declaration.policy_files import Document, statements
from groundwork.declaration.settings import ACCOUNT_ASSIGNMENTS, PERMISSION_SETS

LONGEST_DESCRIPTION = 700


class Assignment(NamedTuple):
    """A group, by its display name in the identity store, and the permission set that it has in an account."""

    permission_set: str
    group: str


def permission_sets(declaration: Declaration) -> list[Role]:
    """The roles of which one is made."""
    return [role for role in declaration.access.roles if role.permission_set]


def assignments(declaration: Declaration, account: Account) -> list[Assignment]:
    """Those of an account: where a group may enter a role, the group is assigned the permission set of that role."""
    found = {
        Assignment(str(role.permission_set), display_name(group, declaration))
        for group in declaration.access.groups
        for enter in group.enter
        for role in permission_sets(declaration)
        if role.name == enter.role and role.where.admits(account) and enter.admits(account)
    }
    return sorted(found)


def display_name(group: Group, declaration: Declaration) -> str:
    return declaration.identity_center.groups.get(group.name, group.name)


def identity_center_mistakes(declaration: Declaration, policies: dict[str, Document]) -> Iterator[str]:
    """Each a sentence, which names key, value and remedy."""
    groups = {group.name for group in declaration.access.groups}
    for name in declaration.identity_center.groups:
        if name not in groups:
            yield f"identityCenter.groups: {name!r} is no declared group; declare it under access.groups, or take it out"
    roles = permission_sets(declaration)
    if declaration.has_component(PERMISSION_SETS) and not roles:
        yield (
            f"baseline.security: {PERMISSION_SETS} makes permission sets of roles that have a permissionSet, and none "
            "has; name one under access.roles"
        )
    if declaration.has_component(ACCOUNT_ASSIGNMENTS) and not declaration.has_component(PERMISSION_SETS):
        yield (
            f"baseline: {ACCOUNT_ASSIGNMENTS} assigns what {PERMISSION_SETS} makes; add that to baseline.security"
        )
    names = [str(role.permission_set).lower() for role in roles]
    for role in declaration.access.roles:
        if role.relay_state and not role.permission_set:
            yield f"access.roles {role.name}: relayState is a permission set's, and the role has none; give it a permissionSet, or take relayState out"
    for role in roles:
        key = f"access.roles {role.name}: permissionSet {role.permission_set!r}"
        if names.count(str(role.permission_set).lower()) > 1:
            yield f"{key}: is declared twice, and each is made of one role; give one of them another name"
        for mistake in _in_role(role, policies):
            yield f"{key}: {mistake}"


def _in_role(role: Role, policies: dict[str, Document]) -> Iterator[str]:
    if "management" in role.where.kinds:
        yield (
            "AWS lets no delegated administrator assign anybody in the management account; take management out of "
            "where.kinds"
        )
    if role.trust.account != "security" or role.trust.mfa == "exempt":
        yield "is for people, and the role trusts others than people of the security account; take it out"
    if role.permissions_boundary:
        yield "Groundwork gives permission sets no permissions boundary; take it out, or permissionsBoundary"
    if len(role.description) > LONGEST_DESCRIPTION:
        yield f"the description has {len(role.description)} characters, a permission set's at most {LONGEST_DESCRIPTION}; shorten it"
    for name in role.policies:
        if any("<account>" in str(each.get("NotResource")) for each in statements(policies.get(name, {}))):
            yield f"policies/{name}.json has <account> in a NotResource, and is one for all accounts; name the resources instead"
    ids = [
        statement["Sid"]
        for name in role.policies
        for statement in statements(policies.get(name, {}))
        if "Sid" in statement
    ]
    if twice := sorted({each for each in ids if ids.count(each) > 1}):
        yield f"two statements of its policies have the Sid {twice[0]}, and they become one policy; rename one of them"
