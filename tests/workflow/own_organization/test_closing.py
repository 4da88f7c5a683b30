"""Accounts are closed: suspended at once, had back until they are due, and then closed, once, within AWS's quotas."""

from __future__ import annotations

import itertools
import json
import time
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from groundwork.callers import source_of
from local.organizations import organization_of
from prove.closing import CLOSING, Closing
from prove.crash_points import Point, faults_of, points, survives, undisturbed
from prove.world import TIME_SCALE, World, declaring
from tests.workflow.closing import Closings
from tests.workflow.command_line import CommandLine, shell_of
from tests.workflow.conftest import Slot, until
from tests.workflow.people import keys

UNIT = "Workloads/Development"
LATER = timedelta(minutes=15)


@pytest.fixture(scope="module")
def world(slot: Slot) -> Iterator[World]:
    with declaring(*CLOSING) as template:
        yield World.deployed(slot.own(time_scale=TIME_SCALE), template)
    slot.close()


@pytest.fixture(scope="module")
def closings(world: World) -> Closings:
    return Closings(world.cloud)


@pytest.fixture(autouse=True)
def nobody_else(world: World) -> Iterator[None]:
    """A pass sees the accounts of one test."""
    yield
    cloud, organizations = world.cloud, world.aws.client("organizations")
    cloud.all_ended()
    root = organizations.list_roots()["Roots"][0]["Id"]
    for each in cloud.accounts().values():
        unit = each["Paths"][0].strip("/").split("/")[-2]
        if each["State"] == "ACTIVE" and cloud.tags_of(each["Id"]).get("groundwork:state", "").startswith(
            "closing"
        ):
            if unit != root:
                organizations.move_account(
                    AccountId=each["Id"], SourceParentId=unit, DestinationParentId=root
                )
            organizations.untag_resource(ResourceId=each["Id"], TagKeys=["groundwork:state"])
        forget(world, f"closing#{each['Id']}")
    forget(world, "closing-slot")


def forget(world: World, key: str) -> None:
    """The ledger loses an item."""
    world.aws.client("dynamodb").delete_item(
        TableName=world.cloud.outputs["LedgerTable"], Key={"pk": {"S": key}}
    )


def vended(world: World, **more: Any) -> tuple[str, str, str]:
    """Name, e-mail and id of a workload account that is ready."""
    name, email = world.cloud.fresh()
    ended = world.cloud.ask(accountName=name, email=email, organizationalUnit=UNIT, **more)
    assert ended.status == "SUCCEEDED", ended.cause
    world.cloud.all_ended()
    return name, email, str(ended.output["accountId"])


@pytest.fixture
def account(world: World) -> str:
    return vended(world)[2]


def suspended(closings: Closings, account: str) -> datetime:
    """When it is due."""
    ended = closings.ended(closings.post("Close", accountId=account))
    assert ended.status == "SUCCEEDED", ended.cause
    return datetime.fromisoformat(ended.output["closesAt"])


def test_an_account_is_suspended_at_once_and_closed_when_it_is_due(world: World, closings: Closings) -> None:
    cloud, (name, email, account) = closings.cloud, vended(world)
    inside = cloud.inside("s3", account)
    inside.create_bucket(Bucket=f"papers-{account}")
    event = closings.post("Close", accountId=account, reason="the project is over")
    ended = closings.ended(event)
    assert ended.status == "SUCCEEDED", ended.cause
    told = cloud.answer("Account Closing", requestId=event)["detail"]
    assert (told["accountId"], told["reason"]) == (account, "the project is over")
    due = datetime.fromisoformat(told["closesAt"])
    assert closings.unit_of(account) == "Suspended"

    file = closings.file(told["inventory"]["file"])
    assert (file["accountId"], file["requestId"]) == (account, event)
    things = {each["what"]: each for each in file["things"]}
    assert things["buckets"]["names"] == [f"papers-{account}"]
    assert told["inventory"]["counts"]["buckets"] == 1
    assert {what for what, each in things.items() if "unread" in each} == set(
        told["inventory"].get("unread", [])
    )
    assert told["inventory"].get("unread", []) == []

    assert closings.look(due - timedelta(seconds=1)) == {"closing": [], "closed": []}
    assert closings.state(account) == "ACTIVE"
    assert closings.look(due) == {"closing": [account], "closed": []}
    until(lambda: closings.state(account) == "CLOSED", "the account to be closed")
    assert closings.look(due + LATER) == {"closing": [], "closed": [account]}
    assert closings.look(due + 2 * LATER) == {"closing": [], "closed": []}
    assert cloud.answer("Account Closed", accountId=account)["detail"]["requestId"] == event
    assert [cloud.answered(each, accountId=account) for each in ("Account Closing", "Account Closed")] == [
        1,
        1,
    ]

    late = closings.ended(closings.post("Reopen", accountId=account))
    assert (late.error, "AWS alone can undo that" in late.cause) == ("AccountNotActive", True)
    again = cloud.ask(accountName=name, email=email)
    assert (again.error, account in again.cause) == ("AccountNotActive", True)


def test_the_email_of_an_account_that_is_long_gone_is_answered_with_its_id(
    world: World, closings: Closings
) -> None:
    name, email, account = vended(world)
    due = suspended(closings, account)
    world.aws.creation.closed_seconds = 1
    closings.look(due)
    until(lambda: email not in world.cloud.accounts(), "the account to be gone")
    world.aws.creation.closed_seconds = 90 * 24 * 3600
    assert closings.look(due + LATER)["closed"] == [account]
    world.cloud.invoke("DiscoverAccountsFunction")
    refused = world.cloud.ask(accountName=name, email=email)
    assert refused.error == "AccountRefused"
    assert f"that of the account {account} ({name!r}), which was closed" in refused.cause


def test_nobody_but_groundwork_does_anything_in_it(closings: Closings, account: str) -> None:
    iam = closings.cloud.inside("iam", account)
    iam.create_user(UserName="admin")
    iam.attach_user_policy(UserName="admin", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    key = iam.create_access_key(UserName="admin")["AccessKey"]
    admin = closings.cloud.aws.client("s3", credentials=keys(key))
    assert admin.list_buckets()["Buckets"] == []
    suspended(closings, account)
    with pytest.raises(ClientError, match="explicit deny in a service control policy"):
        admin.list_buckets()
    closings.ended(closings.post("Reopen", accountId=account))
    assert admin.list_buckets()["Buckets"] == []
    closings.cloud.all_ended()


def test_who_is_protected_is_refused_by_name(world: World, closings: Closings, account: str) -> None:
    organizations, cloud = world.aws.client("organizations"), world.cloud
    tag = {"Key": "groundwork:protected", "Value": "yes"}
    organizations.tag_resource(ResourceId=account, Tags=[tag])
    for who, why in (
        (cloud.aws.management_account, "of kind management"),
        (world.security, "of kind security"),
        (cloud.declared("mgmt"), "of kind tooling"),
        (account, "has the tag groundwork:protected"),
    ):
        event = closings.post("Close", accountId=who)
        assert closings.ended(event).error == "AccountProtected"
        told = cloud.answer("Account Failed", requestId=event)["detail"]
        assert told["accountId"] == who
        assert who in told["cause"] and why in told["cause"]
        assert closings.unit_of(who) != "Suspended"


def test_what_is_protected_later_is_not_closed(world: World, closings: Closings, account: str) -> None:
    due = suspended(closings, account)
    tag = {"Key": "groundwork:protected", "Value": "yes"}
    world.aws.client("organizations").tag_resource(ResourceId=account, Tags=[tag])
    assert closings.look(due) == {"closing": [], "closed": []}
    assert closings.state(account) == "ACTIVE"
    closings.ended(closings.post("Reopen", accountId=account))
    world.cloud.all_ended()


@pytest.mark.parametrize(
    ("detail", "words"),
    [
        ({"accountId": "12"}, "accountId '12' is no account id"),
        ({"graceDays": 3}, "graceDays 3 is less than the 7 that baseline.yaml declares"),
        ({"reasons": "x"}, "reasons is an unknown field; known are accountId, reason, graceDays"),
        ({"reason": "a\nb"}, "has unprintable characters"),
    ],
)
def test_a_mistake_is_told_and_nothing_is_changed(
    world: World, closings: Closings, detail: dict[str, Any], words: str
) -> None:
    ended = closings.ended(closings.post("Close", **({"accountId": world.security} | detail)))
    if "graceDays" in detail:  # who is protected is told that first
        assert ended.error == "AccountProtected"
        return
    assert (ended.error, words in ended.cause) == ("InvalidRequest", True), ended.cause


def test_a_request_never_shortens_the_time_and_may_make_it_longer(closings: Closings, account: str) -> None:
    short = closings.start(accountId=account, graceDays=3)
    assert "graceDays 3 is less than the 7 that baseline.yaml declares" in short.cause
    first = closings.start(accountId=account, graceDays=60)
    assert first.status == "SUCCEEDED", first.cause
    second = closings.start(accountId=account)
    assert second.output["closesAt"] == first.output["closesAt"]
    told = closings.cloud.answers(execution=second.arn)
    assert [each["detail"].get("again") for each in told] == [True]
    due = datetime.fromisoformat(first.output["closesAt"])
    assert closings.look(due - timedelta(days=50)) == {"closing": [], "closed": []}
    closings.start(accountId=account, reopen=True)
    closings.cloud.all_ended()


def test_the_same_event_twice_is_one_answer(closings: Closings, account: str) -> None:
    cloud = closings.cloud
    event: dict[str, Any] = {
        "id": str(uuid.uuid4()),
        "source": source_of("AIDAAAAAAAAAAAAAAAAAA"),
        "detail-type": "Account Close Requested",
        "detail": {"accountId": account},
    }
    ends = [closings.start(**event), closings.start(**event)]
    assert [each.status for each in ends] == ["SUCCEEDED", "SUCCEEDED"]
    assert len({each.output["closesAt"] for each in ends}) == 1
    back = event | {"id": str(uuid.uuid4()), "detail-type": "Account Reopen Requested"}
    assert {closings.start(**back).status, closings.start(**back).status} == {"SUCCEEDED"}
    cloud.all_ended()
    until(lambda: cloud.aws.is_at_rest, "all answers")
    said = sorted(each["detail-type"] for each in cloud.answers(accountId=account) if "closing" not in each)
    assert said == ["Account Closing", "Account Ready", "Account Reopened"]


def test_an_event_that_comes_again_undoes_nothing_that_was_asked_for_since(
    closings: Closings, account: str
) -> None:
    def event(what: str) -> dict[str, Any]:
        return {
            "id": str(uuid.uuid4()),
            "source": source_of("AIDAAAAAAAAAAAAAAAAAA"),
            "detail-type": f"Account {what} Requested",
            "detail": {"accountId": account},
        }

    close, back, anew = event("Close"), event("Reopen"), event("Close")
    for each in (close, back):
        assert closings.start(**each).status == "SUCCEEDED"
        closings.cloud.all_ended()
    late = closings.start(**close)
    assert (late.output["outcome"], closings.unit_of(account)) == ("unchanged", UNIT)
    assert closings.start(**anew).output["outcome"] == "closing"
    late = closings.start(**back)
    assert (late.output["outcome"], closings.unit_of(account)) == ("unchanged", "Suspended")
    assert closings.start(**event("Reopen")).output["outcome"] == "reopened"
    closings.cloud.all_ended()


def test_a_state_that_nobody_can_read_keeps_no_account_from_being_had_back(
    world: World, closings: Closings, account: str
) -> None:
    tag = [{"Key": "groundwork:state", "Value": "closing soon"}]
    world.aws.client("organizations").tag_resource(ResourceId=account, Tags=tag)
    suspended(closings, account)
    ended = closings.ended(closings.post("Reopen", accountId=account))
    assert ended.status == "SUCCEEDED", ended.cause
    assert closings.cloud.tags_of(account)["groundwork:state"] == "reopened"


def test_whoever_asks_after_one_that_failed_once_it_was_suspended_is_told_as_the_first(
    world: World, closings: Closings, account: str
) -> None:
    refuses = {"service": "s3", "operation": "PutObject", "effect": "AccessDenied", "nth": 1}
    world.aws.faults.plan([{"function": "TakeInventoryFunction", **refuses}])
    failed = closings.ended(closings.post("Close", accountId=account))
    world.aws.faults.clear()
    assert (failed.status, closings.unit_of(account)) == ("FAILED", "Suspended")
    for again in (None, True):
        event = closings.post("Close", accountId=account)
        assert world.cloud.answer("Account Closing", requestId=event)["detail"].get("again") is again
        world.cloud.all_ended()
    closings.ended(closings.post("Reopen", accountId=account))
    world.cloud.all_ended()


def test_it_is_left_alone_until_it_is_had_back(world: World, closings: Closings) -> None:
    cloud, (name, email, account) = world.cloud, vended(world)
    cloud.inside("ec2", account).disable_ebs_encryption_by_default()
    due = suspended(closings, account)
    for given in ({}, {"mode": "plan"}):
        ended = cloud.start(accountId=account, **given)
        assert (ended.output["outcome"], ended.output["changes"]) == ("unchanged", [])
        assert f"is to be closed at {due:%Y-%m-%dT%H:%M:%SZ}" in ended.output["note"]
    refused = cloud.ask(accountName=name, email=email)
    assert (refused.error, account in refused.cause) == ("AccountClosing", True)
    swept = cloud.roll_out(mode="plan", include={"accountIds": [account, world.security]})
    assert swept.output["accounts"]["skipped"] == 1

    event = closings.post("Reopen", accountId=account)
    assert closings.ended(event).output["outcome"] == "reopened"
    cloud.answer("Account Reopened", requestId=event)
    cloud.all_ended()
    assert closings.unit_of(account) == UNIT
    assert cloud.tags_of(account)["groundwork:state"] == "ready"
    assert cloud.ledger_item(f"closing#{account}") == {}
    assert cloud.answered("Account Repaired", accountId=account) == 1  # its baseline was looked at
    assert closings.look(due + LATER)["closing"] == []
    unchanged = closings.start(accountId=account, reopen=True)
    assert unchanged.output["outcome"] == "unchanged"


def test_what_the_ledger_has_lost_the_account_says(world: World, closings: Closings, account: str) -> None:
    due = suspended(closings, account)
    forget(world, f"closing#{account}")
    assert closings.look(due) == {"closing": [], "closed": []}  # not at once
    assert closings.look(due + timedelta(hours=23)) == {"closing": [], "closed": []}
    forget(world, f"closing#{account}")
    assert closings.ended(closings.post("Reopen", accountId=account)).output["outcome"] == "reopened"
    world.cloud.all_ended()
    assert closings.unit_of(account) == UNIT


def test_what_a_person_takes_out_is_not_closed(world: World, closings: Closings) -> None:
    organizations = world.aws.client("organizations")
    moved, untagged = vended(world)[2], vended(world)[2]
    due = max(suspended(closings, moved), suspended(closings, untagged))
    parent = organizations.list_parents(ChildId=moved)["Parents"][0]["Id"]
    root = organizations.list_roots()["Roots"][0]["Id"]
    organizations.move_account(AccountId=moved, SourceParentId=parent, DestinationParentId=root)
    organizations.untag_resource(ResourceId=untagged, TagKeys=["groundwork:state"])
    for number in range(3):
        assert closings.look(due + number * LATER)["closing"] == []
    assert {closings.state(moved), closings.state(untagged)} == {"ACTIVE"}
    assert closings.start(accountId=moved, reopen=True).output["outcome"] == "reopened"
    assert closings.unit_of(moved) == ""  # where the person moved it


def test_whose_unit_is_gone_says_so_and_is_had_back_once_it_is_moved(
    world: World, closings: Closings
) -> None:
    organizations = world.aws.client("organizations")
    name, email = world.cloud.fresh()
    place = {"organizationalUnit": "Workloads/Brief", "createOrganizationalUnit": True}
    account = str(world.cloud.ask(accountName=name, email=email, **place).output["accountId"])
    world.cloud.all_ended()
    home = organizations.list_parents(ChildId=account)["Parents"][0]["Id"]
    suspended(closings, account)
    organizations.delete_organizational_unit(OrganizationalUnitId=home)
    refused = closings.ended(closings.post("Reopen", accountId=account))
    assert (refused.error, f"The unit {home}" in refused.cause) == ("RefusedByAws", True)
    unit = organizations.list_parents(ChildId=account)["Parents"][0]["Id"]
    root = organizations.list_roots()["Roots"][0]["Id"]
    organizations.move_account(AccountId=account, SourceParentId=unit, DestinationParentId=root)
    assert closings.ended(closings.post("Reopen", accountId=account)).output["outcome"] == "reopened"
    world.cloud.all_ended()
    assert world.cloud.tags_of(account)["groundwork:state"] == "ready"


def test_a_refusal_for_a_quota_is_later_and_nothing_is_lost(
    world: World, closings: Closings, account: str
) -> None:
    due = suspended(closings, account)
    organization = organization_of(world.aws.management_account)
    assert organization is not None
    organization.closings["999999999999"] = time.monotonic()
    world.aws.creation.closings_in_30_days = len(organization.closings)
    assert closings.look(due) == {"closing": [], "closed": []}
    world.aws.creation.closings_in_30_days = None
    assert closings.look(due + timedelta(hours=5)) == {"closing": [], "closed": []}  # not asked yet
    passes = (due + timedelta(hours=hours) for hours in itertools.count(7))
    # AWS takes one CloseAccount in 20 seconds, and a pass here comes sooner than that after the one before.
    until(lambda: closings.look(next(passes))["closing"] == [account], "CloseAccount to be taken")
    until(lambda: closings.state(account) == "CLOSED", "the account to be closed")
    assert closings.look(next(passes)) == {"closing": [], "closed": [account]}
    assert world.cloud.answered("Account Failed", accountId=account) == 0


@pytest.fixture
def shell(world: World, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """Of an operator who may close accounts."""
    iam, name = world.aws.client("iam"), f"operator-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=name)
    for policy in ("Operator", "Closer"):
        iam.attach_user_policy(UserName=name, PolicyArn=world.cloud.outputs[f"{policy}PolicyArn"])
    return shell_of(world.cloud, keys(iam.create_access_key(UserName=name)["AccessKey"]), monkeypatch)


def test_by_the_command_line(world: World, closings: Closings, shell: CommandLine) -> None:
    name, _, account = vended(world)
    unasked = shell("close", name)
    assert (unasked.code, "no terminal" in unasked.err) == (3, True)
    done = shell("close", name, "--reason", "over", "--yes", "--wait")
    assert done.code == 0, done.err
    assert f"groundwork reopen {account}" in done.out
    assert closings.unit_of(account) == "Suspended"
    (entry,) = shell("accounts", "--state", "closing", "--output", "json").data
    assert (entry["accountId"], entry["closesAt"][:2]) == (account, "20")
    assert "closing 20" in shell("accounts").out
    refused = shell("close", world.security, "--yes", "--wait")
    assert (refused.code, "is never closed: it is of kind security" in refused.err) == (1, True)
    back = shell("reopen", account, "--wait")
    assert (back.code, back.out.strip()) == (0, f"{account}: reopened.")
    world.cloud.all_ended()
    assert closings.unit_of(account) == UNIT


# -- whatever dies ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def run(world: World) -> Closing:
    return Closing(world)


STRUCK = [
    Point("SuspendAccountFunction", "organizations", "TagResource", 1).fault("kill-function", "after"),
    Point("SuspendAccountFunction", "organizations", "MoveAccount", 1).fault("kill-function", "after"),
    Point("TakeInventoryFunction", "dynamodb", "PutItem", 1).fault("kill-function", "after"),
    Point("ReopenAccountFunction", "organizations", "MoveAccount", 1).fault("kill-function", "after"),
    Point("ReopenAccountFunction", "dynamodb", "DeleteItem", 1).fault("kill-function", "after"),
    Point("CloseDueAccountsFunction", "organizations", "CloseAccount", 1).fault("kill-function", "before"),
    Point("CloseDueAccountsFunction", "organizations", "CloseAccount", 1).fault("kill-function", "after"),
    Point("CloseDueAccountsFunction", "organizations", "CloseAccount", 1).fault("throttle", "before"),
    Point("CloseDueAccountsFunction", "events", "PutEvents", 1).fault("kill-function", "after"),
]


def test_every_function_of_a_closing_is_struck(world: World, run: Closing) -> None:
    found = points(undisturbed(run, world))
    assert {point.function for point in found} >= {
        "ReadClosingFunction",
        "SuspendAccountFunction",
        "TakeInventoryFunction",
        "ReopenAccountFunction",
        "CloseDueAccountsFunction",
    }
    struck = faults_of(found)
    assert all(fault in struck for fault in STRUCK)


@pytest.mark.parametrize("fault", STRUCK, ids=json.dumps)
def test_it_is_closed_once_whatever_dies_on_the_way(
    world: World, run: Closing, fault: dict[str, Any]
) -> None:
    assert survives(run, world, fault) == (True, [])
    assert run.starts == 1
