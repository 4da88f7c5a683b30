"""stacks: the owner's own templates are made, changed and taken away by CloudFormation, by a role that may do no more."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError

from groundwork.aws import sessions
from groundwork.contracts import Account
from groundwork.declaration import Declaration
from groundwork.declaration.stacks import StackWhere
from groundwork.errors import StackFailed
from tests.component.conftest import World
from tests.component.sabotage import Sabotage, prove, prove_complete, used_and_declared
from tests.component.stacks import (
    ABROAD,
    ALLOWED,
    BUCKET,
    HERE,
    QUEUE,
    ROLE,
    STACK,
    STACKS,
    TOPIC,
    apply,
    compared,
    declaring,
    names,
    portrait,
    shown,
    stack,
    status,
)

# -- from nothing --------------------------------------------------------------------------------------


def test_a_stack_is_made_by_its_own_role_in_each_region(world: World) -> None:
    account = world.account(name="dev")
    declared = declaring(
        world, stack(regions=[HERE, ABROAD], termination_protection=True), governed=(HERE, ABROAD)
    )
    done = prove_complete(world, STACKS, account, declaration=declared)
    assert {change.resource for change in done} == {
        "role/groundwork-stack-alerts",
        "stack groundwork-alerts in us-east-1",
        "stack groundwork-alerts in eu-west-1",
    }
    for region in (HERE, ABROAD):
        made = shown(world, account, region=region)
        assert made["StackStatus"] == "CREATE_COMPLETE"
        assert made["RoleARN"] == f"arn:aws:iam::{account.id}:role/groundwork-stack-alerts"
        assert made["EnableTerminationProtection"]
        ssm = world.client("ssm", account, region)
        assert ssm.get_parameter(Name="/topic")["Parameter"]["Value"] == f"alerts-{account.id}"


def test_a_second_run_reads_what_it_must_and_no_more(world: World) -> None:
    account, declared = world.account(), declaring(world, stack())
    world.apply(STACKS, account, declaration=declared)
    mark = len(world.aws.calls)
    assert world.apply(STACKS, account, declaration=declared) == []
    assert [call.operation for call in world.calls_since(mark)] == [
        "GetAccountAuthorizationDetails",
        "ListRoles",
        "DescribeStacks",
        "GetTemplate",
    ]


def test_an_account_without_a_stack_costs_one_call(world: World) -> None:
    elsewhere = stack(where=StackWhere(kinds=["workload"], names=["another"]))
    mark = len(world.aws.calls)
    assert world.apply(STACKS, world.account(), declaration=declaring(world, elsewhere)) == []
    assert (
        len([call for call in world.calls_since(mark) if "groundwork-stacks" in str(call.principal_arn)]) == 1
    )


def test_what_another_stack_waits_for_comes_first(world: World) -> None:
    account = world.account()
    first = stack(name="first", parameters={"Name": "first"})
    second = stack(name="second", template="bucket.json", parameters={}, after=["first"])
    declared = declaring(world, second, first)
    planned = world.planned(STACKS, account, declaration=declared)
    waits = {each.resource: each.call.after for each in planned if each.call and each.call.after}
    assert waits["stack groundwork-second in us-east-1"] == "role groundwork-stack-second"
    mark = len(world.aws.calls)
    world.apply(STACKS, account, declaration=declared)
    made = [call for call in world.calls_since(mark) if call.operation == "CreateStack"]
    assert len(made) == 2
    assert names(world, account) >= {"groundwork-first", "groundwork-second"}


def test_parameters_and_places_go_by_the_tags_of_the_account(world: World) -> None:
    account = world.account()
    named = stack(parameters={"Name": "alerts-<tag:cost-center>-<tag:team>", "Shown": "<name>"})
    only = stack(
        name="only",
        template="bucket.json",
        parameters={},
        where=StackWhere(kinds=["workload"], tags={"team": "a"}),
    )
    declared = declaring(world, named, only, prune=True)
    (told, *others) = sorted(
        world.plan(STACKS, account, declaration=declared), key=lambda each: each.resource
    )
    assert (told.action, told.severity, others) == ("report", "high", [])
    assert told.reason == (
        "parameters.Name: the account has no tag 'cost-center'; tag it, or name under where.tags which accounts have it"
    )
    with pytest.raises(
        StackFailed, match=r"stack groundwork-alerts: parameters\.Name: the account has no tag"
    ):
        apply(world, account, declared)
    odd = "dev <tag:none> <region>"  # a name is filled in, and not filled in itself
    tagged = account.model_copy(update={"tags": {"cost-center": "42", "team": "a"}, "name": odd})
    prove_complete(world, STACKS, tagged, declaration=declared)
    (made,) = world.client("cloudformation", account).describe_stacks(StackName="groundwork-alerts")["Stacks"]
    assert {"ParameterKey": "Shown", "ParameterValue": odd} in made["Parameters"]
    ssm = world.client("ssm", account)
    assert ssm.get_parameter(Name="/topic")["Parameter"]["Value"] == "alerts-42-a"
    assert "groundwork-only" in names(world, account)
    moved = account.model_copy(update={"tags": {"cost-center": "42", "team": "b"}})
    done = prove_complete(world, STACKS, moved, declaration=declared)
    assert ("delete", "stack groundwork-only in us-east-1") in {(each.action, each.resource) for each in done}
    assert ssm.get_parameter(Name="/topic")["Parameter"]["Value"] == "alerts-42-b"


# -- drift ---------------------------------------------------------------------------------------------


def update(body: str = TOPIC, **parameters: str) -> Callable[[World, Account], Any]:
    def do(world: World, account: Account) -> None:
        values = {"Name": f"alerts-{account.id}", "Shown": "plain", **parameters}
        world.client("cloudformation", account).update_stack(
            StackName="groundwork-alerts",
            TemplateBody=body,
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()],
        )

    return do


def unprotect(world: World, account: Account) -> None:
    world.client("cloudformation", account).update_termination_protection(
        StackName="groundwork-alerts", EnableTerminationProtection=False
    )


def more_power(world: World, account: Account) -> None:
    world.client("iam", account).put_role_policy(
        RoleName="groundwork-stack-alerts",
        PolicyName="more",
        PolicyDocument=json.dumps(
            {**ALLOWED, "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        ),
    )


MORE = TOPIC.replace("Outputs:", "  Other: {Type: AWS::SNS::Topic}\nOutputs:")
LESS = TOPIC[: TOPIC.index("  Parameter:\n")] + TOPIC[TOPIC.index("Outputs:") :]
SABOTAGES = (
    Sabotage(
        "parameter",
        update(Shown="other"),
        STACK,
        "changes Topic (AWS::SNS::Topic): DisplayName; parameter Shown is 'other'; expected 'plain'",
    ),
    Sabotage("more", update(MORE), STACK, "deletes Other (AWS::SNS::Topic)", "high"),
    Sabotage("less", update(LESS), STACK, "adds Parameter (AWS::SSM::Parameter)"),
    Sabotage(
        "changed",
        update(TOPIC.replace('!Sub "${Shown}"', "other")),
        STACK,
        "changes Topic (AWS::SNS::Topic): DisplayName",
    ),
    Sabotage(
        "replaced",
        update(TOPIC.replace("/topic", "/other")),
        STACK,
        "replaces Parameter (AWS::SSM::Parameter): Name",
        "high",
    ),
    Sabotage(
        "output",
        update(TOPIC.replace("Value: !Ref Topic}", "Value: other}")),
        STACK,
        "Outputs differ from templates/topic.yaml",
    ),
    Sabotage("protection", unprotect, STACK, "termination protection is off; expected on"),
    Sabotage("role", more_power, ROLE, "policy more", "high"),
)


@pytest.fixture(scope="module")
def member(world: World) -> Account:
    account = world.account()
    world.apply(STACKS, account, declaration=protecting(world))
    return account


def protecting(world: World) -> Declaration:
    return declaring(world, stack(termination_protection=True))


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda sabotage: sabotage.name)
def test_what_drifted_is_named_and_mended(world: World, member: Account, sabotage: Sabotage) -> None:
    prove(world, STACKS, member, sabotage, lambda: portrait(world, member), declaration=protecting(world))


def test_what_changes_nothing_is_no_difference(world: World, member: Account) -> None:
    """Comments, the description, the order, a tag's long form."""
    update(TOPIC + "# A comment\n", Shown="between")(world, member)
    same = TOPIC.replace("A topic, and its name", "Other words").replace("!Ref Name", "{Ref: Name}")
    update(same)(world, member)
    assert world.plan(STACKS, member, declaration=protecting(world)) == []


# -- no longer declared --------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["taken out", "the account is elsewhere", "the component is taken out"])
def test_what_is_no_longer_declared_is_reported_or_removed(world: World, how: str) -> None:
    account, other = world.account(), stack(name="other", template="bucket.json", parameters={})
    gone = stack(termination_protection=True)
    apply(world, account, declaring(world, gone, other))
    elsewhere = gone.model_copy(update={"where": StackWhere(kinds=["workload"], names=["another"])})
    left = {"taken out": [other], "the account is elsewhere": [elsewhere, other]}.get(how, [other])
    without = how == "the component is taken out"

    def declared(prune: bool) -> Declaration:
        made = declaring(world, *left, prune=prune)
        return made.model_copy(update={"baseline": world.declaration.baseline}) if without else made

    work = world.before(account) if without else account
    told = world.plan(STACKS, work, declaration=declared(False))
    assert {(each.action, each.resource) for each in told if "alerts" in each.resource} == {("report", STACK)}
    assert "set prune: {stacks: remove}" in told[0].reason
    world.apply(STACKS, work, declaration=declared(False))
    assert "groundwork-alerts" in names(world, account)
    done = prove_complete(world, STACKS, work, declaration=declared(True))
    assert {STACK, ROLE} <= {change.resource for change in done}
    assert ("groundwork-other" in names(world, account)) != without
    assert "groundwork-alerts" not in names(world, account)
    with pytest.raises(ClientError, match="NoSuchEntity"):
        world.client("iam", account).get_role(RoleName="groundwork-stack-alerts")


def test_a_region_that_is_no_longer_declared_loses_its_stack_and_the_role_stays(world: World) -> None:
    account = world.account()
    both = declaring(world, stack(regions=[HERE, ABROAD]), governed=(HERE, ABROAD))
    apply(world, account, both)
    behind, one = world.before(account), declaring(world, stack(), prune=True)
    done = prove_complete(world, STACKS, behind, declaration=one)
    assert [change.resource for change in done] == ["stack groundwork-alerts in eu-west-1"]
    assert status(world, account) == "CREATE_COMPLETE"


# -- permissions ---------------------------------------------------------------------------------------


def test_its_permissions_fit_a_session() -> None:
    for more in (STACKS.reads_in_plan, STACKS.writes):
        assert len(sessions.session_policy([*STACKS.reads, *more], "012345678901", "aws")) <= 2048


def test_a_stack_can_do_no_more_than_its_role(world: World) -> None:
    account = world.account()
    role = {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "RoleName": "way-in",
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
        },
    }
    body = yaml.safe_dump({"Resources": {"Role": role}})
    declared = declaring(
        world, stack(template="way.yaml", parameters={}, capabilities=["CAPABILITY_NAMED_IAM"]), way=body
    )
    with pytest.raises(StackFailed, match="not authorized to perform: iam:CreateRole"):
        apply(world, account, declared)


def test_it_may_do_what_it_does_and_nothing_else(world: World) -> None:
    account, mark = world.account(), len(world.aws.calls)
    apply(world, account, declaring(world, stack(termination_protection=True)))
    client = world.client("iam", account)
    at = {"RoleName": "groundwork-stack-alerts"}
    more_power(world, account)
    client.attach_role_policy(**at, PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    client.update_assume_role_policy(**at, PolicyDocument=json.dumps({**ALLOWED, "Statement": OTHERS_TRUST}))
    client.put_role_permissions_boundary(**at, PermissionsBoundary="arn:aws:iam::aws:policy/ReadOnlyAccess")
    client.update_role(**at, Description="other")
    client.untag_role(**at, TagKeys=["groundwork:component"])
    client.tag_role(**at, Tags=[{"Key": "other", "Value": "one"}])
    unprotect(world, account)
    more: dict[str, Any] = {
        "termination_protection": True,
        "managed_policies": ["ReadOnlyAccess", "AmazonSQSFullAccess"],
    }
    prove_complete(world, STACKS, account, declaration=declaring(world, stack(**more)))
    compared(world, account, declaring(world, stack(drift_detection=True, **more)))
    shown_other = {"Name": "alerts-<account>", "Shown": "other"}
    prove_complete(
        world, STACKS, account, declaration=declaring(world, stack(parameters=shown_other, **more))
    )
    with pytest.raises(StackFailed):
        apply(world, account, declaring(world, stack(template="queue.yaml"), queue=QUEUE), "two")
    world.client("s3", account).create_bucket(Bucket=f"taken-{account.id}")
    taken = BUCKET.replace('"}', f'", "Properties": {{"BucketName": "taken-{account.id}"}}}}')
    with pytest.raises(StackFailed, match="already exists"):
        apply(
            world,
            account,
            declaring(world, stack(template="taken.yaml", parameters={}), taken=taken),
            "three",
        )
    prove_complete(world, STACKS, account, declaration=declaring(world, governed=(HERE, ABROAD), prune=True))
    used, declared = used_and_declared(world, STACKS, mark)
    assert used == declared


OTHERS_TRUST = [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]
