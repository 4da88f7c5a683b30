"""cdk: a pipeline deploys by it as the CDK does, call by call, and by no other way."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from groundwork.baseline.components.access import Access
from groundwork.baseline.components.cdk.names import DEPLOY, EXECUTE, LOOKUP, PUBLISH
from groundwork.contracts import Account
from local.identity.credentials import Credentials
from tests.component.cdk import CDK, PARAMETER, named, with_cdk
from tests.component.conftest import World

BUILD = "codebuild.amazonaws.com"
CDK_NAME = "cdk-deploy-change-set"
KEY = "0123.json"


@dataclass
class Pipeline:
    """A role of the tooling account, and what it deploys into."""

    world: World
    account: Account
    credentials: Credentials

    def take(self, purpose: str) -> Callable[[str], Any]:
        """Clients with the session of one of the CDK's roles."""
        session = self.world.aws.client("sts", credentials=self.credentials).assume_role(
            RoleArn=named(self.account).role_arn(purpose), RoleSessionName="aws-cdk-root"
        )["Credentials"]
        inside = Credentials(session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
        return lambda service: self.world.aws.client(service, credentials=inside)

    def upload(self, body: str) -> str:
        self.take(PUBLISH)("s3").put_object(Bucket=named(self.account).bucket, Key=KEY, Body=body)
        return f"{self.world.aws.url}/{named(self.account).bucket}/{KEY}"

    def deploy(self, stack: str, resources: Any, kind: str = "CREATE") -> str:
        """The status in which the stack ends."""
        address = self.upload(json.dumps({"Resources": resources}))
        cloudformation = self.take(DEPLOY)("cloudformation")
        at = {"StackName": stack, "ChangeSetName": CDK_NAME}
        cloudformation.create_change_set(
            **at,
            ChangeSetType=kind,
            TemplateURL=address,
            RoleARN=named(self.account).role_arn(EXECUTE),
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        cloudformation.execute_change_set(**at)
        (described,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
        assert described["RoleARN"] == named(self.account).role_arn(EXECUTE)
        return str(described["StackStatus"])


@pytest.fixture(scope="module")
def member(world: World) -> Account:
    account = world.account()
    world.apply(Access(), account, declaration=with_cdk())
    world.apply(CDK, account, declaration=with_cdk())
    return account


def role_of_tooling(world: World, name: str, path: str) -> Credentials:
    iam = world.client("iam", world.tooling)
    trust = {"Effect": "Allow", "Principal": {"Service": BUILD}, "Action": "sts:AssumeRole"}
    anywhere = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
    iam.create_role(
        RoleName=name,
        Path=path,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    iam.put_role_policy(
        RoleName=name,
        PolicyName="deploy",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [anywhere]}),
    )
    return world.aws.mint(f"arn:aws:iam::{world.tooling.id}:role{path}{name}", "build", service=BUILD)


@pytest.fixture(scope="module")
def pipeline(world: World, member: Account) -> Pipeline:
    return Pipeline(world, member, role_of_tooling(world, "pipeline", "/ci-cd/"))


def workload(account: Account, path: str = "/workload/") -> dict[str, Any]:
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    role = {
        "Path": path,
        "PermissionsBoundary": f"arn:aws:iam::{account.id}:policy/workload-boundary",
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
    }
    return {
        "Queue": {"Type": "AWS::SQS::Queue"},
        "Role": {"Type": "AWS::IAM::Role", "Properties": role},
    }


def refused(call: Callable[..., Any], **given: Any) -> str:
    with pytest.raises(ClientError) as no:
        call(**given)
    return str(no.value.response["Error"]["Code"])


def test_a_pipeline_deploys_and_changes_an_app(pipeline: Pipeline, member: Account) -> None:
    ssm = pipeline.take(DEPLOY)("ssm")
    assert int(ssm.get_parameter(Name=PARAMETER)["Parameter"]["Value"]) >= 8
    assert pipeline.deploy("shop", workload(member)) == "CREATE_COMPLETE"
    more = {**workload(member), "Topic": {"Type": "AWS::SNS::Topic"}}
    assert pipeline.deploy("shop", more, "UPDATE") == "UPDATE_COMPLETE"


def test_a_role_elsewhere_is_refused_and_the_failed_stack_is_deleted_without_a_word_of_its_role(
    pipeline: Pipeline, member: Account
) -> None:
    assert pipeline.deploy("astray", workload(member, "/")) == "ROLLBACK_COMPLETE"
    pipeline.take(DEPLOY)("cloudformation").delete_stack(StackName="astray")
    assert pipeline.deploy("astray", workload(member)) == "CREATE_COMPLETE"


def test_what_the_cdk_made_itself_stays_out_of_reach(pipeline: Pipeline, member: Account) -> None:
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
    }
    policy = {
        "PolicyName": "more",
        "PolicyDocument": document,
        "Roles": [named(member).role(EXECUTE)],
    }
    status = pipeline.deploy("more", {"More": {"Type": "AWS::IAM::Policy", "Properties": policy}})
    assert status == "ROLLBACK_COMPLETE"


@pytest.mark.parametrize("who", ["nobody", "another"])
def test_a_stack_is_changed_by_the_execution_role_and_no_other(
    world: World, pipeline: Pipeline, member: Account, who: str
) -> None:
    """An administrator's stack has a role that may everything; who names none would work with that one."""
    iam, stack = world.client("iam", member), f"of-an-administrator-{who}"
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudformation.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    arn = iam.create_role(
        RoleName=stack,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )["Role"]["Arn"]
    iam.attach_role_policy(RoleName=stack, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    body = json.dumps({"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}})
    world.client("cloudformation", member).create_stack(StackName=stack, TemplateBody=body, RoleARN=arn)
    cloudformation = pipeline.take(DEPLOY)("cloudformation")
    given = {"RoleARN": arn} if who == "another" else {}
    evil = json.dumps({"Resources": workload(member, "/")})
    at = {"StackName": stack, "TemplateBody": evil, "Capabilities": ["CAPABILITY_IAM"], **given}
    assert refused(cloudformation.update_stack, **at) == "AccessDenied"
    assert refused(cloudformation.create_change_set, **at, ChangeSetName="evil") == "AccessDenied"
    assert refused(cloudformation.create_stack, **{**at, "StackName": "new"}) == "AccessDenied"


def test_who_is_no_pipeline_takes_none_of_its_roles(world: World, member: Account) -> None:
    somebody = Pipeline(world, member, role_of_tooling(world, "somebody", "/"))
    for purpose in (DEPLOY, PUBLISH, LOOKUP, EXECUTE):
        assert refused(somebody.take, purpose=purpose) == "AccessDenied"


def test_cloudformations_role_is_not_taken_by_a_pipeline(pipeline: Pipeline) -> None:
    assert refused(pipeline.take, purpose=EXECUTE) == "AccessDenied"


def test_only_the_publisher_writes_what_is_deployed(
    world: World, pipeline: Pipeline, member: Account
) -> None:
    pipeline.upload("{}")
    at = {"Bucket": named(member).bucket, "Key": KEY}
    others = world.client("s3", member)
    assert refused(others.put_object, **at, Body=b"evil") == "AccessDenied"
    assert others.get_object(**at)["Body"].read() == b"{}"
    publisher, deployer = pipeline.take(PUBLISH)("s3"), pipeline.take(DEPLOY)("s3")
    assert refused(deployer.put_object, **at, Body=b"evil") == "AccessDenied"
    assert refused(publisher.delete_object, **at) == "AccessDenied"
    assert refused(publisher.delete_bucket_policy, Bucket=at["Bucket"]) == "AccessDenied"


def test_the_lookup_role_reads_context_and_no_data(world: World, pipeline: Pipeline, member: Account) -> None:
    client = pipeline.take(LOOKUP)
    assert client("ec2").describe_availability_zones()["AvailabilityZones"]
    assert client("ssm").get_parameter(Name=PARAMETER)["Parameter"]["Value"]
    pipeline.upload("{}")
    assert refused(client("s3").get_object, Bucket=named(member).bucket, Key=KEY) == "AccessDenied"
    assert refused(client("sqs").list_queues) == "AccessDenied"
