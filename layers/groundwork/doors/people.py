"""Who stands before the doors: the groups and users of the security account, those of IAM Identity Center, whomever a trust
policy speaks of, and strangers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from groundwork.baseline.components.access.state import RoleState
from groundwork.declaration.policy_files import Document, statements
from groundwork.doors.premises import FULL_ACCESS, Place, Premises
from groundwork.doors.probes import plain, satisfying
from groundwork.policies.conditions import as_list

Sort = Literal["group", "user", "assigned", "principal", "federated", "member", "stranger"]
"""`assigned`: a group or a user of IAM Identity Center."""
STRANGERS_ACCOUNT, MEMBERS_ACCOUNT = "999999999999", "888888888888"
ANYBODY = "user/any"
WHO = "aws:principalarn"


@dataclass(frozen=True)
class Someone:
    """`principal` is below the account, like user/ada or role/ci-cd/pipeline; `account_id` is None for who comes with a
    token of the provider `federated`. `identity` are the policies that bind them at home: whoever is not of the
    security account is taken for an administrator there, whom nothing keeps out but the door."""

    words: str
    sort: Sort
    account_id: str | None = None
    principal: str = ANYBODY
    identity: tuple[Document, ...] = (FULL_ACCESS,)
    boundary: tuple[Document, ...] | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    federated: str | None = None

    @property
    def is_role(self) -> bool:
        return self.principal.startswith("role/")

    @property
    def mfa(self) -> tuple[bool, ...]:
        """In which ways they may come: without MFA, and with it. Roles and tokens have none to show, nor have sessions of IAM
        Identity Center, which demands it itself or does not."""
        return (False,) if self.is_role or self.federated or self.sort == "assigned" else (False, True)

    @property
    def stands_for_all(self) -> bool:
        """Whether they are anybody of an account, and not one that a trust policy names."""
        return self.sort == "principal" and self.principal == ANYBODY

    def lives_in(self, place: Place) -> bool:
        """Whether they are a user of the account, with policies of their own there."""
        return self.sort in ("group", "user") and self.account_id == place.account.id


def people(premises: Premises) -> list[Someone]:
    """Each once, by their words."""
    found = {each.words: each for each in _people(premises)}
    return list(found.values())


def _people(premises: Premises) -> Iterator[Someone]:
    for place in premises.places.values():
        if place.account.kind == "security":
            yield from _of_the_security_account(place)
    for place in premises.places.values():
        for each in place.permission_sets.values():
            yield from (Someone(words, "assigned") for words in sorted(each.people))
    management = premises.organization.management_account_id
    yield Someone(f"administrators of {_name(management, premises)}", "principal", management)
    for place in premises.places.values():
        for role in place.roles:
            if role.name in place.permission_sets:
                continue  # its trust names nobody
            for statement in statements(role.trust):
                if statement.get("Effect") == "Allow":
                    yield from _trusted(statement, premises)
    yield Someone("administrators of other accounts of the organization", "member", MEMBERS_ACCOUNT)
    yield Someone("strangers", "stranger", STRANGERS_ACCOUNT)


def _of_the_security_account(place: Place) -> Iterator[Someone]:
    account_id = place.account.id
    for group in place.groups:
        yield Someone(group.name, "group", account_id, identity=tuple(place.documents(group)))
    for user in place.users:
        boundary = place.boundary(user)
        yield Someone(
            f"user {user.name}",
            "user",
            account_id,
            f"user{user.path}{user.name}",
            tuple(place.all_of(user)),
            None if boundary is None else tuple(boundary),
            user.tags,
        )


def _trusted(statement: Document, premises: Premises) -> Iterator[Someone]:
    """Whom a trust policy's statement speaks of. Services are nobody, and everybody is a stranger."""
    principal = statement.get("Principal")
    if not isinstance(principal, Mapping):
        return
    for name in as_list(principal.get("AWS", [])):
        if name.isdigit() or name.endswith(":root"):
            yield from _of_account(name if name.isdigit() else name.split(":")[4], statement, premises)
        elif name.startswith("arn:"):
            account_id, rest = name.split(":", 5)[4:]
            yield _named(rest, account_id, premises)
    for provider in as_list(principal.get("Federated", [])):
        subject = next((value for key, value in satisfying(statement).items() if key.endswith(":sub")), "")
        whose = provider.rpartition(":")[2]
        yield Someone(f"{subject or 'identities'} of {whose}", "federated", federated=provider)


def _of_account(account_id: str, statement: Document, premises: Premises) -> Iterator[Someone]:
    patterns = [
        value
        for operator, keys in (statement.get("Condition") or {}).items()
        for key, values in keys.items()
        if key.lower() == WHO and operator in ("ArnLike", "ArnEquals", "StringLike", "StringEquals")
        for value in as_list(values)
    ]
    for pattern in patterns:
        account, _, rest = ":".join(pattern.split(":")[4:]).partition(":")
        if account in (account_id, "*") and rest:
            yield _named(rest, account_id, premises)
    yield Someone(f"administrators of {_name(account_id, premises)}", "principal", account_id)


def _named(principal: str, account_id: str, premises: Premises) -> Someone:
    words = f"{principal} of {_name(account_id, premises)}"
    if principal.startswith("assumed-role/"):  # with the name of the session
        return Someone(words, "principal", account_id, f"role/{principal.split('/')[1]}")
    place = premises.places.get(account_id)
    role = place.role(principal.rpartition("/")[2]) if place and principal.startswith("role/") else None
    if place is not None and isinstance(role, RoleState):
        boundary = place.boundary(role)
        return Someone(
            words,
            "principal",
            account_id,
            principal,
            tuple(place.documents(role)),
            None if boundary is None else tuple(boundary),
            role.tags,
        )
    return Someone(words, "principal", account_id, plain(principal) if principal != "*" else ANYBODY)


def _name(account_id: str, premises: Premises) -> str:
    place = premises.places.get(account_id)
    if account_id == premises.organization.management_account_id:
        return "the management account"
    return (place.account.name or place.words) if place else f"account {account_id}"
