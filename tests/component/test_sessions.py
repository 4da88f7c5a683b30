"""The way into an account: what a session may do must fit into what STS packs."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from groundwork.baseline.run import verify_inside
from groundwork.contracts import Account
from groundwork.errors import BaselineNotVerified, SessionPolicyTooLarge
from tests.component.conftest import WORKER, World


@pytest.fixture
def account(world: World) -> Iterator[Account]:
    made = world.account()
    world.work_as(WORKER)
    yield made
    world.aws.faults.clear()


def refuse(world: World, account: Account, times: int) -> None:
    world.aws.faults.plan(
        [
            {
                "service": "sts",
                "operation": "AssumeRole",
                "effect": "PackedPolicyTooLarge",
                "nth": 1,
                "times": times,
            }
        ]
    )


def test_a_policy_that_packs_too_large_is_named(world: World, account: Account) -> None:
    refuse(world, account, times=1)
    with pytest.raises(SessionPolicyTooLarge, match=r"^verify: [0-9]+ characters: PackedPolicyTooLarge: "):
        verify_inside(["account-settings"], account, world.organization, world.declaration)


def test_one_for_several_components_is_split(
    world: World, account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    refuse(world, account, times=1)
    caplog.set_level(logging.INFO, "groundwork")
    mark = len(world.aws.calls)
    with pytest.raises(BaselineNotVerified, match=r"role/allow-.*password policy"):
        verify_inside(["access", "account-settings"], account, world.organization, world.declaration)
    entered = [call for call in world.aws.calls[mark:] if call.operation == "AssumeRole"]
    assert len(entered) == 3
    told = [record for record in caplog.records if hasattr(record, "packedPolicyPercent")]
    assert len(told) == 2
