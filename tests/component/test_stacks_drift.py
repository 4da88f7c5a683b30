"""stacks: what was changed behind CloudFormation's back is told by a plan, resource by resource, where it is asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.cloudformation.models import cloudformation_backends

from groundwork.aws import sessions
from groundwork.baseline import loop
from groundwork.contracts import Account
from groundwork.declaration import Declaration
from groundwork.declaration.stacks.mistakes import MOST_READS
from groundwork.errors import StackInProgress
from tests.component.conftest import World
from tests.component.sabotage import differences
from tests.component.stacks import (
    ABROAD,
    HERE,
    STACK,
    STACKS,
    TOPIC,
    apply,
    compared,
    declaring,
    look_at_drift,
    names,
    shown,
    stack,
    status,
)
from tests.component.test_stacks_change_sets import change_sets_of, changed

READS = ["sns:Get*", "sns:List*", "ssm:DescribeParameters", "ssm:GetParameter", "ssm:ListTagsForResource"]
TOPIC_OF_IT, PARAMETER = f"{STACK}: Topic (AWS::SNS::Topic)", f"{STACK}: Parameter (AWS::SSM::Parameter)"


def watched(world: World, **given: Any) -> Declaration:
    return declaring(world, stack(drift_detection=True, drift_reads=READS, **given))


@pytest.fixture
def member(world: World) -> Account:
    account = world.account()
    apply(world, account, declaring(world, stack()))
    return account


def rename(world: World, account: Account, name: str = "by hand") -> None:
    topic = f"arn:aws:sns:{HERE}:{account.id}:alerts-{account.id}"
    world.client("sns", account).set_topic_attributes(
        TopicArn=topic, AttributeName="DisplayName", AttributeValue=name
    )


def operations(world: World, mark: int) -> list[str]:
    return [
        call.operation
        for call in world.calls_since(mark)
        if "groundwork-stacks" in str(call.principal_arn) and "Drift" in call.operation
    ]


def test_each_resource_that_drifted_is_told_without_its_values_and_nothing_is_written(
    world: World, member: Account
) -> None:
    assert compared(world, member, watched(world)) == []
    rename(world, member, "a-secret")
    world.client("ssm", member).delete_parameter(Name="/topic")
    before, mark = shown(world, member), len(world.aws.calls)
    gone, modified = compared(world, member, watched(world))
    assert (gone.resource, modified.resource) == (PARAMETER, TOPIC_OF_IT)
    assert gone.reason == (
        "was deleted outside of CloudFormation; make it again as templates/topic.yaml has it, or take it out of there"
    )
    assert modified.reason == (
        "was changed outside of CloudFormation: DisplayName has another value; undo it, or take it into templates/topic.yaml"
    )
    assert {(each.action, each.severity, each.differs) for each in (gone, modified)} == {
        ("report", "high", True)
    }
    assert [call.operation for call in world.calls_since(mark) if call.mutating] == []
    assert shown(world, member)["StackStatus"] == before["StackStatus"]
    rename(world, member, "plain")
    (gone,) = compared(world, member, watched(world))
    assert gone.resource == PARAMETER


def test_one_execution_asks_once_and_waits_by_its_id(world: World, member: Account) -> None:
    notes, mark = dict[str, str](), len(world.aws.calls)
    with pytest.raises(StackInProgress):
        look_at_drift(world, member, watched(world), notes)
    (identifier,) = notes.values()
    assert identifier == detections(member)[-1].identifier
    detections(member)[-1].looked_at = False
    with pytest.raises(StackInProgress):
        look_at_drift(world, member, watched(world), notes)
    assert look_at_drift(world, member, watched(world), notes) == []
    status = "DescribeStackDriftDetectionStatus"
    assert operations(world, mark) == ["DetectStackDrift", *[status] * 3, "DescribeStackResourceDrifts"]


def test_whoever_lost_the_id_waits_for_what_goes_on_and_asks_anew(world: World, member: Account) -> None:
    with pytest.raises(StackInProgress):
        look_at_drift(world, member, watched(world), {})
    detections(member)[-1].looked_at = False
    with pytest.raises(StackInProgress):
        look_at_drift(world, member, watched(world), {})
    assert len(detections(member)) == 1
    detections(member)[-1].looked_at = True
    rename(world, member)
    (told,) = compared(world, member, watched(world))
    assert told.resource == TOPIC_OF_IT
    assert len(detections(member)) == 2


def detections(account: Account) -> list[Any]:
    there = cloudformation_backends[account.id][HERE].stacks.values()
    stacks: list[Any] = [each for each in there if each.name == "groundwork-alerts"]
    made: list[Any] = stacks[0].detections
    return made


def test_it_is_off_until_declared_and_asked_by_plans_alone(world: World, member: Account) -> None:
    rename(world, member)
    mark = len(world.aws.calls)
    assert world.plan(STACKS, member, declaration=declaring(world, stack())) == []
    assert apply(world, member, watched(world), "two") == []
    target = world.target(STACKS, member, watched(world))
    loop.verify(STACKS, replace(target, entered_by=None))
    assert operations(world, mark) == []


@pytest.mark.parametrize("reads", [(), ("sns:GetTopicAttributes",)], ids=["none", "some"])
def test_what_could_not_be_read_is_told_with_what_is_missing(
    world: World, member: Account, reads: tuple[str, ...]
) -> None:
    """Where CloudFormation reads with the session of whoever asks."""
    declared = declaring(world, stack(drift_detection=True, drift_reads=[*reads]))
    told = compared(world, member, declared)
    assert {each.resource for each in told} == {TOPIC_OF_IT, PARAMETER, STACK}
    for each in told:
        assert (each.action, each.severity) == ("report", "high")
        assert each.reason.startswith("CloudFormation could not compare it with what is there (")
        assert each.reason.endswith("name the action under driftReads, and allow it in the stack's policies")
    missing = "sns:ListTagsForResource" if reads else "sns:"
    (topic,) = [each for each in told if each.resource == TOPIC_OF_IT]
    assert f"not authorized to perform: {missing}" in topic.reason


def test_what_the_role_of_the_stack_may_not_read_is_told_as_well(world: World, member: Account) -> None:
    """Where CloudFormation reads with the stack's role."""
    declared = watched(world)
    some = {"Effect": "Allow", "Action": ["sns:*", "ssm:PutParameter", "ssm:GetParameters"], "Resource": "*"}
    declared._policies = {**declared._policies, "own": {"Version": "2012-10-17", "Statement": [some]}}
    apply(world, member, declared, "two")
    told = compared(world, member, declared)
    assert {each.resource for each in told} == {PARAMETER, STACK}
    assert all("not authorized to perform: ssm:" in each.reason for each in told)


def test_a_status_without_words_is_never_taken_for_the_same(
    world: World, member: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(StackInProgress):
        look_at_drift(world, member, watched(world), notes := dict[str, str]())
    monkeypatch.setattr(type(detections(member)[-1]), "status", "NOT_CHECKED")
    (told,) = look_at_drift(world, member, watched(world), notes)
    assert told.resource == STACK
    assert "it says NOT_CHECKED, and gives no reason" in told.reason


def test_a_status_in_which_nothing_is_compared_is_told(world: World, member: Account) -> None:
    status(world, member, "IMPORT_COMPLETE")
    mark = len(world.aws.calls)
    (told,) = look_at_drift(world, member, watched(world), {})
    assert (told.resource, told.severity) == (STACK, "high")
    assert (
        told.reason == "is IMPORT_COMPLETE, and CloudFormation detects drift of no such stack: update it once"
    )
    assert operations(world, mark) == []


def test_what_the_template_would_change_and_what_was_changed_are_told_side_by_side(
    world: World, member: Account
) -> None:
    rename(world, member)
    (planned,) = changed(world).stacks
    both = declaring(
        world,
        planned.model_copy(update={"drift_detection": True, "drift_reads": READS}),
        next=TOPIC.replace("Shown: {Type", "Other: {Type: String, Default: one}\n  Shown: {Type"),
    )
    mark = len(world.aws.calls)
    told = compared(world, member, both)
    written = [call.operation for call in world.calls_since(mark) if call.mutating]
    assert written == ["CreateChangeSet", "DeleteChangeSet"], "one change set, for both tries"
    assert [each.resource for each in told if each.action == "report"] == [TOPIC_OF_IT]
    (update,) = differences(told)
    assert "replaces Topic (AWS::SNS::Topic): TopicName" in update.reason
    assert change_sets_of(world, member) == []


def test_stacks_of_others_and_in_other_states_are_not_asked(world: World) -> None:
    account, mark = world.account(), len(world.aws.calls)
    body = {
        "StackName": "groundwork-alerts",
        "TemplateBody": '{"Resources": {"T": {"Type": "AWS::SNS::Topic"}}}',
    }
    world.client("cloudformation", account).create_stack(**body)
    declared = watched(world)
    apply(world, account, declared)
    told = [each for each in world.plan(STACKS, account, declaration=declared) if each.resource == STACK]
    assert "made by others" in told[0].reason
    assert operations(world, mark) == []
    assert names(world, account) == {"groundwork-alerts"}


def test_each_region_is_compared(world: World) -> None:
    account, governed = world.account(), (HERE, ABROAD)
    both = declaring(
        world,
        stack(regions=[*governed], drift_detection=True, drift_reads=READS),
        governed=governed,
    )
    apply(world, account, both)
    topic = f"arn:aws:sns:{ABROAD}:{account.id}:alerts-{account.id}"
    world.client("sns", account, ABROAD).set_topic_attributes(
        TopicArn=topic, AttributeName="DisplayName", AttributeValue="by hand"
    )
    notes: dict[str, str] = {}
    with pytest.raises(StackInProgress, match=f"{ABROAD}.*{HERE}"):
        look_at_drift(world, account, both, notes)
    assert len(notes) == 2
    (told,) = look_at_drift(world, account, both, notes)
    assert told.resource == f"stack groundwork-alerts in {ABROAD}: Topic (AWS::SNS::Topic)"


def test_a_plans_session_may_read_what_is_declared_and_no_more(world: World, member: Account) -> None:
    narrow = declaring(world, stack(drift_detection=True, drift_reads=["sns:GetTopicAttributes"]))
    sns = world.target(STACKS, member, narrow, reading=True).client("sns", HERE)
    topic = f"arn:aws:sns:{HERE}:{member.id}:alerts-{member.id}"
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    with pytest.raises(ClientError, match="ListTagsForResource"):
        sns.list_tags_for_resource(ResourceArn=topic)
    off = declaring(world, stack())
    for reading, declared in ((False, narrow), (True, off)):
        sns = world.target(STACKS, member, declared, reading=reading).client("sns", HERE)
        with pytest.raises(ClientError, match="GetTopicAttributes"):
            sns.get_topic_attributes(TopicArn=topic)
    elsewhere = member.model_copy(update={"kind": "tooling"})
    needs = STACKS.needs(elsewhere, world.organization, narrow)
    assert needs.reads_in_plan == [*STACKS.reads_in_plan]


def test_what_may_be_declared_fits_a_session() -> None:
    reads = sessions.Permission(["s" * (MOST_READS - 3)])
    policy = sessions.session_policy(
        [*STACKS.reads, *STACKS.reads_in_plan, reads], "012345678901", "aws-us-gov"
    )
    assert len(policy) <= 2048
