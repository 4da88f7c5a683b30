"""account-contacts: to whom AWS writes about an account besides its root user, on security, operations and billing.

Each account sets its own, from inside: that needs no trusted access. Contacts are personal data: a difference is told without
what is there and what is declared.
https://docs.aws.amazon.com/accounts/latest/reference/API_PutAlternateContact.html
https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-update-contact-alternate.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from botocore.exceptions import ClientError
from pydantic import ConfigDict, Field, model_validator

from groundwork.baseline.component import Call, Component, Permission, Target, needing
from groundwork.contacts import FIELDS, AsAwsHasIt, Contact, differing
from groundwork.contracts import Model
from groundwork.side_by_side import side_by_side

Found = Mapping[str, "AsAwsHasIt | None"]
"""By type, None where there is none. What is not declared is not asked for."""


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
    def declared(self) -> Mapping[str, AsAwsHasIt]:
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


def _contact(target: Target, name: str) -> AsAwsHasIt | None:
    account = target.client("account")
    try:
        found: AsAwsHasIt = account.get_alternate_contact(AlternateContactType=name.upper())[
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
        wrong = differing(there, wanted)
        differs = f"differs from what is declared: {', '.join(FIELDS[field] for field in wrong)}"
        if "EmailAddress" in wrong and not declared.replace:
            stays = f"{differs}; it may be somebody else's, and stays: set accountContacts.replace to have the declared one"
            yield Call(*given, "report", stays, personal=FIELDS)
        elif wrong:
            yield Call(*given, "update", differs, personal=FIELDS)
