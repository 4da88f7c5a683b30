"""Who comes in where, by trying: every door of the article's accounts, with and without MFA."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from local.identity import totp
from local.identity.credentials import Credentials
from tests.workflow.conftest import Cloud
from tests.workflow.people import (
    PASSWORD,
    User,
    enter,
    in_the_console,
    join,
    keys,
    machine,
    may,
    stranger,
    with_device,
)

ADMIN, DEV, READ_ONLY, DEPLOY, SUPPORT, ENTRY = (
    "allow-admin-from-security-account",
    "allow-dev-from-security-account",
    "allow-read-only-from-security-account",
    "allow-deploy-from-mgmt-account",
    "allow-support-from-security-account",
    "OrganizationAccountAccessRole",
)
ROLES = (ADMIN, DEV, READ_ONLY, DEPLOY, SUPPORT, ENTRY)
GROUPS = {"admin": "admin-external-accounts", "dev": "dev-external-accounts", "ro": "ro-external-accounts"}
_numbers: Iterator[int] = itertools.count()


@dataclass
class Town:
    """The article's accounts by name, and a user of each group."""

    cloud: Cloud
    accounts: dict[str, str]
    users: dict[str, User] = field(default_factory=dict)

    def opened(self, who: Credentials) -> set[tuple[str, str]]:
        """Every door that opens for somebody, of those in every member account."""
        return {
            (account, role)
            for account, account_id in self.accounts.items()
            for role in ROLES
            if enter(self.cloud, who, account_id, role)
        }

    def behind(self, who: Credentials, account: str, role: str) -> Credentials:
        session = enter(self.cloud, who, self.accounts[account], role)
        assert session is not None, f"{role} of {account} stayed shut"
        return session


def doors(role: str, accounts: Iterable[str]) -> set[tuple[str, str]]:
    return {(account, role) for account in accounts}


@pytest.fixture(scope="module")
def town(cloud: Cloud) -> Town:
    accounts = {"security": cloud.declared("security"), "mgmt": cloud.declared("mgmt")}
    events = {}
    for name, unit in (("dev", "Development"), ("stage", "Staging"), ("prod", "Production")):
        _, email = cloud.fresh()
        events[name] = cloud.post(accountName=name, email=email, organizationalUnit=f"Workloads/{unit}")
    for name, event in events.items():
        ended = cloud.ended(cloud.execution_of(event))
        assert ended.status == "SUCCEEDED", str(ended)
        accounts[name] = ended.output["accountId"]
    town = Town(cloud, accounts)
    for name, group in GROUPS.items():
        user = f"{name}-{next(_numbers)}"
        town.users[name] = with_device(cloud, join(cloud, accounts["security"], user, group), user)
    return town


OUTSIDE = ("mgmt", "dev", "stage", "prod")


def test_readers_read_everywhere_and_enter_nothing_else(town: Town) -> None:
    assert town.opened(town.users["ro"].session) == doors(READ_ONLY, OUTSIDE)
    inside = town.behind(town.users["ro"].session, "dev", READ_ONLY)
    s3, ec2 = (town.cloud.aws.client(service, credentials=inside) for service in ("s3", "ec2"))
    iam = town.cloud.aws.client("iam", credentials=inside)
    assert may(s3, "list_buckets")
    assert may(ec2, "describe_security_groups")
    assert may(iam, "list_roles")
    assert not may(s3, "create_bucket", Bucket="reader-was-here")
    assert not may(ec2, "create_security_group", GroupName="reader", Description="was here")
    assert not may(iam, "create_user", UserName="reader")
    mine = town.cloud.inside("s3", town.accounts["dev"]).list_buckets()["Buckets"]
    assert "reader-was-here" not in {bucket["Name"] for bucket in mine}


def test_developers_enter_dev_and_stage_alone(town: Town) -> None:
    assert town.opened(town.users["dev"].session) == doors(DEV, ("dev", "stage"))
    inside = town.behind(town.users["dev"].session, "dev", DEV)
    ec2 = town.cloud.aws.client("ec2", credentials=inside)
    iam = town.cloud.aws.client("iam", credentials=inside)
    organizations = town.cloud.aws.client("organizations", credentials=inside)
    assert may(ec2, "create_security_group", GroupName=f"dev-{next(_numbers)}", Description="was here")
    assert not may(iam, "create_user", UserName="developer")
    assert not may(organizations, "leave_organization")


def test_administrators_enter_by_every_door_for_people(town: Town) -> None:
    """AdministratorAccess at home allows them every role: the roles' own trust decides."""
    session = town.users["admin"].session
    expected = doors(SUPPORT, ("security", *OUTSIDE)).union(
        *(doors(role, OUTSIDE) for role in (ADMIN, DEV, READ_ONLY))
    )
    assert town.opened(session) == expected
    inside = town.behind(session, "prod", ADMIN)
    name = f"made-by-admin-{next(_numbers)}"
    assert may(town.cloud.aws.client("iam", credentials=inside), "create_user", UserName=name)
    assert name in {
        user["UserName"] for user in town.cloud.inside("iam", town.accounts["prod"]).list_users()["Users"]
    }


@pytest.mark.parametrize("group", GROUPS)
def test_without_mfa_nobody_enters_anything(town: Town, group: str) -> None:
    user = town.users[group]
    assert town.opened(user.key) == set()
    token = town.cloud.aws.client("sts", credentials=user.key).get_session_token()["Credentials"]
    plain = Credentials(token["AccessKeyId"], token["SecretAccessKey"], token["SessionToken"])
    assert town.opened(plain) == set()
    for service, operation in (("s3", "list_buckets"), ("iam", "list_users"), ("ec2", "describe_vpcs")):
        assert not may(town.cloud.aws.client(service, credentials=user.key), operation)


def test_a_newcomer_sets_a_password_and_a_device_in_the_console_and_nothing_else(town: Town) -> None:
    cloud, name = town.cloud, f"newcomer-{next(_numbers)}"
    key = join(cloud, town.accounts["security"], name, GROUPS["admin"])
    iam = cloud.aws.client("iam", credentials=in_the_console(cloud, key, name))
    others = town.users["ro"]
    assert may(iam, "get_account_password_policy")
    assert may(iam, "change_password", OldPassword=PASSWORD, NewPassword=f"{PASSWORD}x")
    assert may(iam, "get_user")
    assert may(iam, "list_mfa_devices", UserName=name)
    assert not may(iam, "create_access_key", UserName=name)
    assert not may(iam, "create_user", UserName="accomplice")
    assert not may(
        iam, "attach_user_policy", UserName=name, PolicyArn="arn:aws:iam::aws:policy/IAMFullAccess"
    )
    assert not may(iam, "list_mfa_devices", UserName=others.name)
    assert not may(iam, "get_user", UserName=others.name)
    assert not may(iam, "create_virtual_mfa_device", VirtualMFADeviceName=f"{others.name}-2")
    # An enrolment that was broken off leaves a device, which is in nobody's way.
    left = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]["SerialNumber"]
    assert may(iam, "delete_virtual_mfa_device", SerialNumber=left)
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]
    codes = consecutive(device)
    assert not may(
        iam, "enable_mfa_device", UserName=others.name, SerialNumber=device["SerialNumber"], **codes
    )
    assert may(iam, "enable_mfa_device", UserName=name, SerialNumber=device["SerialNumber"], **codes)
    assert not may(iam, "deactivate_mfa_device", UserName=name, SerialNumber=device["SerialNumber"])
    assert not may(iam, "deactivate_mfa_device", UserName=others.name, SerialNumber=others.serial)


def consecutive(device: Any) -> dict[str, str]:
    one, two = totp.consecutive_codes(device["Base32StringSeed"])
    return {"AuthenticationCode1": one, "AuthenticationCode2": two}


def test_with_mfa_a_user_adds_a_second_device_and_makes_keys(town: Town) -> None:
    user = town.users["ro"]
    iam = town.cloud.aws.client("iam", credentials=user.session)
    second = iam.create_virtual_mfa_device(VirtualMFADeviceName=f"{user.name}-2")["VirtualMFADevice"]
    serial = second["SerialNumber"]
    assert may(iam, "enable_mfa_device", UserName=user.name, SerialNumber=serial, **consecutive(second))
    assert may(iam, "deactivate_mfa_device", UserName=user.name, SerialNumber=serial)
    assert may(iam, "delete_virtual_mfa_device", SerialNumber=serial)
    made = iam.create_access_key(UserName=user.name)["AccessKey"]["AccessKeyId"]
    assert may(iam, "delete_access_key", UserName=user.name, AccessKeyId=made)


@pytest.mark.parametrize("enrolled", [True, False], ids=["with a device", "without a device"])
@pytest.mark.parametrize("group", GROUPS)
def test_a_stolen_access_key_leads_nowhere(town: Town, group: str, enrolled: bool) -> None:
    """Tried in the thief's order: a device of the thief's own, a session by its code, then the doors."""
    cloud, user = town.cloud, town.users[group]
    name, key = user.name, user.key
    if not enrolled:
        name = f"careless-{next(_numbers)}"
        key = join(cloud, town.accounts["security"], name, GROUPS[group])
    iam, sts = (cloud.aws.client(service, credentials=key) for service in ("iam", "sts"))
    # The thief may bring a device: one that an administrator has made, say, and nobody has enabled.
    ready = cloud.inside("iam", town.accounts["security"]).create_virtual_mfa_device(
        VirtualMFADeviceName=f"{name}-{next(_numbers)}"
    )["VirtualMFADevice"]
    serial = ready["SerialNumber"]
    for thief in (key, keys(sts.get_session_token()["Credentials"])):
        iam = cloud.aws.client("iam", credentials=thief)
        assert not may(iam, "create_virtual_mfa_device", VirtualMFADeviceName=name)
        assert not may(iam, "enable_mfa_device", UserName=name, SerialNumber=serial, **consecutive(ready))
        assert not may(iam, "delete_virtual_mfa_device", SerialNumber=serial)
        assert not may(iam, "resync_mfa_device", UserName=name, SerialNumber=serial, **consecutive(ready))
        assert not may(iam, "deactivate_mfa_device", UserName=name, SerialNumber=user.serial)
        assert not may(iam, "create_access_key", UserName=name)
        assert not may(iam, "update_login_profile", UserName=name, Password="the-thief-Knows-1!")
        assert not may(iam, "change_password", OldPassword="guessed", NewPassword="the-thief-Knows-1!")
        assert not may(iam, "list_users")
        assert town.opened(thief) == set()
        code = totp.code(ready["Base32StringSeed"])
        assert not may(sts, "get_session_token", SerialNumber=serial, TokenCode=code)
        assert not may(
            cloud.aws.client("sts", credentials=thief),
            "assume_role",
            RoleArn=f"arn:aws:iam::{town.accounts['dev']}:role/{READ_ONLY}",
            RoleSessionName="thief",
            SerialNumber=serial,
            TokenCode=code,
        )


def test_a_wrong_code_gives_no_session(town: Town) -> None:
    user = town.users["ro"]
    wrong = f"{(int(totp.code(user.seed)) + 1) % 10**6:06}"
    sts = town.cloud.aws.client("sts", credentials=user.key)
    assert not may(sts, "get_session_token", SerialNumber=user.serial, TokenCode=wrong)


def test_pipelines_of_mgmt_deploy_to_workloads_and_nobody_else_does(town: Town) -> None:
    number = next(_numbers)
    pipeline = machine(town.cloud, town.accounts["mgmt"], "/ci-cd/", f"pipeline-{number}")
    assert town.opened(pipeline) == doors(DEPLOY, ("dev", "stage", "prod"))
    inside = town.behind(pipeline, "prod", DEPLOY)
    assert may(
        town.cloud.aws.client("ec2", credentials=inside),
        "create_security_group",
        GroupName=f"pipeline-{number}",
        Description="was here",
    )
    assert not may(town.cloud.aws.client("iam", credentials=inside), "create_user", UserName="pipeline")
    assert not may(town.cloud.aws.client("cloudtrail", credentials=inside), "stop_logging", Name="groundwork")

    builder = machine(town.cloud, town.accounts["mgmt"], "/", f"builder-{number}")
    assert town.opened(builder) == set()


@pytest.mark.parametrize("home", ["security", "dev", "prod"])
def test_a_machine_of_any_other_account_enters_nothing(town: Town, home: str) -> None:
    """A path that looks right is worth nothing elsewhere."""
    impostor = machine(town.cloud, town.accounts[home], "/ci-cd/", f"impostor-{next(_numbers)}")
    assert town.opened(impostor) == set()


@pytest.mark.parametrize("home", ["mgmt", "dev"])
def test_a_user_of_another_account_enters_nothing_even_with_mfa(town: Town, home: str) -> None:
    name = f"local-{next(_numbers)}"
    key = join(town.cloud, town.accounts[home], name)
    town.cloud.inside("iam", town.accounts[home]).attach_user_policy(
        UserName=name, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
    )
    user = with_device(town.cloud, key, name)
    assert town.opened(user.session) == set()
    assert town.opened(user.key) == set()


def test_a_user_of_the_security_account_who_is_in_no_group_enters_nothing(town: Town) -> None:
    key = join(town.cloud, town.accounts["security"], f"nobody-{next(_numbers)}")
    assert town.opened(key) == set()


def test_strangers_enter_nothing(town: Town) -> None:
    assert town.opened(stranger(town.cloud)) == set()


def test_the_management_account_enters_by_the_entry_role_alone(town: Town) -> None:
    assert town.opened(town.cloud.aws.administrator) == doors(ENTRY, town.accounts)
