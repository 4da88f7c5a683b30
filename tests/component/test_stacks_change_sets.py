"""stacks: what an update would do is what CloudFormation says of it, and a plan leaves nothing behind."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.cloudformation.models import CloudFormationBackend, cloudformation_backends

from groundwork.baseline import loop
from groundwork.contracts import Account, Change
from groundwork.declaration import Declaration
from groundwork.errors import StackFailed, StackInProgress
from tests.component.conftest import World
from tests.component.sabotage import differences, prove_complete
from tests.component.stacks import (
    ABROAD,
    BUCKET,
    HERE,
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

RENAMED = {"Name": "other-<account>"}
NEXT = """
Parameters: {Name: {Type: String}, Shown: {Type: String, Default: plain}}
Resources:
  Topic:
    Type: AWS::SNS::Topic
    Properties: {TopicName: !Ref Name, DisplayName: !Sub "${Shown}"}
  Bucket: {Type: AWS::S3::Bucket}
Outputs:
  Topic: {Value: !Ref Topic}
"""
TOLD = "deletes Parameter (AWS::SSM::Parameter); replaces Topic (AWS::SNS::Topic): TopicName; adds Bucket (AWS::S3::Bucket); "


@pytest.fixture
def member(world: World) -> Account:
    account = world.account()
    apply(world, account, declaring(world, stack()))
    return account


def changed(world: World) -> Declaration:
    return declaring(world, stack(template="next.yaml", parameters=RENAMED), next=NEXT)


def change_sets_of(world: World, account: Account, region: str = HERE) -> list[str]:
    listed = world.client("cloudformation", account, region).list_change_sets(StackName="groundwork-alerts")
    return [each["ChangeSetName"] for each in listed["Summaries"]]


def plan(world: World, account: Account, declared: Declaration, execution: str = "one") -> list[Change]:
    """As an execution does it."""
    target = replace(world.target(STACKS, account, declared, reading=True), execution=execution)
    return loop.plan(STACKS, target)


def slowly(monkeypatch: pytest.MonkeyPatch, said: str = "CREATE_IN_PROGRESS") -> None:
    """From here on a change set that is made is not finished."""

    def create(*given: Any, **named: Any) -> Any:
        identifier, stack_id = make(*given, **named)
        given[0].change_sets[identifier].status = said
        return identifier, stack_id

    make = CloudFormationBackend.create_change_set
    monkeypatch.setattr(CloudFormationBackend, "create_change_set", create)


def finish(account: Account, said: str = "CREATE_COMPLETE", why: str = "") -> None:
    for each in cloudformation_backends[account.id][HERE].change_sets.values():
        each.status, each.status_reason = said, why or None


def test_a_plan_names_what_is_replaced_and_deleted_and_leaves_nothing_behind(
    world: World, member: Account
) -> None:
    before = shown(world, member)
    (planned,) = differences(world.plan(STACKS, member, declaration=changed(world)))
    assert (planned.resource, planned.severity) == (STACK, "high")
    assert planned.reason.startswith(TOLD)
    assert f"parameter Name is 'alerts-{member.id}'; expected 'other-{member.id}'" in planned.reason
    assert change_sets_of(world, member) == []
    assert shown(world, member) == before
    (asked,) = world.planned(STACKS, member, declaration=changed(world))
    assert asked.call
    assert asked.call.parameters["DisableRollback"] is False
    (done,) = prove_complete(world, STACKS, member, declaration=changed(world))
    assert done.reason.startswith(TOLD)
    assert change_sets_of(world, member) == []


def test_of_a_new_stack_no_change_set_is_made(world: World) -> None:
    account = world.account()
    mark = len(world.aws.calls)
    (planned,) = [
        each
        for each in world.plan(STACKS, account, declaration=declaring(world, stack()))
        if each.resource == STACK
    ]
    assert planned.reason == (
        "does not exist; it is made of templates/topic.yaml: Parameter (AWS::SSM::Parameter), Topic (AWS::SNS::Topic)"
    )
    assert "ChangeSet" not in " ".join(call.operation for call in world.calls_since(mark))
    assert names(world, account) == set()


def test_a_plan_waits_for_it_and_a_retry_goes_on_with_it(
    world: World, member: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    slowly(monkeypatch)
    mark = len(world.aws.calls)
    for _ in ("the first try", "a retry"):
        with pytest.raises(
            StackInProgress, match="makes a change set of stack groundwork-alerts in us-east-1"
        ):
            plan(world, member, changed(world))
    finish(member)
    assert differences(plan(world, member, changed(world)))[0].reason.startswith(TOLD)
    made = [call.operation for call in world.calls_since(mark) if call.mutating]
    assert made == ["CreateChangeSet", "DeleteChangeSet"]


def test_what_is_applied_waits_for_it_too_and_other_stacks_are_made(
    world: World, member: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = stack(name="other", template="bucket.json", parameters={})
    both = declaring(world, *changed(world).stacks, other, next=NEXT)
    slowly(monkeypatch)
    with pytest.raises(StackInProgress):
        apply(world, member, both, "two")
    assert "groundwork-other" in names(world, member)
    assert change_sets_of(world, member) == ["groundwork-apply"]
    finish(member)
    (done,) = [each for each in apply(world, member, both, "two") if each.resource == STACK]
    assert done.reason.startswith(TOLD)


@pytest.mark.parametrize("late", ["another template", "obsolete", "executed"])
def test_one_that_was_left_behind_and_no_longer_holds_is_replaced(
    world: World, member: Account, monkeypatch: pytest.MonkeyPatch, late: str
) -> None:
    bare = declaring(world, stack(template="bucket.json", parameters={}))
    slowly(monkeypatch)
    with pytest.raises(StackInProgress):
        plan(world, member, bare if late == "another template" else changed(world))
    monkeypatch.undo()
    finish(member)
    told = TOLD
    if late == "obsolete":
        client = world.client("cloudformation", member)
        client.update_stack(StackName="groundwork-alerts", TemplateBody=BUCKET)
        told = "adds Topic (AWS::SNS::Topic)"
    elif late == "executed":
        (left,) = cloudformation_backends[member.id][HERE].change_sets.values()
        left.execution_status = "EXECUTE_FAILED"
    assert differences(plan(world, member, changed(world), "two"))[0].reason.startswith(told)
    assert change_sets_of(world, member) == []


def test_one_that_is_left_behind_in_the_making_is_waited_for(
    world: World, member: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    slowly(monkeypatch)
    with pytest.raises(StackInProgress):
        plan(world, member, declaring(world, stack(template="bucket.json", parameters={})))
    monkeypatch.undo()
    with pytest.raises(StackInProgress):
        plan(world, member, changed(world), "two")
    finish(member)
    assert differences(plan(world, member, changed(world), "two"))[0].reason.startswith(TOLD)


def test_what_cloudformation_refuses_is_told_once_and_tried_again_by_the_next_execution(
    world: World, member: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = shown(world, member)
    slowly(monkeypatch)
    with pytest.raises(StackInProgress):
        apply(world, member, changed(world), "two")
    finish(member, "FAILED", "No export named x found.")
    with pytest.raises(StackFailed, match=r"CloudFormation refuses its update: No export named x found$"):
        apply(world, member, changed(world), "two")
    assert change_sets_of(world, member) == []
    assert shown(world, member) == before
    with pytest.raises(StackInProgress):
        plan(world, member, changed(world))
    finish(member, "FAILED", "No export named x found.")
    (told,) = plan(world, member, changed(world))
    assert (told.action, told.severity) == ("report", "high")
    monkeypatch.undo()
    apply(world, member, changed(world), "three")
    assert status(world, member) == "UPDATE_COMPLETE"


def test_a_name_that_is_taken_is_told_in_cloudformations_words(world: World, member: Account) -> None:
    """AWS's change set says of it but that a validation failed, and where that is told."""
    taken = f"taken-{member.id}"
    world.client("s3", member).create_bucket(Bucket=taken)
    bucket = f"Bucket: {{Type: AWS::S3::Bucket, Properties: {{BucketName: {taken}}}}}"
    declared = declaring(
        world,
        stack(template="next.yaml"),
        next=NEXT.replace("Bucket: {Type: AWS::S3::Bucket}", bucket),
    )
    told = f"Bucket (AWS::S3::Bucket): Resource of type 'AWS::S3::Bucket' with identifier '{taken}' already exists"
    (planned,) = world.plan(STACKS, member, declaration=declared)
    assert (planned.action, planned.severity) == ("report", "high")
    assert planned.reason == f"CloudFormation refuses its update: {told}"
    with pytest.raises(StackFailed, match="already exists"):
        apply(world, member, declared, "two")
    assert status(world, member) == "CREATE_COMPLETE"
    assert change_sets_of(world, member) == []


def test_what_changes_no_resource_is_told_with_what_helps(world: World, member: Account) -> None:
    idle = declaring(world, stack(template="idle.yaml"), idle=TOPIC + "Mappings: {By: {region: {a: b}}}\n")
    (told,) = world.plan(STACKS, member, declaration=idle)
    assert told.action == "report"
    assert told.reason.startswith("Mappings differ from templates/idle.yaml: CloudFormation finds that this")
    with pytest.raises(StackFailed, match="change a Metadata attribute of a resource along with it"):
        apply(world, member, idle, "two")


def test_while_its_role_is_to_be_put_right_it_is_not_asked_for(world: World, member: Account) -> None:
    world.client("iam", member).delete_role_policy(RoleName="groundwork-stack-alerts", PolicyName="own")
    planned = world.planned(STACKS, member, declaration=changed(world))
    (update,) = [each for each in planned if each.resource == STACK]
    assert update.call
    assert update.call.after == "role groundwork-stack-alerts"
    assert update.reason.startswith(
        "deletes Parameter (AWS::SSM::Parameter); adds Bucket (AWS::S3::Bucket); parameter"
    )
    done = [each for each in apply(world, member, changed(world), "two") if each.resource == STACK]
    assert done[0].reason.startswith(TOLD)


def test_it_does_not_wait_for_what_of_its_role_is_told_alone(world: World, member: Account) -> None:
    """Older sessions were revoked by hand."""
    before = {"DateLessThan": {"aws:TokenIssueTime": "2020-01-01T00:00:00Z"}}
    statement = {"Effect": "Deny", "Action": ["*"], "Resource": ["*"], "Condition": before}
    world.client("iam", member).put_role_policy(
        RoleName="groundwork-stack-alerts",
        PolicyName="AWSRevokeOlderSessions",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    done = apply(world, member, changed(world), "two")
    assert [(each.resource, each.action) for each in done] == [(STACK, "update"), (ROLE, "report")]


def test_each_region_has_its_own(world: World) -> None:
    account, governed = world.account(), [HERE, ABROAD]
    apply(world, account, declaring(world, stack(regions=governed), governed=governed))
    renamed = stack(regions=governed, parameters=RENAMED)
    planned = differences(
        world.plan(STACKS, account, declaration=declaring(world, renamed, governed=governed))
    )
    assert [each.resource for each in planned] == [
        f"stack groundwork-alerts in {each}" for each in sorted(governed)
    ]
    assert all("replaces Topic (AWS::SNS::Topic): TopicName" in each.reason for each in planned)
    for region in governed:
        assert change_sets_of(world, account, region) == []


def test_a_plans_session_makes_that_one_and_executes_none(world: World, member: Account) -> None:
    target = world.target(STACKS, member, changed(world), reading=True)
    cloudformation = target.client("cloudformation", HERE)
    at = {"StackName": "groundwork-alerts", "TemplateBody": BUCKET, "ChangeSetType": "UPDATE"}
    for name in ("groundwork-apply", "evil"):
        with pytest.raises(ClientError, match="AccessDenied"):
            cloudformation.create_change_set(**at, ChangeSetName=name)
    cloudformation.create_change_set(**at, ChangeSetName="groundwork-plan")
    with pytest.raises(ClientError, match="AccessDenied"):
        cloudformation.execute_change_set(StackName="groundwork-alerts", ChangeSetName="groundwork-plan")
    role = f"arn:aws:iam::{member.id}:role/OrganizationAccountAccessRole"
    with pytest.raises(ClientError, match="iam:PassRole"):
        cloudformation.create_change_set(**at, ChangeSetName="groundwork-plan", RoleARN=role)
