"""The three triggers, and what finds an account when none of them did."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.workflow.conftest import Cloud, until
from tests.workflow.looking import lacks


@pytest.fixture(scope="module")
def security(cloud: Cloud) -> str:
    return cloud.declared("security")


@pytest.fixture
def creation(cloud: Cloud) -> Iterator[Any]:
    """How CreateAccount behaves, put back afterwards."""
    found = cloud.aws.creation
    before = found.seconds, found.event_delay, found.event_copies
    yield found
    found.seconds, found.event_delay, found.event_copies = before


def status_of(cloud: Cloud, name: str) -> dict[str, Any]:
    """The CreateAccount request for an account of this name, once there is one."""
    organizations = cloud.aws.client("organizations")

    def find() -> dict[str, Any] | None:
        pages = organizations.get_paginator("list_create_account_status").paginate()
        statuses = (status for page in pages for status in page["CreateAccountStatuses"])
        return next((dict(status) for status in statuses if status["AccountName"] == name), None)

    return until(find, f"a CreateAccount request for {name}")


def created(cloud: Cloud, name: str, email: str, **besides: str) -> dict[str, Any]:
    """`aws organizations create-account`, and nothing else; the request once it has SUCCEEDED."""
    cloud.aws.client("organizations").create_account(AccountName=name, Email=email, **besides)

    def succeeded() -> dict[str, Any] | None:
        status = status_of(cloud, name)
        return status if status["State"] == "SUCCEEDED" else None

    return until(succeeded, f"the account {name}")


def test_an_event_makes_an_account_in_its_unit_with_its_tags(cloud: Cloud, security: str) -> None:
    name, email = cloud.fresh()
    event = cloud.post(
        accountName=name,
        email=email,
        organizationalUnit="Workloads/Staging/Blue",
        createOrganizationalUnit=True,
        tags={"cost-center": "42"},
    )
    ended = cloud.ended(cloud.execution_of(event))
    assert (ended.status, ended.output["outcome"]) == ("SUCCEEDED", "ready"), str(ended)
    account = cloud.accounts()[email]
    assert (account["Name"], account["State"]) == (name, "ACTIVE")
    assert cloud.unit_of(email) == "Workloads/Staging/Blue"
    assert cloud.tags_of(account["Id"]) == {
        "cost-center": "42",
        "groundwork:kind": "workload",
        "groundwork:request": event,
        "groundwork:baseline": cloud.declaration.version,
        "groundwork:state": "ready",
    }
    assert lacks(cloud, account["Id"], security) == []
    ready = cloud.answer("Account Ready", requestId=event)["detail"]
    assert ready == {
        "accountId": account["Id"],
        "accountName": name,
        "email": email,
        "kind": "workload",
        "outcome": "ready",
        "changes": ended.output["changes"],
        "execution": ended.arn,
        "requestId": event,
    } | ({"reports": ended.output["reports"]} if "reports" in ended.output else {})
    assert {change["component"] for change in ready["changes"]} == {
        "access",
        "account-settings",
        "config",
        "trail",
    }


def test_an_account_made_behind_our_back_gets_its_baseline_where_it_is(
    cloud: Cloud, security: str, no_pass: None
) -> None:
    name, email = cloud.fresh()
    request = created(cloud, name, email)
    ended = cloud.ended(cloud.execution_of(request["Id"]))
    assert (ended.status, ended.output["outcome"]) == ("SUCCEEDED", "ready"), str(ended)
    assert lacks(cloud, request["AccountId"], security) == []
    assert cloud.unit_of(email) == ""
    assert cloud.answer("Account Ready", accountId=request["AccountId"])["detail"]["email"] == email
    assert cloud.answered("Account Ready", accountId=request["AccountId"]) == 1


def test_a_start_by_hand_of_a_good_account_changes_nothing(cloud: Cloud, security: str) -> None:
    name, email = cloud.fresh()
    account = cloud.ask(accountName=name, email=email).output["accountId"]
    cloud.answer("Account Ready", accountId=account)
    mark = len(cloud.aws.calls)
    ended = cloud.start(accountId=account)
    assert ended.status == "SUCCEEDED", str(ended)
    reports = ended.output.pop("reports", [])  # no deploy role as long as there is no tooling account
    assert {report["resource"] for report in reports} <= {"role/allow-deploy-from-mgmt-account"}
    assert ended.output == {
        "accountId": account,
        "accountName": name,
        "email": email,
        "kind": "workload",
        "outcome": "unchanged",
        "changes": [],
    }
    writes = [call for call in cloud.aws.calls[mark:] if call.account == account and call.mutating]
    assert [call.action for call in writes if call.service != "sts"] == []
    cloud.all_ended()
    assert len(cloud.answers(accountId=account)) == 1


def test_an_account_whose_event_was_lost_is_found(cloud: Cloud, security: str, creation: Any) -> None:
    creation.event_copies = 0
    name, email = cloud.fresh()
    account = created(cloud, name, email)["AccountId"]
    cloud.invoke("DiscoverAccountsFunction")  # or the schedule was faster
    ended = cloud.ended(cloud.execution_of(account))
    assert (ended.status, ended.output["outcome"]) == ("SUCCEEDED", "ready"), str(ended)
    assert lacks(cloud, account, security) == []
    assert cloud.answer("Account Ready", accountId=account)
    assert account not in cloud.invoke("DiscoverAccountsFunction")["started"]
    assert len(cloud.executions_about(account)) == 1


def test_the_event_of_an_account_that_is_being_made_ends_at_once(
    cloud: Cloud, security: str, creation: Any
) -> None:
    creation.event_delay = 0
    name, email = cloud.fresh()
    first = cloud.execution_of(cloud.post(accountName=name, email=email))
    second = cloud.ended(cloud.execution_of(status_of(cloud, name)["Id"]))
    assert second.status == "SUCCEEDED", str(second)
    assert (second.output["outcome"], second.output["changes"]) == ("in-progress", [])
    assert first in second.output["note"]
    ended = cloud.ended(first)
    assert (ended.status, ended.output["outcome"]) == ("SUCCEEDED", "ready"), str(ended)
    assert ended.output["accountId"] == second.output["accountId"]
    cloud.answer("Account Ready", accountId=ended.output["accountId"])
    assert len(cloud.answers(accountId=ended.output["accountId"])) == 1


def test_the_event_of_an_account_finishes_what_a_dead_execution_left(
    cloud: Cloud, security: str, creation: Any, no_pass: None
) -> None:
    creation.seconds, creation.event_delay = 60, 60
    name, email = cloud.fresh()
    event = cloud.post(
        accountName=name,
        email=email,
        organizationalUnit="Workloads/Development/Red",
        createOrganizationalUnit=True,
        tags={"owner": "ada"},
    )
    first = cloud.execution_of(event)
    request = status_of(cloud, name)
    cloud.aws.client("stepfunctions").stop_execution(executionArn=first)
    second = cloud.ended(cloud.execution_of(request["Id"]))
    assert (second.status, second.output["outcome"]) == ("SUCCEEDED", "ready"), str(second)
    account = cloud.accounts()[email]["Id"]
    assert cloud.unit_of(email) == "Workloads/Development/Red"
    assert cloud.tags_of(account)["owner"] == "ada"
    assert lacks(cloud, account, security) == []
    assert cloud.answer("Account Ready", accountId=account)["detail"]["requestId"] == event
    assert cloud.answer("Account Failed", execution=first)["detail"]["requestId"] == event


def test_an_aborted_execution_is_answered_for_once_and_lets_the_account_go(
    cloud: Cloud, security: str, no_pass: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloud.aws.creation, "event_copies", 0)  # else CreateAccountResult takes over at once
    name, email = cloud.fresh()
    event = cloud.post(accountName=name, email=email, organizationalUnit="Workloads/Production")
    first = cloud.execution_of(event)

    def leased() -> str | None:
        account = cloud.accounts().get(email)
        item = cloud.ledger_item(f"account#{account['Id']}") if account else {}
        return account["Id"] if account and item.get("leaseOwner", {}).get("S") == first else None

    account = until(leased, f"a lease of the account {name}")
    cloud.aws.client("stepfunctions").stop_execution(
        executionArn=first, error="Stopped", cause="by a person in a hurry"
    )
    failed = cloud.answer("Account Failed", execution=first)["detail"]
    assert (failed["error"], failed["cause"]) == ("Stopped", "by a person in a hurry")
    assert (failed["accountId"], failed["requestId"], failed["email"]) == (account, event, email)
    assert failed["remedy"]
    until(lambda: "leaseOwner" not in cloud.ledger_item(f"account#{account}"), "the lease to be let go")

    ended = cloud.start(accountId=account)
    assert (ended.status, ended.output["outcome"]) == ("SUCCEEDED", "ready"), str(ended)
    assert cloud.unit_of(email) == "Workloads/Production"
    assert lacks(cloud, account, security) == []
    assert cloud.answer("Account Ready", accountId=account)["detail"]["requestId"] == event
    cloud.all_ended()
    assert cloud.answered("Account Failed", execution=first) == 1
    assert cloud.answered("Account Ready", accountId=account) == 1
