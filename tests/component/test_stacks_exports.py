"""stacks: what is taken out while another stack imports what it exports."""

from __future__ import annotations

from typing import Any

import pytest

from groundwork.contracts import Account
from groundwork.errors import StackFailed
from tests.component.conftest import World
from tests.component.stacks import STACKS, apply, declaring, names, stack

TOPIC = "  Topic: {Type: AWS::SNS::Topic}\n"
EXPORTS = (
    'Outputs: {Topic: {Value: !GetAtt Topic.TopicName, Export: {Name: !Sub "${AWS::StackName}-topic"}}}\n'
)
GIVER = f"Resources:\n{TOPIC}{EXPORTS}"


def taking(name: str) -> str:
    value = f"!ImportValue groundwork-{name}-topic"
    return f"  Told: {{Type: AWS::SSM::Parameter, Properties: {{Type: String, Value: {value}}}}}\n"


BETWEEN = f"Resources:\n{TOPIC}{taking('giver')}{EXPORTS}"
LAST = f"Resources:\n{taking('between')}"
BODIES = {"giver": GIVER, "between": BETWEEN, "last": LAST}


def one(name: str, *after: str, **given: Any) -> Any:
    return stack(**{"name": name, "template": f"{name}.yaml", "parameters": {}, "after": [*after], **given})


CHAIN = (one("giver"), one("between", "giver"), one("last", "between"))


@pytest.fixture
def member(world: World) -> Account:
    account = world.account()
    world.apply(STACKS, account, declaration=declaring(world, *CHAIN, prune=False, **BODIES))
    assert names(world, account) == {"groundwork-giver", "groundwork-between", "groundwork-last"}
    return account


def deletions(world: World, mark: int) -> int:
    return [call.operation for call in world.calls_since(mark)].count("DeleteStack")


def test_what_uses_each_other_is_deleted_together(world: World, member: Account) -> None:
    apply(world, member, declaring(world, prune=True, **BODIES), "two")
    assert names(world, member) == set()


def test_what_a_declared_stack_no_longer_imports_is_deleted(world: World, member: Account) -> None:
    declared = declaring(world, one("between", template="giver.yaml"), prune=True, **BODIES)
    apply(world, member, declared, "two")
    assert names(world, member) == {"groundwork-between"}


def test_what_a_stack_that_stays_imports_is_told_and_deleted_once_it_is_not(
    world: World, member: Account
) -> None:
    kept = declaring(world, one("between"), one("last", "between"), prune=True, **BODIES)
    mark = len(world.aws.calls)
    for _ in ("the state machine", "a retry of it"):
        with pytest.raises(
            StackFailed,
            match=r"stack groundwork-giver in us-east-1: is no longer declared, and CloudFormation does not delete it .*"
            "Cannot delete export groundwork-giver-topic as it is in use by groundwork-between",
        ):
            apply(world, member, kept, "two")
    assert deletions(world, mark) == 2, "asked once, and once more"
    assert names(world, member) == {"groundwork-giver", "groundwork-between", "groundwork-last"}
    apply(world, member, declaring(world, prune=True, **BODIES), "three")
    assert names(world, member) == set()
