"""account-contacts: to whom AWS writes about an account besides its root user, on security, operations and billing.

Each account sets its own, from inside: that needs no trusted access. Contacts are personal data: a difference is told without
what is there and what is declared.
https://docs.aws.amazon.com/accounts/latest/reference/API_PutAlternateContact.html
https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-update-contact-alternate.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Annotated

from botocore.exceptions import ClientError
from pydantic import AfterValidator, ConfigDict, Field, model_validator

from groundwork.baseline.component import Call, Component, Permission, Target, needing
from groundwork.contracts import Model
from groundwork.side_by_side import side_by_side

TYPES = ("security", "operations", "billing")
FIELDS = {
    "Name": "name",
    "Title": "title",
    "EmailAddress": "e-mail address",
    "PhoneNumber": "phone number",
}
"""What a contact holds, by AWS's names, in words."""

AlternateContact = Mapping[str, str]
Found = Mapping[str, "AlternateContact | None"]
"""By type, None where there is none. What is not declared is not asked for."""


def _of_at_most(longest: int) -> Callable[[str], str]:
    def check(value: str) -> str:
        if not value.strip():
            raise ValueError("is empty; give one")
        if len(value) > longest:
            raise ValueError(f"has {len(value)} characters; AWS takes {longest}: shorten it")
        return value

    return check


def _email(value: str) -> str:
    if not re.fullmatch(r"[\w+=.#|!&-]+@[\w.-]+\.\w+", value, re.ASCII):
        raise ValueError("is no e-mail address that AWS takes; write it like security@example.com")
    return value


def _phone(value: str) -> str:
    if not re.fullmatch(r"[ 0-9()+-]+", value):
        raise ValueError("may hold digits, spaces and ()+- only; write it like +41 44 123 45 67")
    return value


class Contact(Model):
    name: Annotated[str, AfterValidator(_of_at_most(64))]
    title: Annotated[str, AfterValidator(_of_at_most(50))]
    email: Annotated[str, AfterValidator(_of_at_most(254)), AfterValidator(_email)]
    phone: Annotated[str, AfterValidator(_of_at_most(25)), AfterValidator(_phone)]

    @property
    def as_aws_has_it(self) -> AlternateContact:
        return dict(zip(FIELDS, (self.name, self.title, self.email, self.phone), strict=True))


class Settings(Model):
    """A type that is not declared is left alone. Use addresses of teams rather than of people."""

    model_config = ConfigDict(hide_input_in_errors=True)

    security: Contact | None = None
    operations: Contact | None = None
    billing: Contact | None = None
    replace: bool = Field(
        default=False,
        description="Replace a contact with another e-mail address, too, that somebody else gave an account",
    )

    @model_validator(mode="after")
    def _names_one(self) -> Settings:
        if not self.declared:
            raise ValueError(
                "declares no contact; declare security, operations or billing, or take account-contacts out of baseline"
            )
        return self

    @property
    def declared(self) -> Mapping[str, AlternateContact]:
        """By type."""
        contacts = {"security": self.security, "operations": self.operations, "billing": self.billing}
        return {name: contact.as_aws_has_it for name, contact in contacts.items() if contact}


class AccountContacts(Component[Found]):
    name = "account-contacts"
    kinds = ("management", "security", "tooling", "workload")
    settings = Settings
    reads = (Permission(["account:GetAlternateContact"]),)
    writes = (Permission(["account:PutAlternateContact"], ["arn:{partition}:account::{account}:account"]),)

    def read(self, target: Target) -> Found:
        types = list(_declared(target).declared)
        return dict(
            zip(types, side_by_side(*(partial(_contact, target, name) for name in types)), strict=True)
        )

    def diff(self, found: Found, target: Target) -> Iterable[Call]:
        """None needs another."""
        return needing((), _calls(found, _declared(target)))


def _declared(target: Target) -> Settings:
    declared: Settings = target.declaration.settings(AccountContacts.name)
    return declared


def _contact(target: Target, name: str) -> AlternateContact | None:
    account = target.client("account")
    try:
        found: AlternateContact = account.get_alternate_contact(AlternateContactType=name.upper())[
            "AlternateContact"
        ]
    except ClientError as missing:
        if missing.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return None
    return found


def _calls(found: Found, declared: Settings) -> Iterator[Call]:
    for name, wanted in declared.declared.items():
        there = found[name]
        parameters = {"AlternateContactType": name.upper(), **wanted}
        given = ("account", "PutAlternateContact", parameters, f"{name} contact")
        if there is None:
            reason = "does not exist: AWS writes to the root user's e-mail address alone"
            yield Call(*given, "create", reason, personal=FIELDS)
            continue
        wrong = [field for field, value in wanted.items() if there.get(field, "").strip() != value.strip()]
        differs = f"differs from what is declared: {', '.join(FIELDS[field] for field in wrong)}"
        if "EmailAddress" in wrong and not declared.replace:
            stays = f"{differs}; it may be somebody else's, and stays: set accountContacts.replace to have the declared one"
            yield Call(*given, "report", stays, personal=FIELDS)
        elif wrong:
            yield Call(*given, "update", differs, personal=FIELDS)
