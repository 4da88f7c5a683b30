"""Sixty accounts, thirty of which are asked to be closed at once: in order, none before its time, and no quota of AWS refuses."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from local.organizations import organization_of
from prove.closing import CLOSING
from prove.world import World, declaring
from tests.workflow.closing import Closings
from tests.workflow.conftest import Slot, until

SCALE = 0.0002
"""A day is 17 seconds."""
MANY, ASKED = 60, 30


@pytest.fixture(scope="module")
def world(slot: Slot) -> Iterator[World]:
    with declaring(CLOSING[0], CLOSING[1].replace("graceDays: 7", "graceDays: 1")) as template:
        yield World.deployed(slot.own(time_scale=SCALE), template)
    slot.close()


def test_thirty_of_sixty_are_closed_in_order_within_every_quota(world: World) -> None:
    cloud, closings = world.cloud, Closings(world.cloud)
    organizations, creation = world.aws.client("organizations"), world.aws.creation
    for _ in range(MANY):
        name, email = cloud.fresh()
        until(partial(organizations.create_account, AccountName=name, Email=email), name)
    until(lambda: len(cloud.accounts()) >= MANY + 2, "sixty accounts")
    ids = [str(each["Id"]) for email, each in sorted(cloud.accounts().items()) if "aws+0" not in email]
    members = [each for each in ids if each not in (world.security, cloud.aws.management_account)]
    protected = members[0]
    tag = {"Key": "groundwork:protected", "Value": "yes"}
    organizations.tag_resource(ResourceId=protected, Tags=[tag])
    calls = closing_calls(world)
    events = {account: closings.post("Close", accountId=account) for account in members[:ASKED]}
    ends = {account: closings.ended(event) for account, event in events.items()}
    assert ends.pop(protected).error == "AccountProtected"
    assert {each.status for each in ends.values()} == {"SUCCEEDED"}
    due = {account: str(each.output["closesAt"]) for account, each in ends.items()}

    world.aws.client("events").enable_rule(Name=cloud.physical("CloseDueAccountsRule"))
    waiting = set(due)

    def told() -> bool:
        closed = (each for each in cloud.answers() if each["detail-type"] == "Account Closed")
        waiting.difference_update(each["detail"]["accountId"] for each in closed)
        return not waiting

    until(told, "thirty accounts to be closed")
    world.aws.client("events").disable_rule(Name=cloud.physical("CloseDueAccountsRule"))
    assert [account for account, _, _ in calls] == sorted(due, key=lambda each: (due[each], each))
    early = [account for account, moment, _ in calls if moment < datetime.fromisoformat(due[account])]
    assert early == []
    assert max(at_once for _, _, at_once in calls) <= 3
    assert creation.throttle.refused["CloseAccount"] == 0
    denied = [
        each for each in world.aws.calls if each.operation == "CloseAccount" and each.verdict == "denied"
    ]
    assert denied == []
    assert {closings.state(account) for account in due} == {"CLOSED"}
    assert closings.state(protected) == "ACTIVE"
    assert cloud.answered("Account Failed") == 1


def closing_calls(world: World) -> list[tuple[str, datetime, int]]:
    """Each CloseAccount that AWS takes from now on: the account, the time on the scaled clock, and how many AWS is closing
    then."""
    organization = organization_of(world.aws.management_account)
    assert organization is not None
    calls: list[tuple[str, datetime, int]] = []
    close = organization.close_account

    def noted(**given: Any) -> None:
        close(**given)
        closing = sum(each.state == "PENDING_CLOSURE" for each in organization.accounts)
        calls.append((str(given["AccountId"]), world.aws.clock.now().astimezone(UTC), closing))

    organization.close_account = noted  # type: ignore[method-assign]
    return calls
