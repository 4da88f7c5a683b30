"""What an attacker who may post events, or a function that dies at the wrong moment, must not achieve."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.workflow.conftest import Cloud, until

UNIT = "Workloads/Development"


@pytest.fixture(scope="module")
def security(cloud: Cloud) -> str:
    return cloud.declared("security")


@pytest.fixture
def creation(cloud: Cloud) -> Iterator[Any]:
    """How CreateAccount behaves, put back afterwards."""
    found = cloud.aws.creation
    event_copies, seconds = found.event_copies, found.seconds
    yield found
    found.event_copies, found.seconds = event_copies, seconds
    found.errors.clear()
    found.failures.clear()


def made(cloud: Cloud, name: str, email: str, **tags: str) -> str:
    """`aws organizations create-account`; the account's id."""
    organizations = cloud.aws.client("organizations")
    asked = organizations.create_account(
        AccountName=name, Email=email, Tags=[{"Key": key, "Value": value} for key, value in tags.items()]
    )["CreateAccountStatus"]["Id"]

    def succeeded() -> str | None:
        described = organizations.describe_create_account_status(CreateAccountRequestId=asked)
        found: str | None = described["CreateAccountStatus"].get("AccountId")
        return found

    return until(succeeded, f"the account {name}")


def test_a_refused_request_has_no_say_in_an_account_that_others_make_later(
    cloud: Cloud, security: str, creation: Any
) -> None:
    """Posted beforehand with the name and e-mail of an account that is to come: it is neither moved nor tagged."""
    name, email = cloud.fresh()
    creation.taken_emails.add(email)
    trap = cloud.ask(accountName=name, email=email, organizationalUnit=UNIT, tags={"owner": "mallory"})
    assert trap.error == "AccountRefused"
    creation.taken_emails.discard(email)
    account = made(cloud, name, email)
    ended = cloud.ended(cloud.execution_of(account))
    assert (ended.status, ended.output["outcome"]) == ("SUCCEEDED", "ready"), str(ended)
    assert cloud.start(accountId=account).status == "SUCCEEDED"
    assert cloud.unit_of(email) == ""
    assert "owner" not in cloud.tags_of(account)


def test_a_refused_request_does_not_keep_the_email_for_its_name(
    cloud: Cloud, security: str, creation: Any
) -> None:
    name, email = cloud.fresh()
    creation.failures.append("INVALID_PAYMENT_INSTRUMENT")
    assert cloud.ask(accountName="misspelt", email=email).error == "AccountRefused"
    ended = cloud.ask(accountName=name, email=email)
    assert (ended.status, ended.output["outcome"]) == ("SUCCEEDED", "ready"), str(ended)


def test_a_half_done_request_cannot_be_taken_over_with_another_unit(
    cloud: Cloud, security: str, creation: Any
) -> None:
    """Its execution died after AWS had taken CreateAccount and before that was written down."""
    name, email = cloud.fresh()
    creation.event_copies, creation.seconds = 0, 120
    dead = cloud.start(accountId="000000000000").arn
    item = {
        "pk": f"request#{email}",
        "email": email,
        "accountName": name,
        "kind": "workload",
        "state": "claimed",
    }
    item |= {"requestId": "first", "owner": dead, "organizationalUnit": "Workloads/Staging"}
    cloud.aws.client("dynamodb").put_item(
        TableName=cloud.outputs["LedgerTable"],
        Item={key: {"S": value} for key, value in item.items()}
        | {"attempts": {"N": "1"}, "tags": {"M": {"owner": {"S": "ada"}}}},
    )
    tags = {"groundwork:request": "first", "groundwork:kind": "workload", "groundwork:state": "creating"}
    cloud.aws.client("organizations").create_account(
        AccountName=name, Email=email, Tags=[{"Key": key, "Value": value} for key, value in tags.items()]
    )
    ended = cloud.ask(accountName=name, email=email, organizationalUnit=UNIT, tags={"owner": "mallory"})
    assert (ended.status, ended.output["outcome"]) == ("SUCCEEDED", "ready"), str(ended)
    assert cloud.unit_of(email) == "Workloads/Staging"
    assert cloud.tags_of(ended.output["accountId"])["owner"] == "ada"
    pages = cloud.aws.client("organizations").get_paginator("list_create_account_status").paginate()
    assert [each["AccountName"] for page in pages for each in page["CreateAccountStatuses"]].count(name) == 1


def test_waiting_for_ones_turn_is_no_attempt(cloud: Cloud, security: str, creation: Any) -> None:
    name, email = cloud.fresh()
    creation.errors.extend(["TooManyRequestsException"] * 6)
    creation.failures.append("INTERNAL_FAILURE")
    ended = cloud.ask(accountName=name, email=email)
    assert ended.status == "SUCCEEDED", str(ended)
    assert (len(creation.errors), len(creation.failures)) == (0, 0)


@pytest.mark.parametrize("name", ["security", "mgmt"])
def test_a_declared_account_comes_into_its_declared_unit_only(cloud: Cloud, name: str) -> None:
    """A tooling account in the developers' unit would be theirs to enter."""
    declared = next(each for each in cloud.declaration.accounts if each.name == name)
    ended = cloud.ask(
        accountName=declared.name, email=declared.email, kind=declared.kind, organizationalUnit=UNIT
    )
    assert ended.error == "InvalidRequest"
    assert f"the declaration says '{declared.organizational_unit}'" in ended.cause


def test_a_refusal_names_no_account_that_a_requester_made_up(cloud: Cloud, security: str) -> None:
    status = {"accountId": security, "state": "SUCCEEDED"}
    event = cloud.post(accountName="x", serviceEventDetails={"createAccountStatus": status})
    answer = cloud.answer("Account Failed", requestId=event)["detail"]
    assert "accountId" not in answer


def test_spaces_make_no_second_account_of_a_name(cloud: Cloud) -> None:
    ended = cloud.ask(accountName="prod ", email="aws+other-prod@example.com")
    assert ended.error == "InvalidRequest"
    assert "has spaces around it" in ended.cause
