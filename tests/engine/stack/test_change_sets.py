"""Change sets of the embedded CloudFormation, as `cdk deploy` and `aws cloudformation deploy` use them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.engine import Engine
from local.identity.credentials import Credentials
from tests.engine.stack.stacks import create, described, resources
from tests.engine.support import plain_moto

CDK = "cdk-deploy-change-set"


@pytest.fixture(scope="module")
def aws() -> Iterator[Engine]:
    with Engine(time_scale=0.05) as engine:
        yield engine


def topic(display: str) -> str:
    declared = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": display}}
    return json.dumps({"Resources": {"Topic": declared}})


def propose(aws: Engine, stack: str, body: str, kind: str = "UPDATE", name: str = CDK, **more: Any) -> str:
    made: str = aws.client("cloudformation").create_change_set(
        StackName=stack, ChangeSetName=name, ChangeSetType=kind, TemplateBody=body, **more
    )["Id"]
    return made


def execute(aws: Engine, stack: str, name: str = CDK) -> None:
    aws.client("cloudformation").execute_change_set(StackName=stack, ChangeSetName=name)


def code(refused: pytest.ExceptionInfo[ClientError]) -> str:
    return str(refused.value.response["Error"]["Code"])


def test_a_change_set_belongs_to_its_stack(aws: Engine) -> None:
    for name in ("one", "two"):
        propose(aws, name, topic(name), "CREATE")
    execute(aws, "two")
    assert described(aws, "one")["StackStatus"] == "REVIEW_IN_PROGRESS"
    assert described(aws, "two")["StackStatus"] == "CREATE_COMPLETE"
    listed = aws.client("cloudformation").list_change_sets(StackName="one")["Summaries"]
    assert [each["StackName"] for each in listed] == ["one"]


def test_one_that_is_not_there_is_not_found_and_is_deleted_already(aws: Engine) -> None:
    create(aws, "there", json.loads(topic("there"))["Resources"])
    cloudformation = aws.client("cloudformation")
    cloudformation.delete_change_set(StackName="there", ChangeSetName=CDK)
    for operation in ("describe_change_set", "execute_change_set"):
        with pytest.raises(ClientError) as refused:
            getattr(cloudformation, operation)(StackName="there", ChangeSetName=CDK)
        assert code(refused) == "ChangeSetNotFound"
    with pytest.raises(ClientError, match="Stack with id nowhere does not exist"):
        cloudformation.describe_change_set(StackName="nowhere", ChangeSetName=CDK)


def test_a_stack_is_made_changed_and_changed_again_by_one_name(aws: Engine) -> None:
    """As the CDK does: delete, wait for it to be gone, create, execute."""
    cloudformation = aws.client("cloudformation")
    for number, kind in enumerate(("CREATE", "UPDATE", "UPDATE")):
        if kind == "UPDATE":
            cloudformation.delete_change_set(StackName="often", ChangeSetName=CDK)
        propose(aws, "often", topic(str(number)), kind)
        changes = cloudformation.describe_change_set(StackName="often", ChangeSetName=CDK)["Changes"]
        assert [each["ResourceChange"]["Action"] for each in changes] == [
            "Add" if kind == "CREATE" else "Modify"
        ]
        execute(aws, "often")
        assert described(aws, "often")["StackStatus"] == f"{kind}_COMPLETE"
        assert cloudformation.list_change_sets(StackName="often")["Summaries"] == []
    (arn,) = resources(aws, "often").values()
    assert aws.client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"] == "2"


def test_one_without_changes_fails_and_is_not_executed(aws: Engine) -> None:
    """Also where the template has parameters that nobody gives."""
    name = {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/same"}
    body = json.dumps({**json.loads(topic("same")), "Parameters": {"Name": name}})
    aws.client("ssm").put_parameter(Name="/same", Value="1", Type="String")
    aws.client("cloudformation").create_stack(StackName="same", TemplateBody=body)
    propose(aws, "same", body, Parameters=[{"ParameterKey": "Name", "UsePreviousValue": True}])
    proposed = aws.client("cloudformation").describe_change_set(StackName="same", ChangeSetName=CDK)
    assert (proposed["Status"], proposed["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert proposed["StatusReason"].startswith("The submitted information didn't contain changes.")
    with pytest.raises(ClientError) as refused:
        execute(aws, "same")
    assert code(refused) == "InvalidChangeSetStatus"


REPLACED = {
    "Parameters": {"Name": {"Type": "String", "Default": "one"}},
    "Resources": {
        "Topic": {
            "Type": "AWS::SNS::Topic",
            "Properties": {"TopicName": {"Ref": "Name"}, "DisplayName": "a"},
        },
        "Where": {
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Name": "/where", "Type": "String", "Value": {"Ref": "Topic"}},
        },
        "Bucket": {"Type": "AWS::S3::Bucket"},
    },
}


def test_what_is_replaced_is_shown_with_the_property_and_what_causes_it(aws: Engine) -> None:
    cloudformation = aws.client("cloudformation")
    cloudformation.create_stack(StackName="shown", TemplateBody=json.dumps(REPLACED))
    changed = json.loads(json.dumps(REPLACED))
    changed["Resources"]["Topic"]["Properties"]["DisplayName"] = "b"
    changed["Resources"]["Queue"] = {"Type": "AWS::SQS::Queue"}
    del changed["Resources"]["Bucket"]
    given = [{"ParameterKey": "Name", "ParameterValue": "two"}]
    propose(aws, "shown", json.dumps(changed), Parameters=given)
    listed = cloudformation.describe_change_set(StackName="shown", ChangeSetName=CDK)["Changes"]
    found = {each["ResourceChange"]["LogicalResourceId"]: each["ResourceChange"] for each in listed}
    assert {name: (each["Action"], each.get("Replacement")) for name, each in found.items()} == {
        "Topic": ("Modify", "True"),
        "Where": ("Modify", "False"),
        "Queue": ("Add", None),
        "Bucket": ("Remove", None),
    }
    assert found["Bucket"]["PolicyAction"] == "Delete"
    assert found["Bucket"]["PhysicalResourceId"] == resources(aws, "shown")["Bucket"]
    assert found["Topic"]["Details"] == [
        {
            "Target": {"Attribute": "Properties", "Name": "DisplayName", "RequiresRecreation": "Never"},
            "Evaluation": "Static",
            "ChangeSource": "DirectModification",
        },
        {
            "Target": {"Attribute": "Properties", "Name": "TopicName", "RequiresRecreation": "Always"},
            "Evaluation": "Static",
            "ChangeSource": "ParameterReference",
            "CausingEntity": "Name",
        },
    ]
    (value,) = found["Where"]["Details"]
    assert (value["Evaluation"], value["ChangeSource"], value["CausingEntity"]) == (
        "Dynamic",
        "ResourceReference",
        "Topic",
    )


def test_what_changes_no_resource_is_no_change(aws: Engine) -> None:
    create(aws, "idle", json.loads(topic("idle"))["Resources"])
    more = {**json.loads(topic("idle")), "Mappings": {"By": {"region": {"a": "b"}}}}
    propose(aws, "idle", json.dumps(more))
    told = aws.client("cloudformation").describe_change_set(StackName="idle", ChangeSetName=CDK)
    assert (told["Status"], told["Changes"]) == ("FAILED", [])
    output = {**json.loads(topic("idle")), "Outputs": {"Topic": {"Value": {"Ref": "Topic"}}}}
    propose(aws, "idle", json.dumps(output), name="output")
    told = aws.client("cloudformation").describe_change_set(StackName="idle", ChangeSetName="output")
    assert (told["Status"], told["Changes"]) == ("CREATE_COMPLETE", [])


def test_one_is_obsolete_once_the_stack_has_been_changed(aws: Engine) -> None:
    create(aws, "late", json.loads(topic("a"))["Resources"])
    propose(aws, "late", topic("b"))
    aws.client("cloudformation").update_stack(StackName="late", TemplateBody=topic("c"))
    told = aws.client("cloudformation").describe_change_set(StackName="late", ChangeSetName=CDK)
    assert told["ExecutionStatus"] == "OBSOLETE"
    with pytest.raises(ClientError) as refused:
        execute(aws, "late")
    assert code(refused) == "InvalidChangeSetStatus"


def test_a_policy_may_name_the_change_set(aws: Engine) -> None:
    create(aws, "named", json.loads(topic("a"))["Resources"])
    iam, there = (
        aws.client("iam"),
        {"Action": "cloudformation:*ChangeSet", "Resource": "*", "Effect": "Allow"},
    )
    only = {**there, "Condition": {"StringEquals": {"cloudformation:ChangeSetName": "mine"}}}
    iam.create_user(UserName="planner")
    iam.put_user_policy(
        UserName="planner",
        PolicyName="p",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": only}),
    )
    key = iam.create_access_key(UserName="planner")["AccessKey"]
    planner = aws.client(
        "cloudformation", credentials=Credentials(key["AccessKeyId"], key["SecretAccessKey"])
    )
    its = {"StackName": "named", "ChangeSetType": "UPDATE", "TemplateBody": topic("b")}
    planner.create_change_set(**its, ChangeSetName="mine")
    mine = {"StackName": "named", "ChangeSetName": "mine"}
    assert planner.describe_change_set(**mine)["Status"] == "CREATE_COMPLETE"
    planner.delete_change_set(**mine)
    with pytest.raises(ClientError, match="AccessDenied"):
        planner.create_change_set(**its, ChangeSetName="other")
    propose(aws, "named", topic("b"), name="other")
    for operation in ("describe_change_set", "execute_change_set", "delete_change_set"):
        with pytest.raises(ClientError, match="AccessDenied"):
            getattr(planner, operation)(StackName="named", ChangeSetName="other")


def test_whoever_has_one_made_must_be_allowed_to_pass_the_role_that_the_stack_has(aws: Engine) -> None:
    iam = aws.client("iam")
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudformation.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    role = iam.create_role(
        RoleName="its-own", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": trust})
    )["Role"]["Arn"]
    document = {"Version": "2012-10-17", "Statement": everything}
    iam.put_role_policy(RoleName="its-own", PolicyName="all", PolicyDocument=json.dumps(document))
    aws.client("cloudformation").create_stack(StackName="passed", TemplateBody=topic("a"), RoleARN=role)
    iam.create_user(UserName="proposer")
    may = {"Effect": "Allow", "Action": "cloudformation:*", "Resource": "*"}
    passes = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": role}
    key = iam.create_access_key(UserName="proposer")["AccessKey"]
    who = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
    for number, statements in enumerate(([may], [may, passes])):
        iam.put_user_policy(
            UserName="proposer",
            PolicyName="p",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statements}),
        )
        asked = {"StackName": "passed", "ChangeSetName": f"n{number}", "TemplateBody": topic("b")}
        cloudformation = aws.client("cloudformation", credentials=who)
        if number:
            cloudformation.create_change_set(**asked, ChangeSetType="UPDATE")
        else:
            with pytest.raises(ClientError, match="iam:PassRole"):
                cloudformation.create_change_set(**asked, ChangeSetType="UPDATE")


def test_a_previous_value_of_a_stored_parameter_is_its_name(aws: Engine) -> None:
    aws.client("ssm").put_parameter(Name="/kept", Value="7", Type="String")
    kept = {"Parameters": {"Kept": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/kept"}}}
    aws.client("cloudformation").create_stack(
        StackName="kept", TemplateBody=json.dumps({**json.loads(topic("1")), **kept})
    )
    previous = [{"ParameterKey": "Kept", "UsePreviousValue": True}]
    propose(aws, "kept", json.dumps({**json.loads(topic("2")), **kept}), Parameters=previous)
    execute(aws, "kept")
    stack = described(aws, "kept")
    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    assert stack["Parameters"] == [{"ParameterKey": "Kept", "ParameterValue": "/kept", "ResolvedValue": "7"}]


def test_what_is_refused_leaves_no_stack_behind(aws: Engine) -> None:
    with pytest.raises(ClientError, match="Unrecognized resource types"):
        propose(aws, "unmade", json.dumps({"Resources": {"It": {"Type": "AWS::Nothing::Here"}}}), "CREATE")
    with pytest.raises(ClientError, match="does not exist"):
        described(aws, "unmade")
    create(aws, "unmade", json.loads(topic("made"))["Resources"])
    assert described(aws, "unmade")["StackStatus"] == "CREATE_COMPLETE"


def test_a_stack_that_is_there_is_not_created_and_one_that_is_not_is_not_changed(aws: Engine) -> None:
    create(aws, "present", json.loads(topic("present"))["Resources"])
    with pytest.raises(ClientError, match="already exists and cannot be created again"):
        propose(aws, "present", topic("again"), "CREATE")
    propose(aws, "present", topic("other"))
    with pytest.raises(ClientError) as refused:
        propose(aws, "present", topic("another"))
    assert code(refused) == "AlreadyExistsException"
    with pytest.raises(ClientError, match="does not exist"):
        propose(aws, "absent", topic("absent"))


def test_the_role_of_a_change_set_becomes_that_of_its_stack(aws: Engine) -> None:
    iam = aws.client("iam")
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudformation.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    role = iam.create_role(
        RoleName="nothing",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )["Role"]["Arn"]
    create(aws, "served", json.loads(topic("one"))["Resources"])
    propose(aws, "served", topic("two"), RoleARN=role)
    execute(aws, "served")
    stack = described(aws, "served")
    assert (stack["StackStatus"], stack["RoleARN"]) == ("UPDATE_ROLLBACK_COMPLETE", role)
    assert "role/nothing" in stack["StackStatusReason"]


def test_what_the_cdk_says_of_itself_is_made_and_is_nothing(aws: Engine) -> None:
    metadata = {"Type": "AWS::CDK::Metadata", "Properties": {"Analytics": "v2:deflate64:H4sI"}}
    create(aws, "told", {**json.loads(topic("told"))["Resources"], "CDKMetadata": metadata})
    assert described(aws, "told")["StackStatus"] == "CREATE_COMPLETE"
    assert set(resources(aws, "told")) == {"Topic", "CDKMetadata"}
    aws.client("cloudformation").delete_stack(StackName="told")
    with pytest.raises(ClientError, match="does not exist"):
        described(aws, "told")


# Why the adapter is there -------------------------------------------------------------------------


def test_plain_moto_knows_a_change_set_by_its_name_alone() -> None:
    code = """
        body = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})
        stacks = client("cloudformation")
        for stack in ("one", "two"):
            stacks.create_change_set(StackName=stack, ChangeSetName="same", ChangeSetType="CREATE", TemplateBody=body)
        print(stacks.describe_change_set(StackName="one", ChangeSetName="same")["StackName"])
    """
    assert plain_moto(code) == "two"


def test_plain_moto_says_of_one_that_is_not_there_that_its_stack_is_not() -> None:
    code = """
        body = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})
        client("cloudformation").create_stack(StackName="there", TemplateBody=body)
        client("cloudformation").describe_change_set(StackName="there", ChangeSetName="none")
    """
    assert "Stack with id none does not exist" in plain_moto(code)


def test_plain_moto_does_not_say_what_is_replaced() -> None:
    code = """
        stacks = client("cloudformation")
        body = '{"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "%s"}}}}'
        stacks.create_stack(StackName="one", TemplateBody=body % "a")
        stacks.create_change_set(StackName="one", ChangeSetName="two", ChangeSetType="UPDATE", TemplateBody=body % "b")
        told = stacks.describe_change_set(StackName="one", ChangeSetName="two")["Changes"]
        print([each["ResourceChange"].get("Replacement") for each in told])
    """
    assert plain_moto(code) == "[None]"
