"""A young account turns callers away for a while: it is waited for in sight of everybody; what stays is told apart."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from moto.iam.models import iam_backends
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl

from local.organizations import organization_of
from local.organizations.accounts import make_access_role
from local.organizations.young_accounts import ANSWERS
from tests.workflow.conftest import Cloud, Execution, Slot, bootstrapped, deployed, until
from tests.workflow.many import deny_cloudtrail

MINUTE = 60.0
SCALE = 0.02
FOR_EVER = 10**7
DELAYS = (0.0, 1 * MINUTE, 7 * MINUTE, 15 * MINUTE)


@pytest.fixture(scope="module")
def cloud(slot: Slot) -> Iterator[Cloud]:
    found = deployed(slot.own(time_scale=SCALE))
    found.aws.client("events").disable_rule(Name=found.physical("DiscoverAccountsRule"))
    yield bootstrapped(found)
    assert found.aws.failures == []
    slot.close()


@pytest.fixture(scope="module")
def ends(cloud: Cloud) -> dict[tuple[str, float], Execution]:
    """An account for each answer and delay, all asked for at once: for half of the time its role lets nobody in."""
    cloud.declared("security")
    creation, events = cloud.aws.creation, {}
    creation.throttle.enforced = False
    creation.at_once = 100
    for code in ANSWERS:
        creation.entry_answer = creation.service_answer = code
        for delay in DELAYS:
            creation.entry_delay, creation.service_delay = delay / 2, delay
            name, email = cloud.fresh()
            events[code, delay] = cloud.post(accountName=name, email=email)
            _made(cloud, email)
    cloud.all_ended()
    return {what: cloud.ended(cloud.execution_of(event)) for what, event in events.items()}


def waits(cloud: Cloud, execution: str) -> list[tuple[str, str]]:
    """State and cause of every attempt that found the account not usable, in order."""
    pages = cloud.aws.client("stepfunctions").get_paginator("get_execution_history")
    history = [event for page in pages.paginate(executionArn=execution) for event in page["events"]]
    events, found = {event["id"]: event for event in history}, []
    for event in history:
        details = event.get("taskFailedEventDetails", {})
        if details.get("error") == "AccountNotUsable":
            before = event
            while "stateEnteredEventDetails" not in before:
                before = events[before["previousEventId"]]
            name = before["stateEnteredEventDetails"]["name"]
            found.append((name, json.loads(details["cause"])["errorMessage"]))
    return found


def _made(cloud: Cloud, email: str) -> str:
    return until(lambda: str(cloud.accounts().get(email, {}).get("Id", "")), f"the account of {email}")


@pytest.mark.parametrize("delay", DELAYS)
@pytest.mark.parametrize("code", sorted(ANSWERS))
def test_it_is_waited_for(
    cloud: Cloud, ends: dict[tuple[str, float], Execution], code: str, delay: float
) -> None:
    ended = ends[code, delay]
    assert (ended.status, ended.output.get("outcome")) == ("SUCCEEDED", "ready"), str(ended)
    seen = waits(cloud, ended.arn)
    assert {state for state, _ in seen} <= {"CheckAccess"}
    assert all(f"{code}: " in cause for _, cause in seen)
    assert seen or delay < 15 * MINUTE  # a shorter wait may be over before the machine is there


@pytest.fixture
def creation(cloud: Cloud) -> Iterator[Any]:
    """How accounts begin, put back afterwards; those of `ends` have begun."""
    found = cloud.aws.creation
    before = dict(vars(found))
    found.entry_answer, found.service_answer = "AccessDenied", None
    found.entry_delay = found.service_delay = 0
    yield found
    for name, value in before.items():
        setattr(found, name, value)


@pytest.mark.parametrize("code", sorted(ANSWERS))
def test_what_is_waited_for_is_in_the_history(cloud: Cloud, creation: Any, code: str) -> None:
    cloud.declared("security")
    creation.entry_answer = creation.service_answer = code
    creation.entry_delay = creation.service_delay = FOR_EVER
    name, email = cloud.fresh()
    execution = cloud.execution_of(cloud.post(accountName=name, email=email))
    account = _made(cloud, email)

    def shows(words: str) -> None:
        seen = until(lambda: [each for each in waits(cloud, execution) if words in each[1]], words)
        assert {state for state, _ in seen} == {"CheckAccess"}

    shows(f"OrganizationAccountAccessRole: {code}: ")
    cloud.aws.young_accounts.not_ready_until.pop(f"{account} entry", None)
    if code == "AccessDenied":
        make_access_role(account, "aws", cloud.aws.management_account, "OrganizationAccountAccessRole")
    shows(f"cloudtrail: Account {account}: DescribeTrails: {code}: ")
    cloud.aws.young_accounts.not_ready_until.pop(account)
    ended = cloud.ended(execution)
    assert (ended.status, ended.output.get("outcome")) == ("SUCCEEDED", "ready"), str(ended)


def test_a_service_that_nobody_probes_is_waited_for_by_its_components(cloud: Cloud, creation: Any) -> None:
    cloud.declared("security")
    creation.service_answer = "SubscriptionRequiredException"
    creation.service_delays = {"iam": 15 * MINUTE}
    name, email = cloud.fresh()
    ended = cloud.ask(accountName=name, email=email)
    assert (ended.status, ended.output.get("outcome")) == ("SUCCEEDED", "ready"), str(ended)
    seen = waits(cloud, ended.arn)
    states = {state for state, _ in seen}
    assert states >= {"Access", "AccountSettings"}
    assert "CheckAccess" not in states
    assert all("SubscriptionRequiredException: " in cause for _, cause in seen)


def test_a_role_that_trusts_somebody_else_is_told_apart_by_staying_so(
    cloud: Cloud, creation: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.declared("security")
    # Hours of 1,500 attempts.
    waiting = SimpleNamespace(sleep=lambda seconds: cloud.aws.clock.wait(seconds / 50))
    monkeypatch.setattr(retrier_decl, "time", waiting)
    creation.service_delay = 15 * MINUTE
    name, email = cloud.fresh()
    execution = cloud.execution_of(cloud.post(accountName=name, email=email))
    account = _made(cloud, email)
    role = iam_backends[account]["aws"].get_role("OrganizationAccountAccessRole")
    ours, theirs = role.assume_role_policy_document, trusting("999999999999")
    role.assume_role_policy_document = theirs

    def said(ended: Execution, error: str) -> None:
        assert (ended.status, ended.error) == ("FAILED", error), ended
        assert f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole" in ended.cause
        assert f"must trust arn:aws:iam::{cloud.aws.management_account}:root" in ended.cause

    said(cloud.ended(execution), "AccountNotUsable")
    found = organization_of(account)
    assert found is not None
    found.account(account).create_time -= timedelta(hours=2)
    again = cloud.start(accountId=account)
    said(again, "AccountNotEnterable")
    assert waits(cloud, again.arn) == []
    role.assume_role_policy_document = ours
    assert cloud.start(accountId=account).status == "SUCCEEDED"
    assert list(cloud.accounts()).count(email) == 1


def trusting(account: str) -> str:
    principal = {"AWS": f"arn:aws:iam::{account}:root"}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_what_a_policy_denies_is_not_waited_for(cloud: Cloud, creation: Any) -> None:
    cloud.declared("security")
    creation.service_delay = 15 * MINUTE
    name, email = cloud.fresh()
    execution = cloud.execution_of(cloud.post(accountName=name, email=email))
    account = _made(cloud, email)
    policy = deny_cloudtrail(cloud, account)
    cloud.aws.young_accounts.not_ready_until.clear()
    ended = cloud.ended(execution)
    assert (ended.status, ended.error) == ("FAILED", "EntryRoleDenied"), ended
    assert "explicit deny in a service control policy" in ended.cause
    cloud.aws.client("organizations").detach_policy(PolicyId=policy, TargetId=account)
    assert cloud.start(accountId=account).status == "SUCCEEDED"
