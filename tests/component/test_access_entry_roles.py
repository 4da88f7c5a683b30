"""access: who gets in by an entry role, and what a plan says of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from groundwork.contracts import Account
from groundwork.declaration import Declaration
from local.identity.credentials import Credentials
from tests.component.access import ACCESS, ADMINISTRATOR, baselined, declared
from tests.component.conftest import ENTRY_ROLE, WORKER, World
from tests.component.sabotage import words
from tests.component.test_access_doors import assume, without_and_with_mfa

BREAK_GLASS = "user/break-glass-*"


def narrow() -> Declaration:
    role = {"name": ENTRY_ROLE, "trust": "narrow", "breakGlass": [BREAK_GLASS]}
    return declared(lambda access: None, entryRoles=[role])


@pytest.fixture
def workload(world: World) -> Account:
    """A workload account with its baseline."""
    return baselined(world)


def administrator_of_management(world: World, name: str) -> tuple[Credentials, Credentials]:
    """One without MFA, and with it."""
    iam = world.aws.client("iam")
    iam.create_user(UserName=name)
    iam.attach_user_policy(UserName=name, PolicyArn=ADMINISTRATOR)
    return without_and_with_mfa(world, world.management, name)


def trust_of(world: World, account: Account) -> Any:
    return world.client("iam", account).get_role(RoleName=ENTRY_ROLE)["Role"]["AssumeRolePolicyDocument"]


def trusting(world: World, account: Account, *arns: str) -> None:
    statement = {"Effect": "Allow", "Principal": {"AWS": list(arns)}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    world.client("iam", account).update_assume_role_policy(RoleName=ENTRY_ROLE, PolicyDocument=document)


def test_a_narrow_trust_lets_groundwork_in_and_break_glass_with_mfa(world: World, workload: Account) -> None:
    key, session = administrator_of_management(world, "break-glass-1")
    other_key, other_session = administrator_of_management(world, "break-in-1")
    administrator = world.aws.administrator
    for who in (administrator, key, session, other_key, other_session):
        assert assume(world, who, workload, ENTRY_ROLE)

    (change,) = world.planned(ACCESS, workload, declaration=narrow())
    assert (change.resource, change.severity) == (f"role/{ENTRY_ROLE}", "high")
    world.apply(ACCESS, workload, declaration=narrow())

    assert assume(world, session, workload, ENTRY_ROLE)
    for who in (administrator, key, other_key, other_session):
        assert not assume(world, who, workload, ENTRY_ROLE)
    groundwork = world.work_as(WORKER)
    assert assume(world, groundwork, workload, ENTRY_ROLE)
    assert world.apply(ACCESS, workload, declaration=narrow()) == []


def test_a_narrow_trust_is_put_back(world: World, workload: Account) -> None:
    assert world.client("iam", workload), "who sabotages is inside before nobody gets in"
    world.apply(ACCESS, workload, declaration=narrow())
    right = trust_of(world, workload)
    trusting(world, workload, f"arn:aws:iam::{world.security.id}:root")
    (made,) = words(world.apply(ACCESS, workload, declaration=narrow()))
    assert made.startswith(
        f"update role/{ENTRY_ROLE}: trust policy lacks the statements BreakGlass, Groundwork"
    )
    assert trust_of(world, workload) == right


def test_the_trust_of_aws_comes_back_when_it_is_declared_again(world: World, workload: Account) -> None:
    before = trust_of(world, workload)
    world.apply(ACCESS, workload, declaration=narrow())
    assert trust_of(world, workload) != before
    world.apply(ACCESS, workload)
    assert trust_of(world, workload) == before
    assert world.apply(ACCESS, workload) == []


def test_who_else_gets_in_is_told_and_what_its_owner_narrowed_is_left(
    world: World, workload: Account
) -> None:
    root, security = (f"arn:aws:iam::{each.id}:root" for each in (world.management, world.security))
    user = f"arn:aws:iam::{world.management.id}:user/ada"
    world.aws.client("iam").create_user(UserName="ada")
    trusting(world, workload, user, root)
    assert world.plan(ACCESS, workload) == []
    trusting(world, workload, root, security)
    (report,) = world.plan(ACCESS, workload)
    assert (report.action, report.severity) == ("report", "high")
    assert f"lets account {world.security.id} in besides the management account" in report.reason
