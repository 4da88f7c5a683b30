"""New accounts wait in quarantine until their baseline is verified, their owner's stacks with it, whatever dies meanwhile."""

from __future__ import annotations

import json
from collections.abc import Iterator
from threading import Event
from typing import Any

import pytest

from groundwork.tags import STATE_TAG
from prove.crash_points import Point, faults_of, of_stacks, points, survives, undisturbed
from prove.moments import ahead_of
from prove.runs import UNIT, RepairOfStacks, Vend, VendThroughQuarantine
from prove.world import TIME_SCALE, World, with_quarantine_and_a_stack
from tests.workflow.conftest import Slot, until


@pytest.fixture(scope="module")
def world(slot: Slot) -> Iterator[World]:
    with with_quarantine_and_a_stack() as template:
        yield World.deployed(slot.own(time_scale=TIME_SCALE), template)
    slot.close()


@pytest.fixture(scope="module")
def vend(world: World) -> Vend:
    return VendThroughQuarantine(world)


def test_an_account_is_worked_in_while_it_is_closed_and_ready_once_it_is_out(
    world: World, vend: Vend
) -> None:
    calls = undisturbed(vend, world)  # which ends in its own unit, with one Account Ready
    into, out = [n for n, each in enumerate(calls) if each.operation == "MoveAccount"]
    inside = [
        n for n, each in enumerate(calls) if each.service in ("iam", "config", "cloudtrail") and each.mutating
    ]
    assert inside
    assert into < min(inside)
    assert max(inside) < out
    assert any(each.operation == "TagResource" for each in calls[out:])
    assert world.cloud.unit_of(vend.subject[1]) == UNIT
    account = str(world.cloud.accounts()[vend.subject[1]]["Id"])
    assert world.cloud.start(accountId=account).output["outcome"] == "unchanged"


ENROLLER = "EnrollAccountFunction"
STRUCK = [
    Point(ENROLLER, "organizations", "MoveAccount", 1).fault("kill-function", "after"),
    Point("LeaveQuarantineFunction", "organizations", "MoveAccount", 1).fault("kill-function", "after"),
]


@pytest.mark.parametrize("fault", STRUCK, ids=json.dumps)
def test_it_comes_out_whatever_dies_on_the_way(world: World, vend: Vend, fault: dict[str, Any]) -> None:
    assert survives(vend, world, fault) == (True, [])
    assert vend.starts == 1


OF_STACKS = [
    Point("ApplyComponentFunction", "cloudformation", operation, 1).fault("kill-function", "after")
    for operation in ("ExecuteChangeSet", "DeleteStack")
]


def test_stacks_are_repaired_whatever_dies_on_the_way(world: World) -> None:
    run = RepairOfStacks(world)
    found = faults_of(of_stacks(points(undisturbed(run, world))))
    for fault in OF_STACKS:
        assert fault in found
        assert survives(run, world, fault) == (True, [])


def test_who_fails_in_there_stays_until_a_start_by_its_id_brings_it_to_ready(world: World) -> None:
    cloud = world.cloud
    name, email = cloud.fresh()
    world.aws.faults.plan(
        [{"service": "iam", "operation": "CreateRole", "effect": "LimitExceeded", "nth": 1}]
    )
    failed = cloud.ask(accountName=name, email=email, organizationalUnit=UNIT)
    world.aws.faults.clear()
    account = str(cloud.accounts()[email]["Id"])
    assert (failed.error, cloud.unit_of(email)) == ("BaselineFailed", "Quarantine")
    told = cloud.answer("Account Failed", accountId=account)["detail"]["remedy"]
    assert "waits in quarantine, in the unit 'Quarantine'" in told
    assert cloud.start(accountId=account, mode="plan").status == "SUCCEEDED"
    assert cloud.unit_of(email) == "Quarantine"

    cloud.aws.client("dynamodb").delete_item(
        TableName=cloud.outputs["LedgerTable"], Key={"pk": {"S": f"request#{email}"}}
    )  # the tag alone says where it belongs
    ended = cloud.start(accountId=account)
    assert ended.status == "SUCCEEDED", ended.cause
    assert ended.output["outcome"] == "ready"
    assert cloud.unit_of(email) == UNIT
    assert world.standing(account, email) == []
    assert "quarantine" not in cloud.ledger_item(f"account#{account}")
    assert cloud.answered("Account Ready", accountId=account) == 1


def test_an_account_that_others_made_goes_back_to_where_it_was_and_never_in_again(world: World) -> None:
    cloud, organizations = world.cloud, world.aws.client("organizations")
    name, email = cloud.fresh()
    organizations.create_account(AccountName=name, Email=email)
    account = until(lambda: cloud.accounts().get(email), "the account")["Id"]
    mark = len(world.aws.calls)
    assert cloud.start(accountId=account).status == "SUCCEEDED"
    assert cloud.start(accountId=account).output["outcome"] == "unchanged"
    cloud.all_ended()
    assert [each.operation for each in world.aws.calls[mark:]].count("MoveAccount") == 2
    assert cloud.unit_of(email) == ""
    assert world.standing(account, email) == []


def test_who_waited_while_an_account_left_it_takes_it_out_no_second_time(world: World) -> None:
    cloud, organizations = world.cloud, world.aws.client("organizations")
    _, email = cloud.fresh()
    organizations.create_account(AccountName=email, Email=email)
    account = str(until(lambda: cloud.accounts().get(email), "the account")["Id"])
    second, waits = list[str](), Event()

    def meanwhile(function: str) -> None:
        if function == "LeaveQuarantineFunction" and not second:
            second.append(cloud.begin(accountId=account))
            assert waits.wait(120)
        elif function == "LeaseAccountFunction" and second:
            waits.set()

    with ahead_of(world.aws, meanwhile):
        first = cloud.start(accountId=account)
        again = cloud.ended(second[0])
    assert (first.output["outcome"], again.output.get("outcome")) == ("ready", "unchanged"), again
    cloud.all_ended()
    assert cloud.unit_of(email) == ""


def test_an_event_that_asks_for_an_account_that_was_ready_once_moves_it_by_no_tag(world: World) -> None:
    cloud, organizations = world.cloud, world.aws.client("organizations")
    name, email = cloud.fresh()
    organizations.create_account(AccountName=name, Email=email)
    account = str(until(lambda: cloud.accounts().get(email), "the account")["Id"])
    assert cloud.start(accountId=account).status == "SUCCEEDED"
    cloud.all_ended()
    (root,) = organizations.list_roots()["Roots"]
    units = organizations.list_organizational_units_for_parent(ParentId=root["Id"])["OrganizationalUnits"]
    forged = f"in-quarantine {root['Id']} {units[0]['Id']}"
    organizations.tag_resource(ResourceId=account, Tags=[{"Key": STATE_TAG, "Value": forged}])
    ended = cloud.ask(accountName=name, email=email)
    assert ended.status == "SUCCEEDED", ended.cause
    assert cloud.unit_of(email) == ""
    assert cloud.tags_of(account)[STATE_TAG] == "ready"
