"""CloudTrail in the embedded AWS: what it demands of buckets, keys and organizations, and where moto does not."""

from __future__ import annotations

import gzip
import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from local.engine import Engine
from local.services.cloudtrail import is_logging
from tests.engine.organizations.accounts import administrator, code_of, new_member
from tests.engine.support import plain_moto


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(time_scale=0.01) as running:
        yield running


@pytest.fixture
def trails(engine: Engine) -> Iterator[Any]:
    """CloudTrail of the management account, without trails before and after."""
    client = engine.client("cloudtrail")
    yield client
    for trail in client.describe_trails(includeShadowTrails=False)["trailList"]:
        client.delete_trail(Name=trail["TrailARN"])


def organization_id(engine: Engine) -> str:
    engine.creation.throttle.enforced = False
    return str(engine.client("organizations").describe_organization()["Organization"]["Id"])


def bucket_for_logs(engine: Engine, *, paths: tuple[str, ...] | None = None, **conditions: str) -> str:
    """A bucket whose policy admits CloudTrail to `AWSLogs/<account>/*`, or to `paths`."""
    name, s3 = f"logs-{uuid.uuid4()}", engine.client("s3")
    s3.create_bucket(Bucket=name)
    bucket = f"arn:aws:s3:::{name}"
    folders = paths or (f"AWSLogs/{engine.management_account}/*",)
    service = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}}
    wanted = {"s3:x-amz-acl": "bucket-owner-full-control"} | {f"aws:{k}": v for k, v in conditions.items()}
    write = service | {
        "Action": "s3:PutObject",
        "Resource": [f"{bucket}/{folder}" for folder in folders],
        "Condition": {"StringEquals": wanted},
    }
    statements = [service | {"Action": "s3:GetBucketAcl", "Resource": bucket}, write]
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))
    return name


def key_for_logs(engine: Engine, *actions: str, **conditions: str) -> str:
    root = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{engine.management_account}:root"}}
    service: dict[str, Any] = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}}
    service |= {"Action": actions, "Resource": "*"}
    if conditions:
        service["Condition"] = {"StringEquals": {f"aws:{k}": v for k, v in conditions.items()}}
    statements = [root | {"Action": "kms:*", "Resource": "*"}, *([service] if actions else [])]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    return str(engine.client("kms").create_key(Policy=policy)["KeyMetadata"]["Arn"])


def test_a_trail_does_not_log_until_started_and_then_delivers(engine: Engine, trails: Any) -> None:
    bucket, account = bucket_for_logs(engine), engine.management_account
    trails.create_trail(Name="all", S3BucketName=bucket, IsMultiRegionTrail=True)
    assert trails.get_trail_status(Name="all")["IsLogging"] is False
    assert not is_logging(account, "eu-west-1")
    trails.start_logging(Name="all")
    assert trails.get_trail_status(Name="all")["IsLogging"] is True
    assert is_logging(account, "eu-west-1")
    s3 = engine.client("s3")
    (entry,) = s3.list_objects_v2(Bucket=bucket)["Contents"]
    assert entry["Key"].startswith(f"AWSLogs/{account}/CloudTrail/us-east-1/")
    records = json.loads(gzip.decompress(s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()))[
        "Records"
    ]
    assert [record["recipientAccountId"] for record in records] == [account]


def test_the_bucket_must_be_there_and_admit_the_trail(engine: Engine, trails: Any) -> None:
    create = trails.create_trail
    assert code_of(create, Name="all", S3BucketName="nobody-has-this") == "S3BucketDoesNotExistException"
    bare = f"bare-{uuid.uuid4()}"
    engine.client("s3").create_bucket(Bucket=bare)
    refusal = "InsufficientS3BucketPolicyException"
    assert code_of(create, Name="all", S3BucketName=bare) == refusal
    assert (
        code_of(create, Name="all", S3BucketName=bucket_for_logs(engine, paths=("AWSLogs/1/*",))) == refusal
    )
    foreign = bucket_for_logs(engine, SourceOrgID="o-0000000000")
    assert code_of(create, Name="all", S3BucketName=foreign) == refusal
    other = bucket_for_logs(engine, SourceArn="arn:aws:cloudtrail:us-east-1:1:trail/x")
    assert code_of(create, Name="all", S3BucketName=other) == refusal
    assert trails.describe_trails()["trailList"] == []
    create(Name="all", S3BucketName=bucket_for_logs(engine, SourceOrgID=organization_id(engine)))


def test_update_is_as_strict_and_changes_nothing_when_refused(engine: Engine, trails: Any) -> None:
    bucket = bucket_for_logs(engine)
    trails.create_trail(Name="all", S3BucketName=bucket)
    elsewhere = bucket_for_logs(engine, paths=("other/*",))
    update = {"Name": "all", "S3BucketName": elsewhere, "EnableLogFileValidation": True}
    assert code_of(trails.update_trail, **update) == "InsufficientS3BucketPolicyException"
    trail = trails.get_trail(Name="all")["Trail"]
    assert (trail["S3BucketName"], trail["LogFileValidationEnabled"]) == (bucket, False)
    trails.update_trail(Name="all", EnableLogFileValidation=True)
    assert trails.get_trail(Name="all")["Trail"]["LogFileValidationEnabled"] is True


def test_the_key_must_let_cloudtrail_encrypt_and_is_shown_by_arn(engine: Engine, trails: Any) -> None:
    trail = {"Name": "all", "S3BucketName": bucket_for_logs(engine)}
    create = trails.create_trail
    gone = f"arn:aws:kms:us-east-1:{engine.management_account}:key/{uuid.uuid4()}"
    assert code_of(create, **trail, KmsKeyId=gone) == "KmsKeyNotFoundException"
    refusal = "InsufficientEncryptionPolicyException"
    assert code_of(create, **trail, KmsKeyId=key_for_logs(engine)) == refusal
    assert code_of(create, **trail, KmsKeyId=key_for_logs(engine, "kms:DescribeKey")) == refusal
    wanted = ("kms:GenerateDataKey*", "kms:DescribeKey")
    assert (
        code_of(create, **trail, KmsKeyId=key_for_logs(engine, *wanted, SourceOrgID="o-0000000000"))
        == refusal
    )
    key = key_for_logs(engine, *wanted, SourceOrgID=organization_id(engine))
    assert create(**trail, KmsKeyId=key.split("/")[1])["KmsKeyId"] == key


def test_a_name_is_taken_once_and_five_trails_fit(engine: Engine, trails: Any) -> None:
    bucket = bucket_for_logs(engine)
    for number in range(5):
        trails.create_trail(Name=f"trail-{number}", S3BucketName=bucket)
    again = code_of(trails.create_trail, Name="trail-0", S3BucketName=bucket)
    assert again == "TrailAlreadyExistsException"
    sixth = code_of(trails.create_trail, Name="sixth", S3BucketName=bucket)
    assert sixth == "MaximumNumberOfTrailsExceededException"


def test_a_shadow_trail_is_seen_elsewhere_and_changed_at_home(engine: Engine, trails: Any) -> None:
    trails.create_trail(Name="all", S3BucketName=bucket_for_logs(engine), IsMultiRegionTrail=True)
    abroad = engine.client("cloudtrail", region="eu-west-1")
    (shadow,) = abroad.describe_trails()["trailList"]
    assert (shadow["Name"], shadow["HomeRegion"]) == ("all", "us-east-1")
    assert abroad.describe_trails(includeShadowTrails=False)["trailList"] == []
    assert code_of(abroad.stop_logging, Name=shadow["TrailARN"]) == "InvalidHomeRegionException"
    assert trails.describe_trails(trailNameList=["other"])["trailList"] == []


def test_a_bucket_that_turned_away_later_shows_in_the_status(engine: Engine, trails: Any) -> None:
    bucket = bucket_for_logs(engine)
    trails.create_trail(Name="all", S3BucketName=bucket)
    engine.client("s3").delete_bucket_policy(Bucket=bucket)
    trails.start_logging(Name="all")
    assert trails.get_trail_status(Name="all")["LatestDeliveryError"] == "AccessDenied"
    assert "Contents" not in engine.client("s3").list_objects_v2(Bucket=bucket)


def test_tags_and_event_selectors_are_kept(engine: Engine, trails: Any) -> None:
    tags = [{"Key": "managed-by", "Value": "groundwork"}]
    arn = trails.create_trail(Name="all", S3BucketName=bucket_for_logs(engine), TagsList=tags)["TrailARN"]
    assert trails.list_tags(ResourceIdList=[arn])["ResourceTagList"] == [
        {"ResourceId": arn, "TagsList": tags}
    ]
    (default,) = trails.get_event_selectors(TrailName="all")["EventSelectors"]
    assert (default["ReadWriteType"], default["IncludeManagementEvents"]) == ("All", True)
    assert not trails.get_trail(Name="all")["Trail"]["HasCustomEventSelectors"]
    selectors = [{"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True, "DataResources": []}]
    trails.put_event_selectors(TrailName="all", EventSelectors=selectors)
    assert trails.get_event_selectors(TrailName="all")["EventSelectors"] == selectors
    assert trails.describe_trails()["trailList"][0]["HasCustomEventSelectors"] is True


def test_an_organization_trail_covers_members_who_cannot_touch_it(engine: Engine, trails: Any) -> None:
    organizations, member = engine.client("organizations"), new_member(engine)
    theirs = engine.client("cloudtrail", credentials=administrator(member))
    organization = organization_id(engine)
    bucket = bucket_for_logs(
        engine, paths=(f"AWSLogs/{organization}/*", f"AWSLogs/{engine.management_account}/*")
    )
    wanted = {"Name": "org", "S3BucketName": bucket, "IsMultiRegionTrail": True, "IsOrganizationTrail": True}
    organizations.disable_aws_service_access(ServicePrincipal="cloudtrail.amazonaws.com")
    assert code_of(trails.create_trail, **wanted) == "CloudTrailAccessNotEnabledException"
    organizations.enable_aws_service_access(ServicePrincipal="cloudtrail.amazonaws.com")
    assert code_of(theirs.create_trail, **wanted) == "NotOrganizationMasterAccountException"
    arn = trails.create_trail(**wanted)["TrailARN"]
    assert not is_logging(member, "eu-west-1")
    trails.start_logging(Name="org")
    (shown,) = theirs.describe_trails()["trailList"]
    assert shown["TrailARN"] == arn
    assert shown["IsOrganizationTrail"] is True
    assert theirs.get_trail_status(Name=arn)["IsLogging"] is True
    assert is_logging(member, "eu-west-1")
    assert code_of(theirs.stop_logging, Name=arn) == "NotOrganizationMasterAccountException"
    keys = [entry["Key"] for entry in engine.client("s3").list_objects_v2(Bucket=bucket)["Contents"]]
    assert any(key.startswith(f"AWSLogs/{organization}/{member}/CloudTrail/") for key in keys)


def test_a_members_own_trail_writes_into_another_accounts_bucket(engine: Engine) -> None:
    member = new_member(engine)
    bucket = bucket_for_logs(engine, paths=("AWSLogs/*",), SourceOrgID=organization_id(engine))
    theirs = engine.client("cloudtrail", credentials=administrator(member))
    theirs.create_trail(Name="own", S3BucketName=bucket)
    theirs.start_logging(Name="own")
    (entry,) = engine.client("s3").list_objects_v2(Bucket=bucket)["Contents"]
    assert entry["Key"].startswith(f"AWSLogs/{member}/CloudTrail/")


def test_plain_moto_still_falls_short() -> None:
    observed = plain_moto("""
        s3, c = client("s3"), client("cloudtrail")
        s3.create_bucket(Bucket="audit")
        c.create_trail(Name="all", S3BucketName="audit", KmsKeyId="no-key", IsOrganizationTrail=True)
        c.create_trail(Name="all", S3BucketName="audit")
        c.start_logging(Name="all")
        print(json.dumps({
            "without a policy, twice": len(c.describe_trails()["trailList"]),
            "names ignored": len(c.describe_trails(trailNameList=["other"])["trailList"]),
            "delivered": s3.list_objects_v2(Bucket="audit")["KeyCount"],
        }))
    """)
    assert json.loads(observed) == {"without a policy, twice": 1, "names ignored": 1, "delivered": 0}
