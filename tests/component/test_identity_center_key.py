"""IAM Identity Center with a key of the organization's own: what its policy is to say, and what is told without it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from groundwork.aws import refusals
from groundwork.baseline.components.permission_sets import identities
from groundwork.baseline.components.permission_sets.instance import Instance
from groundwork.errors import ComponentNotSettled, RefusedByAws
from tests.component.conftest import World
from tests.component.identity_center import ASSIGNMENTS, GROUPS, SETS, People, declared
from tests.component.sabotage import prove_complete, used_and_declared

DOCUMENTED = Path(__file__).parents[2] / "docs" / "declare.md"


@pytest.fixture(scope="module")
def people(own_world: World) -> People:
    made = People(own_world)
    made.delegate()
    made.ids = {name: made.group(name) for name in GROUPS}
    made.center.key = own_world.aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    return made


def as_documented(security: str) -> dict[str, Any]:
    (found,) = re.findall(
        r"```json\n( +{\n +\"Sid\": \"GroundworkBy.*?)```", DOCUMENTED.read_text(), re.DOTALL
    )
    statement: dict[str, Any] = json.loads(found.replace("<security>", security))
    return statement


def admit(world: World, people: People) -> None:
    kms = world.aws.client("kms")
    policy = json.loads(kms.get_key_policy(KeyId=people.center.key)["Policy"])
    policy["Statement"].append(as_documented(world.security.id))
    kms.put_key_policy(KeyId=people.center.key, PolicyName="default", Policy=json.dumps(policy))


def test_the_key_is_used_once_its_policy_is_as_the_documentation_has_it(people: People) -> None:
    world, account = people.world, people.world.account()
    declaration = declared(world.declaration)
    for component, place in ((SETS, world.security), (ASSIGNMENTS, account)):
        with pytest.raises(
            ComponentNotSettled, match=r"KMS_AccessDenied.*may not use the key .*docs/declare\.md"
        ):
            world.apply(component, place, declaration=declaration)
    admit(world, people)
    prove_complete(world, SETS, world.security, declaration=declaration)
    prove_complete(world, ASSIGNMENTS, account, declaration=declaration)
    assert len(people.assigned(account)) == 4
    for component in (SETS, ASSIGNMENTS):
        used, said = used_and_declared(world, component)
        assert {each for each in said - used if each.startswith("kms:")} == set()


def test_a_key_that_is_gone_leaves_no_group_unknown(people: People) -> None:
    world, key = people.world, people.center.key
    declaration = declared(world.declaration)
    target = world.target(ASSIGNMENTS, world.account(), declaration)
    people.center.key = str(key).replace("key/", "key/no-")
    with pytest.raises(RefusedByAws, match=r"KMS_NotFound.*\. The key of .* is not found"):
        world.apply(ASSIGNMENTS, target.account, declaration=declaration)
    where = Instance(people.center.arn, people.center.identity_store, people.center.region)
    with (
        pytest.raises(RefusedByAws, match=r"GetGroupId.*KMS_KEY_NOT_FOUND.*\. The key of .* is not found"),
        refusals.named("assignments"),
    ):
        identities.ids(GROUPS, where, target)
    people.center.key = key
    assert identities.ids([*GROUPS, "nobody"], where, target) == {**people.ids, "nobody": None}


def test_the_key_alone_opens_nothing(people: People) -> None:
    """By hand, in the session of a component."""
    world = people.world
    session = world.target(SETS, world.security, declared(world.declaration))
    with pytest.raises(Exception, match="not authorized to perform: kms:Encrypt"):
        session.client("kms").encrypt(KeyId=people.center.key, Plaintext=b"by hand")
