"""Account Management and S3's account settings in the embedded AWS, and where moto has no such thing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from local.engine import Engine
from local.organizations import organization_of
from tests.engine.organizations.accounts import administrator, code_of, new_member
from tests.engine.support import plain_moto


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(time_scale=0.01) as running:
        yield running


def test_an_account_knows_its_regions(engine: Engine) -> None:
    account = engine.client("account")
    regions = {r["RegionName"]: r["RegionOptStatus"] for r in account.list_regions()["Regions"]}
    assert regions["us-east-1"] == "ENABLED_BY_DEFAULT"
    default = account.list_regions(RegionOptStatusContains=["ENABLED_BY_DEFAULT"])["Regions"]
    assert {r["RegionOptStatus"] for r in default} == {"ENABLED_BY_DEFAULT"}
    status = account.get_region_opt_status(RegionName="eu-central-1")
    assert status["RegionOptStatus"] == "ENABLED_BY_DEFAULT"
    assert code_of(account.get_region_opt_status, RegionName="eu-nowhere-1") == "ValidationException"


def test_public_access_is_blocked_for_an_account(engine: Engine) -> None:
    member = new_member(engine)
    s3control = engine.client("s3control", credentials=administrator(member))
    unset = code_of(s3control.get_public_access_block, AccountId=member)
    assert unset == "NoSuchPublicAccessBlockConfiguration"
    names = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    block = dict.fromkeys(names, True)
    s3control.put_public_access_block(AccountId=member, PublicAccessBlockConfiguration=block)
    held = s3control.get_public_access_block(AccountId=member)["PublicAccessBlockConfiguration"]
    assert held == block


def test_the_management_account_renames_members_once_the_service_is_trusted(engine: Engine) -> None:
    member, account = new_member(engine), engine.client("account")
    organizations = engine.client("organizations")
    organizations.disable_aws_service_access(ServicePrincipal="account.amazonaws.com")
    assert code_of(account.put_account_name, AccountId=member, AccountName="new") == "AccessDeniedException"
    organizations.enable_aws_service_access(ServicePrincipal="account.amazonaws.com")
    account.put_account_name(AccountId=member, AccountName="new")
    assert organizations.describe_account(AccountId=member)["Account"]["Name"] == "new"
    known = account.get_account_information(AccountId=member)
    assert (known["AccountId"], known["AccountName"], known["AccountState"]) == (member, "new", "ACTIVE")
    assert known["AccountCreatedDate"].year > 2000
    assert code_of(account.put_account_name, AccountId=member, AccountName="<new>") == "ValidationException"
    own = engine.management_account
    assert code_of(account.put_account_name, AccountId=own, AccountName="new") == "AccessDeniedException"


def test_organizations_shows_another_name_and_address_late(engine: Engine) -> None:
    member, account = new_member(engine), engine.client("account")
    organizations = engine.client("organizations")
    organizations.enable_aws_service_access(ServicePrincipal="account.amazonaws.com")
    former = organizations.describe_account(AccountId=member)["Account"]["Name"]
    engine.creation.labels_delay = 10**9
    account.put_account_name(AccountId=member, AccountName="late")
    engine.creation.labels_delay = 0
    assert account.get_account_information(AccountId=member)["AccountName"] == "late"
    assert organizations.describe_account(AccountId=member)["Account"]["Name"] == former


def test_an_account_renames_itself(engine: Engine) -> None:
    member = new_member(engine)
    engine.client("account", credentials=administrator(member)).put_account_name(AccountName="mine")
    found = engine.client("organizations").describe_account(AccountId=member)["Account"]
    assert found["Name"] == "mine"


def test_a_root_email_changes_with_the_code_that_is_sent_to_it(engine: Engine) -> None:
    member, account = new_member(engine), engine.client("account")
    engine.client("organizations").enable_aws_service_access(ServicePrincipal="account.amazonaws.com")
    new = {"AccountId": member, "PrimaryEmail": f"{member}@example.com"}
    assert account.start_primary_email_update(**new)["Status"] == "PENDING"
    assert code_of(account.accept_primary_email_update, **new, Otp="wrong1") == "ValidationException"
    organization = organization_of(member)
    assert organization is not None
    _, void = organization.email_updates[member]
    mails: list[tuple[str, str]] = []
    engine.on_mail.append(lambda to, text: mails.append((to, text)))
    account.start_primary_email_update(**new)
    engine.on_mail.clear()
    ((to, text),) = mails
    code = text.partition(" ")[0]
    assert (to, organization.email_updates[member]) == (new["PrimaryEmail"], (to, code))
    if void != code:
        assert code_of(account.accept_primary_email_update, **new, Otp=void) == "ValidationException"
    assert account.accept_primary_email_update(**new, Otp=code)["Status"] == "ACCEPTED"
    assert account.get_primary_email(AccountId=member)["PrimaryEmail"] == new["PrimaryEmail"]
    other = {"AccountId": new_member(engine), "PrimaryEmail": new["PrimaryEmail"].upper()}
    assert code_of(account.start_primary_email_update, **other) == "ConflictException"


CONTACT = {
    "Name": "Ada",
    "Title": "Security",
    "EmailAddress": "ada@example.com",
    "PhoneNumber": "+41 44 123 45 67",
}


def test_an_account_has_its_own_contacts_without_trusted_access(engine: Engine) -> None:
    engine.client("organizations").disable_aws_service_access(ServicePrincipal="account.amazonaws.com")
    member, other = new_member(engine), new_member(engine)
    account = engine.client("account", credentials=administrator(member))
    which = {"AlternateContactType": "SECURITY"}
    assert code_of(account.get_alternate_contact, **which) == "ResourceNotFoundException"
    assert code_of(account.delete_alternate_contact, **which) == "ResourceNotFoundException"
    account.put_alternate_contact(**which, **CONTACT)
    assert account.get_alternate_contact(**which)["AlternateContact"] == which | CONTACT
    of_others = engine.client("account", credentials=administrator(other))
    assert code_of(of_others.get_alternate_contact, **which) == "ResourceNotFoundException"
    wrong = CONTACT | {"PhoneNumber": "by mail"}
    assert code_of(account.put_alternate_contact, **which, **wrong) == "ValidationException"
    assert code_of(account.get_alternate_contact, **which, AccountId=member) == "AccessDeniedException"


def test_a_members_contacts_are_the_management_accounts_once_the_service_is_trusted(engine: Engine) -> None:
    member, account = new_member(engine), engine.client("account")
    organizations = engine.client("organizations")
    organizations.disable_aws_service_access(ServicePrincipal="account.amazonaws.com")
    given = {"AlternateContactType": "BILLING", "AccountId": member}
    assert code_of(account.put_alternate_contact, **given, **CONTACT) == "AccessDeniedException"
    organizations.enable_aws_service_access(ServicePrincipal="account.amazonaws.com")
    account.put_alternate_contact(**given, **CONTACT)
    assert account.get_alternate_contact(**given)["AlternateContact"]["Name"] == "Ada"
    own = {"AlternateContactType": "BILLING", "AccountId": engine.management_account}
    assert code_of(account.get_alternate_contact, **own) == "AccessDeniedException"


def test_plain_moto_asks_for_no_trusted_access() -> None:
    observed = plain_moto("""
        given = {"AlternateContactType": "BILLING", "AccountId": "210987654321"}
        contact = {"Name": "Ada", "Title": "-", "EmailAddress": "ada@example.com", "PhoneNumber": "by mail"}
        client("account").put_alternate_contact(**given, **contact)
        client("account").delete_alternate_contact(AlternateContactType="SECURITY")
        print(client("account").get_alternate_contact(**given)["AlternateContact"]["PhoneNumber"])
    """)
    assert observed == "by mail"


def test_plain_moto_still_falls_short() -> None:
    observed = plain_moto("""
        try: client("account").list_regions()
        except Exception as e: print("no regions")
        try: client("account").put_account_name(AccountName="new")
        except Exception as e: print("no names")
        try: client("account").start_primary_email_update(AccountId="123456789012", PrimaryEmail="a@example.com")
        except Exception as e: print("no e-mails")
        try: client("account").get_contact_information()
        except Exception as e: print("no primary contacts")
    """)
    assert observed.split("\n") == ["no regions", "no names", "no e-mails", "no primary contacts"]


PRIMARY = {
    "FullName": "Ada Lovelace",
    "AddressLine1": "12 St James's Square",
    "City": "London",
    "StateOrRegion": "London",
    "PostalCode": "SW1Y 4JH",
    "CountryCode": "GB",
    "PhoneNumber": "+44 20 123 456",
}


def test_a_primary_contact_is_the_accounts_and_the_management_accounts_once_the_service_is_trusted(
    engine: Engine,
) -> None:
    member, account = new_member(engine), engine.client("account")
    organizations = engine.client("organizations")
    organizations.disable_aws_service_access(ServicePrincipal="account.amazonaws.com")
    own = engine.client("account", credentials=administrator(member))
    assert code_of(own.get_contact_information) == "ResourceNotFoundException"
    own.put_contact_information(ContactInformation=PRIMARY)
    assert own.get_contact_information()["ContactInformation"] == PRIMARY
    named: dict[str, Any] = {"AccountId": member}
    moved = PRIMARY | {"City": "Cambridge", "CompanyName": "Engines"}
    assert code_of(account.get_contact_information, **named) == "AccessDeniedException"
    organizations.enable_aws_service_access(ServicePrincipal="account.amazonaws.com")
    account.put_contact_information(ContactInformation=moved, **named)
    assert own.get_contact_information()["ContactInformation"] == moved
    assert (
        code_of(account.get_contact_information, AccountId=engine.management_account)
        == "AccessDeniedException"
    )
    nowhere = {key: value for key, value in PRIMARY.items() if key != "StateOrRegion"}
    assert code_of(own.put_contact_information, ContactInformation=nowhere) == "ValidationException"
    wrong = PRIMARY | {"PhoneNumber": "020 123 456"}
    assert code_of(own.put_contact_information, ContactInformation=wrong) == "ValidationException"
