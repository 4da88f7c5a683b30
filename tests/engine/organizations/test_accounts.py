"""Accounts that are there: moved, closed, listed, and what an organization is to them."""

from __future__ import annotations

from typing import Any

from local.engine import Engine
from local.organizations import CreationSettings, organization_of
from tests.engine.organizations.organization import SCP, create, enable, new_account, refused, root_id
from tests.engine.support import eventually


def test_an_account_moves_only_from_where_it_is(organizations: Any) -> None:
    account, root = new_account(organizations), root_id(organizations)
    unit = organizations.create_organizational_unit(ParentId=root, Name="Workloads")["OrganizationalUnit"]
    move = organizations.move_account
    wrong = {"AccountId": account, "SourceParentId": unit["Id"]}
    assert refused(move, **wrong, DestinationParentId=root)[0] == "DuplicateAccountException"
    assert refused(move, **wrong, DestinationParentId="r-none")[0] == "DestinationParentNotFoundException"
    move(AccountId=account, SourceParentId=root, DestinationParentId=unit["Id"])
    elsewhere = {"AccountId": account, "SourceParentId": "ou-none-12345678", "DestinationParentId": root}
    assert refused(move, **elsewhere)[0] == "SourceParentNotFoundException"
    described = organizations.list_accounts_for_parent(ParentId=unit["Id"])["Accounts"][0]
    assert described["Paths"][0].endswith(f"{unit['Id']}/{account}/")
    assert organizations.list_parents(ChildId=account)["Parents"] == [
        {"Id": unit["Id"], "Type": "ORGANIZATIONAL_UNIT"}
    ]


def test_a_closed_account_is_shown_as_closed_in_the_end(
    engine: Engine, organizations: Any, creation: CreationSettings
) -> None:
    account, creation.closing_seconds = new_account(organizations), 10_000
    organizations.close_account(AccountId=account)

    def state() -> str:
        return str(organizations.describe_account(AccountId=account)["Account"]["State"])

    assert state() == "PENDING_CLOSURE"
    assert refused(organizations.close_account, AccountId=account)[0] == "ConflictException"
    account, creation.closing_seconds = new_account(organizations, "stage"), 1
    organizations.close_account(AccountId=account)
    assert eventually(lambda: state() == "CLOSED")
    assert refused(organizations.close_account, AccountId=account)[0] == "AccountAlreadyClosedException"
    assert refused(organizations.close_account, AccountId=engine.management_account) == (
        "ConstraintViolationException",
        "CANNOT_CLOSE_MANAGEMENT_ACCOUNT",
    )


def test_a_closed_account_is_gone_for_good_in_the_end_and_nobody_gets_its_address(
    organizations: Any, creation: CreationSettings
) -> None:
    creation.closed_seconds = 1
    account = new_account(organizations)
    email = organizations.describe_account(AccountId=account)["Account"]["Email"]
    organizations.close_account(AccountId=account)

    def gone() -> bool:
        return account not in {each["Id"] for each in organizations.list_accounts()["Accounts"]}

    assert eventually(gone)
    assert refused(organizations.describe_account, AccountId=account)[0] == "AccountNotFoundException"
    assert email in creation.taken_emails


def test_three_accounts_close_at_once(organizations: Any, creation: CreationSettings) -> None:
    creation.closing_seconds = 10_000
    accounts = [new_account(organizations, f"a{n}") for n in range(4)]
    for account in accounts[:3]:
        organizations.close_account(AccountId=account)
    assert refused(organizations.close_account, AccountId=accounts[3]) == (
        "ConstraintViolationException",
        "CLOSE_ACCOUNT_REQUESTS_LIMIT_EXCEEDED",
    )


def test_a_young_account_cannot_leave(organizations: Any, creation: CreationSettings) -> None:
    account = new_account(organizations)
    remove = organizations.remove_account_from_organization
    assert refused(remove, AccountId=account) == ("ConstraintViolationException", "WAIT_PERIOD_ACTIVE")
    creation.minimum_age = 0
    remove(AccountId=account)
    assert refused(organizations.describe_account, AccountId=account)[0] == "AccountNotFoundException"
    assert organization_of(account) is None


def test_the_management_account_was_invited_and_lists_itself(engine: Engine, organizations: Any) -> None:
    (account,) = organizations.list_accounts()["Accounts"]
    assert (account["Id"], account["JoinedMethod"]) == (engine.management_account, "INVITED")
    assert refused(organizations.leave_organization)[0] == "MasterCannotLeaveOrganizationException"


def test_accounts_come_in_pages_of_twenty(organizations: Any, creation: CreationSettings) -> None:
    creation.account_limit, creation.seconds = 100, 0.1
    for n in range(21):
        create(organizations, f"a{n}@example.com")
    first = organizations.list_accounts()
    second = organizations.list_accounts(NextToken=first["NextToken"])
    assert (len(first["Accounts"]), len(second["Accounts"])) == (20, 2)
    assert refused(organizations.list_accounts, NextToken="?")[0] == "InvalidInputException"


def test_consolidated_billing_offers_accounts_and_no_policies(engine: Engine) -> None:
    client = engine.client("organizations")
    client.create_organization(FeatureSet="CONSOLIDATED_BILLING")
    account = new_account(client)
    unavailable = "PolicyTypeNotAvailableForOrganizationException"
    enabling = {"RootId": root_id(client), "PolicyType": SCP}
    assert refused(client.enable_policy_type, **enabling)[0] == unavailable
    limited = ("ConstraintViolationException", "ORGANIZATION_NOT_IN_ALL_FEATURES_MODE")
    assert refused(client.enable_aws_service_access, ServicePrincipal="config.amazonaws.com") == limited
    assert refused(client.close_account, AccountId=account) == limited
    handshake = client.enable_all_features()["Handshake"]
    assert client.describe_organization()["Organization"]["FeatureSet"] == "CONSOLIDATED_BILLING"
    client.accept_handshake(HandshakeId=handshake["Id"])
    assert client.describe_organization()["Organization"]["FeatureSet"] == "ALL"
    enable(client, SCP)


def test_without_an_organization_there_is_none_to_use(engine: Engine) -> None:
    client = engine.client("organizations")
    for call in (client.describe_organization, client.list_accounts, client.list_roots):
        assert refused(call)[0] == "AWSOrganizationsNotInUseException"
    client.create_organization(FeatureSet="ALL")
    assert refused(client.create_organization)[0] == "AlreadyInOrganizationException"


def test_an_organization_is_not_deleted_while_an_account_is_being_created(
    organizations: Any, creation: CreationSettings
) -> None:
    creation.seconds = 10_000
    organizations.create_account(AccountName="dev", Email="dev@example.com")
    assert refused(organizations.delete_organization)[0] == "OrganizationNotEmptyException"
