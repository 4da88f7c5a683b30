"""Whoever asks is answered, whatever came of it, and nothing is made that nobody meant."""

from __future__ import annotations

from typing import Any

import pytest

from tests.workflow.conftest import Cloud, until

DEVELOPMENT, PRODUCTION = "Workloads/Development", "Workloads/Production"


@pytest.fixture(scope="module", autouse=True)
def security(cloud: Cloud) -> str:
    return cloud.declared("security")


def ready(cloud: Cloud, **detail: Any) -> dict[str, Any]:
    """The answer to a request for an account, `Account Ready`."""
    return dict(cloud.answer("Account Ready", requestId=cloud.post(**detail))["detail"])


def test_each_request_for_an_account_is_answered_and_told_what_differs(cloud: Cloud) -> None:
    name, email = cloud.fresh()
    detail = {"accountName": name, "email": email, "organizationalUnit": DEVELOPMENT, "tags": {"team": "a"}}
    first = ready(cloud, **detail)
    assert "again" not in first
    same = ready(cloud, **detail)
    assert (same["again"], same["differs"], same["outcome"]) == (True, {}, "unchanged")
    other = ready(cloud, **detail | {"organizationalUnit": PRODUCTION, "tags": {"team": "b", "late": "yes"}})
    assert other["accountId"] == same["accountId"] == first["accountId"]
    assert other["differs"] == {
        "organizationalUnit": {"asked": PRODUCTION, "is": DEVELOPMENT},
        "tags": {"asked": {"team": "b", "late": "yes"}, "is": {"team": "a"}},
    }
    ended = cloud.ended(other["execution"])
    assert "organizationalUnit, tags" in ended.output["note"]
    cloud.all_ended()
    assert [each["detail-type"] for each in cloud.news(accountId=first["accountId"])] == ["Account Ready"]


def test_whoever_takes_over_what_another_began_is_answered_besides(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, no_pass: None
) -> None:
    monkeypatch.setattr(cloud.aws.creation, "event_copies", 0)
    name, email = cloud.fresh()
    begun = cloud.post(accountName=name, email=email, organizationalUnit=DEVELOPMENT)
    dead = cloud.execution_of(begun)
    until(lambda: cloud.accounts().get(email), f"the account {name}")
    cloud.aws.client("stepfunctions").stop_execution(executionArn=dead)
    cloud.answer("Account Failed", execution=dead)
    second = ready(cloud, accountName=name, email=email, organizationalUnit=PRODUCTION)
    first = cloud.answer("Account Ready", requestId=begun)["detail"]
    assert "again" not in first
    assert (second["again"], second["accountId"]) == (True, first["accountId"])
    assert second["differs"] == {"organizationalUnit": {"asked": PRODUCTION, "is": DEVELOPMENT}}


def test_an_account_that_others_made_is_answered_for_too(cloud: Cloud) -> None:
    name, email = cloud.fresh()
    cloud.aws.client("organizations").create_account(AccountName=name, Email=email)
    account = until(lambda: str(cloud.accounts().get(email, {}).get("Id", "")), f"the account {name}")
    cloud.answer("Account Ready", accountId=account)
    asked = ready(cloud, accountName=name, email=email, organizationalUnit=DEVELOPMENT)
    assert (asked["again"], asked["accountId"]) == (True, account)
    assert asked["differs"] == {"organizationalUnit": {"asked": DEVELOPMENT, "is": ""}}


@pytest.mark.parametrize(
    ("unit", "meant"),
    [
        ("Workloads/Devlopment", "; did you mean 'Workloads/Development'?"),
        ("workloads/development", "; did you mean 'Workloads/Development'?"),
        ("Elsewhere", "is not declared in baseline.yaml. Correct it"),
    ],
)
def test_a_unit_that_is_not_declared_is_refused_by_its_close_match(
    cloud: Cloud, unit: str, meant: str
) -> None:
    name, email = cloud.fresh()
    ended = cloud.ask(accountName=name, email=email, organizationalUnit=unit)
    assert ended.error == "InvalidRequest", ended
    assert repr(unit) in ended.cause
    assert meant in ended.cause
    assert "createOrganizationalUnit: true" in ended.cause
    assert email not in cloud.accounts()


def test_a_unit_that_is_meant_is_made(cloud: Cloud) -> None:
    name, email = cloud.fresh()
    unit = f"Workloads/{name}"
    ended = cloud.ask(accountName=name, email=email, organizationalUnit=unit, createOrganizationalUnit=True)
    assert ended.status == "SUCCEEDED", str(ended)
    assert cloud.unit_of(email) == unit
    # What is there already is not made: whoever asks again need not say it.
    assert ready(cloud, accountName=name, email=email, organizationalUnit=unit)["differs"] == {}


def test_a_second_account_of_a_name_is_refused_unless_it_is_meant(cloud: Cloud) -> None:
    (name, email), (_, other) = cloud.fresh(), cloud.fresh()
    account = ready(cloud, accountName=name, email=email)["accountId"]
    for spelling in (name, name.upper()):
        ended = cloud.ask(accountName=spelling, email=other)
        assert (ended.error, account in ended.cause) == ("InvalidRequest", True), ended
        assert "sameName: true" in ended.cause
    assert other not in cloud.accounts()
    second = ready(cloud, accountName=name, email=other, sameName=True)
    assert second["accountId"] not in ("", account)
    declared = cloud.ask(accountName="security", email=cloud.fresh()[1])
    assert "baseline.yaml declares with 'aws+security@example.com'" in declared.cause


def test_of_two_at_once_for_one_name_one_is_made(cloud: Cloud) -> None:
    name, emails = cloud.fresh()[0], [cloud.fresh()[1] for _ in range(3)]
    events = [cloud.post(accountName=name, email=email) for email in emails]
    ended = [cloud.ended(cloud.execution_of(event)) for event in events]
    assert sorted(each.status for each in ended) == ["FAILED", "FAILED", "SUCCEEDED"], ended
    assert {each.error for each in ended} == {"", "InvalidRequest"}
    assert [each["Name"] for each in cloud.accounts().values()].count(name) == 1


def test_a_name_is_free_once_its_bearer_is_called_otherwise_or_is_closed(cloud: Cloud) -> None:
    organizations = cloud.aws.client("organizations")
    (name, email), (_, other) = cloud.fresh(), cloud.fresh()
    account = ready(cloud, accountName=name, email=email)["accountId"]
    organizations.close_account(AccountId=account)
    assert ready(cloud, accountName=name, email=other)["accountId"] != account


def test_a_request_is_told_of_all_its_mistakes_at_once(cloud: Cloud) -> None:
    ended = cloud.ask(
        accountName="",
        email="aws+new@example.com",
        kind="tooling",
        organizationalUnit="Devlopment",
        colour="red",
    )
    assert ended.error == "InvalidRequest"
    for words in (
        "accountName '' is empty",
        "colour is an unknown field",
        "kind 'tooling' is not for 'aws+new@example.com'",
        "organizationalUnit 'Devlopment' is not declared",
        "did you mean 'Workloads/Development'?",
    ):
        assert words in ended.cause
