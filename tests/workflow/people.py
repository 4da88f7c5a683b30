"""Those who try doors: users of the security account with virtual MFA devices, machines, strangers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from local.identity import totp
from local.identity.console import sign_in
from local.identity.credentials import Credentials
from tests.workflow.conftest import Cloud

DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
PASSWORD = "a-long-Password-1!"


@dataclass(frozen=True)
class User:
    """A user of the security account, without MFA (`key`) and with it (`session`)."""

    name: str
    key: Credentials
    session: Credentials
    serial: str
    seed: str


def keys(answer: Any) -> Credentials:
    return Credentials(answer["AccessKeyId"], answer["SecretAccessKey"], answer.get("SessionToken"))


def join(cloud: Cloud, account_id: str, name: str, group: str | None = None) -> Credentials:
    """A new IAM user of an account with PASSWORD, in a group if one is named; the access key."""
    iam = cloud.inside("iam", account_id)
    iam.create_user(UserName=name)
    iam.create_login_profile(UserName=name, Password=PASSWORD)
    if group:
        iam.add_user_to_group(UserName=name, GroupName=group)
    return keys(iam.create_access_key(UserName=name)["AccessKey"])


def in_the_console(cloud: Cloud, key: Credentials, name: str) -> Credentials:
    """What the console works with after the user, whose access key is given, has signed in without MFA."""
    account = cloud.aws.registry.account_of(key.access_key_id)
    return sign_in(cloud.aws, account, name, PASSWORD)


def with_device(cloud: Cloud, key: Credentials, name: str) -> User:
    """The user registers a virtual device in the console, then shows its code with the key."""
    iam = cloud.aws.client("iam", credentials=in_the_console(cloud, key, name))
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]
    serial, seed = device["SerialNumber"], device["Base32StringSeed"].decode()
    one, two = totp.consecutive_codes(seed)
    iam.enable_mfa_device(
        UserName=name, SerialNumber=serial, AuthenticationCode1=one, AuthenticationCode2=two
    )
    sts = cloud.aws.client("sts", credentials=key)
    session = sts.get_session_token(SerialNumber=serial, TokenCode=totp.code(seed))["Credentials"]
    return User(name, key, keys(session), serial, seed)


def machine(cloud: Cloud, account_id: str, path: str, name: str) -> Credentials:
    """What an instance has whose role, an administrator at home, is at this path."""
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    iam = cloud.inside("iam", account_id)
    role = iam.create_role(
        Path=path,
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )["Role"]
    iam.attach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    return cloud.aws.mint(role["Arn"], "i-0123456789abcdef0", service="ec2.amazonaws.com")


def stranger(cloud: Cloud, account_id: str = "999999999999") -> Credentials:
    """An administrator of an account that is in no organization."""
    iam = cloud.aws.client("iam", credentials=cloud.aws.registry.root(account_id))
    name = f"stranger-{len(iam.list_users()['Users'])}"
    iam.create_user(UserName=name)
    iam.attach_user_policy(UserName=name, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    return keys(iam.create_access_key(UserName=name)["AccessKey"])


def may(client: Any, operation: str, **parameters: Any) -> bool:
    """Whether permissions let a call through. Every other error is raised."""
    try:
        getattr(client, operation)(**parameters)
    except ClientError as error:
        if error.response["Error"]["Code"] not in DENIED:
            raise
        return False
    return True


def enter(cloud: Cloud, who: Credentials, account_id: str, role: str) -> Credentials | None:
    """A session of a role, None when STS refuses."""
    sts = cloud.aws.client("sts", credentials=who)
    arn = f"arn:aws:iam::{account_id}:role/{role}"
    try:
        return keys(sts.assume_role(RoleArn=arn, RoleSessionName="door")["Credentials"])
    except ClientError as error:
        if error.response["Error"]["Code"] not in DENIED:
            raise
        return None
