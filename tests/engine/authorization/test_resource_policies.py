"""IAM enforced by the policies of resources and of the organization: what a queue, a bucket or a key says, SCPs and RCPs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.authorization import state
from local.engine import Engine
from local.identity.principals import Principal
from local.identity.sts import open_role_session
from local.services.log_delivery import Sender, find_bucket
from tests.engine.authorization.people import HERE, Person, allow, refused
from tests.engine.support import eventually, policy


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


def test_a_policy_that_is_too_long_is_refused_by_bucket_and_key(aws: Engine) -> None:
    s3, kms = aws.client("s3"), aws.client("kms")
    s3.create_bucket(Bucket="wordy")
    everything = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{HERE}:root"}}

    def long(length: int, action: str, resource: str) -> str:
        text = policy(everything | {"Action": action, "Resource": resource})
        return text.ljust(length)

    to_bucket = partial(long, action="s3:*", resource="arn:aws:s3:::wordy")
    s3.put_bucket_policy(Bucket="wordy", Policy=to_bucket(20_480))
    with pytest.raises(ClientError, match=r"\(MalformedPolicy\).*maximum allowed document size"):
        s3.put_bucket_policy(Bucket="wordy", Policy=to_bucket(20_481))
    to_key = partial(long, action="kms:*", resource="*")
    key = kms.create_key(Policy=to_key(32_768))["KeyMetadata"]["KeyId"]
    with pytest.raises(kms.exceptions.LimitExceededException):
        kms.put_key_policy(KeyId=key, Policy=to_key(32_769))
    with pytest.raises(kms.exceptions.LimitExceededException):
        kms.create_key(Policy=to_key(32_769))


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


def test_resource_control_policies_hold_what_a_service_delivers(aws: Engine) -> None:
    """CloudTrail acts for whom it says it does; the owner of the bucket is of the organization."""
    member = new_account(aws, "delivered")
    inside = open_role_session(aws, f"arn:aws:iam::{member}:role/OrganizationAccountAccessRole", "test")[1]
    s3 = aws.client("s3", credentials=inside)
    eventually(lambda: _made(s3, "delivered-to"))
    anybody = allow("s3:PutObject", "arn:aws:s3:::delivered-to/*") | {
        "Principal": {"Service": "cloudtrail.amazonaws.com"}
    }
    s3.put_bucket_policy(Bucket="delivered-to", Policy=policy(anybody))
    bucket = find_bucket("delivered-to")
    assert bucket is not None

    def delivers(account: str) -> bool:
        trail = f"arn:aws:cloudtrail:us-east-1:{account}:trail/t"
        return Sender("cloudtrail.amazonaws.com", account, trail).may_write(bucket, "AWSLogs/x")

    assert delivers("999999999999")
    place = state.membership(member)
    assert place is not None
    ours = {"StringNotEqualsIfExists": {"aws:SourceOrgID": place.organization_id}}
    forbid = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": ours}
    hanging = hang_on_root(aws, "RESOURCE_CONTROL_POLICY", "ours", policy(forbid))
    assert (delivers("999999999999"), delivers(member), delivers(HERE)) == (False, True, True)
    organizations = aws.client("organizations")
    organizations.detach_policy(PolicyId=hanging, TargetId=organizations.list_roots()["Roots"][0]["Id"])


def _made(s3: Any, bucket: str) -> bool:
    """A young account still lacks its subscription."""
    with suppress(ClientError):
        s3.create_bucket(Bucket=bucket)
        return True
    return False


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
