"""IAM Identity Center in another Region than the stack's: all that is looked at and changed is there, and a plan says so."""

from __future__ import annotations

import pytest

from groundwork.contracts import Account
from groundwork.declaration import Declaration
from tests.component.conftest import World
from tests.component.identity_center import (
    ADMIN,
    ASSIGNMENTS,
    DEVELOP,
    GROUPS,
    READ,
    SETS,
    SUPPORT,
    People,
    declared,
)
from tests.component.sabotage import prove_complete

THERE = "eu-central-1"
CHANGED = {"managed_policies": ["SecurityAudit"], "description": "Others"}


@pytest.fixture(scope="module")
def people(own_world: World) -> People:
    made = People(own_world, THERE)
    made.delegate()
    made.ids = {name: made.group(name) for name in GROUPS}
    return made


@pytest.mark.parametrize(
    ("region", "home"), [(THERE, None), (None, THERE), (THERE, "eu-west-1")], ids=["declared", "home", "both"]
)
def test_all_of_it_is_where_the_instance_is(people: People, region: str | None, home: str | None) -> None:
    world, account = people.world, people.world.account()
    declaration = declared(world.declaration, region=region, home=home)
    _made(world, declaration, account)
    assert {name for name, _ in people.assigned(account)} == {ADMIN, DEVELOP, READ, SUPPORT}
    changed = declared(world.declaration, roles=CHANGED, region=region, home=home)
    _plans_there(world, changed, world.security)
    prove_complete(world, SETS, world.security, declaration=changed)
    assert people.role(account, READ)["policies"] == ["SecurityAudit"]
    _gone(world, declared(world.declaration, names=[None] * 6, region=region, home=home), account)
    assert (people.assigned(account), people.portrait()) == (set(), {})


def _made(world: World, declaration: Declaration, account: Account) -> None:
    _plans_there(world, declaration, world.security)
    prove_complete(world, SETS, world.security, declaration=declaration)
    planned = world.planned(ASSIGNMENTS, account, declaration=declaration)
    assert {change.call.region for change in planned if change.call} == {THERE}
    prove_complete(world, ASSIGNMENTS, account, declaration=declaration)


def _gone(world: World, declaration: Declaration, account: Account) -> None:
    prove_complete(world, ASSIGNMENTS, account, declaration=declaration)
    _plans_there(world, declaration, world.security)
    prove_complete(world, SETS, world.security, declaration=declaration)


def _plans_there(world: World, declaration: Declaration, account: Account) -> None:
    planned = world.planned(SETS, account, declaration=declaration)
    assert {change.call.region for change in planned if change.call} == {THERE}
