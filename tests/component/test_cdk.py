"""cdk: what apps of the CDK are deployed by, and who may."""

from __future__ import annotations

import json
from typing import Any

import pytest

from groundwork.baseline.components.cdk import VERSION, toolkits
from groundwork.baseline.components.cdk.names import DEPLOY, EXECUTE, LOOKUP, PUBLISH
from groundwork.contracts import Account
from groundwork.declaration.loading import load
from tests.component.cdk import (
    CDK,
    ELSEWHERE,
    HOME,
    PARAMETER,
    bucket_policy,
    named,
    policies,
    roles,
    with_cdk,
)
from tests.component.conftest import World
from tests.component.sabotage import differences, prove_complete, words

TOLD = with_cdk(HOME, ELSEWHERE)


@pytest.fixture(scope="module")
def member(world: World) -> Account:
    account = world.account()
    world.apply(CDK, account, declaration=TOLD)
    return account


def test_from_nothing_it_is_laid_down_in_every_governed_region(world: World) -> None:
    account = world.account()
    done = prove_complete(world, CDK, account, declaration=TOLD)
    assert {change.severity for change in done if change.resource.startswith("parameter")} == {"medium"}
    assert set(roles(world, account)) == {*named(account).roles, *named(account, ELSEWHERE).roles}
    for region in (HOME, ELSEWHERE):
        s3, ssm = world.client("s3", account, region), world.client("ssm", account, region)
        at = {"Bucket": named(account, region).bucket}
        assert s3.get_bucket_versioning(**at)["Status"] == "Enabled"
        assert all(s3.get_public_access_block(**at)["PublicAccessBlockConfiguration"].values())
        (rule,) = s3.get_bucket_encryption(**at)["ServerSideEncryptionConfiguration"]["Rules"]
        assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
        (rule,) = s3.get_bucket_lifecycle_configuration(**at)["Rules"]
        assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}
        assert "Expiration" not in rule
        assert {each["Sid"] for each in bucket_policy(world, account, region)["Statement"]} == {
            "OnlyOverTLS",
            "OnlyThePublisherWrites",
        }
        assert ssm.get_parameter(Name=PARAMETER)["Parameter"]["Value"] == VERSION
    assert (
        world.client("s3", account, ELSEWHERE).get_bucket_location(Bucket=named(account, ELSEWHERE).bucket)[
            "LocationConstraint"
        ]
        == ELSEWHERE
    )


def test_the_parameter_comes_last(world: World) -> None:
    """It promises the CDK all the rest."""
    account = world.account()
    mark = len(world.aws.calls)
    world.apply(CDK, account, declaration=with_cdk())
    written = [call.operation for call in world.calls_since(mark) if call.mutating]
    assert written[-1] == "PutParameter"
    assert written.count("PutParameter") == 1


def test_pipelines_of_the_tooling_account_take_it_and_nobody_else(world: World, member: Account) -> None:
    for purpose in (DEPLOY, PUBLISH, LOOKUP):
        trust = roles(world, member)[named(member).role(purpose)]["AssumeRolePolicyDocument"]
        (statement,) = trust["Statement"]
        assert statement["Principal"] == {"AWS": f"arn:aws:iam::{world.tooling.id}:root"}
        assert statement["Condition"] == {
            "StringEquals": {"aws:PrincipalOrgID": world.organization.id},
            "ArnLike": {"aws:PrincipalArn": [f"arn:aws:iam::{world.tooling.id}:role/ci-cd/*"]},
        }
    trust = roles(world, member)[named(member).role(EXECUTE)]["AssumeRolePolicyDocument"]
    assert trust["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "cloudformation.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ]


def test_cloudformation_gets_what_a_pipeline_may_and_no_more(world: World, member: Account) -> None:
    its = policies(world, member, EXECUTE)
    pipelines = next(role for role in load().access.roles if role.name.startswith("allow-deploy"))
    assert set(its) == set(pipelines.policies)
    creates = next(each for each in its["workload-roles"]["Statement"] if "iam:CreateRole" in each["Action"])
    boundary = f"arn:aws:iam::{member.id}:policy/workload-boundary"
    assert creates["Condition"] == {"StringEquals": {"iam:PermissionsBoundary": boundary}}
    for role in roles(world, member).values():
        assert role["AttachedManagedPolicies"] == []


def test_the_deploy_role_names_the_execution_role_in_each_call(world: World, member: Account) -> None:
    its = policies(world, member, DEPLOY)["cdk"]["Statement"]
    changing = next(each for each in its if "cloudformation:UpdateStack" in each["Action"])
    execution = named(member).role_arn(EXECUTE)
    assert changing["Condition"] == {"StringEquals": {"cloudformation:RoleArn": execution}}
    assert next(each for each in its if each["Action"] == "iam:PassRole")["Resource"] == execution


def test_without_a_tooling_account_it_waits(world: World) -> None:
    account = world.account()
    nobody = world.organization.model_copy(update={"tooling_account_id": None})
    changes = world.apply(CDK, account, declaration=with_cdk(), organization=nobody)
    assert words(changes) == [
        f"report CDK in {HOME}: left out for now: the tooling account does not exist yet; it is laid down once that is there"
    ]
    assert roles(world, account) == {}
    assert prove_complete(world, CDK, account, declaration=with_cdk())


def toolkit(
    world: World,
    account: Account,
    qualifier: str,
    policy: str = "ReadOnlyAccess",
    stack: str = "CDKToolkit",
) -> Any:
    """The part of `cdk bootstrap`'s stack that tells it: a role and the parameter."""
    role = {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "RoleName": named(account, qualifier=qualifier).role(EXECUTE),
            "AssumeRolePolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "cloudformation.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                    }
                ],
            },
            "ManagedPolicyArns": [f"arn:aws:iam::aws:policy/{policy}"],
        },
    }
    cloudformation = world.client("cloudformation", account)
    cloudformation.create_stack(
        StackName=stack,
        TemplateBody=json.dumps({"Resources": {"CloudFormationExecutionRole": role}}),
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    return cloudformation


def test_a_bootstrap_of_the_cdks_own_is_left_alone_and_told(world: World) -> None:
    account = world.account()
    cloudformation = toolkit(world, account, "hnb659fds", "AdministratorAccess")
    before = roles(world, account)
    (told,) = world.apply(CDK, account, declaration=with_cdk())
    assert (told.action, told.resource, told.severity) == ("report", f"stack CDKToolkit in {HOME}", "high")
    assert "holds the qualifier hnb659fds: left alone" in told.reason
    assert "AdministratorAccess" in told.reason
    assert roles(world, account) == before
    cloudformation.delete_stack(StackName="CDKToolkit")
    assert prove_complete(world, CDK, account, declaration=with_cdk())


@pytest.mark.parametrize(
    ("stack", "remedy"),
    [
        ("StackSet-bootstrap-0a1b2c3d", "take the account out of the StackSet"),
        ("ours", "delete the stack by an entry role"),
    ],
)
def test_a_bootstrap_of_another_name_is_left_alone_too(world: World, stack: str, remedy: str) -> None:
    """StackSets, and `--toolkit-stack-name`, call the stack otherwise; what is in it has the names of the qualifier."""
    account = world.account()
    cloudformation = toolkit(world, account, "hnb659fds", "AdministratorAccess", stack)
    s3 = world.client("s3", account)
    s3.create_bucket(Bucket=named(account).bucket)
    before, mark = roles(world, account), len(world.aws.calls)
    (told,) = world.apply(CDK, account, declaration=with_cdk())
    assert (told.action, told.resource, told.severity) == ("report", f"stack {stack} in {HOME}", "high")
    assert "left alone" in told.reason
    assert remedy in told.reason
    assert roles(world, account) == before
    assert not [call.operation for call in world.calls_since(mark) if call.mutating and call.service != "sts"]
    s3.delete_bucket(Bucket=named(account).bucket)
    cloudformation.delete_stack(StackName=stack)
    assert prove_complete(world, CDK, account, declaration=with_cdk())


def test_a_role_of_no_stack_is_taken_over(world: World) -> None:
    """Whoever made it by hand, or took its tag off."""
    account = world.account()
    its = named(account).role(EXECUTE)
    service = {
        "Effect": "Allow",
        "Principal": {"Service": "ec2.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    trust = json.dumps({"Version": "2012-10-17", "Statement": [service]})
    world.client("iam", account).create_role(RoleName=its, AssumeRolePolicyDocument=trust)
    prove_complete(world, CDK, account, declaration=with_cdk())
    assert {"Key": "groundwork:component", "Value": "cdk"} in roles(world, account)[its]["Tags"]


def test_one_of_another_qualifier_is_told_and_in_nobodys_way(world: World) -> None:
    account = world.account()
    toolkit(world, account, "theirs")
    changes = world.apply(CDK, account, declaration=with_cdk())
    assert [(change.resource, change.severity) for change in changes if change.action == "report"] == [
        (f"stack CDKToolkit in {HOME}", "low")
    ]
    assert set(named(account).roles) < set(roles(world, account))


def test_a_bootstrap_that_failed_holds_nothing(world: World) -> None:
    """Its roles are there already; whoever tries does not stop Groundwork from keeping them."""
    account = world.account()
    world.apply(CDK, account, declaration=with_cdk())
    cloudformation = toolkit(world, account, "hnb659fds", "AdministratorAccess")
    (stack,) = cloudformation.describe_stacks(StackName="CDKToolkit")["Stacks"]
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    world.client("ssm", account).delete_parameter(Name=PARAMETER)
    changes = world.apply(CDK, account, declaration=with_cdk())
    assert {(change.action, change.resource) for change in changes} == {
        ("create", f"parameter {PARAMETER} in {HOME}"),
        ("report", f"stack CDKToolkit in {HOME}"),
    }


@pytest.mark.parametrize("status", ["CREATE_FAILED", "DELETE_COMPLETE", "DELETE_SKIPPED", "CREATE_COMPLETE"])
def test_of_a_stack_counts_what_it_holds(status: str) -> None:
    """CloudFormation lists what failed and what was deleted, too."""

    class Listed:
        def describe_stack_resources(self, **_: str) -> Any:
            held = {"PhysicalResourceId": role, "ResourceStatus": status}
            listed = [held, {"ResourceStatus": "CREATE_IN_PROGRESS"}]
            return {"StackResources": [{"StackName": "CDKToolkit", **each} for each in listed]}

    role = "cdk-hnb659fds-deploy-role"
    held = [role] if status == "CREATE_COMPLETE" else []
    for foreign in ([], [role]):
        assert toolkits.read(Listed(), foreign) == (toolkits.Toolkit("CDKToolkit", frozenset(held)),)


def test_what_a_former_qualifier_left_is_told(world: World) -> None:
    account = world.account()
    world.apply(CDK, account, declaration=with_cdk(qualifier="former"))
    changes = world.apply(CDK, account, declaration=with_cdk())
    left = [change for change in changes if change.action == "report"]
    assert {change.resource for change in left} == {
        f"role/{name}" for name in named(account, qualifier="former").roles
    }
    assert {change.severity for change in left} == {"high"}
    assert differences(world.plan(CDK, account, declaration=with_cdk())) == []
