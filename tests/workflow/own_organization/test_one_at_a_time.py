"""A run, a change and a closing of one account that come between each other's steps: one waits for the other, or is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from prove.crash_points import CHANGES
from prove.moments import ahead_of
from prove.world import TIME_SCALE, World, declaring
from tests.workflow.closing import Closings
from tests.workflow.conftest import Cloud, Slot, until
from tests.workflow.own_organization.changing import DEVELOPMENT, PRODUCTION, made


@pytest.fixture(scope="module")
def world(slot: Slot) -> Iterator[World]:
    with declaring(*CHANGES) as template:
        yield World.deployed(slot.own(time_scale=TIME_SCALE), template)
    slot.close()


@pytest.fixture
def cloud(world: World) -> Cloud:
    return world.cloud


@contextmanager
def before(cloud: Cloud, function: str, act: Callable[[], object]) -> Iterator[None]:
    """Once, ahead of the first invocation of a function."""
    done = list[str]()

    def acting(invoked: str) -> None:
        if invoked == function and not done:
            done.append(function)
            act()

    with ahead_of(cloud.aws, acting):
        yield


CHANGE = {"organizationalUnit": PRODUCTION, "tags": {"team": "a"}}


def test_an_account_that_is_suspended_while_somebody_adopts_it_stays_so(cloud: Cloud) -> None:
    name, email = cloud.fresh()
    cloud.aws.client("organizations").create_account(AccountName=name, Email=email)
    account = str(until(lambda: cloud.accounts().get(email), "the account")["Id"])
    closings, suspended = Closings(cloud), list[Any]()
    with before(cloud, "EnrollAccountFunction", lambda: suspended.append(closings.start(accountId=account))):
        ended = cloud.start(accountId=account)
    assert suspended[0].status == "SUCCEEDED", suspended
    assert (ended.error, "is to be closed at" in ended.cause) == ("AccountClosing", True), ended
    assert closings.unit_of(account) == "Suspended"
    tags = cloud.tags_of(account)
    assert tags["groundwork:state"].startswith("closing ")
    assert "groundwork:kind" not in tags
    assert cloud.ledger_item(f"account#{account}").keys() <= {"pk", "leases"}


@pytest.mark.parametrize(
    ("function", "given"),
    [("ChangeAccountFunction", CHANGE), ("EnrollAccountFunction", {}), ("LeaseAccountFunction", {})],
)
def test_what_began_before_an_account_is_suspended_leaves_it_alone(
    cloud: Cloud, function: str, given: dict[str, Any]
) -> None:
    closings, (_, _, account) = Closings(cloud), made(cloud)
    older = [{"Key": "groundwork:baseline", "Value": "older"}]
    cloud.aws.client("organizations").tag_resource(ResourceId=account, Tags=older)
    suspended: list[Any] = []
    with before(cloud, function, lambda: suspended.append(closings.start(accountId=account))):
        ended = cloud.start(accountId=account, **given)
    assert suspended[0].status == "SUCCEEDED", suspended
    assert (ended.error, "is to be closed at" in ended.cause) == ("AccountClosing", True), ended
    cloud.all_ended()
    assert closings.unit_of(account) == "Suspended"
    assert cloud.tags_of(account)["groundwork:state"].startswith("closing ")
    assert "leaseOwner" not in cloud.ledger_item(f"account#{account}")
    assert closings.start(accountId=account, reopen=True).output["outcome"] == "reopened"
    cloud.all_ended()
    assert closings.unit_of(account) == DEVELOPMENT


@pytest.mark.parametrize("function", ["EnrollAccountFunction", "LeaseAccountFunction"])
def test_a_run_lays_down_what_a_change_made_of_the_account_meanwhile(cloud: Cloud, function: str) -> None:
    _, email, account = made(cloud)
    older = [{"Key": "groundwork:baseline", "Value": "older"}]
    cloud.aws.client("organizations").tag_resource(ResourceId=account, Tags=older)
    changed: list[Any] = []
    with before(cloud, function, lambda: changed.append(cloud.start(accountId=account, **CHANGE))):
        ended = cloud.start(accountId=account)
    assert [each.status for each in (*changed, ended)] == ["SUCCEEDED"] * 2, (changed, ended)
    assert cloud.unit_of(email) == PRODUCTION
    assert cloud.ledger_item(f"account#{account}")["unit"] == {"S": PRODUCTION}
    plan = cloud.start(accountId=account, mode="plan").output
    assert plan["changes"] == []
    assert {each["component"] for each in plan.get("reports", [])} <= {
        "access"
    }  # there is no tooling account


def test_a_closing_waits_for_a_change_that_began_before_it_and_knows_where_the_account_is(
    cloud: Cloud,
) -> None:
    closings, (_, email, account) = Closings(cloud), made(cloud)
    changed: list[Any] = []
    with before(
        cloud, "SuspendAccountFunction", lambda: changed.append(cloud.begin(accountId=account, **CHANGE))
    ):
        suspended = closings.start(accountId=account)
    assert suspended.status == "SUCCEEDED", suspended
    cloud.ended(changed[0])
    cloud.all_ended()
    assert cloud.unit_of(email) == "Suspended"
    assert cloud.start(accountId=account, **CHANGE).error == "AccountClosing"
    assert closings.start(accountId=account, reopen=True).output["outcome"] == "reopened"
    cloud.all_ended()
    wanted = PRODUCTION if cloud.ended(changed[0]).status == "SUCCEEDED" else DEVELOPMENT
    assert (cloud.unit_of(email), cloud.tags_of(account)["groundwork:state"]) == (wanted, "ready")


def test_a_reopening_that_comes_before_an_account_is_suspended_has_it_back_afterwards(cloud: Cloud) -> None:
    closings, (_, email, account) = Closings(cloud), made(cloud)
    back: list[str] = []
    with before(
        cloud, "SuspendAccountFunction", lambda: back.append(closings.post("Reopen", accountId=account))
    ):
        suspended = closings.start(accountId=account)
    assert suspended.status == "SUCCEEDED", suspended
    assert closings.ended(back[0]).output["outcome"] == "reopened"
    cloud.all_ended()
    assert (cloud.unit_of(email), cloud.tags_of(account)["groundwork:state"]) == (DEVELOPMENT, "ready")
