"""log-archive: what is done to it behind our back is named and mended, whatever the state it is found in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from groundwork.baseline.archive import WRITER, is_known
from groundwork.baseline.component import Call
from groundwork.baseline.components.log_archive import Found, LogArchive
from groundwork.baseline.components.log_archive.buckets import NEW_BUCKET, wanted
from groundwork.baseline.components.log_archive.policies import key as key_policy
from groundwork.baseline.components.log_archive.writer import POLICY, Writer
from groundwork.baseline.components.log_archive.writer import wanted as wanted_writer
from groundwork.baseline.keys import KEY_TAG, Key
from groundwork.contracts import Account
from tests.component.conftest import World
from tests.component.sabotage import (
    Sabotage,
    prove,
    prove_all,
    prove_complete,
    some_of,
    used_and_declared,
)
from tests.component.without_aws import ON_ENGINE, PURE, SECURITY, target_without_aws

LOG_ARCHIVE = LogArchive()
ANYBODY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}
ALIAS = "alias/groundwork-logs"
KEY = f"key {ALIAS}"
Do = Callable[[World, Account], object]


def named(which: str) -> str:
    return f"groundwork-{which}-{{account}}"


def bucket(which: str, account: Account) -> str:
    return named(which).replace("{account}", account.id)


def put(which: str, operation: str, **parameters: Any) -> Do:
    """An operation of S3 on one of the three buckets."""

    def do(world: World, account: Account) -> None:
        given = json.loads(json.dumps(parameters).replace("{account}", account.id))
        getattr(world.client("s3", account), operation)(Bucket=bucket(which, account), **given)

    return do


def put_policy(which: str, change: Callable[[list[dict[str, Any]]], object]) -> Do:
    """A bucket policy with statements that `change` has tampered with."""

    def do(world: World, account: Account) -> None:
        s3, name = world.client("s3", account), bucket(which, account)
        document = json.loads(s3.get_bucket_policy(Bucket=name)["Policy"])
        change(document["Statement"])
        s3.put_bucket_policy(Bucket=name, Policy=json.dumps(document).replace("{bucket}", name))

    return do


def encrypt(which: str, by_key: bool = True, *, bucket_key: bool = True, foreign: bool = False) -> Do:
    """Default encryption with the archive's key, a foreign one, or S3's own."""

    def do(world: World, account: Account) -> None:
        kms = world.client("kms", account)
        arn = kms.create_key()["KeyMetadata"]["Arn"] if foreign else key_arn(world, account)
        default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": arn} if by_key else {"SSEAlgorithm": "AES256"}
        rule = {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": bucket_key}
        put(which, "put_bucket_encryption", ServerSideEncryptionConfiguration={"Rules": [rule]})(
            world, account
        )

    return do


def expire(which: str, days: int, status: str = "Enabled") -> Do:
    rule = {"ID": "x", "Status": status, "Filter": {"Prefix": ""}, "Expiration": {"Days": days}}
    return put(which, "put_bucket_lifecycle_configuration", LifecycleConfiguration={"Rules": [rule]})


def of_bucket(which: str) -> list[Sabotage]:
    """What can be done to any of the three buckets."""
    at, days = f"bucket {named(which)}", 365 if which == "access-logs" else 2557
    stranger = {"Sid": "Theirs", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::999999999999:root"}}
    reading = stranger | {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::{bucket}/*"}
    return [
        Sabotage(f"{which}: no block", put(which, "delete_public_access_block"),
                 f"{at}: PublicAccessBlockConfiguration",
                 "public access is not blocked: it is missing, expected (BlockPublicAcls True, ", "high"),
        Sabotage(f"{which}: half a block", put(which, "put_public_access_block", PublicAccessBlockConfiguration={
                     "BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True}),
                 f"{at}: PublicAccessBlockConfiguration",
                 "public access is not blocked: RestrictPublicBuckets is False, expected True", "high"),
        Sabotage(f"{which}: ownership", put(which, "put_bucket_ownership_controls",
                     OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}),
                 f"{at}: OwnershipControls", "ObjectOwnership is ObjectWriter, expected BucketOwnerEnforced", "high"),
        Sabotage(f"{which}: no ownership", put(which, "delete_bucket_ownership_controls"),
                 f"{at}: OwnershipControls", "the bucket's owner does not own every object: it is missing", "high"),
        Sabotage(f"{which}: versioning", put(which, "put_bucket_versioning",
                     VersioningConfiguration={"Status": "Suspended"}),
                 f"{at}: VersioningConfiguration",
                 "versioning is off: logs can be overwritten: Status is Suspended, expected Enabled", "high"),
        Sabotage(f"{which}: lifecycle gone", put(which, "delete_bucket_lifecycle"),
                 f"{at}: LifecycleConfiguration",
                 "lifecycle is not as declared: it is missing, expected (Rules (ID groundwork, "),
        Sabotage(f"{which}: logs deleted early", expire(which, 1), f"{at}: LifecycleConfiguration",
                 f"Expiration.Days is 1, expected {days}", "high"),
        Sabotage(f"{which}: logs never deleted", expire(which, 1, "Disabled"), f"{at}: LifecycleConfiguration",
                 "Status is Disabled, expected Enabled"),
        Sabotage(f"{which}: from anywhere", put_policy(which, lambda policy: policy[-1].pop("Condition", None)),
                 f"{at}: Policy", "is missing, expected ", "high"),
        Sabotage(f"{which}: a stranger reads", put_policy(which, lambda policy: policy.append(reading)),
                 f"{at}: Policy", "policy holds the foreign statement Theirs "
                 "(Allow s3:GetObject to account 999999999999)", "high"),
        Sabotage(f"{which}: without TLS", put_policy(which, lambda policy: policy.pop(0)), f"{at}: Policy",
                 "policy lacks the statement OnlyOverTLS", "high"),
        Sabotage(f"{which}: policy gone", put(which, "delete_bucket_policy"), f"{at}: Policy", "has no policy", "high"),
    ]  # fmt: skip


def of_log_bucket(which: str) -> list[Sabotage]:
    """What can be done to the buckets that logs are delivered to, besides."""
    at = f"bucket {named(which)}"
    return [
        Sabotage(f"{which}: encrypted by S3", encrypt(which, by_key=False, bucket_key=False),
                 f"{at}: ServerSideEncryptionConfiguration", "default encryption is not as declared: "
                 "ApplyServerSideEncryptionByDefault.SSEAlgorithm is AES256, expected aws:kms"),
        Sabotage(f"{which}: encrypted by another key", encrypt(which, foreign=True),
                 f"{at}: ServerSideEncryptionConfiguration", f", expected key {ALIAS}", "high"),
        Sabotage(f"{which}: no bucket key", encrypt(which, bucket_key=False),
                 f"{at}: ServerSideEncryptionConfiguration", "BucketKeyEnabled is False, expected True"),
        Sabotage(f"{which}: not logged", put(which, "put_bucket_logging", BucketLoggingStatus={}),
                 f"{at}: BucketLoggingStatus", "access is not logged: LoggingEnabled is missing, expected (", "high"),
        Sabotage(f"{which}: logged elsewhere", put(which, "put_bucket_logging", BucketLoggingStatus={
                     "LoggingEnabled": {"TargetBucket": named("access-logs"), "TargetPrefix": "x/"}}),
                 f"{at}: BucketLoggingStatus", "LoggingEnabled.TargetPrefix is x/, expected groundwork-", "high"),
    ]  # fmt: skip


def kms(operation: str, **parameters: Any) -> Do:
    """An operation of KMS on the key."""

    def do(world: World, account: Account) -> None:
        getattr(world.client("kms", account), operation)(KeyId=key_arn(world, account), **parameters)

    return do


def put_key_policy(change: Callable[[list[dict[str, Any]]], object]) -> Do:
    def do(world: World, account: Account) -> None:
        client, arn = world.client("kms", account), key_arn(world, account)
        document = json.loads(client.get_key_policy(KeyId=arn, PolicyName="default")["Policy"])
        change(document["Statement"])
        client.put_key_policy(KeyId=arn, PolicyName="default", Policy=json.dumps(document))

    return do


def delete_alias(world: World, account: Account) -> None:
    world.client("kms", account).delete_alias(AliasName=ALIAS)


def move_alias(world: World, account: Account) -> None:
    client = world.client("kms", account)
    client.update_alias(AliasName=ALIAS, TargetKeyId=client.create_key()["KeyMetadata"]["KeyId"])


def delete_bucket(which: str) -> Do:
    def do(world: World, account: Account) -> None:
        s3, name = world.client("s3", account), bucket(which, account)
        while logs := s3.list_object_versions(Bucket=name).get("Versions", []):
            versions = [{"Key": log["Key"], "VersionId": log["VersionId"]} for log in logs]
            s3.delete_objects(Bucket=name, Delete={"Objects": versions, "Quiet": True})
        s3.delete_bucket(Bucket=name)

    return do


OF_BUCKETS = [
    # S3 refuses to log to a bucket that does not admit it: what is done to that one comes last.
    *(each for which in ("trail", "config") for each in of_log_bucket(which)),
    *(each for which in ("trail", "config", "access-logs") for each in of_bucket(which)),
    Sabotage("access-logs: encrypted by a key", encrypt("access-logs", bucket_key=False),
             f"bucket {named('access-logs')}: ServerSideEncryptionConfiguration",
             "SSEAlgorithm is aws:kms, expected AES256", "high"),
]  # fmt: skip
GRANT = {"Sid": "Theirs", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::999999999999:root"},
         "Action": "kms:Decrypt", "Resource": "*"}  # fmt: skip
# In an order in which each can still be done after those before it.
OF_KEY = [
    Sabotage("key policy asks for another organization", put_key_policy(
                 lambda policy: policy[-1]["Condition"]["StringEquals"].update({"aws:PrincipalOrgID": "o-theirs"})), KEY,
             "policy differs in the statement TheOrganizationFindsTheKey: StringEquals aws:PrincipalOrgID is o-theirs, "
             "expected o-", "high"),
    Sabotage("key policy lacks a statement", put_key_policy(lambda policy: policy.pop(1)), KEY,
             "policy lacks the statement CloudTrailEncrypts", "high"),
    Sabotage("key policy lets a stranger decrypt", put_key_policy(lambda policy: policy.append(GRANT)), KEY,
             "policy holds the foreign statement Theirs (Allow kms:Decrypt to account 999999999999)", "high"),
    Sabotage("rotation", kms("disable_key_rotation"), KEY, "does not rotate"),
    Sabotage("untagged", kms("untag_resource", TagKeys=[KEY_TAG]), KEY, "untagged: adopted", "low"),
    Sabotage("disabled", kms("disable_key"), KEY, "is disabled: logs can be neither delivered nor read", "high"),
    Sabotage("to be deleted", kms("schedule_key_deletion", PendingWindowInDays=7), KEY,
             "is to be deleted: every log would become unreadable", "high"),
    Sabotage("alias moved", move_alias, KEY, "alias leads to arn:aws:kms:us-east-1:{account}:key/", "high"),
    Sabotage("alias deleted", delete_alias, KEY,
             "alias does not exist: no account finds the key, and no guard rail protects it", "high"),
]  # fmt: skip
ROLE = f"role/{WRITER}"


def iam(operation: str, **parameters: Any) -> Do:
    def do(world: World, account: Account) -> None:
        getattr(world.client("iam", account), operation)(RoleName=WRITER, **parameters)

    return do


def delete_role(world: World, account: Account) -> None:
    if WRITER in {role["RoleName"] for role in world.client("iam", account).list_roles()["Roles"]}:
        for name in world.client("iam", account).list_role_policies(RoleName=WRITER)["PolicyNames"]:
            iam("delete_role_policy", PolicyName=name)(world, account)
        iam("delete_role")(world, account)


OF_ROLE = [
    Sabotage("the role lets anybody in", iam("update_assume_role_policy", PolicyDocument=json.dumps(ANYBODY)), ROLE,
             "trust policy", "high"),
    Sabotage("the role may delete", iam("put_role_policy", PolicyName=POLICY, PolicyDocument=json.dumps(
                 {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})), ROLE,
             "change-the-log-archive: policy", "high"),
    Sabotage("the role may more", iam("put_role_policy", PolicyName="more", PolicyDocument=json.dumps(
                 {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})), ROLE,
             "has the inline policy more, which is not declared", "high"),
    Sabotage("the role may nothing", iam("delete_role_policy", PolicyName=POLICY), ROLE, "has no policy", "high"),
    Sabotage("the role gone", delete_role, ROLE, "does not exist: an entry role changes the archive", "high"),
]  # fmt: skip
SETTINGS_OF_LOGS = (
    "BucketLoggingStatus", "LifecycleConfiguration", "Policy", "PublicAccessBlockConfiguration",
    "ServerSideEncryptionConfiguration", "VersioningConfiguration")  # fmt: skip
DELETED = [
    Sabotage(f"{which} deleted", delete_bucket(which), f"bucket {named(which)}", "does not exist: no log is kept", "high",
             tuple(f"bucket {named(which)}: {setting}" for setting in its))
    for which, its in {
        "access-logs": (
            "LifecycleConfiguration", "Policy", "PublicAccessBlockConfiguration", "ServerSideEncryptionConfiguration",
            "VersioningConfiguration"),
        "trail": (*SETTINGS_OF_LOGS, "ObjectLockConfiguration"),
        "config": SETTINGS_OF_LOGS,
    }.items()
]  # fmt: skip


def in_batches(catalogue: Iterable[Sabotage]) -> list[list[Sabotage]]:
    """As few as possible in which no two are on one resource."""
    batches: list[list[Sabotage]] = []
    for each in catalogue:
        fitting = (batch for batch in batches if each.resource not in {other.resource for other in batch})
        batch = next(fitting, None)
        if batch is None:
            batches.append(batch := [])
        batch.append(each)
    return batches


# -- what AWS says -----------------------------------------------------------------------------------

QUESTIONS = (
    "get_public_access_block",
    "get_bucket_ownership_controls",
    "get_bucket_versioning",
    "get_bucket_encryption",
    "get_bucket_lifecycle_configuration",
    "get_bucket_policy",
    "get_bucket_logging",
)


def key_arn(world: World, account: Account) -> str:
    """Of the key that carries the archive's tag for life, and the name of its alias."""
    client = world.client("kms", account)
    (found,) = (
        entry["KeyArn"]
        for entry in client.list_keys()["Keys"]
        if {"TagKey": "managed-by", "TagValue": "groundwork"}
        in client.list_resource_tags(KeyId=entry["KeyArn"])["Tags"]
    )
    return str(found)


def portrait(world: World, account: Account) -> Any:
    """The archive as AWS tells it."""
    s3, client, arn = world.client("s3", account), world.client("kms", account), key_arn(world, account)
    aliases = {each["AliasName"]: each.get("TargetKeyId") for each in client.list_aliases()["Aliases"]}
    buckets = [name["Name"] for name in s3.list_buckets()["Buckets"]]
    return {
        "key": (
            client.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"],
            json.loads(client.get_key_policy(KeyId=arn, PolicyName="default")["Policy"]),
            client.get_key_rotation_status(KeyId=arn)["KeyRotationEnabled"],
            sorted(tag["TagKey"] for tag in client.list_resource_tags(KeyId=arn)["Tags"]),
            aliases.get(ALIAS) == arn.rpartition("/")[2],
        )
    } | {f"{name} {question}": answer(s3, question, name) for name in buckets for question in QUESTIONS}


def answer(s3: Any, question: str, name: str) -> Any:
    try:
        told = getattr(s3, question)(Bucket=name)
    except ClientError as missing:
        return missing.response["Error"]["Code"]
    del told["ResponseMetadata"]
    return json.loads(told["Policy"]) if "Policy" in told else told


@pytest.fixture(scope="module")
def ready(world: World) -> World:
    """The world with the archive as declared: every test leaves it so."""
    world.apply(LOG_ARCHIVE, world.security)
    return world


@pytest.fixture(scope="module")
def good(ready: World) -> Any:
    return portrait(ready, ready.security)


@pytest.mark.parametrize(
    "batch", in_batches([*OF_KEY, *OF_BUCKETS, *OF_ROLE]), ids=lambda batch: batch[0].name
)
def test_every_sabotage_is_named_and_put_right(ready: World, batch: list[Sabotage]) -> None:
    prove_all(ready, LOG_ARCHIVE, ready.security, batch, lambda: portrait(ready, ready.security))


@pytest.mark.parametrize("sabotage", DELETED, ids=lambda each: each.name)
def test_a_deleted_bucket_comes_back(ready: World, sabotage: Sabotage) -> None:
    prove(ready, LOG_ARCHIVE, ready.security, sabotage, lambda: portrait(ready, ready.security))


@ON_ENGINE
@given(
    # Who takes away the key's tag and its alias takes away all by which it is known to be ours.
    sabotages=some_of(
        [
            *OF_BUCKETS,
            *OF_ROLE[:2],
            OF_ROLE[3],
            *(each for each in OF_KEY if each.name != "untagged"),
            *DELETED,
        ],
        most=12,
    )
)
def test_a_plan_tells_all_that_apply_does_from_any_state(
    ready: World, good: Any, sabotages: list[Sabotage]
) -> None:
    for each in sabotages:
        each.do(ready, ready.security)
    assert prove_complete(ready, LOG_ARCHIVE, ready.security)
    assert portrait(ready, ready.security) == good


def test_it_declares_the_permissions_that_it_uses_and_no_other(ready: World) -> None:
    mark = len(ready.aws.calls)
    for batch in in_batches([*OF_KEY, *OF_BUCKETS, *OF_ROLE, DELETED[0]]):
        for each in batch:
            each.do(ready, ready.security)
        ready.apply(LOG_ARCHIVE, ready.security)
    ready.apply(LOG_ARCHIVE, ready.account("security", "Security"))
    used, declared = used_and_declared(ready, LOG_ARCHIVE, mark)
    assert used == declared


# -- states that nobody saw --------------------------------------------------------------------------

TARGET = target_without_aws("security")
BUCKETS = tuple(f"groundwork-{which}-{SECURITY}" for which in ("access-logs", "trail", "config"))
ARN, NEW, OTHER = (f"arn:aws:kms:us-east-1:{SECURITY}:key/{which}" for which in ("ours", "new", "another"))
GOOD_KEY = Key(ARN, "Enabled", True, True, key_policy(TARGET), True)
GOOD_WRITER = wanted_writer([*LOG_ARCHIVE.reads, *LOG_ARCHIVE.writes], TARGET)
GOOD_BUCKETS = {name: {**NEW_BUCKET, **wanted(name, ARN, TARGET)} for name in BUCKETS}
SPOILT: dict[str, Any] = {write: {} for write in NEW_BUCKET} | {
    "PutBucketEncryption": {
        "Rules": [
            {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": OTHER}},
        ]
    }
}
HOLLOW = {"Version": "2012-10-17", "Statement": [{**GRANT, "Action": "*"}]}

keys = st.none() | st.builds(
    Key,
    arn=st.just(ARN),
    state=st.sampled_from(["Enabled", "Disabled", "PendingDeletion"]),
    aliased=st.booleans(),
    tagged=st.booleans(),
    policy=st.sampled_from([GOOD_KEY.policy, HOLLOW]),
    rotates=st.booleans(),
).filter(lambda key: key.aliased or key.tagged).map(
    lambda key: replace(key, rotates=None) if key.state == "PendingDeletion" else key
)  # fmt: skip


@st.composite
def states(draw: st.DrawFn) -> Found:
    """A key in any state or none; each bucket there or not, each of its settings as declared or as it was born."""
    key = draw(keys)
    astray = draw(st.sampled_from([None, OTHER])) if key and not key.aliased else None
    there = {
        name: {
            write: good if draw(st.booleans()) else NEW_BUCKET[write]
            for write, good in wanted(name, ARN, TARGET).items()
        }
        for name in BUCKETS
        if draw(st.booleans())
    }
    writer = draw(
        st.sampled_from(
            [
                None,
                GOOD_WRITER,
                replace(GOOD_WRITER, policy=None, others=("more",)),
                replace(GOOD_WRITER, trust=ANYBODY),
            ]
        )
    )
    return Found(key, astray, {name: {**NEW_BUCKET, **settings} for name, settings in there.items()}, writer)


def difference(found: Found) -> list[Call]:
    return list(LOG_ARCHIVE.diff(found, TARGET))


def carried_out(found: Found, calls: Iterable[Call]) -> Found:
    """The state after the calls, of which KMS refuses most to a key that is not enabled."""
    for call in calls:
        given = call.parameters
        if call.service == "s3":
            there = found.buckets.get(given["Bucket"], {})
            if call.operation == "CreateBucket":
                changed = {**NEW_BUCKET}
            else:
                value = next(value for name, value in given.items() if name != "Bucket")
                text = json.dumps(value).replace(f"<ARN of {KEY}>", NEW)
                value = json.loads(json.loads(text)) if isinstance(value, str) else json.loads(text)
                changed = {**there, call.operation: value}
            found = replace(found, buckets={**found.buckets, given["Bucket"]: changed})
        elif call.service == "iam":
            found = replace(found, writer=writer_after(call, found.writer))
        else:
            found = replace(
                found,
                key=key_after(call, found.key),
                astray=None if "Alias" in call.operation else found.astray,
            )
    return found


def writer_after(call: Call, writer: Writer | None) -> Writer:
    if call.operation == "CreateRole":
        return Writer(json.loads(call.parameters["AssumeRolePolicyDocument"]), None)
    assert writer is not None
    if call.operation == "DeleteRolePolicy":
        return replace(writer, others=())
    document = json.loads(call.parameters["PolicyDocument"])
    if call.operation == "PutRolePolicy":
        return replace(writer, policy=document)
    return replace(writer, trust=document)


def key_after(call: Call, key: Key | None) -> Key:
    if call.operation == "CreateKey":
        return Key(NEW, "Enabled", False, True, json.loads(call.parameters["Policy"]), False)
    assert key is not None
    needed = {
        "PutKeyPolicy": ("Enabled", "Disabled", "PendingDeletion"),
        "CancelKeyDeletion": ("PendingDeletion",),
        "EnableKey": ("Disabled",),
        "CreateAlias": ("Enabled", "Disabled"),
        "UpdateAlias": ("Enabled", "Disabled"),
        "TagResource": ("Enabled", "Disabled"),
        "EnableKeyRotation": ("Enabled",),
    }
    assert key.state in needed[call.operation], f"KMS refuses {call.operation}: the key is {key.state}"
    match call.operation:
        case "PutKeyPolicy":
            return replace(key, policy=json.loads(call.parameters["Policy"]))
        case "CancelKeyDeletion":
            return replace(key, state="Disabled", rotates=False)
        case "EnableKey":
            return replace(key, state="Enabled")
        case "CreateAlias" | "UpdateAlias":
            return replace(key, aliased=True)
        case "TagResource":
            return replace(key, tagged=True)
        case _:
            return replace(key, rotates=True)


@PURE
@given(found=states())
def test_the_difference_is_complete_and_nothing_in_it_is_superfluous(found: Found) -> None:
    calls = difference(found)
    assert difference(carried_out(found, calls)) == []
    for call in calls:
        assert is_known(json.dumps(call.parameters)) == (call.after == "")
        assert call.severity in ("high", "medium", "low")
    # What is planned beside a missing key or bucket is what is planned once that is there.
    first = [call for call in calls if call.operation in ("CreateRole", "CreateKey", "CreateBucket")]
    told = {(call.resource, call.action, call.reason, call.severity) for call in calls if call not in first}
    later = difference(carried_out(found, first))
    assert {(call.resource, call.action, call.reason, call.severity) for call in later} == told


@PURE
@given(
    differing=st.sets(
        st.sampled_from([(name, write) for name in BUCKETS for write in wanted(name, ARN, TARGET)])
    ),
    key=keys.filter(lambda key: key is not None),
)
def test_only_what_differs_is_in_the_difference(differing: set[tuple[str, str]], key: Key) -> None:
    spoilt = {
        name: {
            write: SPOILT[write] if (name, write) in differing else good for write, good in settings.items()
        }
        for name, settings in GOOD_BUCKETS.items()
    }
    calls = difference(Found(key, None, spoilt, GOOD_WRITER))
    of_buckets = {(call.parameters["Bucket"], call.operation) for call in calls if call.service == "s3"}
    assert of_buckets == differing
    assert (key == GOOD_KEY) == all(call.service == "s3" for call in calls)
