"""access writes for several roles, groups and users at once, and keeps the order that safety needs."""

from __future__ import annotations

import json
from typing import Any

from groundwork.baseline import loop
from groundwork.contracts import Account
from groundwork.declaration import Declaration
from tests.component.access import (
    ACCESS,
    ADMINISTRATOR,
    ANYTHING,
    READ_ONLY,
    READER,
    baselined,
    declared,
    with_role,
)
from tests.component.conftest import World

READERS = "ro-external-accounts"


def written(world: World, mark: int, *about: str) -> list[str]:
    """What was written about roles, groups, users and policies of these names since `mark`, in order."""
    return [
        call.operation
        for call in world.calls_since(mark)
        if call.mutating and call.resource.rpartition("/")[2] in about
    ]


def stages(world: World, account: Account, declaration: Declaration) -> list[set[str]]:
    """The resources that are written at once, stage by stage."""
    difference = ACCESS.difference(world.target(ACCESS, account, declaration, reading=True))
    return [{lane[0].resource for lane in lanes} for lanes in loop.stages(difference)]


def test_what_takes_power_from_a_role_comes_before_what_gives_it(world: World) -> None:
    account = baselined(world)
    iam = world.client("iam", account)
    iam.detach_role_policy(RoleName=READER, PolicyArn=READ_ONLY)
    iam.attach_role_policy(RoleName=READER, PolicyArn=ADMINISTRATOR)
    iam.put_role_policy(RoleName=READER, PolicyName="more", PolicyDocument=json.dumps(ANYTHING))
    mark = len(world.aws.calls)
    world.apply(ACCESS, account)
    assert written(world, mark, READER) == ["DetachRolePolicy", "DeleteRolePolicy", "AttachRolePolicy"]


def test_a_boundary_comes_before_the_roles_that_it_bounds(world: World) -> None:
    account, declaration = world.account(), with_role(permissionsBoundary="limits")
    first, then = stages(world, account, declaration)
    assert ("policy/limits" in first, then) == (True, {"role/extra"})
    mark = len(world.aws.calls)
    world.apply(ACCESS, account, declaration=declaration)
    assert written(world, mark, "limits", "extra") == ["CreatePolicy", "CreateRole"]


def test_a_group_loses_power_before_anybody_comes_into_it(world: World) -> None:
    def with_user(access: dict[str, Any]) -> None:
        access["users"] = [{"name": "ada", "groups": [READERS]}]

    account = world.account("security", "Security")
    world.apply(ACCESS, account)
    world.client("iam", account).attach_group_policy(GroupName=READERS, PolicyArn=ADMINISTRATOR)
    assert stages(world, account, declared(with_user)) == [{f"group/{READERS}"}, {"user/ada"}]
    mark = len(world.aws.calls)
    world.apply(ACCESS, account, declaration=declared(with_user))
    assert written(world, mark, "ada", READERS) == ["DetachGroupPolicy", "CreateUser", "AddUserToGroup"]
