"""Accounts that expire, and those that the declaration has closed: told before, suspended, closed; once, whatever comes twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from prove.crash_points import Point
from prove.world import TIME_SCALE, World, declaring
from tests.workflow.closing import Closings
from tests.workflow.conftest import Slot, until
from tests.workflow.listening import People, listening

UNIT = "Workloads/Development"
LEFTOVER, TWICE = "leftover", "two-of-a-name"
DECLARED = (
    "organizationalUnits:\n",
    f"""closing: {{unit: Suspended, graceDays: 7, accounts: [{LEFTOVER}, {TWICE}]}}

changes: {{allowed: true}}

organizationalUnits:
  - Suspended
""",
)
LATER = timedelta(minutes=15)
PASS = "RequestClosingsFunction"


@pytest.fixture(scope="module")
def world(slot: Slot) -> Iterator[World]:
    with declaring(*DECLARED) as template:
        yield World.deployed(slot.own(time_scale=TIME_SCALE), template)
    slot.close()


@pytest.fixture(scope="module")
def closings(world: World) -> Closings:
    return Closings(world.cloud)


@pytest.fixture(scope="module")
def people(world: World) -> People:
    return listening(world.cloud)


def in_days(days: int) -> datetime:
    return datetime.combine(datetime.now(UTC).date() + timedelta(days=days), time(), UTC)


def vended(world: World, **more: Any) -> tuple[str, str, str]:
    """Name, e-mail and id of a workload account that is ready."""
    name, email = world.cloud.fresh()
    asked: dict[str, Any] = {"accountName": name, "email": email, "organizationalUnit": UNIT} | more
    ended = world.cloud.ask(**asked)
    assert ended.status == "SUCCEEDED", ended.cause
    world.cloud.all_ended()
    return asked["accountName"], email, str(ended.output["accountId"])


def expiring(world: World, days: int) -> tuple[str, datetime]:
    """The id of an account, and the day on which it expires."""
    day = in_days(days)
    return vended(world, expires=f"{day:%Y-%m-%d}")[2], day


def changed(world: World, account: str, expires: str) -> dict[str, Any]:
    cloud = world.cloud
    ended = cloud.ended(cloud.execution_of(cloud.post_change(accountId=account, expires=expires)))
    assert ended.status == "SUCCEEDED", ended.cause
    return ended.output


def name_of(account: str, when: datetime) -> str:
    return f"expired-{account}-{when:%Y-%m-%d}"


def told(world: World, detail_type: str, account: str) -> list[dict[str, Any]]:
    until(lambda: world.cloud.aws.is_at_rest, "all answers")
    return [
        each["detail"]
        for each in world.cloud.answers(accountId=account)
        if each["detail-type"] == detail_type
    ]


def test_an_account_expires_told_twice_before_suspended_on_the_day_and_closed(
    world: World, closings: Closings, people: People
) -> None:
    cloud, (account, day) = world.cloud, expiring(world, 20)
    assert cloud.tags_of(account)["groundwork:expires"] == f"{day:%Y-%m-%d}"
    assert account not in closings.look_ahead(day - timedelta(days=15))["told"]
    for days in (14, 3):
        when = day - timedelta(days=days)
        assert account in closings.look_ahead(when)["told"]
        again = closings.look_ahead(when), closings.look_ahead(when + LATER)
        assert not any(account in each["told"] + each["begun"] for each in again)
    assert closings.look_ahead(day - timedelta(seconds=1))["begun"] == []
    assert closings.unit_of(account) == UNIT
    assert account in closings.look_ahead(day)["begun"]
    closings.look_ahead(day)  # while that one may be on its way: it is the same execution
    done = closings.begun(name_of(account, day))
    assert done.status == "SUCCEEDED", done
    assert closings.look_ahead(day + LATER)["begun"] == []
    assert closings.unit_of(account) == "Suspended"

    notices = told(world, "Account Expiring", account)
    ids = [f"{account}/{day:%Y-%m-%d}/{days}" for days in (14, 3)]
    assert [each["noticeId"] for each in notices] == ids
    assert {each["suspendedAt"] for each in notices} == {f"{day:%Y-%m-%dT00:00:00Z}"}
    (closing,) = told(world, "Account Closing", account)
    assert closing["reason"] == f"It expired on {day:%Y-%m-%d}."
    due = datetime.fromisoformat(closing["closesAt"])
    assert account in closings.look(due)["closing"]
    until(lambda: closings.state(account) == "CLOSED", "the account to be closed")
    assert account in closings.look(due + LATER)["closed"]
    assert len(told(world, "Account Closed", account)) == 1

    for words in ("is going to be closed", "is suspended, and waits to be closed", "was closed"):
        heard = [each for each in people.notices(account) if words in each["Subject"]]
        assert len(heard) == (2 if words.startswith("is going") else 1), words
        assert {each["MessageAttributes"]["accountId"]["Value"] for each in heard} == {account}


def test_another_day_is_told_anew_and_never_is_never(world: World, closings: Closings) -> None:
    account, day = expiring(world, 10)
    assert account in closings.look_ahead(in_days(0))["told"]  # of both notices the one that is due
    later = day + timedelta(days=30)
    output = changed(world, account, f"{later:%Y-%m-%d}")
    assert output["changed"] == [{"field": "expires", "was": f"{day:%Y-%m-%d}", "is": f"{later:%Y-%m-%d}"}]
    assert world.cloud.tags_of(account)["groundwork:expires"] == f"{later:%Y-%m-%d}"
    found = closings.look_ahead(day + timedelta(days=1))
    assert account not in found["told"] + found["begun"]
    assert account in closings.look_ahead(later - timedelta(days=14))["told"]
    changed(world, account, "never")
    assert world.cloud.tags_of(account)["groundwork:expires"] == "never"
    found = closings.look_ahead(later + timedelta(days=14))
    assert account not in found["told"] + found["begun"]
    assert closings.unit_of(account) == UNIT


def test_nobody_is_suspended_within_a_day_of_being_told(world: World, closings: Closings) -> None:
    """As when no pass has run for weeks."""
    account, day = expiring(world, 5)
    late = day + timedelta(days=40)
    assert account in closings.look_ahead(late)["told"]
    assert account not in closings.look_ahead(late + timedelta(hours=23))["begun"]
    assert account in closings.look_ahead(late + timedelta(days=1))["begun"]
    assert closings.begun(name_of(account, late + timedelta(days=1))).status == "SUCCEEDED"
    (notice,) = told(world, "Account Expiring", account)
    assert notice["suspendedAt"] == f"{late + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"


def test_one_that_is_had_back_expires_no_more(world: World, closings: Closings) -> None:
    account, day = expiring(world, 5)
    closings.look_ahead(day - timedelta(days=3))
    assert account in closings.look_ahead(day)["begun"]
    assert closings.begun(name_of(account, day)).status == "SUCCEEDED"
    back = closings.ended(closings.post("Reopen", accountId=account))
    assert back.output["outcome"] == "reopened"
    world.cloud.all_ended()
    assert world.cloud.tags_of(account)["groundwork:expires"] == "never"
    for days in (0, 1, 30):
        found = closings.look_ahead(day + timedelta(days=days))
        assert account not in found["told"] + found["begun"]
    assert closings.unit_of(account) == UNIT


def test_the_tag_alone_closes_nobody_and_keeps_an_account_open(world: World, closings: Closings) -> None:
    organizations, (account, day) = world.aws.client("organizations"), expiring(world, 5)
    stranger = vended(world)[2]
    tag = {"Key": "groundwork:expires", "Value": f"{day:%Y-%m-%d}"}
    organizations.tag_resource(ResourceId=stranger, Tags=[tag])
    organizations.untag_resource(ResourceId=account, TagKeys=["groundwork:expires"])
    for days in (-3, 0, 2):
        found = closings.look_ahead(day + timedelta(days=days))
        assert not {account, stranger} & {*found["told"], *found["begun"]}
    reports = world.cloud.start(accountId=stranger, mode="plan").output["reports"]
    assert [each for each in reports if "of which the ledger knows nothing" in each["reason"]]
    organizations.untag_resource(ResourceId=stranger, TagKeys=["groundwork:expires"])


def test_what_is_withdrawn_while_the_closing_waits_is_left_open(world: World, closings: Closings) -> None:
    account, day = expiring(world, 5)
    stale = closings.start(accountId=account, expiredOn=f"{day + timedelta(days=1):%Y-%m-%d}")
    undeclared = closings.start(accountId=account, declared=True)
    assert [each.output["outcome"] for each in (stale, undeclared)] == ["unchanged", "unchanged"]
    assert closings.unit_of(account) == UNIT


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"expires": "31.12.2026"}, "is no day; write it like 2026-12-31"),
        ({"expires": "2026-02-30"}, "is no day of the calendar"),
        ({"expires": "2026-01-01"}, "is not after today"),
        ({"expires": "2099-01-01", "tags": {str(each): "x" for each in range(45)}}, "give at most 44"),
    ],
)
def test_a_request_with_a_wrong_day_is_refused(world: World, asked: dict[str, Any], words: str) -> None:
    name, email = world.cloud.fresh()
    refused = world.cloud.ask(accountName=name, email=email, **asked)
    assert (refused.error, words in refused.cause) == ("InvalidRequest", True), refused.cause


def test_what_is_never_closed_never_expires(world: World) -> None:
    cloud, day = world.cloud, f"{in_days(30):%Y-%m-%d}"
    refused = cloud.ended(cloud.execution_of(cloud.post_change(accountId=world.security, expires=day)))
    assert "is not for an account of kind security, which is never closed" in refused.cause
    account = vended(world)[2]
    organizations = world.aws.client("organizations")
    organizations.tag_resource(ResourceId=account, Tags=[{"Key": "groundwork:protected", "Value": "yes"}])
    refused = cloud.ended(cloud.execution_of(cloud.post_change(accountId=account, expires=day)))
    assert "it has the tag groundwork:protected" in refused.cause


def test_the_declaration_has_an_account_closed_told_and_planned_before(
    world: World, closings: Closings, people: People
) -> None:
    cloud, now = world.cloud, datetime.now(UTC)
    account = vended(world, accountName=LEFTOVER)[2]
    reports = cloud.start(accountId=account, mode="plan").output["reports"]
    named = [each for each in reports if "closing.accounts in baseline.yaml names it" in each["reason"]]
    assert [each["severity"] for each in named] == ["high"]
    assert account in closings.look_ahead(now)["told"]
    assert account not in closings.look_ahead(now + LATER)["told"]
    assert account not in closings.look_ahead(now + timedelta(hours=23))["begun"]
    tomorrow = now + timedelta(days=1)
    assert account in closings.look_ahead(tomorrow)["begun"]
    assert closings.begun(f"declared-{account}-{tomorrow:%Y-%m-%d}").output["outcome"] == "closing"
    assert closings.unit_of(account) == "Suspended"
    closings.ended(closings.post("Reopen", accountId=account))
    cloud.all_ended()
    assert account in closings.look_ahead(tomorrow + LATER)["told"]  # the declaration names it still
    assert closings.unit_of(account) == UNIT
    heard = [each for each in people.notices(account) if "is had back" in each["Subject"]]
    assert len(heard) == 1


def test_who_is_protected_is_refused_by_name_though_declared(world: World, closings: Closings) -> None:
    account, now = vended(world, accountName=TWICE)[2], datetime.now(UTC)
    organizations = world.aws.client("organizations")
    organizations.tag_resource(ResourceId=account, Tags=[{"Key": "groundwork:protected", "Value": "yes"}])
    closings.look_ahead(now)
    refused = closings.begun(f"declared-{account}-{now:%Y-%m-%d}")
    assert (refused.error, TWICE in refused.cause) == ("AccountProtected", True)
    assert told(world, "Account Expiring", account) == []


def test_of_a_name_that_two_accounts_have_nobody_is_closed(world: World, closings: Closings) -> None:
    now = datetime.now(UTC) + timedelta(days=3)
    first, second = (vended(world, accountName=TWICE, sameName=True)[2] for _ in range(2))
    found = closings.look_ahead(now)
    assert not {first, second} & {*found["told"], *found["begun"]}


@pytest.mark.parametrize(
    ("struck", "times"),
    [
        (Point(PASS, "events", "PutEvents", 1).fault("kill-function", "before"), 1),
        (Point(PASS, "events", "PutEvents", 1).fault("kill-function", "after"), 2),
    ],
    ids=["before it is sent", "after it is sent"],
)
def test_a_notice_is_not_lost_and_has_one_id(
    world: World, closings: Closings, struck: dict[str, Any], times: int
) -> None:
    account, day = expiring(world, 20)
    when = day - timedelta(days=14)
    world.aws.faults.plan([struck])
    died = world.aws.client("lambda").invoke(
        FunctionName=world.cloud.physical(PASS), Payload=json.dumps({"time": when.isoformat()}).encode()
    )
    assert ("FunctionError" in died, bool(world.aws.faults.struck)) == (True, True)
    world.aws.faults.clear()
    assert account not in closings.look_ahead(when + timedelta(minutes=1))["told"]  # somebody may be telling
    assert account in closings.look_ahead(when + LATER)["told"]
    assert account not in closings.look_ahead(when + 2 * LATER)["told"]
    ids = [each["noticeId"] for each in told(world, "Account Expiring", account)]
    assert ids == [f"{account}/{day:%Y-%m-%d}/14"] * times
