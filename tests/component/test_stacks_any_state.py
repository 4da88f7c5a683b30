"""stacks: whatever state an account is in, one run leads to what is declared, and its plan tells all of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from hypothesis import given

from groundwork.baseline.components.stacks.roles import OURS, TRUST
from groundwork.contracts import Account, Change
from groundwork.declaration import Declaration
from tests.component.access import ANYTHING, READ_ONLY
from tests.component.conftest import World
from tests.component.sabotage import Sabotage, differences, some_of
from tests.component.stacks import BUCKET, ROLE, STACK, STACKS, declaring, names, portrait, stack, status
from tests.component.test_stacks import SABOTAGES
from tests.component.without_aws import ON_ENGINE

HIS = "groundwork-stack-alerts"
FORMER, ITS_ROLE = "groundwork-former", "groundwork-stack-former"


def iam(operation: str, **given: Any) -> Callable[[World, Account], object]:
    def do(world: World, account: Account) -> None:
        getattr(world.client("iam", account), operation)(RoleName=HIS, **given)

    return do


def in_status(new: str) -> Callable[[World, Account], object]:
    return lambda world, account: status(world, account, new)


def former(world: World, account: Account) -> None:
    """One that is not declared any more, with its role."""
    client = world.client("iam", account)
    tags = [{"Key": key, "Value": value} for key, value in OURS.items()]
    made = client.create_role(RoleName=ITS_ROLE, AssumeRolePolicyDocument=json.dumps(TRUST), Tags=tags)
    client.put_role_policy(RoleName=ITS_ROLE, PolicyName="all", PolicyDocument=json.dumps(ANYTHING))
    world.client("cloudformation", account).create_stack(
        StackName=FORMER,
        TemplateBody=BUCKET,
        RoleARN=made["Role"]["Arn"],
        EnableTerminationProtection=True,
    )


def gone(world: World, account: Account) -> None:
    client = world.client("cloudformation", account)
    client.update_termination_protection(StackName="groundwork-alerts", EnableTerminationProtection=False)
    client.delete_stack(StackName="groundwork-alerts")


def role_gone(world: World, account: Account) -> None:
    client = world.client("iam", account)
    for name in client.list_role_policies(RoleName=HIS)["PolicyNames"]:
        client.delete_role_policy(RoleName=HIS, PolicyName=name)
    for each in client.list_attached_role_policies(RoleName=HIS)["AttachedPolicies"]:
        client.detach_role_policy(RoleName=HIS, PolicyArn=each["PolicyArn"])
    client.delete_role(RoleName=HIS)


TRUSTS_ALL = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}
STATES = (
    *SABOTAGES,
    Sabotage("one of before", former, FORMER, ""),
    Sabotage("never made", in_status("ROLLBACK_COMPLETE"), STACK, ""),
    Sabotage("gone", gone, STACK, ""),
    Sabotage("trusts everybody", iam("update_assume_role_policy", PolicyDocument=json.dumps(TRUSTS_ALL)), ROLE, ""),
    Sabotage("bounded", iam("put_role_permissions_boundary", PermissionsBoundary=READ_ONLY), ROLE, ""),
    Sabotage("attached", iam("attach_role_policy", PolicyArn=READ_ONLY), ROLE, ""),
    Sabotage("untagged", iam("untag_role", TagKeys=[*OURS]), ROLE, ""),
    Sabotage("may nothing", iam("delete_role_policy", PolicyName="own"), ROLE, ""),
    Sabotage("role gone", role_gone, ROLE, ""),
)  # fmt: skip
"""In an order in which each can be done after those before it."""


def likeness(world: World, account: Account) -> Any:
    """What it holds, whoever made it when."""
    told, template, found = portrait(world, account)
    own = ("RoleId", "CreateDate")
    return told, template, [{key: value for key, value in each.items() if key not in own} for each in found]


def declared(world: World) -> Declaration:
    return declaring(world, stack(termination_protection=True), prune=True)


def _what(change: Change) -> tuple[str, ...]:
    return change.resource, change.action, "" if change.resource == STACK else change.reason


def prove_told(world: World, account: Account, declaration: Declaration) -> None:
    """As `prove_complete`; but while its role is to be put right, CloudFormation is not asked what an update would do."""
    planned = sorted(differences(world.plan(STACKS, account, declaration=declaration)), key=_what)
    done = sorted(differences(world.apply(STACKS, account, declaration=declaration)), key=_what)
    assert planned
    assert [(each.action, each.resource) for each in done] == [
        (each.action, each.resource) for each in planned
    ]
    assert done == planned or any(each.resource == ROLE for each in planned)
    assert differences(world.plan(STACKS, account, declaration=declaration)) == []


@ON_ENGINE
@given(sabotages=some_of(STATES, most=5))
def test_a_plan_tells_all_that_apply_does_from_any_state(world: World, sabotages: list[Sabotage]) -> None:
    account, declaration = world.account(), declared(world)
    world.apply(STACKS, account, declaration=declaration)
    good = likeness(world, account)
    for each in sabotages:
        each.do(world, account)
    prove_told(world, account, declaration)
    assert likeness(world, account) == good
    assert names(world, account) == {"groundwork-alerts"}
