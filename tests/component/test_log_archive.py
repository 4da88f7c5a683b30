"""log-archive: the buckets and the key that every account's logs go to."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from groundwork import sessions
from groundwork.baseline.archive import archive
from groundwork.baseline.archive_policies import trail_bucket
from groundwork.baseline.components.log_archive import LogArchive
from groundwork.contracts import Account
from groundwork.declaration import Declaration
from groundwork.errors import ConflictingSetup
from tests.component.conftest import World

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
    world.apply(LOG_ARCHIVE, world.security)
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
    assert len(calls) <= 26


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


# -- drift ---------------------------------------------------------------------------------------------

Sabotage = Callable[[Any, Any, World], Any]


def put_policy(s3: Any, kms: Any, world: World) -> None:
    open_to_all = {"Sid": "Everyone", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}
    document = trail_bucket(world.target(LOG_ARCHIVE, world.security))
    everyone = open_to_all | {"Resource": f"arn:aws:s3:::{trail(world)}/*"}
    widened = {**document, "Statement": [*document["Statement"], everyone]}
    s3.delete_public_access_block(Bucket=config(world))
    s3.put_public_access_block(
        Bucket=config(world),
        PublicAccessBlockConfiguration={"BlockPublicAcls": True, "IgnorePublicAcls": True},
    )
    s3.delete_bucket_policy(Bucket=config(world))
    s3.delete_public_access_block(Bucket=trail(world))
    s3.put_bucket_policy(Bucket=trail(world), Policy=json.dumps(widened))


SABOTAGES: dict[str, tuple[Sabotage, list[tuple[str, str]]]] = {
    "versioning": (
        lambda s3, kms, world: s3.put_bucket_versioning(
            Bucket=trail(world), VersioningConfiguration={"Status": "Suspended"}
        ),
        [("{trail}: VersioningConfiguration", "versioning is off: logs can be overwritten")],
    ),
    "encryption": (
        lambda s3, kms, world: s3.put_bucket_encryption(
            Bucket=config(world),
            ServerSideEncryptionConfiguration={
                "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
            },
        ),
        [("{config}: ServerSideEncryptionConfiguration", "default encryption is not as declared")],
    ),
    "lifecycle": (
        lambda s3, kms, world: s3.put_bucket_lifecycle_configuration(
            Bucket=trail(world),
            LifecycleConfiguration={
                "Rules": [
                    {"ID": "x", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}
                ]
            },
        ),
        [("{trail}: LifecycleConfiguration", "lifecycle is not as declared")],
    ),
    "logging": (
        lambda s3, kms, world: s3.put_bucket_logging(Bucket=trail(world), BucketLoggingStatus={}),
        [("{trail}: BucketLoggingStatus", "access is not logged")],
    ),
    "policies and public access": (
        put_policy,
        [
            ("{trail}: PublicAccessBlockConfiguration", "public access is not blocked"),
            ("{trail}: Policy", "policy holds the foreign statement Everyone"),
            ("{config}: PublicAccessBlockConfiguration", "public access is not blocked"),
            ("{config}: Policy", "has no policy"),
        ],
    ),
    "ownership": (
        lambda s3, kms, world: s3.put_bucket_ownership_controls(
            Bucket=trail(world), OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
        ),
        [("{trail}: OwnershipControls", "the bucket's owner does not own every object")],
    ),
    "rotation": (
        lambda s3, kms, world: kms.disable_key_rotation(KeyId=key_arn(world)),
        [("key alias/groundwork-logs", "does not rotate")],
    ),
    "disabled": (
        lambda s3, kms, world: kms.disable_key(KeyId=key_arn(world)),
        [("key alias/groundwork-logs", "is disabled: logs can be neither delivered nor read")],
    ),
    "alias": (
        lambda s3, kms, world: kms.delete_alias(AliasName=ALIAS),
        [("key alias/groundwork-logs", "key {key} has no alias: no account finds it")],
    ),
    "alias moved": (
        lambda s3, kms, world: kms.update_alias(
            AliasName=ALIAS, TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"]
        ),
        [("key alias/groundwork-logs", "alias leads to another key; expected {key}")],
    ),
}


@pytest.mark.parametrize("what", SABOTAGES)
def test_what_drifted_is_named_and_mended_and_nothing_else(ready: World, what: str) -> None:
    sabotage, expected = SABOTAGES[what]
    key = key_arn(ready)
    names = {"trail": f"bucket {trail(ready)}", "config": f"bucket {config(ready)}", "key": key}
    sabotage(ready.client("s3", ready.security), ready.client("kms", ready.security), ready)
    changes = ready.apply(LOG_ARCHIVE, ready.security)
    assert [(change.resource, change.reason) for change in changes] == [
        (resource.format(**names), reason.format(**names)) for resource, reason in expected
    ]
    assert key_arn(ready) == key


def test_a_key_that_is_to_be_deleted_is_saved(ready: World) -> None:
    key, kms = key_arn(ready), ready.client("kms", ready.security)
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    changes = ready.apply(LOG_ARCHIVE, ready.security)
    assert "every log would become unreadable" in changes[0].reason
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"


def test_a_tampered_key_policy_is_put_right(ready: World) -> None:
    kms = ready.client("kms", ready.security)
    policy = json.loads(kms.get_key_policy(KeyId=key_arn(ready), PolicyName="default")["Policy"])
    policy["Statement"] = [each for each in policy["Statement"] if each["Sid"] != "CloudTrailEncrypts"]
    kms.put_key_policy(KeyId=key_arn(ready), PolicyName="default", Policy=json.dumps(policy))
    (change,) = ready.apply(LOG_ARCHIVE, ready.security)
    assert change.reason == "policy lacks the statement CloudTrailEncrypts"


# -- refusals ------------------------------------------------------------------------------------------


def test_a_bucket_name_that_somebody_else_has_is_refused_by_name(ready: World) -> None:
    ready.client("s3", ready.account()).create_bucket(Bucket="somebody-elses-bucket")
    names = ready.declaration.log_archive.model_copy(update={"config_bucket": "somebody-elses-bucket"})
    declaration: Declaration = ready.declaration.model_copy(update={"log_archive": names})
    assert (
        archive(ready.target(LOG_ARCHIVE, ready.security, declaration)).config_bucket
        == "somebody-elses-bucket"
    )
    with pytest.raises(ConflictingSetup, match="somebody-elses-bucket: the bucket's name belongs to another"):
        ready.apply(LOG_ARCHIVE, ready.security, declaration=declaration)
