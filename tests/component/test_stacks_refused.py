"""stacks: an update that CloudFormation refuses at once is told, and everything else goes on."""

from __future__ import annotations

from typing import Any

import pytest
from moto.cloudformation.exceptions import CloudFormationError
from moto.cloudformation.models import CloudFormationBackend, cloudformation_backends

from groundwork.contracts import Account
from groundwork.declaration import Declaration
from groundwork.errors import QuotaReached, StackFailed, StackInProgress
from tests.component.conftest import World
from tests.component.sabotage import differences
from tests.component.stacks import ABROAD, HERE, STACK, STACKS, TOPIC, apply, declaring, stack

OTHER = "stack groundwork-other in us-east-1"
HELD = TOPIC.replace("Shown: {Type: String,", "Shown: {Type: String, AllowedPattern: '[a-z]+',")
TRUST = "{Version: '2012-10-17', Statement: []}"
WITH_ROLE = TOPIC.replace(
    "Outputs:",
    f"  Role: {{Type: AWS::IAM::Role, Properties: {{AssumeRolePolicyDocument: {TRUST}}}}}\nOutputs:",
)
GOVERNED = (HERE, ABROAD)


def other(**given: Any) -> Any:
    return stack(name="other", template="other.yaml", parameters={}, **given)


def holding(display: str) -> str:
    return f"Resources: {{Topic: {{Type: AWS::SNS::Topic, Properties: {{DisplayName: {display}}}}}}}\n"


@pytest.fixture
def member(world: World) -> Account:
    account = world.account()
    declared = declaring(
        world, stack(), other(regions=[*GOVERNED]), governed=GOVERNED, other=holding("before")
    )
    apply(world, account, declared)
    return account


def refused(world: World, how: str) -> Declaration:
    """One stack whose update CloudFormation refuses, and another one, in two Regions, whose it takes."""
    if how == "parameter":
        given = {"Name": "alerts-<account>", "Shown": "NOT THAT"}
        first = stack(template="held.yaml", parameters=given)
    else:
        first = stack(template="with-role.yaml")
    bodies = {"held": HELD, "with-role": WITH_ROLE, "other": holding("after")}
    return declaring(world, first, other(regions=[*GOVERNED]), governed=GOVERNED, prune=False, **bodies)


def left_behind(world: World, account: Account) -> list[str]:
    found = []
    for region in GOVERNED:
        client = world.client("cloudformation", account, region)
        for each in client.describe_stacks()["Stacks"]:
            listed = client.list_change_sets(StackName=each["StackName"])["Summaries"]
            found += [change_set["ChangeSetName"] for change_set in listed]
    return found


def shown_by_topic(world: World, account: Account, region: str = HERE) -> set[str]:
    sns = world.client("sns", account, region)
    arns = [each["TopicArn"] for each in sns.list_topics()["Topics"]]
    return {sns.get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"] for arn in arns}


@pytest.mark.parametrize(
    ("how", "why"),
    [("parameter", "Parameter Shown"), ("capability", r"Requires capabilities : \[CAPABILITY_IAM\]")],
)
def test_the_other_stacks_are_worked_on(world: World, member: Account, how: str, why: str) -> None:
    declared = refused(world, how)
    planned = world.plan(STACKS, member, declaration=declared)
    assert {each.resource for each in differences(planned)} == {OTHER, OTHER.replace(HERE, ABROAD)}
    (told,) = [each for each in planned if each.action == "report"]
    assert (told.resource, told.severity) == (STACK, "high")
    assert told.reason.startswith("CloudFormation refuses its update: ")
    assert left_behind(world, member) == []
    with pytest.raises(StackFailed, match=f"CloudFormation refuses its update: {why}"):
        apply(world, member, declared, "two")
    assert left_behind(world, member) == []
    for region in GOVERNED:
        assert "after" in shown_by_topic(world, member, region)


def test_what_cloudformation_has_begun_to_work_on_meanwhile_is_waited_for(
    world: World, member: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    stacks = cloudformation_backends[member.id][HERE].stacks.values()
    (busy,) = [each for each in stacks if each.name == "groundwork-other"]
    was = busy.status

    def begun(*given: Any, **named: Any) -> Any:
        busy.status = "UPDATE_IN_PROGRESS"
        return make(*given, **named)

    make = CloudFormationBackend.create_change_set
    monkeypatch.setattr(CloudFormationBackend, "create_change_set", begun)
    changed = declaring(world, stack(), other(), other=holding("after"))
    with pytest.raises(StackInProgress):
        apply(world, member, changed, "two")
    monkeypatch.undo()
    busy.status = was
    apply(world, member, changed, "two")
    assert "after" in shown_by_topic(world, member)


def test_a_plan_that_ends_in_an_error_leaves_no_change_set_behind(
    world: World, member: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two Regions the one that is asked last refuses for a reason that is not the stack's."""

    class TooMany(CloudFormationError):
        code = "LimitExceededException"

    def make(backend: Any, *given: Any, **named: Any) -> Any:
        if backend.region_name == HERE:
            raise TooMany("ChangeSet limit exceeded")
        return made(backend, *given, **named)

    made = CloudFormationBackend.create_change_set
    monkeypatch.setattr(CloudFormationBackend, "create_change_set", make)
    mark = len(world.aws.calls)
    with pytest.raises(QuotaReached):
        world.plan(STACKS, member, declaration=refused(world, "parameter"))
    assert "CreateChangeSet" in {call.operation for call in world.calls_since(mark)}
    assert left_behind(world, member) == []
