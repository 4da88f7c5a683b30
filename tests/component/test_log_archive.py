"""log-archive: the buckets and the key that every account's logs go to."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from groundwork.aws import sessions
from groundwork.baseline import loop
from groundwork.baseline.archive import archive
from groundwork.baseline.components.log_archive import LogArchive
from groundwork.contracts import Account
from groundwork.declaration import Declaration
from groundwork.errors import RefusedByAws
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
    assert len(calls) == 26


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
    assert len([call for call in calls if call.mutating]) == len(planned) == 22
    assert len(calls) == 53


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


def make_trail(world: World, account: Account) -> dict[str, Any]:
    cloudtrail = world.client("cloudtrail", account)
    made: dict[str, Any] = cloudtrail.create_trail(
        Name="probe", S3BucketName=trail(world), KmsKeyId=key_arn(world), IsMultiRegionTrail=True
    )
    cloudtrail.start_logging(Name="probe")
    return made


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
