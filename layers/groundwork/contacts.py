"""To whom AWS writes about an account besides its root user: data of people, which no error and no plan quotes.

https://docs.aws.amazon.com/accounts/latest/reference/API_PutAlternateContact.html
https://docs.aws.amazon.com/accounts/latest/reference/API_DeleteAlternateContact.html
https://docs.aws.amazon.com/accounts/latest/reference/API_ContactInformation.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import model_validator

from groundwork.fields import ContactEmail, ContactPhone, CountryCode, PrimaryPhone, at_most
from groundwork.model import Model

ALTERNATE = ("security", "operations", "billing")
"""The types of alternate contacts; an account has one primary contact besides."""
PRIMARY = "primary"
FIELDS = {
    "Name": "name",
    "Title": "title",
    "EmailAddress": "e-mail address",
    "PhoneNumber": "phone number",
}
"""What an alternate contact holds, by AWS's names, in words."""
PRIMARY_FIELDS = {
    "FullName": "name",
    "CompanyName": "company",
    "AddressLine1": "address",
    "AddressLine2": "second line of the address",
    "AddressLine3": "third line of the address",
    "City": "city",
    "DistrictOrCounty": "district",
    "StateOrRegion": "state",
    "PostalCode": "postal code",
    "CountryCode": "country",
    "PhoneNumber": "phone number",
    "WebsiteUrl": "web site",
}
"""The same of the primary contact."""
WITH_STATE = ("BR", "CA", "DE", "GB", "IN", "JP", "US")
"""Countries of which AWS asks for the state or region of an address."""

AsAwsHasIt = Mapping[str, str]


class Contact(Model):
    """An alternate contact."""

    name: Annotated[str, at_most(64)]
    title: Annotated[str, at_most(50)]
    email: ContactEmail
    phone: ContactPhone

    @property
    def as_aws_has_it(self) -> AsAwsHasIt:
        return dict(zip(FIELDS, (self.name, self.title, self.email, self.phone), strict=True))


class PrimaryContact(Model):
    """Whom the account belongs to, with an address. What is left out of it stays as it is."""

    full_name: Annotated[str, at_most(50)]
    address_line1: Annotated[str, at_most(60)]
    city: Annotated[str, at_most(50)]
    postal_code: Annotated[str, at_most(20)]
    country_code: CountryCode
    phone_number: PrimaryPhone
    company_name: Annotated[str, at_most(50)] | None = None
    address_line2: Annotated[str, at_most(60)] | None = None
    address_line3: Annotated[str, at_most(60)] | None = None
    district_or_county: Annotated[str, at_most(50)] | None = None
    state_or_region: Annotated[str, at_most(50)] | None = None
    website_url: Annotated[str, at_most(256)] | None = None

    @model_validator(mode="after")
    def _has_a_state(self) -> PrimaryContact:
        if self.country_code in WITH_STATE and not self.state_or_region:
            raise ValueError(f"lacks stateOrRegion, which AWS asks for in {', '.join(WITH_STATE)}; add it")
        return self

    @property
    def as_aws_has_it(self) -> AsAwsHasIt:
        return {f"{name[0].upper()}{name[1:]}": value for name, value in self.to_json().items()}


class Contacts(Model):
    """Of an account. What is left out stays; an alternate contact that is null is taken off."""

    security: Contact | None = None
    operations: Contact | None = None
    billing: Contact | None = None
    primary: PrimaryContact | None = None

    @property
    def as_aws_has_them(self) -> dict[str, AsAwsHasIt]:
        """Those that are named, by type; empty where one is to be taken off."""
        given = {name: getattr(self, name) for name in (*ALTERNATE, PRIMARY) if name in self.model_fields_set}
        return {name: contact.as_aws_has_it if contact else {} for name, contact in given.items()}


def differing(there: AsAwsHasIt | None, wanted: AsAwsHasIt) -> list[str]:
    """By AWS's names, what is otherwise. AWS keeps spaces around an address."""
    return [name for name, value in wanted.items() if (there or {}).get(name, "").strip() != value.strip()]
