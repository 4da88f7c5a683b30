"""Config in the embedded AWS: what it demands of roles, buckets and organizations, and where moto does not."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from local.engine import Engine
from tests.engine.organizations.accounts import administrator, code_of, new_member
from tests.engine.support import plain_moto

SERVICE = "config.amazonaws.com"
FOR_AGGREGATORS = "arn:aws:iam::aws:policy/service-role/AWSConfigRoleForOrganizations"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(time_scale=0.01) as running:
        yield running


class Member:
    """A new account with Config's service-linked role."""

    def __init__(self, engine: Engine) -> None:
        self.account = new_member(engine)
        self.credentials = administrator(self.account)
        self.config = engine.client("config", credentials=self.credentials)
        self.iam = engine.client("iam", credentials=self.credentials)
        self.role = self.iam.create_service_linked_role(AWSServiceName=SERVICE)["Role"]["Arn"]

    def role_for_aggregator(self) -> str:
        trusted = {"Effect": "Allow", "Principal": {"Service": SERVICE}, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [trusted]})
        made = self.iam.create_role(RoleName="aggregator", AssumeRolePolicyDocument=trust)
        self.iam.attach_role_policy(RoleName="aggregator", PolicyArn=FOR_AGGREGATORS)
        return str(made["Role"]["Arn"])

    def record(self) -> None:
        self.config.put_configuration_recorder(ConfigurationRecorder={"name": "r", "roleARN": self.role})


@pytest.fixture
def member(engine: Engine) -> Member:
    return Member(engine)


def bucket_for(engine: Engine, folder: str, **conditions: str) -> str:
    """A bucket of the management account that admits Config to `folder`."""
    name, s3 = f"config-{uuid.uuid4()}", engine.client("s3")
    s3.create_bucket(Bucket=name)
    bucket, service = f"arn:aws:s3:::{name}", {"Effect": "Allow", "Principal": {"Service": SERVICE}}
    look = service | {"Action": ["s3:GetBucketAcl", "s3:ListBucket"], "Resource": bucket}
    wanted = {"s3:x-amz-acl": "bucket-owner-full-control"} | {f"aws:{k}": v for k, v in conditions.items()}
    write = service | {"Action": "s3:PutObject", "Resource": f"{bucket}/{folder}"}
    write["Condition"] = {"StringEquals": wanted}
    s3.put_bucket_policy(
        Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [look, write]})
    )
    return name


def test_recorder_then_channel_then_start(engine: Engine, member: Member) -> None:
    organization = engine.client("organizations").describe_organization()["Organization"]["Id"]
    bucket = bucket_for(engine, "AWSLogs/*", SourceOrgID=organization)
    channel = {"DeliveryChannel": {"name": "c", "s3BucketName": bucket}}
    early = code_of(member.config.put_delivery_channel, **channel)
    assert early == "NoAvailableConfigurationRecorderException"
    member.record()
    start = member.config.start_configuration_recorder
    assert code_of(start, ConfigurationRecorderName="r") == "NoAvailableDeliveryChannelException"
    member.config.put_delivery_channel(**channel)
    start(ConfigurationRecorderName="r")
    (status,) = member.config.describe_configuration_recorder_status()["ConfigurationRecordersStatus"]
    assert status["recording"] is True
    (check,) = engine.client("s3").list_objects_v2(Bucket=bucket)["Contents"]
    assert check["Key"] == f"AWSLogs/{member.account}/Config/ConfigWritabilityCheckFile"


def test_one_recorder_and_one_channel(engine: Engine, member: Member) -> None:
    member.record()
    second = {"ConfigurationRecorder": {"name": "second", "roleARN": member.role}}
    refusal = code_of(member.config.put_configuration_recorder, **second)
    assert refusal == "MaxNumberOfConfigurationRecordersExceededException"
    channel = {"name": "c", "s3BucketName": bucket_for(engine, "*")}
    member.config.put_delivery_channel(DeliveryChannel=channel)
    refusal = code_of(member.config.put_delivery_channel, DeliveryChannel=channel | {"name": "second"})
    assert refusal == "MaxNumberOfDeliveryChannelsExceededException"


def test_the_bucket_must_admit_config(engine: Engine, member: Member) -> None:
    member.record()

    def refusal(bucket: str, **more: str) -> str:
        channel = {"name": "c", "s3BucketName": bucket} | more
        return code_of(member.config.put_delivery_channel, DeliveryChannel=channel)

    assert refusal("nobody-has-this") == "NoSuchBucketException"
    assert refusal(bucket_for(engine, "AWSLogs/1/*")) == "InsufficientDeliveryPolicyException"
    foreign = bucket_for(engine, "*", SourceOrgID="o-0000000000")
    assert refusal(foreign) == "InsufficientDeliveryPolicyException"
    key = engine.client("kms").create_key()["KeyMetadata"]["Arn"]
    open_bucket = bucket_for(engine, "*")
    assert refusal(open_bucket, s3KmsKeyArn=key) == "InsufficientDeliveryPolicyException"


def test_a_role_that_is_not_there_or_not_for_config_is_refused(engine: Engine, member: Member) -> None:
    for role in ("AWSServiceRoleForNobody", "OrganizationAccountAccessRole"):
        arn = f"arn:aws:iam::{member.account}:role/{role}"
        recorder = {"ConfigurationRecorder": {"name": "r", "roleARN": arn}}
        assert code_of(member.config.put_configuration_recorder, **recorder) == "InvalidRoleException"


def aggregating(role: str) -> dict[str, Any]:
    return {
        "ConfigurationAggregatorName": "all",
        "OrganizationAggregationSource": {"RoleArn": role, "AllAwsRegions": True},
    }


def test_an_organization_is_aggregated_by_who_administers_it(engine: Engine, member: Member) -> None:
    wanted = aggregating(member.role_for_aggregator())
    put, organizations = member.config.put_configuration_aggregator, engine.client("organizations")
    assert code_of(put, **wanted) == "OrganizationAccessDeniedException"
    organizations.enable_aws_service_access(ServicePrincipal=SERVICE)
    organizations.register_delegated_administrator(AccountId=member.account, ServicePrincipal=SERVICE)
    put(**wanted)
    # A role that may not ask Organizations what AWS's managed policy for aggregators allows is refused.
    assert code_of(put, **aggregating(member.role)) == "InvalidRoleException"
    member.iam.detach_role_policy(RoleName="aggregator", PolicyArn=FOR_AGGREGATORS)
    assert code_of(put, **wanted) == "InvalidRoleException"


def test_a_recorder_shows_how_often_it_records(engine: Engine) -> None:
    member = Member(engine)
    recorder = {"name": "r", "roleARN": member.role}
    for given, shown in (
        ({}, "CONTINUOUS"),
        ({"recordingMode": {"recordingFrequency": "DAILY"}}, "DAILY"),
        ({}, "CONTINUOUS"),
    ):
        member.config.put_configuration_recorder(ConfigurationRecorder=recorder | given)
        (found,) = member.config.describe_configuration_recorders()["ConfigurationRecorders"]
        assert found["recordingMode"] == {"recordingFrequency": shown}


def test_plain_moto_still_forgets_how_often_a_recorder_records() -> None:
    observed = plain_moto("""
        c = client("config")
        c.put_configuration_recorder(ConfigurationRecorder={"name": "r", "roleARN": "arn:aws:iam::1:role/none",
            "recordingMode": {"recordingFrequency": "DAILY"}})
        print("recordingMode" in c.describe_configuration_recorders()["ConfigurationRecorders"][0])
    """)
    assert observed == "False"


def test_plain_moto_still_falls_short() -> None:
    observed = plain_moto("""
        c = client("config")
        c.put_configuration_recorder(ConfigurationRecorder={"name": "r", "roleARN": "arn:aws:iam::1:role/none"})
        c.put_delivery_channel(DeliveryChannel={"name": "c", "s3BucketName": "nobody-has-this"})
        c.put_configuration_aggregator(ConfigurationAggregatorName="a", OrganizationAggregationSource={
            "RoleArn": "arn:aws:iam::123456789012:role/none", "AllAwsRegions": True})
        print("accepted")
    """)
    assert observed == "accepted"
