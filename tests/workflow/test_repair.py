"""Sabotage of every kind, done through the entry role, and one start by hand that puts it right and says so.

Several kinds are repaired in one run: what it is about is kept apart by the words of `changes`, and the account looks
afterwards as it did before.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from moto.kms.models import kms_backends
from moto.s3.models import s3_backends

from groundwork.baseline.archive import WRITER
from local.identity.sts import open_role_session
from tests.workflow.conftest import Cloud
from tests.workflow.looking import portrait

STRANGER = "999999999999"
ADMIN, DEV, READ_ONLY = (
    "allow-admin-from-security-account",
    "allow-dev-from-security-account",
    "allow-read-only-from-security-account",
)
AWS_POLICIES = "arn:aws:iam::aws:policy"
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


@dataclass(frozen=True)
class Inside:
    """An account, entered."""

    cloud: Cloud
    account: str

    def __call__(self, service: str) -> Any:
        return self.cloud.inside(service, self.account)

    def archive(self, service: str) -> Any:
        """As the one role that changes the log archive."""
        role = f"arn:aws:iam::{self.account}:role/{WRITER}"
        _, credentials = open_role_session(self.cloud.aws, role, "test")
        return self.cloud.aws.client(service, credentials=credentials)

    @property
    def security(self) -> str:
        return self.cloud.declared("security")


@dataclass(frozen=True)
class Sabotage:
    """What is done, and the resource and the words by which the repair tells of it."""

    do: Callable[[Inside], object]
    resource: str
    words: str


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def delete_role(inside: Inside, name: str) -> None:
    iam = inside("iam")
    for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
    iam.delete_role(RoleName=name)


def widen_trust(inside: Inside, name: str, principal: str) -> None:
    iam = inside("iam")
    trust = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    trust["Statement"].append(
        {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}
    )
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))


def forgo_mfa(inside: Inside, name: str) -> None:
    iam = inside("iam")
    trust = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    del trust["Statement"][0]["Condition"]["Bool"]
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))


def elsewhere(inside: Inside, bucket: str, service: str) -> str:
    """A bucket of the account's own that lets a service write."""
    name, s3 = f"{bucket}-{inside.account}", inside("s3")
    s3.create_bucket(Bucket=name)
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "s3:*"}
    resources = [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]
    s3.put_bucket_policy(Bucket=name, Policy=document(statement | {"Resource": resources}))
    return name


def change_trail(inside: Inside, **changed: Any) -> None:
    inside("cloudtrail").update_trail(Name="groundwork", **changed)


def redirect_channel(inside: Inside) -> None:
    config = inside("config")
    (channel,) = config.describe_delivery_channels()["DeliveryChannels"]
    del channel["s3KmsKeyArn"]
    channel["s3BucketName"] = elsewhere(inside, "config-elsewhere", "config.amazonaws.com")
    config.put_delivery_channel(DeliveryChannel=channel)


def delete_recorder(inside: Inside) -> None:
    config = inside("config")
    config.stop_configuration_recorder(ConfigurationRecorderName="groundwork")
    config.delete_delivery_channel(DeliveryChannelName="groundwork")
    config.delete_configuration_recorder(ConfigurationRecorderName="groundwork")


def delete_alias(inside: Inside) -> None:
    iam = inside("iam")
    (alias,) = iam.list_account_aliases()["AccountAliases"]
    iam.delete_account_alias(AccountAlias=alias)


WORKLOAD_FIRST = (
    Sabotage(lambda inside: delete_role(inside, ADMIN), f"role/{ADMIN}", "the role does not exist"),
    Sabotage(
        lambda inside: widen_trust(inside, DEV, f"arn:aws:iam::{STRANGER}:root"),
        f"role/{DEV}",
        f"lets account {STRANGER} in",
    ),
    Sabotage(lambda inside: forgo_mfa(inside, READ_ONLY), f"role/{READ_ONLY}", "does not ask for MFA"),
    Sabotage(
        lambda inside: inside("iam").attach_role_policy(
            RoleName=READ_ONLY, PolicyArn=f"{AWS_POLICIES}/AdministratorAccess"
        ),
        f"role/{READ_ONLY}",
        "has AdministratorAccess attached, which is not declared",
    ),
    Sabotage(
        lambda inside: inside("iam").detach_role_policy(
            RoleName=READ_ONLY, PolicyArn=f"{AWS_POLICIES}/ReadOnlyAccess"
        ),
        f"role/{READ_ONLY}",
        "lacks the declared policy ReadOnlyAccess",
    ),
    Sabotage(
        lambda inside: inside("iam").put_role_policy(
            RoleName=READ_ONLY, PolicyName="backdoor", PolicyDocument=document(EVERYTHING)
        ),
        f"role/{READ_ONLY}",
        "has the inline policy backdoor, which is not declared",
    ),
    Sabotage(
        lambda inside: inside("iam").put_role_permissions_boundary(
            RoleName=DEV, PermissionsBoundary=f"{AWS_POLICIES}/ReadOnlyAccess"
        ),
        f"role/{DEV}",
        "permissions boundary is arn:aws:iam::aws:policy/",
    ),
    Sabotage(
        lambda inside: inside("iam").update_role(RoleName=DEV, MaxSessionDuration=43200),
        f"role/{DEV}",
        "session length is 43200 s; expected 3600 s",
    ),
    Sabotage(
        lambda inside: inside("cloudtrail").stop_logging(Name="groundwork"),
        "trail groundwork",
        "is not logging",
    ),
    Sabotage(
        lambda inside: inside("config").stop_configuration_recorder(ConfigurationRecorderName="groundwork"),
        "recorder groundwork in us-east-1",
        "is not recording",
    ),
    Sabotage(redirect_channel, "channel groundwork in us-east-1", "delivers to bucket config-elsewhere-"),
    Sabotage(
        lambda inside: inside("iam").update_account_password_policy(MinimumPasswordLength=6),
        "password policy",
        "6; expected 14",
    ),
    Sabotage(delete_alias, "account alias", "does not exist"),
    Sabotage(
        lambda inside: inside("ec2").disable_ebs_encryption_by_default(),
        "EBS encryption in us-east-1",
        "new volumes are not encrypted",
    ),
)

WORKLOAD_THEN = (
    Sabotage(
        lambda inside: inside("iam").update_assume_role_policy(
            RoleName=ADMIN,
            PolicyDocument=document(
                {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
            ),
        ),
        f"role/{ADMIN}",
        "lets everybody in",
    ),
    Sabotage(
        lambda inside: change_trail(
            inside, S3BucketName=elsewhere(inside, "trail-elsewhere", "cloudtrail.amazonaws.com"), KmsKeyId=""
        ),
        "trail groundwork",
        "delivers to bucket trail-elsewhere-",
    ),
    Sabotage(
        lambda inside: change_trail(inside, EnableLogFileValidation=False),
        "trail groundwork",
        "does not validate log files",
    ),
    Sabotage(
        lambda inside: change_trail(inside, IsMultiRegionTrail=False),
        "trail groundwork",
        "records one Region only",
    ),
    Sabotage(delete_recorder, "recorder groundwork in us-east-1", "does not exist"),
    Sabotage(
        lambda inside: inside("iam").delete_account_password_policy(), "password policy", "does not exist"
    ),
)

WORKLOAD_LAST = (
    Sabotage(
        lambda inside: inside("cloudtrail").delete_trail(Name="groundwork"),
        "trail groundwork",
        "does not exist",
    ),
)


def open_bucket(inside: Inside) -> None:
    """A further statement that lets a stranger read the logs."""
    bucket, s3 = f"groundwork-trail-{inside.account}", inside.archive("s3")
    policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    who = {"AWS": f"arn:aws:iam::{STRANGER}:root"}
    theirs = {"Sid": "Theirs", "Effect": "Allow", "Principal": who, "Action": "s3:GetObject"}
    policy["Statement"].append(theirs | {"Resource": f"arn:aws:s3:::{bucket}/*"})
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))


def stop_rotation(inside: Inside) -> None:
    """Nobody may; it is so all the same."""
    key = inside("kms").describe_key(KeyId="alias/groundwork-logs")["KeyMetadata"]["KeyId"]
    kms_backends[inside.account]["us-east-1"].disable_key_rotation(key)


def delete_policy(inside: Inside) -> None:
    """Nobody may; it is so all the same."""
    s3_backends[inside.account]["aws"].delete_bucket_policy(f"groundwork-config-{inside.account}")


def bucket_of(inside: Inside, what: str) -> dict[str, str]:
    return {"Bucket": f"groundwork-{what}-{inside.account}"}


SECURITY = (
    Sabotage(
        lambda inside: inside("iam").attach_group_policy(
            GroupName="ro-external-accounts", PolicyArn=f"{AWS_POLICIES}/AdministratorAccess"
        ),
        "group/ro-external-accounts",
        "has AdministratorAccess attached, which is not declared",
    ),
    Sabotage(
        lambda inside: inside("iam").put_group_policy(
            GroupName="dev-external-accounts",
            PolicyName="mfa-self-service",
            PolicyDocument=document({"Sid": "Anything", **EVERYTHING}),
        ),
        "group/dev-external-accounts",
        "inline policy mfa-self-service: lacks the statement",
    ),
    Sabotage(open_bucket, "bucket groundwork-trail-", "holds the foreign statement Theirs"),
    Sabotage(
        lambda inside: inside.archive("s3").put_bucket_encryption(
            **bucket_of(inside, "trail"),
            ServerSideEncryptionConfiguration={
                "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
            },
        ),
        "bucket groundwork-trail-",
        "default encryption is not as declared",
    ),
    Sabotage(
        lambda inside: inside.archive("s3").put_bucket_versioning(
            **bucket_of(inside, "config"), VersioningConfiguration={"Status": "Suspended"}
        ),
        "bucket groundwork-config-",
        "versioning is off",
    ),
    Sabotage(
        lambda inside: inside.archive("s3").delete_public_access_block(**bucket_of(inside, "trail")),
        "bucket groundwork-trail-",
        "public access is not blocked",
    ),
    Sabotage(
        lambda inside: inside.archive("s3").delete_bucket_lifecycle(**bucket_of(inside, "config")),
        "bucket groundwork-config-",
        "lifecycle is not as declared",
    ),
    Sabotage(
        delete_policy,
        "bucket groundwork-config-",
        "has no policy",
    ),
    Sabotage(
        lambda inside: inside.archive("s3").put_bucket_logging(
            **bucket_of(inside, "trail"), BucketLoggingStatus={}
        ),
        "bucket groundwork-trail-",
        "access is not logged",
    ),
    Sabotage(stop_rotation, "key alias/groundwork-logs", "does not rotate"),
)


def repaired(cloud: Cloud, account: str, sabotage: tuple[Sabotage, ...]) -> None:
    """Sabotage the account, start it by hand, and see that all is as before, told in words, once."""
    before, inside = ours(cloud, account), Inside(cloud, account)
    for each in sabotage:
        each.do(inside)
    assert ours(cloud, account) != before
    told = {each: cloud.answered(each, accountId=account) for each in ("Account Repaired", "Account Ready")}

    repair = cloud.start(accountId=account)
    assert (repair.status, repair.output["outcome"]) == ("SUCCEEDED", "repaired"), repair
    assert ours(cloud, account) == before
    changes = repair.output["changes"]
    untold = [
        (each.resource, each.words)
        for each in sabotage
        if not any(
            change["resource"].startswith(each.resource) and each.words in change["reason"]
            for change in changes
        )
    ]
    assert untold == [], changes
    answer = cloud.answer("Account Repaired", execution=repair.arn)["detail"]
    assert answer["changes"] == changes

    again = cloud.start(accountId=account)
    assert (again.status, again.output["outcome"], again.output["changes"]) == ("SUCCEEDED", "unchanged", [])
    assert ours(cloud, account) == before
    assert cloud.answered("Account Repaired", accountId=account) == told["Account Repaired"] + 1
    assert cloud.answered("Account Ready", accountId=account) == told["Account Ready"] >= 1


def ours(cloud: Cloud, account: str) -> dict[str, Any]:
    """The account without the buckets that a saboteur left behind, and without what changes by itself."""
    found = portrait(cloud, account)
    return {key: value for key, value in found.items() if "elsewhere" not in key}


@pytest.fixture(scope="module")
def workload(cloud: Cloud) -> str:
    cloud.declared("security")
    cloud.declared("mgmt")
    name, email = cloud.fresh()
    ended = cloud.ask(accountName=name, email=email, organizationalUnit="Workloads/Production")
    assert ended.status == "SUCCEEDED", str(ended)
    cloud.answer("Account Ready", email=email)
    return str(ended.output["accountId"])


@pytest.mark.parametrize("sabotage", [WORKLOAD_FIRST, WORKLOAD_THEN, WORKLOAD_LAST], ids=["1", "2", "3"])
def test_a_sabotaged_workload_is_put_right(
    cloud: Cloud, workload: str, sabotage: tuple[Sabotage, ...]
) -> None:
    repaired(cloud, workload, sabotage)


def test_a_sabotaged_security_account_is_put_right(cloud: Cloud, workload: str) -> None:
    repaired(cloud, cloud.declared("security"), SECURITY)
