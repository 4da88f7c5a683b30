"""CloudFormation's resources in the embedded AWS: the account holds what the template says, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from local.engine import Engine
from tests.engine.stack.stacks import APPLICATION, STACK, described, resources
from tests.engine.support import eventually, plain_moto

OWNER = {"owner": "platform"}


@pytest.fixture(scope="module")
def aws() -> Iterator[Engine]:
    with Engine(time_scale=0.05) as engine:
        yield engine


@pytest.fixture(scope="module")
def outputs(aws: Engine) -> dict[str, str]:
    return aws.deploy(APPLICATION, STACK)


def test_the_whole_application_runs(aws: Engine, outputs: dict[str, str]) -> None:
    states = aws.client("stepfunctions")
    event = {"Source": "greeter", "DetailType": "Greeting Requested", "Detail": '{"name": "Ada"}'}
    aws.client("events").put_events(Entries=[event])

    def greetings() -> set[str]:
        runs = states.list_executions(stateMachineArn=outputs["MachineArn"], statusFilter="SUCCEEDED")
        arns = [run["executionArn"] for run in runs["executions"]]
        return {json.loads(states.describe_execution(executionArn=arn)["output"]) for arn in arns}

    assert eventually(lambda: found if len(found := greetings()) == 2 else None) == {
        "Hello, Ada",
        "Hello, all",
    }


def test_outputs_are_what_ref_and_get_att_promise(aws: Engine, outputs: dict[str, str]) -> None:
    account = aws.management_account
    assert outputs["FunctionArn"] == f"arn:aws:lambda:us-east-1:{account}:function:greeter-hello"
    assert outputs["MachineArn"] == f"arn:aws:states:us-east-1:{account}:stateMachine:greeter-greet"
    assert outputs["LogsArn"] == f"arn:aws:logs:us-east-1:{account}:log-group:/greeter/greeter:*"
    assert outputs["StackId"] == described(aws, STACK)["StackId"]
    assert outputs["Literal"] == "${Kept} us-east-1"


def test_a_function_has_all_its_settings(aws: Engine, outputs: dict[str, str]) -> None:
    client = aws.client("lambda")
    function = client.get_function(FunctionName=outputs["FunctionArn"])
    settings = function["Configuration"]
    assert settings["MemorySize"] == 256
    assert settings["Timeout"] == 20
    assert settings["Architectures"] == ["arm64"]
    assert settings["TracingConfig"] == {"Mode": "Active"}
    assert settings["LoggingConfig"] == {"LogFormat": "JSON", "LogGroup": "/greeter/greeter"}
    assert settings["DeadLetterConfig"]["TargetArn"].endswith(outputs["QueueUrl"].rsplit("/", 1)[1])
    assert [layer["Arn"].split(":")[6] for layer in settings["Layers"]] == ["greeter-common"]
    assert settings["Environment"]["Variables"] == {
        "TABLE": outputs["TableName"],
        "REGIONS": "us-east-1 eu-west-1",
        "SECOND_REGION": "eu-west-1",
        "LIVE": "no",
    }
    assert function["Tags"].items() >= OWNER.items()
    invoked = client.get_function_event_invoke_config(FunctionName="greeter-hello", Qualifier="$LATEST")
    assert invoked["MaximumRetryAttempts"] == 1


def test_a_rule_may_invoke_the_function_it_targets(aws: Engine, outputs: dict[str, str]) -> None:
    policy = json.loads(aws.client("lambda").get_policy(FunctionName="greeter-hello")["Policy"])
    (statement,) = policy["Statement"]
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Action"] == "lambda:InvokeFunction"
    rule = aws.client("events").describe_rule(Name=resources(aws)["HelloAsked"])
    assert statement["Condition"]["ArnLike"]["AWS:SourceArn"] == rule["Arn"]


def test_a_rule_has_all_of_its_targets(aws: Engine, outputs: dict[str, str]) -> None:
    listed = aws.client("events").list_targets_by_rule(Rule=outputs["RuleName"])["Targets"]
    targets = {target["Id"]: target for target in listed}
    greet = targets["greet"]
    assert greet["InputTransformer"] == {
        "InputPathsMap": {"name": "$.detail.name"},
        "InputTemplate": '{"name": <name>}',
    }
    assert greet["RetryPolicy"] == {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 120}
    assert greet["DeadLetterConfig"]["Arn"].endswith(outputs["QueueUrl"].rsplit("/", 1)[1])
    assert ":role/greeter-RuleRole-" in greet["RoleArn"]
    assert targets["constant"]["Input"] == '{"name": "all"}'
    bus = json.loads(aws.client("events").describe_event_bus()["Policy"])
    assert [statement["Sid"] for statement in bus["Statement"]] == ["others"]


def test_roles_and_policies(aws: Engine, outputs: dict[str, str]) -> None:
    iam, made = aws.client("iam"), resources(aws)
    role = iam.get_role(RoleName=made["GreetRole"])["Role"]
    assert (role["Path"], role["Description"], role["MaxSessionDuration"]) == (
        "/machines/",
        "Runs the greeting",
        7200,
    )
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == made["Boundary"]
    inline = iam.get_role_policy(RoleName=made["GreetRole"], PolicyName="hello")["PolicyDocument"]
    assert inline["Statement"][0]["Resource"] == outputs["FunctionArn"]
    attached = iam.list_attached_role_policies(RoleName=made["GreetRole"])["AttachedPolicies"]
    assert [policy["PolicyName"] for policy in attached] == ["AWSXRayDaemonWriteAccess"]
    start = iam.get_role_policy(RoleName=made["RuleRole"], PolicyName="start")["PolicyDocument"]
    assert start["Statement"][0]["Resource"] == outputs["MachineArn"]


def test_data_at_rest(aws: Engine, outputs: dict[str, str]) -> None:
    dynamodb, kms, logs = (aws.client(name) for name in ("dynamodb", "kms", "logs"))
    table = dynamodb.describe_table(TableName=outputs["TableName"])["Table"]
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert table["DeletionProtectionEnabled"] is True
    assert table["SSEDescription"]["KMSMasterKeyArn"] == outputs["KeyArn"]
    backups = dynamodb.describe_continuous_backups(TableName=outputs["TableName"])
    recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert recovery["PointInTimeRecoveryStatus"] == "ENABLED"
    expiry = dynamodb.describe_time_to_live(TableName=outputs["TableName"])["TimeToLiveDescription"]
    assert expiry == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}
    assert kms.get_key_rotation_status(KeyId=outputs["KeyArn"])["KeyRotationEnabled"] is True
    assert kms.describe_key(KeyId="alias/greeter")["KeyMetadata"]["Arn"] == outputs["KeyArn"]
    (group,) = logs.describe_log_groups(logGroupNamePrefix="/greeter/greeter")["logGroups"]
    assert (group["retentionInDays"], group["kmsKeyId"]) == (14, outputs["KeyArn"])


def test_a_bucket_is_locked_down(aws: Engine, outputs: dict[str, str]) -> None:
    s3, bucket = aws.client("s3"), outputs["Archive"]
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    (encryption,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert encryption["BucketKeyEnabled"] is True
    assert encryption["ApplyServerSideEncryptionByDefault"] == {
        "SSEAlgorithm": "aws:kms",
        "KMSMasterKeyID": outputs["KeyArn"],
    }
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert len(block) == 4
    assert all(block.values())
    owner = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    assert owner == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    (rule,) = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert rule["Expiration"]["Days"] == 400
    assert rule["NoncurrentVersionExpiration"]["NoncurrentDays"] == 30
    assert rule["Transitions"] == [{"Days": 90, "StorageClass": "GLACIER"}]
    assert s3.get_bucket_logging(Bucket=bucket)["LoggingEnabled"]["TargetPrefix"] == "archive/"
    policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    assert policy["Statement"][0]["Resource"] == f"arn:aws:s3:::{bucket}/*"


def test_queues_topics_alarms_schedules_and_parameters(aws: Engine, outputs: dict[str, str]) -> None:
    made = resources(aws)
    queue = aws.client("sqs").get_queue_attributes(QueueUrl=outputs["QueueUrl"], AttributeNames=["All"])
    assert queue["Attributes"]["MessageRetentionPeriod"] == "1209600"
    assert queue["Attributes"]["KmsMasterKeyId"] == outputs["KeyArn"].rsplit("/", 1)[1]
    assert json.loads(queue["Attributes"]["Policy"])["Statement"][0]["Action"] == "sqs:SendMessage"
    topic = aws.client("sns").get_topic_attributes(TopicArn=outputs["TopicArn"])["Attributes"]
    assert topic["DisplayName"] == "Alerts"
    assert json.loads(topic["Policy"])["Statement"][0]["Resource"] == outputs["TopicArn"]
    (alarm,) = aws.client("cloudwatch").describe_alarms(AlarmNames=[made["Failed"]])["MetricAlarms"]
    assert alarm["AlarmActions"] == [outputs["TopicArn"]]
    assert alarm["Dimensions"] == [{"Name": "StateMachineArn", "Value": outputs["MachineArn"]}]
    board = aws.client("cloudwatch").get_dashboard(DashboardName=STACK)["DashboardBody"]
    assert json.loads(board)["widgets"][0]["properties"]["markdown"] == "greeter-greet"
    schedule = aws.client("scheduler").get_schedule(Name=made["Nightly"])
    assert schedule["Target"]["Arn"] == outputs["MachineArn"]
    assert schedule["Target"]["RetryPolicy"]["MaximumRetryAttempts"] == 4
    parameter = aws.client("ssm").get_parameter(Name="/greeter/table")["Parameter"]
    assert parameter["Value"] == outputs["TableName"]


def test_nothing_is_made_beside_the_template(aws: Engine, outputs: dict[str, str]) -> None:
    made = set(resources(aws).values())
    roles = {role["RoleName"] for role in aws.client("iam").list_roles()["Roles"]}
    assert {role for role in roles if "greeter" in role} <= made
    buckets = {bucket["Name"] for bucket in aws.client("s3").list_buckets()["Buckets"]}
    assert {bucket for bucket in buckets if not bucket.startswith("groundwork-artifacts-")} <= made
    assert "OnlyLive" not in resources(aws)


def test_a_template_that_is_none_is_told_as_that(aws: Engine) -> None:
    cloudformation = aws.client("cloudformation")
    with pytest.raises(cloudformation.exceptions.ClientError) as caught:
        cloudformation.validate_template(TemplateBody="{}")
    assert caught.value.response["Error"]["Message"] == (
        "Template format error: At least one Resources member must be defined."
    )


def test_plain_moto_says_that_there_is_no_stack_of_that_name() -> None:
    assert "does not exist" in plain_moto('client("cloudformation").validate_template(TemplateBody="{}")')
