"""stacks: `after` holds as well where the stack that comes first is not laid down."""

from __future__ import annotations

import pytest

from groundwork.contracts import Change
from tests.component.conftest import World
from tests.component.stacks import BUCKET, STACKS, declaring, names, stack

NAMED = {"parameters": {}, "template": "bucket.json"}
LATER = "which is left out, or made by others; it is laid down once that is there"


def reasons(changes: list[Change]) -> dict[str, str]:
    return {each.resource: each.reason for each in changes if each.action == "report"}


def test_what_comes_after_a_stack_that_is_left_out_is_left_out_too(world: World) -> None:
    account = world.account()
    declared = declaring(
        world,
        stack(name="first", parameters={"Name": "alerts-<tooling>"}),
        stack(name="second", after=["first"], **NAMED),
        stack(name="third", after=["second"], **NAMED),
        stack(name="apart", **NAMED),
    )
    early = world.organization.model_copy(update={"tooling_account_id": None})
    told = reasons(world.apply(STACKS, account, declaration=declared, organization=early))
    assert told == {
        "stack groundwork-first": "left out for now: the tooling account does not exist yet; it is laid down once that is there",
        "stack groundwork-second": f"left out for now: it comes after stack groundwork-first, {LATER}",
        "stack groundwork-third": f"left out for now: it comes after stack groundwork-second, {LATER}",
    }
    assert names(world, account) == {"groundwork-apart"}
    world.apply(STACKS, account, declaration=declared)
    assert names(world, account) == {
        "groundwork-first",
        "groundwork-second",
        "groundwork-third",
        "groundwork-apart",
    }


@pytest.mark.parametrize("is_there", [False, True])
def test_what_comes_after_a_stack_of_others_is_left_out(world: World, is_there: bool) -> None:
    """Whether it is there already or not: it is not changed either."""
    account = world.account()
    second = stack(name="second", **NAMED)
    if is_there:
        world.apply(STACKS, account, declaration=declaring(world, second))
    world.client("cloudformation", account).create_stack(StackName="groundwork-first", TemplateBody=BUCKET)
    changed = "Resources: {Topic: {Type: AWS::SNS::Topic}}\n"
    after = second.model_copy(update={"after": ["first"], "template": "changed.yaml"})
    declared = declaring(world, stack(name="first", **NAMED), after, changed=changed)
    told = reasons(world.apply(STACKS, account, declaration=declared))
    assert told["stack groundwork-second"] == (
        f"left out for now: it comes after stack groundwork-first, {LATER}"
    )
    assert "made by others" in told["stack groundwork-first in us-east-1"]
    assert ("groundwork-second" in names(world, account)) == is_there
    assert world.client("sns", account).list_topics()["Topics"] == []
