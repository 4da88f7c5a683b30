"""log-archive: the buckets and the key that every account's logs go to."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from groundwork.aws import sessions
from groundwork.baseline import loop
from groundwork.baseline.archive import WRITER, archive
from groundwork.baseline.components.log_archive import LogArchive
from groundwork.contracts import Account
from groundwork.declaration import Declaration
from groundwork.declaration.loading import refused as refused_by_aws
from groundwork.errors import ComponentNotSettled, InvalidDeclaration, RefusedByAws
from groundwork.policies.decision import ResourceSide, decide_for_service
from groundwork.policies.documents import Caller, Kind, Request, compile_policy
from tests.component.conftest import World
from tests.component.sabotage import prove_complete

LOG_ARCHIVE = LogArchive()
ALIAS = "alias/groundwork-logs"


@pytest.fixture(scope="module")
def ready(world: World) -> World:
    """The world with the archive as declared: every test leaves it so."""
    world.apply(LOG_ARCHIVE, world.security)
    return world


def trail(world: World) -> str:
    return f"groundwork-trail-{world.security.id}"


def config(world: World) -> str:
    return f"groundwork-config-{world.security.id}"


def access_logs(world: World) -> str:
    return f"groundwork-access-logs-{world.security.id}"


def key_arn(world: World) -> str:
    found: str = world.client("kms", world.security).describe_key(KeyId=ALIAS)["KeyMetadata"]["Arn"]
    return found


def statement(world: World, bucket: str, sid: str) -> dict[str, Any]:
    policy = json.loads(world.client("s3", world.security).get_bucket_policy(Bucket=bucket)["Policy"])
    found: dict[str, Any] = next(each for each in policy["Statement"] if each["Sid"] == sid)
    return found


# -- from nothing --------------------------------------------------------------------------------------


def test_from_nothing_everything_is_laid_down(world: World) -> None:
    assert prove_complete(world, LOG_ARCHIVE, world.security)
    s3, kms = world.client("s3", world.security), world.client("kms", world.security)
    key = kms.describe_key(KeyId=ALIAS)["KeyMetadata"]
    assert key["KeyState"] == "Enabled"
    assert kms.get_key_rotation_status(KeyId=key["KeyId"])["KeyRotationEnabled"]
    for bucket in (trail(world), config(world), access_logs(world)):
        assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
        assert all(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values())
        ownership = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
        assert ownership == [{"ObjectOwnership": "BucketOwnerEnforced"}]
        denied = statement(world, bucket, "OnlyOverTLS")
        assert denied["Effect"] == "Deny"
        assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    for bucket in (trail(world), config(world)):
        (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
        assert rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"] == key["Arn"]
        assert rule["BucketKeyEnabled"]
        logging = s3.get_bucket_logging(Bucket=bucket)["LoggingEnabled"]
        assert (logging["TargetBucket"], logging["TargetPrefix"]) == (access_logs(world), f"{bucket}/")
        (lifecycle,) = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
        assert lifecycle["Transitions"][0]["StorageClass"] == "GLACIER_IR"
        assert lifecycle["Expiration"]["Days"] == 2557
    (rule,) = s3.get_bucket_encryption(Bucket=access_logs(world))["ServerSideEncryptionConfiguration"][
        "Rules"
    ]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"


def test_a_second_run_writes_nothing(ready: World) -> None:
    mark = len(ready.aws.calls)
    assert ready.apply(LOG_ARCHIVE, ready.security) == []
    calls = ready.calls_since(mark)
    assert not [call for call in calls if call.mutating]
    assert len(calls) == 32


def test_what_the_key_is_needed_for_comes_in_the_second_round_and_nothing_else(world: World) -> None:
    account = world.account("security", "Security")
    planned = [change.call for change in world.planned(LOG_ARCHIVE, account) if change.call is not None]
    waiting = [call for call in planned if call.after == f"key {ALIAS} exists"]
    assert [call for call in planned if call.after and call not in waiting] == []
    assert sorted(call.operation for call in waiting) == [
        "CreateAlias",
        "EnableKeyRotation",
        "PutBucketEncryption",
        "PutBucketEncryption",
    ]
    mark = len(world.aws.calls)
    loop.apply(LOG_ARCHIVE, world.target(LOG_ARCHIVE, account))
    calls = world.calls_since(mark)
    assert len([call for call in calls if call.mutating]) == len(planned) == 26
    assert len(calls) == 64


def test_an_entry_role_lays_down_the_archives_role_and_nothing_else(world: World) -> None:
    """The guard rails may be in force already: what else it did would be denied."""
    account = world.account("security", "Security")
    target = world.target(LOG_ARCHIVE, account)
    mark = len(world.aws.calls)
    with pytest.raises(
        ComponentNotSettled, match=f"role/{WRITER} is there and changes the archive from now on"
    ):
        loop.apply(LOG_ARCHIVE, replace(target, entered_by="OrganizationAccountAccessRole"))
    made = [call.operation for call in world.calls_since(mark) if call.mutating]
    assert made == ["CreateRole", "PutRolePolicy"]
    loop.apply(LOG_ARCHIVE, replace(target, entered_by=WRITER))
    loop.verify(LOG_ARCHIVE, target)


def test_its_permissions_fit_a_session() -> None:
    policy = sessions.session_policy([*LOG_ARCHIVE.reads, *LOG_ARCHIVE.writes], "012345678901", "aws")
    assert len(policy) <= 2048


# -- who may deliver -----------------------------------------------------------------------------------


def test_a_new_account_changes_nothing_and_may_deliver(ready: World) -> None:
    account = ready.account()
    assert ready.plan(LOG_ARCHIVE, ready.security) == []
    made = make_trail(ready, account)
    assert made["KmsKeyId"] == key_arn(ready)
    files = ready.client("s3", ready.security).list_objects_v2(
        Bucket=trail(ready), Prefix=f"AWSLogs/{account.id}/CloudTrail/"
    )
    assert files["KeyCount"] == 1


def make_trail(world: World, account: Account, name: str = "groundwork") -> dict[str, Any]:
    cloudtrail = world.client("cloudtrail", account)
    made: dict[str, Any] = cloudtrail.create_trail(
        Name=name, S3BucketName=trail(world), KmsKeyId=key_arn(world), IsMultiRegionTrail=True
    )
    cloudtrail.start_logging(Name=name)
    return made


def test_a_trail_of_another_name_does_not_fill_the_archive(ready: World) -> None:
    account = ready.account()
    refused = ready.client("cloudtrail", account).exceptions.InsufficientS3BucketPolicyException
    with pytest.raises(refused):
        make_trail(ready, account, "another")


STRANGER = "o-strangers00"


def admitted(world: World, service: str, action: str, **keys: str) -> bool:
    """Whether the key's policy lets a service do something, whose call brings these condition keys and no others."""
    kms = world.client("kms", world.security)
    policy = kms.get_key_policy(KeyId=key_arn(world), PolicyName="default")["Policy"]
    brought = {"aws:principalisawsservice": "true", "aws:principalservicename": service}
    brought |= {name.replace("__", ":").lower(): value for name, value in keys.items()}
    request = Request(action, key_arn(world), brought, Caller(service=service))
    return decide_for_service(request, ResourceSide(compile_policy(policy, Kind.RESOURCE))).allowed


@pytest.mark.parametrize("action", ["kms:GenerateDataKey", "kms:Decrypt"])
@pytest.mark.parametrize(("service", "which"), [("cloudtrail", "trail"), ("config", "config")])
def test_the_key_works_whatever_a_service_brings_along(
    ready: World, service: str, which: str, action: str
) -> None:
    """AWS documents the source's account and ARN for keys, its organization for buckets, and of S3's own calls for
    bucket keys the bucket: each is tried alone, as AWS may send it, and as somebody else would."""
    home, name = ready.declaration.regions.home, f"{service}.amazonaws.com"
    security, member = ready.security.id, ready.account().id
    bucket = f"arn:aws:s3:::groundwork-{which}-{security}"

    def source(account: str, trail_name: str = "groundwork") -> dict[str, str]:
        if service == "config":
            return {"aws__SourceAccount": account}
        arn = f"arn:aws:cloudtrail:{home}:{account}:trail/{trail_name}"
        return {"aws__SourceArn": arn, "aws__SourceAccount": account}

    def context(account: str) -> dict[str, str]:
        arn = f"arn:aws:cloudtrail:{home}:{account}:trail/groundwork"
        return {"kms__EncryptionContext__aws__cloudtrail__arn": arn} if service == "cloudtrail" else {}

    def by_s3(of: str, endpoint: str = f"s3.{home}.amazonaws.com") -> dict[str, str]:
        return {"kms__ViaService": endpoint, "kms__EncryptionContext__aws__s3__arn": of}

    def asked(**keys: str) -> bool:
        return admitted(ready, name, action, **keys)

    organization = {"aws__SourceOrgID": ready.organization.id}
    assert asked(**organization, **source(member), **context(member))
    assert asked(**by_s3(bucket)) and asked(**by_s3(f"{bucket}/AWSLogs/{member}/log"))
    if service == "config" or action == "kms:GenerateDataKey":
        assert asked(**source(security), **context(security))
    assert not asked(**context(member))
    assert not asked(**source("999999999999"), **context("999999999999"))
    assert not asked(aws__SourceOrgID=STRANGER, **source("999999999999"), **context("999999999999"))
    assert not asked(**by_s3("arn:aws:s3:::somebody-elses-bucket"))
    assert not asked(**by_s3(bucket, endpoint="sqs.us-east-1.amazonaws.com"))


def test_a_log_cannot_be_deleted_before_its_time(ready: World) -> None:
    s3, account = ready.client("s3", ready.security), ready.account()
    make_trail(ready, account)
    lock = s3.get_object_lock_configuration(Bucket=trail(ready))["ObjectLockConfiguration"]
    assert (
        lock["Rule"]["DefaultRetention"] | {"Days": 365, "Mode": "GOVERNANCE"}
        == lock["Rule"]["DefaultRetention"]
    )
    prefix = f"AWSLogs/{account.id}/"
    (version,) = s3.list_object_versions(Bucket=trail(ready), Prefix=prefix)["Versions"]
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_object(Bucket=trail(ready), Key=version["Key"], VersionId=version["VersionId"])
    (lifecycle,) = s3.get_bucket_lifecycle_configuration(Bucket=trail(ready))["Rules"]
    assert lifecycle["NoncurrentVersionExpiration"]["NoncurrentDays"] == 30
    for bucket in (config(ready), access_logs(ready)):
        with pytest.raises(ClientError, match="ObjectLockConfigurationNotFoundError"):
            s3.get_object_lock_configuration(Bucket=bucket)
    for bucket in (trail(ready), config(ready), access_logs(ready)):
        (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
        assert rule["BlockedEncryptionTypes"] == {"EncryptionType": ["SSE-C"]}


def test_listed_accounts_may_deliver_and_no_other(ready: World) -> None:
    listed, other = ready.account(), ready.account()
    archive_of_one = ready.declaration.log_archive.model_copy(update={"admit": [listed.id]})
    declaration = ready.declaration.model_copy(update={"log_archive": archive_of_one})
    ready.apply(LOG_ARCHIVE, ready.security, declaration=declaration)
    make_trail(ready, listed)
    cloudtrail = ready.client("cloudtrail", other)
    with pytest.raises(cloudtrail.exceptions.InsufficientS3BucketPolicyException):
        make_trail(ready, other)
    ready.apply(LOG_ARCHIVE, ready.security)
    make_trail(ready, other)


def admitting(declaration: Declaration, number: int) -> Declaration:
    listed = [str(200_000_000_000 + each) for each in range(number)]
    archive_of_some = declaration.log_archive.model_copy(update={"admit": listed})
    return declaration.model_copy(update={"log_archive": archive_of_some})


@pytest.mark.parametrize(
    ("trail_name", "sentence"),
    [
        (
            "t",
            r"lists \d+ accounts, with which the trail bucket's policy has 20,\d{3} bytes; S3 takes 20,480",
        ),
        (
            "a-trail-with-a-long-name",
            r"lists \d+ accounts, with which the key's policy has 32,\d{3} bytes; KMS takes 32,768",
        ),
    ],
)
def test_more_accounts_than_a_policy_can_name_are_refused_before_anything_is_done(
    world: World, trail_name: str, sentence: str
) -> None:
    trails = world.declaration.trail.model_copy(update={"name": trail_name})
    declaration = world.declaration.model_copy(update={"trail": trails})
    fits = next(number for number in range(400, 0, -1) if not mistakes(admitting(declaration, number)))
    assert fits > 100
    (refused,) = mistakes(admitting(declaration, fits + 1))
    assert re.fullmatch(
        rf"baseline\.yaml: logArchive\.admit: {sentence}: declare admit: organization\.", refused
    )
    assert LOG_ARCHIVE.rendered(declaration)
    mark = len(world.aws.calls)
    with pytest.raises(InvalidDeclaration, match="declare admit: organization"):
        world.apply(LOG_ARCHIVE, world.security, declaration=admitting(declaration, fits + 1))
    assert not [call.operation for call in world.calls_since(mark) if call.mutating and call.service != "sts"]


def mistakes(declaration: Declaration) -> list[str]:
    return list(refused_by_aws(declaration, {LOG_ARCHIVE.name: LOG_ARCHIVE}))


def test_as_many_accounts_as_a_policy_can_name_are_admitted(ready: World) -> None:
    """AWS counts white space, too."""
    fits = next(number for number in range(400, 0, -1) if not mistakes(admitting(ready.declaration, number)))
    declaration = admitting(ready.declaration, fits)
    ready.apply(LOG_ARCHIVE, ready.security, declaration=declaration)
    assert ready.plan(LOG_ARCHIVE, ready.security, declaration=declaration) == []
    listed = statement(ready, config(ready), "ConfigDelivers")["Condition"]["StringEquals"]
    assert len(listed["aws:SourceAccount"]) == fits + 2
    ready.apply(LOG_ARCHIVE, ready.security)


def test_any_account_of_the_organization_finds_the_key_by_its_alias(ready: World) -> None:
    account = ready.account()
    alias_arn = f"arn:aws:kms:us-east-1:{ready.security.id}:{ALIAS}"
    found = ready.client("kms", account).describe_key(KeyId=alias_arn)
    assert found["KeyMetadata"]["Arn"] == key_arn(ready)


# -- refusals ------------------------------------------------------------------------------------------


def test_a_bucket_name_that_somebody_else_has_is_refused_by_name(ready: World) -> None:
    ready.client("s3", ready.account()).create_bucket(Bucket="somebody-elses-bucket")
    names = ready.declaration.log_archive.model_copy(update={"config_bucket": "somebody-elses-bucket"})
    declaration: Declaration = ready.declaration.model_copy(update={"log_archive": names})
    assert (
        archive(ready.target(LOG_ARCHIVE, ready.security, declaration)).config_bucket
        == "somebody-elses-bucket"
    )
    with pytest.raises(
        RefusedByAws, match=r"bucket somebody-elses-bucket: .* The bucket's name belongs to another"
    ):
        ready.apply(LOG_ARCHIVE, ready.security, declaration=declaration)


def test_another_home_region_is_refused_before_anything_is_made(ready: World) -> None:
    """The archive's buckets stay where they are."""
    elsewhere = ready.declaration.regions.model_copy(
        update={"home": "eu-west-1", "governed": ["us-east-1", "eu-west-1"]}
    )
    declaration: Declaration = ready.declaration.model_copy(update={"regions": elsewhere})
    told = ready.plan(LOG_ARCHIVE, ready.security, declaration=declaration)
    assert {(each.action, each.severity, each.resource) for each in told} == {
        ("report", "high", f"bucket {bucket}") for bucket in (trail(ready), config(ready), access_logs(ready))
    }
    said = (
        "is in us-east-1, and regions.home is eu-west-1; a bucket's Region cannot be changed: declare other names of buckets "
        "under logArchive, or home: us-east-1"
    )
    assert {each.reason for each in told} == {said}
    mark = len(ready.aws.calls)
    with pytest.raises(RefusedByAws, match=f"bucket {trail(ready)} {said}"):
        ready.apply(LOG_ARCHIVE, ready.security, declaration=declaration)
    assert not [call for call in ready.calls_since(mark) if call.mutating]

    named = {
        name: f"{getattr(ready.declaration.log_archive, name)}-eu"
        for name in ("trail_bucket", "config_bucket", "access_logs_bucket")
    }
    moved = declaration.model_copy(
        update={"log_archive": ready.declaration.log_archive.model_copy(update=named)}
    )
    ready.apply(LOG_ARCHIVE, ready.security, declaration=moved)
    former = ready.apply(LOG_ARCHIVE, ready.before(ready.security), declaration=moved)
    assert f"bucket {trail(ready)}" in {each.resource for each in former}
    ready.apply(LOG_ARCHIVE, ready.security)


TRUSTS_NOBODY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"},
    ],
}


def test_a_key_that_keeps_administrators_out_is_passed_over(ready: World) -> None:
    """Somebody else's, whose policy names a role that is gone: nobody may ask for its tags."""
    kms = ready.client("kms", ready.security)
    gone = f"arn:aws:iam::{ready.security.id}:role/gone"
    ready.client("iam", ready.security).create_role(
        RoleName="gone", AssumeRolePolicyDocument=json.dumps(TRUSTS_NOBODY)
    )
    closed = {"Effect": "Allow", "Principal": {"AWS": gone}, "Action": "kms:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [closed]})
    key = kms.create_key(Policy=policy, BypassPolicyLockoutSafetyCheck=True)["KeyMetadata"]["KeyId"]
    with pytest.raises(ClientError, match="AccessDeniedException"):
        kms.list_resource_tags(KeyId=key)
    kms.delete_alias(AliasName=ALIAS)  # so that every key is asked whether it is ours
    changes = ready.apply(LOG_ARCHIVE, ready.security)
    assert "alias does not exist" in [change.reason.partition(":")[0] for change in changes]
