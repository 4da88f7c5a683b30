"""stacks: what CloudFormation is at work on, could not do, or leaves to a person."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from moto.cloudformation.models import cloudformation_backends

from groundwork.baseline.components.stacks.roles import TRUST
from groundwork.errors import StackFailed, StackInProgress
from local.authorization import state
from tests.component.conftest import World
from tests.component.sabotage import differences, prove_complete
from tests.component.stacks import (
    ALLOWED,
    BUCKET,
    HERE,
    QUEUE,
    ROLE,
    STACK,
    STACKS,
    TOPIC,
    apply,
    declaring,
    names,
    shown,
    stack,
    status,
)

# -- what CloudFormation could not do ------------------------------------------------------------------


def test_a_failed_creation_is_told_once_and_tried_again_by_the_next_execution(world: World) -> None:
    account, failing = world.account(), declaring(world, stack(template="queue.yaml"), queue=QUEUE)
    mark, notes = len(world.aws.calls), dict[str, str]()
    for _ in ("the state machine", "a retry of it"):
        with pytest.raises(
            StackFailed, match=r"its creation failed .* Queue \(AWS::SQS::Queue\): .*AccessDenied"
        ):
            apply(world, account, failing, notes=notes)
    asked = [call.operation for call in world.calls_since(mark) if call.operation == "CreateStack"]
    assert len(asked) == 2, "what was denied is tried once more, and then told"
    assert status(world, account) == "ROLLBACK_COMPLETE"
    made = world.plan(STACKS, account, declaration=failing)[0]
    assert (made.action, made.resource) == ("delete", STACK)
    assert "is ROLLBACK_COMPLETE: its creation came to nothing (Queue (AWS::SQS::Queue): " in made.reason
    allowing = declaring(
        world, stack(template="queue.yaml", managed_policies=["AmazonSQSFullAccess"]), queue=QUEUE
    )
    apply(world, account, allowing, "two")
    assert status(world, account) == "CREATE_COMPLETE"


def test_what_a_new_role_was_denied_is_tried_once_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """IAM may show CloudFormation the policies of a role some seconds after they were put."""
    account, declared = world.account(), declaring(world, stack())
    attached, rolled_back = state._attached, list[str]()

    def late(holder: Any) -> Any:
        there = cloudformation_backends[account.id][HERE].stacks.values()
        rolled_back.extend(each.status for each in there if each.status == "ROLLBACK_COMPLETE")
        return attached(holder) if rolled_back or holder.name != "groundwork-stack-alerts" else []

    monkeypatch.setattr(state, "_attached", late)
    made = apply(world, account, declared)
    assert [each.action for each in made if each.resource == STACK] == ["create", "delete", "create"]
    assert status(world, account) == "CREATE_COMPLETE"
    assert rolled_back
    assert apply(world, account, declared, "two") == []


def test_a_failed_update_is_told_once_and_what_was_there_stays(world: World) -> None:
    account = world.account()
    apply(world, account, declaring(world, stack()))
    before = shown(world, account)["Outputs"]
    failing = declaring(world, stack(template="queue.yaml"), queue=QUEUE)
    notes = {"two": dict[str, str](), "three": dict[str, str]()}
    for execution, times in (("two", 2), ("two", 0), ("three", 2)):
        mark = len(world.aws.calls)
        with pytest.raises(StackFailed, match=r"its update failed .* Queue \(AWS::SQS::Queue\)"):
            apply(world, account, failing, execution, notes[execution])
        asked = [call.operation for call in world.calls_since(mark) if call.mutating]
        assert asked.count("ExecuteChangeSet") == times
    assert status(world, account) == "UPDATE_ROLLBACK_COMPLETE"
    assert shown(world, account)["Outputs"] == before
    assert differences(world.plan(STACKS, account, declaration=declaring(world, stack()))) == []


NEXT = (
    TOPIC.replace("TopicName: !Ref Name", "TopicName: !Sub '${Name}-new'")
    .replace("/topic", "/other")
    .replace("  Parameter:\n", "  Other:\n    DeletionPolicy: Retain\n")
    .replace("Resources:", "Resources:\n  Queue: {Type: AWS::SQS::Queue}")
)
LAST = "Parameters: {Name: {Type: String}}\nResources: {Topic: {Type: AWS::SNS::Topic, Properties: {DisplayName: new}}}\n"


def test_what_an_earlier_try_made_is_told_by_the_one_that_ends(world: World) -> None:
    """CloudFormation works on after the call: the try that finds it done has called nothing."""
    account, declared = world.account(), declaring(world, stack())
    tries = [apply(world, account, declared, "one") for _ in range(3)]
    assert [[each.action for each in changes if each.resource == STACK] for changes in tries] == [
        ["create"]
    ] * 3
    assert tries[1][0].reason == "did not exist; it was made of templates/topic.yaml"
    assert apply(world, account, declared, "two") == []
    assert world.plan(STACKS, account, declaration=declared) == []

    able = {"managed_policies": ["AmazonSQSFullAccess"]}
    following = declaring(world, stack(template="next.yaml", **able), next=NEXT)
    first, again = (apply(world, account, following, "three") for _ in range(2))
    assert [each.resource for each in first] == [ROLE, STACK]
    (told,) = again
    assert (told.resource, told.action, told.severity) == (STACK, "update", "high")
    assert told.reason == (
        "deleted Parameter (AWS::SSM::Parameter); replaced Topic (AWS::SNS::Topic); added Other (AWS::SSM::Parameter); "
        "added Queue (AWS::SQS::Queue)"
    )
    last = declaring(world, stack(template="last.yaml", **able), last=LAST)
    apply(world, account, last, "four")
    (told,) = apply(world, account, last, "four")
    assert told.reason == (
        "deleted Queue (AWS::SQS::Queue); replaced Topic (AWS::SNS::Topic); kept, and forgot, Other (AWS::SSM::Parameter)"
    )
    mark = len(world.aws.calls)
    assert apply(world, account, last, "four") == [told]
    assert [call.operation for call in world.calls_since(mark) if call.mutating] == []


def test_what_was_made_long_ago_is_not_asked_about(world: World) -> None:
    account, declared = world.account(), declaring(world, stack())
    apply(world, account, declared, "one")
    (made,) = cloudformation_backends[account.id][HERE].stacks.values()
    made.creation_time -= timedelta(hours=7)
    mark = len(world.aws.calls)
    assert apply(world, account, declared, "one") == []
    assert "DescribeStackEvents" not in [call.operation for call in world.calls_since(mark)]


@pytest.mark.parametrize(
    "busy",
    [
        "CREATE_IN_PROGRESS",
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        "DELETE_IN_PROGRESS",
        "ROLLBACK_IN_PROGRESS",
    ],
)
def test_while_cloudformation_is_at_work_it_is_asked_again_later(world: World, busy: str) -> None:
    account, declared = world.account(), declaring(world, stack())
    apply(world, account, declared)
    was = status(world, account)
    status(world, account, busy)
    (planned,) = world.planned(STACKS, account, declaration=declared)
    assert planned.call
    assert planned.call.after == f"CloudFormation, which is at work on it ({busy})"
    with pytest.raises(StackInProgress):
        apply(world, account, declared, "two")
    status(world, account, was)
    assert apply(world, account, declared, "two") == []


@pytest.mark.parametrize(
    ("stuck", "remedy"),
    [
        ("UPDATE_ROLLBACK_FAILED", "continue-update-rollback"),
        ("DELETE_FAILED", "FORCE_DELETE_STACK"),
        ("UPDATE_FAILED", "rollback-stack"),
        ("IMPORT_ROLLBACK_FAILED", "an import of resources into it could not be rolled back"),
    ],
)
def test_what_a_person_must_decide_is_told_and_the_other_stacks_are_made(
    world: World, stuck: str, remedy: str
) -> None:
    account = world.account()
    apply(world, account, declaring(world, stack()))
    status(world, account, stuck)
    other = stack(name="other", template="bucket.json", parameters={})
    both = declaring(world, stack(), other)
    told = [each for each in world.plan(STACKS, account, declaration=both) if each.action == "report"]
    assert [(each.resource, each.severity) for each in told] == [(STACK, "high")]
    assert remedy in told[0].reason
    with pytest.raises(StackFailed, match=remedy):
        apply(world, account, both, "two")
    assert "groundwork-other" in names(world, account)
    assert status(world, account) == stuck


@pytest.mark.parametrize("left", ["ROLLBACK_FAILED", "REVIEW_IN_PROGRESS", "CREATE_FAILED"])
def test_what_never_came_to_be_is_made_anew(world: World, left: str) -> None:
    account, declared = world.account(), declaring(world, stack(termination_protection=True))
    apply(world, account, declared)
    status(world, account, left)
    prove_complete(world, STACKS, account, declaration=declared)
    assert status(world, account) == "CREATE_COMPLETE"


@pytest.mark.parametrize("by", ["without a role of its own", "with the role their-own"])
def test_a_stack_of_others_is_told_and_not_touched(world: World, by: str) -> None:
    account, declared = world.account(), declaring(world, stack())
    client, role = world.client("cloudformation", account), {}
    if by.endswith("their-own"):
        iam = world.client("iam", account)
        made = iam.create_role(RoleName="their-own", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]
        iam.put_role_policy(RoleName="their-own", PolicyName="own", PolicyDocument=json.dumps(ALLOWED))
        role = {"RoleARN": made["Arn"]}
    client.create_stack(StackName="groundwork-alerts", TemplateBody=BUCKET, **role)
    before = shown(world, account)
    (told,) = [each for each in apply(world, account, declared) if each.action == "report"]
    assert told.reason == (
        f"is there, made by others ({by}): left alone; delete it, or give the declared one another name"
    )
    assert shown(world, account) == before


def test_what_resists_its_deletion_is_told_once(world: World) -> None:
    account, kept = world.account(), stack(template="bucket.json", parameters={})
    apply(world, account, declaring(world, kept))
    s3 = world.client("s3", account)
    (bucket,) = [each["Name"] for each in s3.list_buckets()["Buckets"]]
    s3.put_object(Bucket=bucket, Key="kept", Body=b"data")
    gone = declaring(world, prune=True)
    for _ in ("the state machine", "a retry of it"):
        with pytest.raises(
            StackFailed, match=r"could not be deleted \(Bucket \(AWS::S3::Bucket\): .*BucketNotEmpty"
        ):
            apply(world, account, gone, "two")
    s3.delete_object(Bucket=bucket, Key="kept")
    apply(world, account, gone, "three")
    assert "groundwork-alerts" not in names(world, account)


FILLED = """
Parameters: {{Suffix: {{Type: String}}}}
Resources:
  Bucket:
    Type: AWS::S3::Bucket
    Properties: {{BucketName: !Sub "kept-${{AWS::AccountId}}-${{Suffix}}"}}
  {more}
"""
TOPIC_TOO = "Topic: {Type: AWS::SNS::Topic}"
EMPTIED = "Parameters: {Suffix: {Type: String}}\nResources:\n  " + TOPIC_TOO


@pytest.mark.parametrize(
    ("following", "suffix", "step"),
    [
        (EMPTIED, "one", "could not delete, and forgot, Bucket (AWS::S3::Bucket)"),
        (
            FILLED.format(more=TOPIC_TOO),
            "two",
            "replaced, and could not delete the old one of, Bucket (AWS::S3::Bucket)",
        ),
    ],
    ids=["taken out", "replaced"],
)
def test_what_an_update_could_not_delete_is_told_with_its_reason(
    world: World, following: str, suffix: str, step: str
) -> None:
    account = world.account()
    bodies = {"before": FILLED.format(more=TOPIC_TOO), "after": following}
    before = stack(template="before.yaml", parameters={"Suffix": "one"})
    apply(world, account, declaring(world, before, prune=False, **bodies))
    bucket, s3 = f"kept-{account.id}-one", world.client("s3", account)
    s3.put_object(Bucket=bucket, Key="kept", Body=b"data")
    after = stack(template="after.yaml", parameters={"Suffix": suffix})
    declared = declaring(world, after, prune=False, **bodies)
    for changes in (apply(world, account, declared, "two") for _ in range(2)):
        report = changes[-1]
        assert (report.action, report.severity) == ("report", "high")
        assert report.resource == f"{STACK}: Bucket (AWS::S3::Bucket)"
        assert report.reason.startswith(f"{bucket} could not be deleted (")
        assert "BucketNotEmpty" in report.reason
        assert report.reason.endswith(
            "and is in the stack no longer: by an entry role, empty what resists and delete it, or it stays"
        )
    told = next(each for each in changes if each.action == "update")
    assert (told.reason, told.severity) == (step, "high")
    assert status(world, account) == "UPDATE_COMPLETE"
    assert bucket in {each["Name"] for each in s3.list_buckets()["Buckets"]}
