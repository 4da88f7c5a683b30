"""A stack's life in the embedded AWS: created, changed, rolled back, refused, deleted."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError
from samtranslator.yaml_helper import yaml_parse

from local.engine import Engine
from local.identity.credentials import Credentials
from local.stack.cloudformation import DeploymentFailed
from tests.engine.stack.stacks import APPLICATION, create, described, resources
from tests.engine.support import eventually, plain_moto
from tests.queues import listen


@pytest.fixture(scope="module")
def aws() -> Iterator[Engine]:
    with Engine(time_scale=0.05) as engine:
        yield engine


# A stack's life -----------------------------------------------------------------------------------

TOPIC = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "one"}}


def test_the_bus_hears_of_a_stack_that_is_complete(aws: Engine) -> None:
    pattern = {
        "source": ["aws.cloudformation"],
        "detail-type": ["CloudFormation Stack Status Change"],
        "detail": {"status-details": {"status": ["CREATE_COMPLETE"]}},
    }
    url = listen(aws, "heard", pattern)
    create(aws, "heard", {"Topic": TOPIC})
    (message,) = eventually(lambda: aws.client("sqs").receive_message(QueueUrl=url).get("Messages"))
    event = json.loads(message["Body"])
    assert event["resources"] == [described(aws, "heard")["StackId"]]
    assert event["detail"] == {
        "stack-id": described(aws, "heard")["StackId"],
        "status-details": {"status": "CREATE_COMPLETE", "status-reason": ""},
        "client-request-token": "",
    }


def test_an_update_changes_what_differs_and_what_refers_to_it(aws: Engine) -> None:
    role = {
        "Type": "AWS::SSM::Parameter",
        "Properties": {"Type": "String", "Value": {"Fn::GetAtt": ["Topic", "TopicName"]}},
    }
    other = {"Type": "AWS::SNS::Topic"}
    create(aws, "changing", {"Topic": TOPIC, "Name": role, "Other": other, "Gone": other})
    before = resources(aws, "changing")
    new = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "renamed"}}
    body = json.dumps({"Resources": {"Topic": new, "Name": role, "Other": other}})
    cloudformation = aws.client("cloudformation")
    cloudformation.update_stack(StackName="changing", TemplateBody=body)
    after = resources(aws, "changing")
    assert described(aws, "changing")["StackStatus"] == "UPDATE_COMPLETE"
    assert after["Other"] == before["Other"]
    topics = {topic["TopicArn"] for topic in aws.client("sns").list_topics()["Topics"]}
    assert after["Topic"] in topics
    assert not {before["Topic"], before["Gone"]} & topics
    assert aws.client("ssm").get_parameter(Name=after["Name"])["Parameter"]["Value"] == "renamed"
    with pytest.raises(ClientError, match=r"No updates are to be performed\."):
        cloudformation.update_stack(StackName="changing", TemplateBody=body)


def test_tags_come_and_go_and_everything_else_stays(aws: Engine) -> None:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    everyone = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:*", "Resource": "*"}],
    }
    untagged: dict[str, Any] = {
        "Topic": TOPIC,
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {}},
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust}},
        "Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": everyone}},
    }
    tags = [{"Key": "team", "Value": "data"}]
    tagged = {
        name: {**resource, "Properties": {**resource["Properties"], "Tags": tags}}
        for name, resource in untagged.items()
    }
    create(aws, "labelled", untagged)
    before = resources(aws, "labelled")
    for declared, expected in ((tagged, {"team": "data"}), (untagged, {})):
        body = json.dumps({"Resources": declared})
        aws.client("cloudformation").update_stack(
            StackName="labelled", TemplateBody=body, Capabilities=["CAPABILITY_IAM"]
        )
        assert described(aws, "labelled")["StackStatus"] == "UPDATE_COMPLETE"
        assert resources(aws, "labelled") == before
        queue = aws.client("sqs").list_queue_tags(QueueUrl=before["Queue"]).get("Tags", {})
        role = aws.client("iam").list_role_tags(RoleName=before["Role"])["Tags"]
        assert queue == {tag["Key"]: tag["Value"] for tag in role} == expected


BAD = {
    "Type": "AWS::IAM::Role",
    "DependsOn": "Table",
    "Properties": {
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Perhaps"}]}
    },
}
TABLE: dict[str, Any] = {
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "BillingMode": "PAY_PER_REQUEST",
}


@pytest.mark.parametrize(
    ("policy", "protected", "status", "left"),
    [
        ("Retain", False, "ROLLBACK_COMPLETE", 1),
        ("RetainExceptOnCreate", False, "ROLLBACK_COMPLETE", 0),
        ("RetainExceptOnCreate", True, "ROLLBACK_FAILED", 1),
        ("Retain", True, "ROLLBACK_COMPLETE", 1),
    ],
)
def test_what_a_failed_creation_leaves_behind(
    aws: Engine, policy: str, protected: bool, status: str, left: int
) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html"""
    name = f"{policy}-{protected}".lower()
    properties = TABLE | {"TableName": name, "DeletionProtectionEnabled": protected}
    table = {"Type": "AWS::DynamoDB::Table", "DeletionPolicy": policy, "Properties": properties}
    create(aws, name, {"Table": table, "Bad": BAD})
    assert described(aws, name)["StackStatus"] == status
    assert aws.client("dynamodb").list_tables()["TableNames"].count(name) == left


def test_what_is_kept_when_its_stack_is_deleted(aws: Engine) -> None:
    group = {"Type": "AWS::Logs::LogGroup", "DeletionPolicy": "RetainExceptOnCreate", "Properties": {}}
    create(aws, "keeping", {"Logs": group})
    kept = resources(aws, "keeping")["Logs"]
    aws.client("cloudformation").delete_stack(StackName="keeping")
    found = aws.client("logs").describe_log_groups(logGroupNamePrefix=kept)["logGroups"]
    assert [each["logGroupName"] for each in found] == [kept]


def test_an_assertion_of_the_template_refuses_before_anything_is_made(aws: Engine) -> None:
    def rules(region: str) -> dict[str, Any]:
        asserted = {
            "Assert": {"Fn::Equals": [{"Ref": "AWS::Region"}, region]},
            "AssertDescription": f"it lives in {region}",
        }
        return {"Rules": {"OneRegion": {"Assertions": [asserted]}}}

    with pytest.raises(ClientError, match="it lives in eu-west-1"):
        create(aws, "elsewhere", {"Topic": TOPIC}, **rules("eu-west-1"))
    with pytest.raises(ClientError, match="does not exist"):
        described(aws, "elsewhere")
    create(aws, "here", {"Topic": TOPIC}, **rules("us-east-1"))
    assert described(aws, "here")["StackStatus"] == "CREATE_COMPLETE"


def test_a_failed_creation_takes_everything_back(aws: Engine) -> None:
    topics = aws.client("sns").list_topics()["Topics"]
    bad = {
        "Type": "AWS::IAM::Role",
        "DependsOn": "Topic",
        "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Perhaps"}]}
        },
    }
    create(aws, "failing", {"Topic": TOPIC, "Role": bad})
    stack = described(aws, "failing")
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "Role: " in stack["StackStatusReason"]
    assert "MalformedPolicyDocument" in stack["StackStatusReason"]
    assert aws.client("sns").list_topics()["Topics"] == topics


def test_what_cannot_be_taken_back_is_told(aws: Engine) -> None:
    """An access log bucket that has received its first log is not empty."""
    logging = {"LoggingConfiguration": {"DestinationBucketName": {"Ref": "Logs"}, "LogFilePrefix": ""}}
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": {"Fn::Sub": "${Logs.Arn}/*"},
    }
    policy = {
        "Bucket": {"Ref": "Logs"},
        "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
    }
    declared = {
        "Logs": {"Type": "AWS::S3::Bucket"},
        "Policy": {"Type": "AWS::S3::BucketPolicy", "Properties": policy},
        "Archive": {"Type": "AWS::S3::Bucket", "DependsOn": "Policy", "Properties": logging},
        "Alias": {
            "Type": "AWS::KMS::Alias",
            "DependsOn": "Archive",
            "Properties": {"AliasName": "alias/lost", "TargetKeyId": "00000000-0000-0000-0000-000000000000"},
        },
    }
    create(aws, "stuck", declared)
    stack = described(aws, "stuck")
    assert stack["StackStatus"] == "ROLLBACK_FAILED"
    assert stack["StackStatusReason"].startswith("Alias: ")
    assert "Logs could not be put back: " in stack["StackStatusReason"]
    assert list(resources(aws, "stuck")) == ["Logs"]


def test_a_failed_update_puts_everything_back(aws: Engine) -> None:
    create(aws, "faltering", {"Topic": TOPIC})
    (arn,) = resources(aws, "faltering").values()
    changed = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "two"}}
    bad = {
        "Type": "AWS::KMS::Alias",
        "DependsOn": "Topic",
        "Properties": {"AliasName": "alias/lost", "TargetKeyId": "00000000-0000-0000-0000-000000000000"},
    }
    body = json.dumps({"Resources": {"Topic": changed, "Alias": bad}})
    aws.client("cloudformation").update_stack(StackName="faltering", TemplateBody=body)
    assert described(aws, "faltering")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert aws.client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"] == "one"


def test_a_stack_can_do_no_more_than_its_caller(aws: Engine) -> None:
    iam = aws.client("iam")
    iam.create_user(UserName="deployer")
    statement = {"Effect": "Allow", "Action": ["cloudformation:*", "sns:*"], "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName="deployer", PolicyName="deploy", PolicyDocument=document)
    key = iam.create_access_key(UserName="deployer")["AccessKey"]
    deployer = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
    create(aws, "allowed", {"Topic": {"Type": "AWS::SNS::Topic"}}, deployer)
    assert described(aws, "allowed")["StackStatus"] == "CREATE_COMPLETE"
    create(aws, "denied", {"Key": {"Type": "AWS::KMS::Key"}}, deployer)
    stack = described(aws, "denied")
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "AccessDenied" in stack["StackStatusReason"]
    assert "user/deployer" in stack["StackStatusReason"]


def test_deletion_keeps_what_is_retained(aws: Engine) -> None:
    kept = {"Type": "AWS::SNS::Topic", "DeletionPolicy": "Retain"}
    create(aws, "passing", {"Kept": kept, "Gone": {"Type": "AWS::SNS::Topic"}})
    made = resources(aws, "passing")
    aws.client("cloudformation").delete_stack(StackName="passing")
    topics = {topic["TopicArn"] for topic in aws.client("sns").list_topics()["Topics"]}
    assert made["Kept"] in topics
    assert made["Gone"] not in topics
    with pytest.raises(ClientError, match="does not exist"):
        described(aws, "passing")


# What is refused ----------------------------------------------------------------------------------

REFUSED: list[tuple[dict[str, Any], str]] = [
    (
        {"Resources": {"Thing": {"Type": "AWS::Nothing::Here"}}},
        r"Unrecognized resource types: \[AWS::Nothing::Here\]",
    ),
    (
        {"Resources": {"Fleet": {"Type": "AWS::EC2::SpotFleet"}}},
        "the embedded CloudFormation has no AWS::EC2",
    ),
    (
        {"Resources": {"T": {"Type": "AWS::SNS::Topic", "Properties": {"Colour": "red"}}}},
        "unsupported property Colour",
    ),
    (
        {"Resources": {"T": {"Type": "AWS::SNS::Topic", "Properties": {"ArchivePolicy": {}}}}},
        "does not carry out ArchivePolicy",
    ),
    ({"Resources": {"T": {**TOPIC, "CreationPolicy": {}}}}, "does not carry out CreationPolicy"),
    ({"Resources": {"T": {**TOPIC, "DependsOn": "Nobody"}}}, r"Unresolved resource dependencies \[Nobody\]"),
    (
        {"Resources": {"A": {**TOPIC, "DependsOn": "B"}, "B": {**TOPIC, "DependsOn": "A"}}},
        "Circular dependency",
    ),
    (
        {"Resources": {"T": TOPIC}, "Parameters": {"P": {"Type": "String"}}},
        r"Parameters: \[P\] must have values",
    ),
    ({"Resources": {"T": TOPIC}, "Transform": "AWS::LanguageExtensions"}, "has no transform"),
    ({"Resources": {"T": TOPIC}, "Hooks": {}}, "does not carry out the section Hooks"),
]


@pytest.mark.parametrize(("template", "told"), REFUSED)
def test_what_cannot_be_is_refused_before_anything_is_made(
    aws: Engine, template: dict[str, Any], told: str
) -> None:
    cloudformation = aws.client("cloudformation")
    with pytest.raises(ClientError, match=told):
        cloudformation.create_stack(StackName="refused", TemplateBody=json.dumps(template))
    with pytest.raises(ClientError, match="does not exist"):
        described(aws, "refused")


def test_a_property_of_the_wrong_type_fails_the_stack(aws: Engine) -> None:
    create(aws, "wrong", {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": "soon"}}})
    assert "#/DelaySeconds: 'soon' is not of type 'integer'" in described(aws, "wrong")["StackStatusReason"]


@pytest.mark.parametrize("resource", ["GreetRole", "HelloRole", "RuleRole"])
def test_a_role_that_its_service_cannot_assume_fails_the_stack(
    aws: Engine, resource: str, tmp_path: Path
) -> None:
    broken = deployable(tmp_path, lambda template: _trust_nobody(template, resource))
    told = {
        "GreetRole": "states.amazonaws.com",
        "HelloRole": "cannot be assumed by Lambda",
        "RuleRole": "must allow AWS EventBridge Scheduler",
    }
    with pytest.raises(DeploymentFailed, match=told[resource]):
        aws.deploy(broken, f"untrusted-{resource.lower()}")


def _trust_nobody(template: dict[str, Any], name: str) -> None:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    if name == "HelloRole":
        template["Resources"]["Hello"]["Properties"]["AssumeRolePolicyDocument"] = trust
    else:
        template["Resources"][name]["Properties"]["AssumeRolePolicyDocument"] = trust


def deployable(folder: Path, change: Any) -> Path:
    """A copy of the application with its template changed."""
    shutil.copytree(APPLICATION.parent, folder / "application")
    path = folder / "application" / "template.yaml"
    template = yaml_parse(path.read_text())
    change(template)
    path.write_text(yaml.safe_dump(json.loads(json.dumps(template))))
    return path


def test_a_function_that_wants_a_build_is_refused(aws: Engine, tmp_path: Path) -> None:
    path = deployable(tmp_path, lambda template: template["Resources"]["Hello"].pop("Metadata"))
    with pytest.raises(ValueError, match="Hello: a function needs"):
        aws.deploy(path, "unbuilt")


# Other ways in ------------------------------------------------------------------------------------


def test_the_aws_command_line_deploys_and_deploys_again(aws: Engine, tmp_path: Path) -> None:
    path = tmp_path / "template.json"

    def deploy(display: str) -> str:
        topic = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": display}}
        path.write_text(json.dumps({"Resources": {"Topic": topic}}))
        command = ["cloudformation", "deploy", "--stack-name", "by-hand", "--template-file", str(path)]
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "AWS_ENDPOINT_URL": aws.url,
            "AWS_DEFAULT_REGION": aws.region,
            **aws.administrator.for_environment(),
        }
        program = [str(Path(sys.executable).parent / "aws"), *command]
        done = subprocess.run(program, capture_output=True, text=True, env=environment, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "Successfully created/updated stack" in deploy("one")
    assert "Successfully created/updated stack" in deploy("two")
    (arn,) = resources(aws, "by-hand").values()
    assert aws.client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"] == "two"


# Why the adapter is there -------------------------------------------------------------------------


def test_plain_moto_skips_what_it_does_not_know() -> None:
    code = """
        import warnings; warnings.simplefilter("ignore")
        body = {"Resources": {"Thing": {"Type": "AWS::Nothing::Here"}, "Topic": {"Type": "AWS::SNS::Topic"}}}
        client("cloudformation").create_stack(StackName="s", TemplateBody=json.dumps(body))
        print(client("cloudformation").describe_stacks()["Stacks"][0]["StackStatus"])
    """
    assert plain_moto(code) == "CREATE_COMPLETE"


def test_plain_moto_takes_a_role_that_lambda_cannot_assume() -> None:
    code = """
        trust = {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
        role = client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        states = client("stepfunctions")
        machine = '{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}'
        print(states.create_state_machine(name="m", definition=machine, roleArn=role)["stateMachineArn"][-1])
    """
    assert plain_moto(code) == "m"


def test_plain_moto_refuses_a_policy_without_a_version() -> None:
    code = """
        statement = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        client("iam").create_policy(PolicyName="p", PolicyDocument=json.dumps({"Statement": [statement]}))
    """
    assert "Policy document must be version 2012-10-17" in plain_moto(code)
