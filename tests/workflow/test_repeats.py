"""Whoever asks twice gets one account."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.workflow.conftest import Cloud, Execution, until
from tests.workflow.looking import lacks


@pytest.fixture(scope="module")
def security(cloud: Cloud) -> str:
    return cloud.declared("security")


def creations(cloud: Cloud, name: str) -> list[str]:
    """The CreateAccount requests for an account of this name."""
    pages = cloud.aws.client("organizations").get_paginator("list_create_account_status").paginate()
    statuses = (status for page in pages for status in page["CreateAccountStatuses"])
    return [status["Id"] for status in statuses if status["AccountName"] == name]


def ended(cloud: Cloud, event_ids: list[str]) -> list[Execution]:
    return [cloud.ended(cloud.execution_of(event_id)) for event_id in event_ids]


def test_the_same_event_twice_makes_one_account(cloud: Cloud, security: str) -> None:
    name, email = cloud.fresh()
    detail = {"accountName": name, "email": email, "organizationalUnit": "Workloads/Development"}
    first = cloud.ask(**detail)
    before = cloud.tags_of(first.output["accountId"])
    again = cloud.ask(**detail | {"organizationalUnit": "Workloads/Production", "tags": {"late": "yes"}})
    assert (again.status, again.output["outcome"], again.output["changes"]) == ("SUCCEEDED", "unchanged", [])
    assert again.output["accountId"] == first.output["accountId"] == cloud.accounts()[email]["Id"]
    assert cloud.unit_of(email) == "Workloads/Development"
    assert cloud.tags_of(first.output["accountId"]) == before
    assert len(creations(cloud, name)) == 1
    cloud.all_ended()
    assert cloud.answered("Account Ready", email=email) == 1
    assert len(cloud.news(email=email)) == 1


def test_the_same_event_twenty_times_at_once_makes_one_account(cloud: Cloud, security: str) -> None:
    name, email = cloud.fresh()
    detail = json.dumps({"accountName": name, "email": email})
    entry = {"Source": "groundwork", "DetailType": "Account Requested", "Detail": detail}
    events = cloud.aws.client("events")
    with ThreadPoolExecutor(4) as posters:
        answers = list(posters.map(lambda _: events.put_events(Entries=[entry] * 5), range(4)))
    all_twenty = ended(cloud, [each["EventId"] for answer in answers for each in answer["Entries"]])
    assert Counter(execution.status for execution in all_twenty) == {"SUCCEEDED": 20}, all_twenty
    assert {execution.output["accountId"] for execution in all_twenty} == {cloud.accounts()[email]["Id"]}
    assert Counter(execution.output["outcome"] for execution in all_twenty) == {"ready": 1, "unchanged": 19}
    assert len(creations(cloud, name)) == 1
    assert [account["Name"] for account in cloud.accounts().values()].count(name) == 1
    cloud.all_ended()
    cloud.answer("Account Ready", email=email)
    assert len(cloud.news(email=email)) == 1


def test_a_repeat_after_a_failure_goes_on_with_the_same_account(
    cloud: Cloud, security: str, monkeypatch: pytest.MonkeyPatch, no_pass: None
) -> None:
    monkeypatch.setattr(cloud.aws.creation, "event_copies", 0)  # else CreateAccountResult is the repeat
    name, email = cloud.fresh()
    detail = {"accountName": name, "email": email, "organizationalUnit": "Workloads/Staging"}
    event = cloud.post(**detail)
    first = cloud.execution_of(event)
    until(lambda: cloud.accounts().get(email), f"the account {name}")
    cloud.aws.client("stepfunctions").stop_execution(executionArn=first)
    cloud.answer("Account Failed", execution=first)
    again = cloud.ask(**detail)
    assert (again.status, again.output["outcome"]) == ("SUCCEEDED", "ready"), str(again)
    account = cloud.accounts()[email]["Id"]
    assert again.output["accountId"] == account
    assert len(creations(cloud, name)) == 1
    assert cloud.unit_of(email) == "Workloads/Staging"
    assert cloud.tags_of(account)["groundwork:request"] == event
    assert lacks(cloud, account, security) == []
    cloud.all_ended()
    assert cloud.answered("Account Ready", email=email) == 1


def test_two_starts_by_hand_of_one_account_follow_one_another(cloud: Cloud, security: str) -> None:
    name, email = cloud.fresh()
    account = cloud.ask(accountName=name, email=email).output["accountId"]
    iam = cloud.inside("iam", account)
    role = {"RoleName": "allow-read-only-from-security-account"}
    iam.detach_role_policy(**role, PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    iam.delete_role(**role)
    both = [cloud.ended(arn) for arn in [cloud.begin(accountId=account), cloud.begin(accountId=account)]]
    assert [execution.status for execution in both] == ["SUCCEEDED", "SUCCEEDED"], both
    assert sorted(execution.output["outcome"] for execution in both) == ["repaired", "unchanged"]
    assert lacks(cloud, account, security) == []
    cloud.answer("Account Repaired", accountId=account)
    assert cloud.answered("Account Repaired", accountId=account) == 1
    assert cloud.answered("Account Ready", accountId=account) == 1
