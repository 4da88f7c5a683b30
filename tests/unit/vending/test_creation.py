"""Making an account while AWS shows what it did late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from groundwork.aws.organizations import Listed, Organizations
from groundwork.declaration import DeclaredAccount
from groundwork.declaration.loading import load
from groundwork.errors import (
    AccountNotCreated,
    CreationTooFast,
    CreationUnanswered,
    OrganizationBusy,
    RefusedByAws,
)
from groundwork.vending.creation import Creator, PendingCreation
from groundwork.vending.enrolment import bearers
from groundwork.vending.work import Work

LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)


def account(number: int, name: str, state: str = "ACTIVE") -> Listed:
    return Listed(
        id=f"{number:012}",
        name=name,
        email=f"aws+{number}@example.com",
        state=state,
        joined=LONG_AGO + timedelta(days=number),
        unit_ids=(),
        management_account_id="9" * 12,
        organization_id="o-exampleorgid",
        partition="aws",
        root_id="r-ab12",
    )


def stubbed() -> tuple[Organizations, Stubber]:
    client = boto3.client(
        "organizations", "us-east-1", aws_access_key_id="none", aws_secret_access_key="none"
    )
    return Organizations(client), Stubber(client)


class Unused:
    """A ledger that is not to be asked."""


def test_an_account_that_is_made_and_not_shown_yet_is_waited_for() -> None:
    organizations, aws = stubbed()
    status = {
        "Id": "car-12345678",
        "AccountName": "dev",
        "State": "SUCCEEDED",
        "AccountId": "1" * 12,
        "RequestedTimestamp": LONG_AGO,
    }
    aws.add_response("list_create_account_status", {"CreateAccountStatuses": []})
    aws.add_response("describe_create_account_status", {"CreateAccountStatus": status})
    aws.add_client_error("describe_account", "AccountNotFoundException")
    ledger: Any = Unused()
    work = Work(
        route="create", execution="arn", account_name="dev", email="aws+dev@example.com", kind="workload"
    )
    with aws, pytest.raises(AccountNotCreated, match="not shown yet"):
        Creator(load(), ledger, organizations).check(work, PendingCreation(creation_id="car-12345678"))
    aws.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ("ServiceException", CreationUnanswered),
        ("TooManyRequestsException", CreationTooFast),
        ("FinalizingOrganizationException", OrganizationBusy),
    ],
)
def test_what_create_account_did_not_answer_is_told_from_what_it_refused(
    answer: str, error: type[Exception]
) -> None:
    organizations, aws = stubbed()
    aws.add_client_error("create_account", answer)
    with aws, pytest.raises(error):
        organizations.create_account("dev", "aws+dev@example.com", "OrganizationAccountAccessRole", {})


def test_no_sdk_repeats_create_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second call is a second request: of the two, one fails, and it could be the one that is remembered."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "none")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "none")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    sent = []
    organizations = Organizations()
    organizations._asking_once.meta.events.register("before-send", lambda **_: sent.append(1))
    with pytest.raises(CreationUnanswered):
        organizations.create_account("dev", "aws+dev@example.com", "OrganizationAccountAccessRole", {})
    assert len(sent) == 1


def test_an_account_that_has_been_moved_and_does_not_show_it_yet_is_where_it_belongs() -> None:
    organizations, aws = stubbed()
    aws.add_client_error("move_account", "DuplicateAccountException")
    with aws:
        organizations.move("000000000001", "r-ab12", "ou-ab12-11111111")
    aws.assert_no_pending_responses()


def test_an_account_that_somebody_moved_elsewhere_stays_there() -> None:
    organizations, aws = stubbed()
    aws.add_client_error("move_account", "SourceParentNotFoundException")
    with aws, pytest.raises(RefusedByAws, match="Somebody moved the account meanwhile"):
        organizations.move("000000000001", "r-ab12", "ou-ab12-11111111")


def test_a_unit_that_is_gone_is_said_to_be() -> None:
    organizations, aws = stubbed()
    above = {"Parents": [{"Id": "ou-ab12-11111111", "Type": "ORGANIZATIONAL_UNIT"}]}
    aws.add_response("list_parents", above, {"ChildId": "ou-ab12-22222222"})
    aws.add_response("list_parents", {"Parents": [{"Id": "r-ab12", "Type": "ROOT"}]})
    aws.add_client_error("list_parents", "ChildNotFoundException")
    with aws:
        assert organizations.unit_path("ou-ab12-22222222") == ("ou-ab12-11111111", "ou-ab12-22222222")
        with pytest.raises(RefusedByAws, match="ou-ab12-33333333, in which the account belongs, is gone"):
            organizations.unit_path("ou-ab12-33333333")


def test_a_newcomer_does_not_take_over_a_name_that_groups_enter() -> None:
    accounts = [account(3, "prod"), account(2, "prod"), account(1, "prod", state="SUSPENDED")]
    assert bearers({"prod"}, load(), {}, accounts) == {"prod": "000000000002"}


def test_a_declared_name_is_that_of_the_declared_account_alone() -> None:
    declared = DeclaredAccount(name="prod", email="aws+3@example.com", kind="workload")
    accounts = [account(2, "prod"), account(3, "prod"), account(4, "dev")]
    declaration = load().model_copy(update={"accounts": [declared]})
    assert bearers({"prod"}, declaration, {}, accounts) == {"prod": "000000000003"}
    assert bearers({"prod"}, declaration, {}, accounts[:1]) == {}


def test_a_declared_account_keeps_its_name_for_groups_whatever_it_is_called() -> None:
    declared = DeclaredAccount(name="mgmt", email="aws+mgmt@example.com", kind="tooling")
    declaration = load().model_copy(update={"accounts": [declared]})
    accounts = [account(2, "Management Tools"), account(3, "mgmt")]
    assert bearers({"mgmt"}, declaration, {"tooling": "000000000002"}, accounts) == {"mgmt": "000000000002"}
