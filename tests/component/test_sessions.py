"""The way into an account: by the entry role that may, with what fits into what STS packs."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from groundwork.baseline.component import Installation
from groundwork.baseline.run import ComponentTask, Result, verify_inside, work_inside
from groundwork.contracts import Account
from groundwork.declaration.entry_roles import EntryRole
from groundwork.errors import BaselineNotVerified, EntryRoleDenied, SessionPolicyTooLarge
from tests.component.conftest import ENTRY_ROLE, WORKER, World


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
        verify_inside(["account-settings"], account, world.organization, world.declaration, Installation())


def test_one_for_several_components_is_split(
    world: World, account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    refuse(world, account, times=1)
    caplog.set_level(logging.INFO, "groundwork")
    mark = len(world.aws.calls)
    with pytest.raises(BaselineNotVerified, match=r"role/allow-.*password policy"):
        verify_inside(
            ["access", "account-settings"], account, world.organization, world.declaration, Installation()
        )
    entered = [call for call in world.aws.calls[mark:] if call.operation == "AssumeRole"]
    assert len(entered) == 3
    told = [record for record in caplog.records if hasattr(record, "packedPolicyPercent")]
    assert len(told) == 2


# -- a second door ------------------------------------------------------------------------------------

TOWER = "AWSControlTowerExecution"


@pytest.fixture
def two_doors(world: World) -> Account:
    """An account whose first entry role may not change Config, as Control Tower's policies have it."""
    account = world.account()
    iam = world.client("iam", account)
    trust = iam.get_role(RoleName=ENTRY_ROLE)["Role"]["AssumeRolePolicyDocument"]
    iam.create_role(RoleName=TOWER, AssumeRolePolicyDocument=json.dumps(trust))
    iam.attach_role_policy(RoleName=TOWER, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    denied = {"Effect": "Deny", "Action": "ec2:EnableEbsEncryptionByDefault", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [denied]})
    iam.put_role_policy(RoleName=ENTRY_ROLE, PolicyName="tower", PolicyDocument=document)
    doors = [f"arn:aws:iam::*:role/{role}" for role in (ENTRY_ROLE, TOWER)]
    may = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": doors}
    world.make_role("groundwork-two-doors", json.dumps({"Version": "2012-10-17", "Statement": [may]}))
    world.work_as("groundwork-two-doors")
    return account


def settle(world: World, account: Account, roles: list[str]) -> Result:
    entering = [EntryRole(name=role) for role in roles]
    declaration = world.declaration.model_copy(update={"entry_roles": entering})
    task = ComponentTask(
        component="account-settings", account=account, organization=world.organization, execution="arn"
    )
    return work_inside(task, declaration, Installation(), {})


def test_where_one_entry_role_is_denied_the_next_one_is_tried(world: World, two_doors: Account) -> None:
    with pytest.raises(EntryRoleDenied, match="EnableEbsEncryptionByDefault"):
        settle(world, two_doors, [ENTRY_ROLE])
    assert settle(world, two_doors, [ENTRY_ROLE, TOWER]).outcome == "changed"
    assert world.client("ec2", two_doors).get_ebs_encryption_by_default()["EbsEncryptionByDefault"]


def test_one_that_does_not_open_changes_nothing_about_the_denial(world: World, two_doors: Account) -> None:
    with pytest.raises(EntryRoleDenied, match="EnableEbsEncryptionByDefault"):
        settle(world, two_doors, [ENTRY_ROLE, "NotThere"])
