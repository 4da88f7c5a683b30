"""A pipeline of mgmt deploys what workloads are made of, roles too, and gets no further by it."""

from __future__ import annotations

import json

import pytest

from demo.pipeline import ADMINISTRATOR, Pipeline
from groundwork.contracts import Account
from local.identity.credentials import Credentials
from tests.workflow.conftest import Cloud
from tests.workflow.people import join, machine, with_device


@pytest.fixture(scope="module")
def runner(cloud: Cloud) -> Credentials:
    cloud.declared("security")
    return machine(cloud, cloud.declared("mgmt"), "/ci-cd/", "application-pipeline")


@pytest.fixture(scope="module")
def pipeline(cloud: Cloud, runner: Credentials) -> Pipeline:
    return Pipeline(cloud.aws, runner, workload(cloud, "Workloads/Production"))


def workload(cloud: Cloud, unit: str) -> Account:
    name, email = cloud.fresh()
    ended = cloud.ask(accountName=name, email=email, organizationalUnit=unit)
    return Account(id=ended.output["accountId"], name=name, email=email, kind="workload", unit=unit)


def test_it_deploys_an_application_with_a_role_and_updates_it(pipeline: Pipeline) -> None:
    assert pipeline.deploy("hello")["StackStatus"] == "CREATE_COMPLETE"
    assert pipeline.use() == ("hello", "hello")
    assert pipeline.deploy("good day")["StackStatus"] == "UPDATE_COMPLETE"
    assert pipeline.use() == ("good day", "good day")


@pytest.mark.usefixtures("runner")
def test_a_developer_deploys_it_in_development_and_gets_no_further(cloud: Cloud) -> None:
    security, name = cloud.declared("security"), "developer-of-an-application"
    user = with_device(cloud, join(cloud, security, name, "dev-external-accounts"), name)
    account = workload(cloud, "Workloads/Development")
    developer = Pipeline(cloud.aws, user.session, account, "allow-dev-from-security-account")
    assert developer.deploy("hello")["StackStatus"] == "CREATE_COMPLETE"
    assert developer.use() == ("hello", "hello")
    assert [str(attempt) for attempt in developer.reach_further() if attempt.refusal is None] == []


def test_it_gets_no_further(pipeline: Pipeline) -> None:
    attempts = list(pipeline.reach_further())
    assert len(attempts) == 6
    assert [str(attempt) for attempt in attempts if attempt.refusal is None] == []
    by_stack = attempts[-1]
    assert by_stack.words.startswith("make an administrator by the service role of a stack")
    assert "iam:CreateRole" in str(by_stack.refusal)
    assert "permissions boundary" in str(by_stack.refusal)


def test_a_stack_whose_role_an_administrator_made_without_the_boundary_is_a_way(
    cloud: Cloud, pipeline: Pipeline
) -> None:
    """What `docs/security.md` says is not held: it is here so that the words stay true."""
    account = pipeline.account.id
    iam = cloud.inside("iam", account)
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudformation.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    role = iam.create_role(
        RoleName="made-by-an-administrator",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )["Role"]
    iam.attach_role_policy(RoleName=role["RoleName"], PolicyArn=ADMINISTRATOR)
    template = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}
    cloud.inside("cloudformation", account).create_stack(
        StackName="theirs", TemplateBody=json.dumps(template), RoleARN=role["Arn"]
    )
    assert pipeline.make_an_administrator("theirs").refusal is None
