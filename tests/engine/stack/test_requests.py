"""What CloudFormation asks of whoever asks it: capabilities, no protection, a role that it can assume; and its token."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from local.engine import Engine
from tests.engine.support import plain_moto

TRUST = {"Version": "2012-10-17", "Statement": []}
TOPIC = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})


def role(**named: str) -> str:
    properties = {"AssumeRolePolicyDocument": TRUST, **named}
    return json.dumps({"Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": properties}}})


@pytest.fixture(scope="module")
def aws() -> Iterator[Engine]:
    with Engine(time_scale=0.05) as engine:
        yield engine


@pytest.mark.parametrize(
    ("template", "given", "needed"),
    [
        (role(), [], "CAPABILITY_IAM"),
        (role(RoleName="named"), ["CAPABILITY_IAM"], "CAPABILITY_NAMED_IAM"),
    ],
)
def test_what_makes_roles_needs_a_capability(
    aws: Engine, template: str, given: list[str], needed: str
) -> None:
    cloudformation = aws.client("cloudformation")
    at = {"StackName": "roles", "TemplateBody": template, "Capabilities": given}
    with pytest.raises(cloudformation.exceptions.InsufficientCapabilitiesException, match=needed):
        cloudformation.create_stack(**at)
    with pytest.raises(cloudformation.exceptions.InsufficientCapabilitiesException, match=needed):
        cloudformation.create_change_set(**at, ChangeSetName="new", ChangeSetType="CREATE")


def test_a_protected_stack_is_not_deleted_before_it_is_protected_no_more(aws: Engine) -> None:
    cloudformation = aws.client("cloudformation")
    at = {"StackName": "kept"}
    cloudformation.create_stack(**at, TemplateBody=TOPIC, EnableTerminationProtection=True)
    with pytest.raises(ClientError, match="cannot be deleted while TerminationProtection is enabled"):
        cloudformation.delete_stack(**at)
    cloudformation.update_termination_protection(**at, EnableTerminationProtection=False)
    (stack,) = cloudformation.describe_stacks(**at)["Stacks"]
    assert stack["EnableTerminationProtection"] is False
    cloudformation.delete_stack(**at)
    with pytest.raises(ClientError, match="does not exist"):
        cloudformation.describe_stacks(**at)


def test_a_role_that_it_cannot_assume_is_refused_and_no_stack_is_there(aws: Engine) -> None:
    cloudformation, absent = aws.client("cloudformation"), "arn:aws:iam::123456789012:role/absent"
    with pytest.raises(ClientError, match=f"Role {absent} is invalid or cannot be assumed"):
        cloudformation.create_stack(StackName="by-absent", TemplateBody=TOPIC, RoleARN=absent)
    with pytest.raises(ClientError, match="does not exist"):
        cloudformation.describe_stacks(StackName="by-absent")


def test_a_stack_whose_role_is_gone_is_not_deleted(aws: Engine) -> None:
    cloudformation, iam = aws.client("cloudformation"), aws.client("iam")
    trusting = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudformation.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    trust = json.dumps({"Version": "2012-10-17", "Statement": [trusting]})
    made = iam.create_role(RoleName="its-own", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    sns = "arn:aws:iam::aws:policy/AmazonSNSFullAccess"
    iam.attach_role_policy(RoleName="its-own", PolicyArn=sns)
    cloudformation.create_stack(StackName="by-its-own", TemplateBody=TOPIC, RoleARN=made)
    iam.detach_role_policy(RoleName="its-own", PolicyArn=sns)
    iam.delete_role(RoleName="its-own")
    with pytest.raises(ClientError, match=f"Role {made} is invalid or cannot be assumed"):
        cloudformation.delete_stack(StackName="by-its-own")
    iam.create_role(RoleName="its-own", AssumeRolePolicyDocument=trust)
    iam.attach_role_policy(RoleName="its-own", PolicyArn=sns)
    cloudformation.delete_stack(StackName="by-its-own")


def test_every_event_of_an_operation_has_its_token(aws: Engine) -> None:
    cloudformation = aws.client("cloudformation")
    cloudformation.create_stack(StackName="told", TemplateBody=TOPIC, ClientRequestToken="first")
    events = cloudformation.describe_stack_events(StackName="told")["StackEvents"]
    assert {event["ClientRequestToken"] for event in events} == {"first"}
    assert len(events) >= 4


def test_a_deletion_that_is_asked_for_again_by_its_token_is_the_same_request(aws: Engine) -> None:
    cloudformation = aws.client("cloudformation")
    properties = {"Type": "String", "Value": {"Fn::ImportValue": "given"}}
    importing = json.dumps({"Resources": {"Told": {"Type": "AWS::SSM::Parameter", "Properties": properties}}})
    export = {"Topic": {"Value": {"Fn::GetAtt": ["Topic", "TopicName"]}, "Export": {"Name": "given"}}}
    cloudformation.create_stack(
        StackName="giving", TemplateBody=json.dumps({**json.loads(TOPIC), "Outputs": export})
    )
    cloudformation.create_stack(StackName="taking", TemplateBody=importing)
    cloudformation.delete_stack(StackName="giving", ClientRequestToken="first")
    cloudformation.delete_stack(StackName="taking")
    cloudformation.delete_stack(StackName="giving", ClientRequestToken="first")
    (stack,) = cloudformation.describe_stacks(StackName="giving")["Stacks"]
    assert stack["StackStatusReason"].endswith("in use by taking.")
    cloudformation.delete_stack(StackName="giving", ClientRequestToken="second")
    with pytest.raises(ClientError, match="does not exist"):
        cloudformation.describe_stacks(StackName="giving")


def test_plain_moto_asks_for_nothing() -> None:
    told = plain_moto(
        """
        import boto3, json
        cloudformation = boto3.client("cloudformation", region_name="us-east-1")
        trust = {"Version": "2012-10-17", "Statement": []}
        role = {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "r", "AssumeRolePolicyDocument": trust}}
        at = {"StackName": "one", "TemplateBody": json.dumps({"Resources": {"Role": role}})}
        absent = "arn:aws:iam::123456789012:role/absent"
        cloudformation.create_stack(
            **at, RoleARN=absent, EnableTerminationProtection=True, ClientRequestToken="first"
        )
        events = cloudformation.describe_stack_events(StackName="one")["StackEvents"]
        cloudformation.delete_stack(StackName="one")
        print(any("ClientRequestToken" in event for event in events), len(cloudformation.describe_stacks()["Stacks"]))
        """
    )
    assert told.strip() == "False 0"
