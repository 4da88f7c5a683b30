"""The first hour: no organization, no baseline of the management account, no security account, accounts of old."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Literal

import pytest

from local.engine import Engine
from tests.workflow.conftest import Cloud, Slot, bootstrapped, deployed, until
from tests.workflow.looking import lacks, portrait

BRISK = 0.005
"""The schedule of 15 minutes comes every few seconds, and patience ends as soon."""
UNHURRIED = 0.2
"""Patience lasts longer than this machine needs for the management account."""


@pytest.mark.parametrize(
    ("features", "words"), [(None, "no organization"), ("billing", "consolidated billing")]
)
def test_without_an_organization_with_all_features_nothing_is_done(
    slot: Slot, features: Literal["billing"] | None, words: str
) -> None:
    with_out = deployed(slot.own(time_scale=BRISK, organization=features))
    until(with_out.executions, "the execution that deployment starts")
    ended, *by_schedule = with_out.all_ended()
    for each in (ended, *by_schedule):
        assert (each.status, each.error) == ("FAILED", "OrganizationNotReady")
    assert words in ended.cause
    assert "enable-all-features" in ended.cause
    answer = with_out.answer("Account Failed", execution=ended.arn)["detail"]
    assert answer["error"] == "OrganizationNotReady"
    assert "enable-all-features" in answer["remedy"]
    assert with_out.aws.client("cloudtrail").describe_trails()["trailList"] == []


def make_account(aws: Engine, name: str) -> str:
    """An account of the days before Groundwork."""
    organizations = aws.client("organizations")
    organizations.create_account(AccountName=name, Email=f"{name}@example.com")

    def made() -> str | None:
        statuses = organizations.list_create_account_status(States=["SUCCEEDED"])["CreateAccountStatuses"]
        return next((str(each["AccountId"]) for each in statuses if each["AccountName"] == name), None)

    return until(made, f"the account {name}")


def tell_of(aws: Engine, account: str) -> None:
    """CreateAccountResult for an account, long after it was made."""
    status = {"id": f"car-{account}", "state": "SUCCEEDED", "accountName": "****", "accountId": account}
    detail = {"eventName": "CreateAccountResult", "serviceEventDetails": {"createAccountStatus": status}}
    aws.emit("aws.organizations", "AWS Service Event via CloudTrail", detail)


@pytest.fixture(scope="module")
def young(slot: Slot) -> Iterator[tuple[Cloud, str]]:
    """An organization with an account of old, Groundwork deployed in it, and no security account yet."""
    aws = slot.own(time_scale=BRISK)
    old = make_account(aws, "old")
    until(lambda: _can_enter(aws, old), "the old account's entry role")
    yield bootstrapped(deployed(aws)), old
    slot.close()


def _can_enter(aws: Engine, account: str) -> bool:
    role = f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole"
    try:
        aws.client("sts").assume_role(RoleArn=role, RoleSessionName="probe")
    except aws.client("sts").exceptions.ClientError:
        return False
    return True


def errors_of(cloud: Cloud, execution: str) -> list[str]:
    """What the tasks of an execution failed with, in order."""
    sfn = cloud.aws.client("stepfunctions")
    history = sfn.get_execution_history(executionArn=execution, maxResults=1000)["events"]
    details = (step.get("taskFailedEventDetails") for step in history)
    return [each["error"] for each in details if each]


def test_a_request_waits_until_the_management_account_is_ready(slot: Slot) -> None:
    cloud = deployed(slot.own(time_scale=UNHURRIED))
    event = cloud.post(accountName="security", email="aws+security@example.com", kind="security")
    ended = cloud.ended(cloud.execution_of(event))
    assert (ended.status, ended.output["outcome"]) == ("SUCCEEDED", "ready"), str(ended)
    assert set(errors_of(cloud, ended.arn)) >= {"ManagementAccountNotReady"}
    calls = cloud.aws.calls
    made = next(call.time for call in calls if call.action == "organizations:CreateAccount")
    assert next(call.time for call in calls if "RecordOutcome" in (call.principal_arn or "")) < made


def test_a_workload_waits_a_bounded_time_for_a_security_account(young: tuple[Cloud, str]) -> None:
    cloud, _ = young
    name, email = cloud.fresh()
    event = cloud.post(accountName=name, email=email)
    ended = cloud.ended(cloud.execution_of(event))
    assert (ended.status, ended.error) == ("FAILED", "SecurityAccountMissing")
    assert "nobody has asked for 'security' with 'aws+security@example.com'" in ended.cause
    assert set(errors_of(cloud, ended.arn)) == {"SecurityAccountMissing"}
    assert cloud.answer("Account Failed", requestId=event)["detail"]["remedy"] in ended.cause
    assert email not in cloud.accounts()

    security = cloud.declared("security")
    again = cloud.ask(accountName=name, email=email)
    assert again.status == "SUCCEEDED", str(again)
    assert lacks(cloud, again.output["accountId"], security) == []


def test_accounts_of_old_are_left_alone_until_a_person_starts_them(young: tuple[Cloud, str]) -> None:
    cloud, old = young
    security = cloud.declared("security")
    before = portrait(cloud, old), cloud.tags_of(old)

    assert old not in cloud.invoke("DiscoverAccountsFunction")["started"]
    tell_of(cloud.aws, old)
    told = cloud.ended(cloud.execution_of(f"car-{old}"))
    assert (told.status, told.error) == ("FAILED", "AccountNotAdopted")
    asked = cloud.ask(accountName="old", email="old@example.com", organizationalUnit="Workloads/Production")
    assert (asked.status, asked.error) == ("FAILED", "AccountNotAdopted")
    assert old in asked.cause
    assert json.dumps({"accountId": "<its id>"}) in asked.cause
    assert (portrait(cloud, old), cloud.tags_of(old)) == before
    assert cloud.unit_of("old@example.com") == ""

    adopted = cloud.start(accountId=old)
    assert (adopted.status, adopted.output["outcome"]) == ("SUCCEEDED", "ready"), str(adopted)
    assert lacks(cloud, old, security) == []
    assert cloud.answer("Account Ready", accountId=old)


def test_the_schedule_finds_an_account_nobody_told_us_of(young: tuple[Cloud, str]) -> None:
    cloud, _ = young
    security = cloud.declared("security")
    cloud.aws.creation.event_copies = 0
    account = make_account(cloud.aws, "unheard-of")
    started = f":found-{account}-"  # the daily plan looks at it, too

    def of_the_pass() -> str | None:
        return next((arn for arn in cloud.executions_about(account) if started in arn), None)

    found = cloud.ended(until(of_the_pass, "the execution that the pass starts"))
    assert (found.status, found.output["outcome"]) == ("SUCCEEDED", "ready"), str(found)
    assert lacks(cloud, account, security) == []
