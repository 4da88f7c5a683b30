"""access: the doors it makes, tried by those who may and those who may not."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from groundwork.contracts import Account
from local.identity import totp
from local.identity.credentials import Credentials
from tests.component.access import (
    ACCESS,
    ADMIN,
    ANYTHING,
    DEPLOY,
    DEV,
    READER,
    baselined,
)
from tests.component.conftest import World


@pytest.fixture
def workload(world: World) -> Account:
    """A workload account with its baseline."""
    return baselined(world)


def assume(world: World, who: Credentials, account: Account, role: str) -> bool:
    sts = world.aws.client("sts", credentials=who)
    try:
        sts.assume_role(RoleArn=f"arn:aws:iam::{account.id}:role/{role}", RoleSessionName="door")
    except ClientError as refused:
        if refused.response["Error"]["Code"] != "AccessDenied":
            raise
        return False
    return True


def user_in(world: World, group: str) -> tuple[Credentials, Credentials]:
    """A user of the security account in a group: without MFA, and with it."""
    name = f"user-of-{group}"
    iam = world.client("iam", world.security)
    iam.create_user(UserName=name)
    iam.add_user_to_group(UserName=name, GroupName=group)
    return without_and_with_mfa(world, world.security, name)


def without_and_with_mfa(world: World, account: Account, name: str) -> tuple[Credentials, Credentials]:
    """A user's access key, and a session of it with MFA."""
    iam = world.client("iam", account)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    user = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]
    seed = device["Base32StringSeed"]
    first, second = totp.consecutive_codes(seed)
    iam.enable_mfa_device(
        UserName=name,
        SerialNumber=device["SerialNumber"],
        AuthenticationCode1=first,
        AuthenticationCode2=second,
    )
    session = world.aws.client("sts", credentials=user).get_session_token(
        SerialNumber=device["SerialNumber"], TokenCode=totp.code(seed)
    )["Credentials"]
    return user, Credentials(session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])


def test_who_gets_through_which_door(world: World) -> None:
    dev, prod = world.account(), world.account(unit="Workloads/Production")
    for account in (world.security, world.tooling, dev, prod):
        world.apply(ACCESS, account)
    doors = [(dev, ADMIN), (dev, DEV), (dev, READER), (dev, DEPLOY), (prod, ADMIN), (prod, DEV), (prod, READER),
             (world.tooling, ADMIN), (world.tooling, DEV), (world.tooling, READER)]  # fmt: skip
    promised = {
        # Administrators of the security account: what it trusts them with there is every door that trusts it.
        "admin-external-accounts": {(account.id, role) for account, role in doors} - {(dev.id, DEPLOY)},
        "dev-external-accounts": {(dev.id, DEV)},
        "ro-external-accounts": {(dev.id, READER), (prod.id, READER), (world.tooling.id, READER)},
    }
    for group, expected in promised.items():
        without, with_mfa = user_in(world, group)
        assert not [door for door in doors if assume(world, without, *door)]
        opened = {(account.id, role) for account, role in doors if assume(world, with_mfa, account, role)}
        assert opened == expected, group


def test_only_pipelines_of_the_tooling_account_deploy(world: World, workload: Account) -> None:
    iam = world.client("iam", world.tooling)
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    through = {}
    for path in ("/ci-cd/", "/other/"):
        name = f"pipeline-{path.strip('/')}"
        iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=json.dumps(trust))
        iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=json.dumps(ANYTHING))
        arn = f"arn:aws:iam::{world.tooling.id}:role{path}{name}"
        who = world.aws.mint(arn, "door", service="lambda.amazonaws.com")
        through[path] = assume(world, who, workload, DEPLOY), assume(world, who, workload, ADMIN)
    assert through == {"/ci-cd/": (True, False), "/other/": (False, False)}
