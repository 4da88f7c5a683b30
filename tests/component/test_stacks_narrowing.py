"""stacks: a role loses what it may no longer do once the update that needs it is done."""

from __future__ import annotations

import json
from typing import Any

import pytest

from groundwork.declaration import Declaration
from groundwork.errors import StackFailed
from tests.component.conftest import World
from tests.component.sabotage import differences
from tests.component.stacks import ALLOWED, QUEUE, ROLE, STACK, STACKS, TOPIC, apply, declaring, stack, status

QUEUES = "AmazonSQSFullAccess"


def policy(*actions: str) -> dict[str, Any]:
    statement = {"Sid": "It", "Effect": "Allow", "Action": [*actions], "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def with_policies(declared: Declaration, **policies: dict[str, Any]) -> Declaration:
    declared._policies = {**declared._policies, **policies}
    return declared


def held(world: World, account: Any) -> tuple[dict[str, Any], list[str]]:
    iam, at = world.client("iam", account), {"RoleName": "groundwork-stack-alerts"}
    inline = {
        name: iam.get_role_policy(**at, PolicyName=name)["PolicyDocument"]
        for name in iam.list_role_policies(**at)["PolicyNames"]
    }
    attached = iam.list_attached_role_policies(**at)["AttachedPolicies"]
    return inline, [each["PolicyName"] for each in attached]


def test_what_goes_is_deleted_by_the_policies_of_before(world: World) -> None:
    """One that is attached, one inline, and one whose document is narrowed and widened at once."""
    account = world.account()
    wide = stack(template="queue.yaml", policies=["own", "more"], managed_policies=[QUEUES])
    more, other = policy("sqs:*"), policy("sns:*", "ssm:*", "cloudwatch:*")
    apply(world, account, with_policies(declaring(world, wide, queue=QUEUE), more=more))
    alarm = "  Other: {Type: AWS::SNS::Topic}\n"
    bodies = {"next": TOPIC.replace("Outputs:", f"{alarm}Outputs:")}
    narrow = with_policies(declaring(world, stack(template="next.yaml"), prune=False, **bodies), own=other)
    planned = world.planned(STACKS, account, declaration=narrow)
    waiting = [
        each.call.operation for each in planned if each.call and each.call.after and each.resource == ROLE
    ]
    assert waiting == ["DetachRolePolicy", "DeleteRolePolicy", "PutRolePolicy"]
    done = apply(world, account, narrow, "two")
    assert [each for each in done if each.action == "report"] == []
    assert status(world, account) == "UPDATE_COMPLETE"
    assert world.client("sqs", account).list_queues().get("QueueUrls", []) == []
    assert held(world, account) == ({"own": other}, [])
    assert differences(world.plan(STACKS, account, declaration=narrow)) == []


def test_without_an_update_it_is_narrowed_at_once(world: World) -> None:
    account = world.account()
    apply(world, account, declaring(world, stack(managed_policies=[QUEUES])))
    planned = world.planned(STACKS, account, declaration=declaring(world, stack()))
    assert [each.call.after for each in planned if each.call] == [None]
    apply(world, account, declaring(world, stack()), "two")
    assert held(world, account) == ({"own": ALLOWED}, [])


def test_an_update_that_fails_leaves_no_power_behind(world: World) -> None:
    account = world.account()
    apply(world, account, declaring(world, stack(managed_policies=["AmazonEC2ReadOnlyAccess"])))
    failing = declaring(world, stack(template="queue.yaml"), queue=QUEUE)
    with pytest.raises(StackFailed, match="its update failed"):
        apply(world, account, failing, "two")
    assert held(world, account) == ({"own": ALLOWED}, [])


def test_an_update_does_not_wait_for_what_is_left_to_people(world: World) -> None:
    """Older sessions were revoked by hand, by a policy that is told."""
    account = world.account()
    apply(world, account, declaring(world, stack()))
    revoking = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Deny",
                "Action": ["*"],
                "Resource": ["*"],
                "Condition": {"DateLessThan": {"aws:TokenIssueTime": "2020-01-01T00:00:00Z"}},
            }
        ],
    }
    world.client("iam", account).put_role_policy(
        RoleName="groundwork-stack-alerts",
        PolicyName="AWSRevokeOlderSessions",
        PolicyDocument=json.dumps(revoking),
    )
    shown = stack(parameters={"Name": "alerts-<account>", "Shown": "other"})
    done = apply(world, account, declaring(world, shown), "two")
    assert [(each.resource, each.action) for each in done] == [(STACK, "update"), (ROLE, "report")]
