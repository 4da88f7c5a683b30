"""stacks: what IAM shows CloudFormation late is asked for once more, by the same execution."""

from __future__ import annotations

from typing import Any

import pytest
from moto.cloudformation.models import cloudformation_backends

from groundwork.errors import StackFailed
from local.authorization import state
from tests.component.conftest import World
from tests.component.stacks import HERE, QUEUE, STACK, apply, declaring, shown, stack, status

ABLE = {"managed_policies": ["AmazonSQSFullAccess"]}


def test_an_update_right_after_its_role_was_given_more_is_tried_once_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = world.account()
    apply(world, account, declaring(world, stack()))
    attached, rolled_back = state._attached, list[str]()

    def late(holder: Any) -> Any:
        there = cloudformation_backends[account.id][HERE].stacks.values()
        rolled_back.extend(each.status for each in there if each.status == "UPDATE_ROLLBACK_COMPLETE")
        return attached(holder) if rolled_back or holder.name != "groundwork-stack-alerts" else []

    monkeypatch.setattr(state, "_attached", late)
    declared = declaring(world, stack(template="queue.yaml", **ABLE), queue=QUEUE)
    made = apply(world, account, declared, "two")
    assert [each.action for each in made if each.resource == STACK] == ["update", "update"]
    assert status(world, account) == "UPDATE_COMPLETE"
    assert rolled_back
    assert world.client("sqs", account).list_queues()["QueueUrls"]
    assert apply(world, account, declared, "three") == []


def test_an_update_that_is_denied_again_is_told(world: World) -> None:
    account = world.account()
    apply(world, account, declaring(world, stack()))
    before = shown(world, account)["Outputs"]
    failing = declaring(world, stack(template="queue.yaml"), queue=QUEUE)
    mark, notes = len(world.aws.calls), dict[str, str]()
    for _ in ("the state machine", "a retry of it"):
        with pytest.raises(StackFailed, match=r"its update failed .* Queue \(AWS::SQS::Queue\)"):
            apply(world, account, failing, "two", notes)
    asked = [call.operation for call in world.calls_since(mark) if call.operation == "ExecuteChangeSet"]
    assert len(asked) == 2, "what was denied is tried once more, and then told"
    assert shown(world, account)["Outputs"] == before
