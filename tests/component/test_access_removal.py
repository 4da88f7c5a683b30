"""access: who is no longer declared is out of every door, and whatever stands between is done in the order of safety."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from groundwork.baseline.components.access import credentials
from groundwork.contracts import Account
from local.identity.console import SignInFailed, sign_in
from local.identity.credentials import Credentials
from tests.component.access import (
    ACCESS,
    ADMIN,
    ANYTHING,
    READER,
    baselined,
    declared,
    holdings,
    is_in,
    with_role,
)
from tests.component.conftest import World
from tests.component.crashing import crash
from tests.component.leavers import (
    PASSWORD,
    leaving_group,
    leaving_policy,
    leaving_role,
    leaving_user,
)
from tests.component.sabotage import prove_complete, words
from tests.component.test_access_doors import assume, without_and_with_mfa

RO = "ro-external-accounts"
REPORTING = declared(lambda access: None, prune={"access": "report"})


@pytest.fixture
def security(world: World) -> Account:
    """A security account with its baseline."""
    account = world.account("security", "Security")
    world.apply(ACCESS, account)
    return account


def with_ada(access: dict[str, Any]) -> None:
    access["users"] = [{"name": "ada", "groups": [RO]}, {"name": "ada-smith", "groups": [RO]}]


def only_smith(access: dict[str, Any]) -> None:
    access["users"] = [{"name": "ada-smith", "groups": [RO]}]


def written(world: World, mark: int, about: str) -> list[str]:
    return [
        call.operation
        for call in world.calls_since(mark)
        if call.mutating and call.resource.rpartition("/")[2].startswith(about)
    ]


# -- users -------------------------------------------------------------------------------------------


def test_a_user_who_left_is_out_of_every_door(world: World) -> None:
    account, workload = world.security, baselined(world)
    world.apply(ACCESS, account, declaration=declared(with_ada))
    iam = world.client("iam", account)
    iam.create_login_profile(UserName="ada", Password=PASSWORD)
    key, session = without_and_with_mfa(world, account, "ada")
    assert assume(world, session, workload, READER)
    assert is_in(world, session)

    world.apply(ACCESS, account, declaration=declared(only_smith))
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_user(UserName="ada")
    assert not is_in(world, session)
    assert not is_in(world, key)
    with pytest.raises(SignInFailed):
        sign_in(world.aws, account.id, "ada", PASSWORD)
    assert iam.list_virtual_mfa_devices()["VirtualMFADevices"] == []
    assert [user["UserName"] for user in iam.get_group(GroupName=RO)["Users"]] == ["ada-smith"]
    assert world.apply(ACCESS, account, declaration=declared(only_smith)) == []

    # Whoever comes back under that name is somebody else.
    world.apply(ACCESS, account, declaration=declared(with_ada))
    assert not is_in(world, session)
    assert iam.list_access_keys(UserName="ada")["AccessKeyMetadata"] == []


ORDER = [
    "PutUserPolicy",
    "DeleteLoginProfile",
    "DeleteAccessKey",
    "DeleteAccessKey",
    "DeleteSigningCertificate",
    "DeleteSSHPublicKey",
    "DeleteServiceSpecificCredential",
    "DeleteServiceSpecificCredential",
    "DeactivateMFADevice",
    "DeleteVirtualMFADevice",
    "DeleteVirtualMFADevice",
    "RemoveUserFromGroup",
    "RemoveUserFromGroup",
    "DetachUserPolicy",
    "DeleteUserPolicy",
    "DeleteUserPolicy",
    "DeleteUser",
]


def test_all_that_a_user_has_goes_before_the_user_and_the_denial_last(
    world: World, security: Account
) -> None:
    world.client("iam", security).create_group(GroupName="theirs")
    leaving_user(world.client("iam", security), "leaver", RO, "theirs")
    calls = ACCESS.difference(world.target(ACCESS, security, reading=True))
    assert [call.operation for call in calls] == ORDER
    assert {call.severity for call in calls[:-2]} == {"high"}
    assert [call.parameters.get("PolicyName") for call in calls if call.operation == "DeleteUserPolicy"] == [
        "own",
        "no-longer-declared",
    ]
    prove_complete(world, ACCESS, security)
    assert world.client("iam", security).get_group(GroupName="theirs")["Users"] == []


def test_the_first_call_denies_a_user_everything_and_every_session(world: World, security: Account) -> None:
    iam = world.client("iam", security)
    iam.create_user(UserName="leaver", Tags=[{"Key": "managed-by", "Value": "groundwork"}])
    iam.put_user_policy(UserName="leaver", PolicyName="own", PolicyDocument=json.dumps(ANYTHING))
    key, session = without_and_with_mfa(world, security, "leaver")
    assert is_in(world, session)
    crash(world, security, after=1)
    assert iam.get_user(UserName="leaver")
    for who in (key, session):
        with pytest.raises(ClientError, match="explicit deny"):
            world.aws.client("iam", credentials=who).list_roles()
    world.apply(ACCESS, security)


def test_a_user_without_room_for_a_denial_loses_the_longest_policy_to_it(
    world: World, security: Account
) -> None:
    leaving_user(world.client("iam", security))
    iam = world.client("iam", security)
    allowed = {"Effect": "Allow", "Action": "*", "Resource": [f"arn:aws:s3:::{'b' * 60}"] * 20}
    document = {"Version": "2012-10-17", "Statement": [allowed]}
    iam.put_user_policy(UserName="leaver", PolicyName="long", PolicyDocument=json.dumps(document))
    first = next(iter(ACCESS.difference(world.target(ACCESS, security, reading=True))))
    assert (first.operation, first.parameters["PolicyName"]) == ("PutUserPolicy", "no-longer-declared")
    allowed["Resource"] = [f"arn:aws:s3:::{'b' * 60}"] * 24
    iam.put_user_policy(UserName="leaver", PolicyName="long", PolicyDocument=json.dumps(document))
    first = next(iter(ACCESS.difference(world.target(ACCESS, security, reading=True))))
    assert (first.operation, first.parameters["PolicyName"]) == ("PutUserPolicy", "long")
    crash(world, security, after=1)
    prove_complete(world, ACCESS, security)


class Devices:
    """An IAM in which one user has a passkey, a hardware token and a virtual device of another name."""

    exceptions = SimpleNamespace(NoSuchEntityException=LookupError)

    def get_login_profile(self, **_: str) -> None:
        raise LookupError

    def __getattr__(self, listing: str) -> Callable[..., Any]:
        none: dict[str, Any] = {kind.listed_by: {kind.under: []} for kind in credentials.KINDS}
        serials = [
            "arn:aws:iam::123456789012:u2f/user/ada/key-ABC",
            "GAHT12345678",
            "arn:aws:iam::123456789012:mfa/old",
        ]
        none["list_mfa_devices"] = {"MFADevices": [{"SerialNumber": serial} for serial in serials]}
        return lambda **_: none[listing]


def test_a_passkey_and_a_hardware_token_are_deactivated_and_a_virtual_device_is_deleted_too() -> None:
    found = list(credentials.of_user(Devices(), "ada"))  # type: ignore[arg-type]
    assert [(each.operation, each.value.rpartition(":")[2]) for each in found] == [
        ("DeactivateMFADevice", "u2f/user/ada/key-ABC"),
        ("DeactivateMFADevice", "GAHT12345678"),
        ("DeactivateMFADevice", "mfa/old"),
        ("DeleteVirtualMFADevice", "mfa/old"),
    ]


def test_devices_that_nobody_has_go_with_the_user_whose_name_they_bear_and_with_no_other(
    world: World, security: Account
) -> None:
    world.apply(ACCESS, security, declaration=declared(with_ada))
    iam = world.client("iam", security)
    for name in ("ada", "ada-phone", "ada-smith", "ada-smith-phone", "adam", "bob"):
        iam.create_virtual_mfa_device(VirtualMFADeviceName=name)
    world.apply(ACCESS, security, declaration=declared(only_smith))
    left = [device["SerialNumber"] for device in iam.list_virtual_mfa_devices()["VirtualMFADevices"]]
    assert [serial.rpartition("/")[2] for serial in left] == ["ada-smith", "ada-smith-phone", "adam", "bob"]


def test_users_of_others_stay_and_cannot_be_touched(world: World, security: Account) -> None:
    iam = world.client("iam", security)
    iam.create_user(UserName="theirs")
    iam.create_access_key(UserName="theirs")
    iam.add_user_to_group(UserName="theirs", GroupName=RO)
    before = holdings(world, security)
    (report,) = world.apply(ACCESS, security)
    assert (report.action, report.severity, report.resource) == ("report", "medium", "user/theirs")
    assert f"is in {RO}, and neither declared nor made by Groundwork" in report.reason
    assert holdings(world, security) == before
    product = world.target(ACCESS, security).client("iam")
    deny = {"UserName": "theirs", "PolicyName": "no", "PolicyDocument": json.dumps(ANYTHING)}
    for call in (
        partial(product.delete_user, UserName="theirs"),
        partial(product.put_user_policy, **deny),
        partial(
            product.delete_access_key,
            UserName="theirs",
            AccessKeyId=iam.list_access_keys(UserName="theirs")["AccessKeyMetadata"][0]["AccessKeyId"],
        ),
    ):
        with pytest.raises(ClientError, match="AccessDenied"):
            call()


# -- roles -------------------------------------------------------------------------------------------


def test_a_role_is_closed_and_its_sessions_denied_before_it_goes(world: World) -> None:
    account = baselined(world)
    leaving_role(world.client("iam", account))
    arn = f"arn:aws:iam::{account.id}:role/forgotten"
    own = world.client("sts", account).assume_role(RoleArn=arn, RoleSessionName="machine")["Credentials"]
    session = Credentials(own["AccessKeyId"], own["SecretAccessKey"], own["SessionToken"])
    assert is_in(world, session)
    calls = ACCESS.difference(world.target(ACCESS, account, reading=True))
    assert [call.operation for call in calls] == [
        "UpdateAssumeRolePolicy",
        "PutRolePolicy",
        "DetachRolePolicy",
        "DeleteRolePolicy",
        "DeleteRolePolicy",
        "DeleteRole",
    ]
    crash(world, account, after=1)
    with pytest.raises(ClientError, match="AccessDenied"):
        world.client("sts", account).assume_role(RoleArn=arn, RoleSessionName="machine")
    assert is_in(world, session)
    crash(world, account, after=1)
    with pytest.raises(ClientError, match="explicit deny"):
        world.aws.client("iam", credentials=session).list_roles()
    prove_complete(world, ACCESS, account)
    assert not is_in(world, session)
    leaving_role(world.client("iam", account))
    assert not is_in(world, session)
    iam = world.client("iam", account)
    assert iam.get_role(RoleName=ADMIN)


def test_a_role_in_an_instance_profile_is_told_and_not_broken(world: World) -> None:
    account = baselined(world)
    leaving_role(world.client("iam", account))
    iam = world.client("iam", account)
    iam.create_instance_profile(InstanceProfileName="machines")
    iam.add_role_to_instance_profile(InstanceProfileName="machines", RoleName="forgotten")
    before = holdings(world, account)
    (report,) = world.apply(ACCESS, account)
    assert (report.action, report.severity, report.resource) == ("report", "high", "role/forgotten")
    assert "take it out of its instance profile" in report.reason
    assert holdings(world, account) == before
    iam.remove_role_from_instance_profile(InstanceProfileName="machines", RoleName="forgotten")
    assert "delete role/forgotten" in words(world.apply(ACCESS, account))[-1]


def test_roles_of_others_cannot_be_deleted(world: World) -> None:
    account = baselined(world)
    iam = world.client("iam", account)
    trust = iam.get_role(RoleName=ADMIN)["Role"]["AssumeRolePolicyDocument"]
    iam.create_role(RoleName="theirs", AssumeRolePolicyDocument=json.dumps(trust))
    with pytest.raises(ClientError, match="AccessDenied"):
        world.target(ACCESS, account).client("iam").delete_role(RoleName="theirs")


# -- groups and policies -----------------------------------------------------------------------------


def test_a_group_goes_after_its_members_have_left_and_those_of_others_stay(
    world: World, security: Account
) -> None:
    def grouped(access: dict[str, Any]) -> None:
        access["groups"].append({"name": "blue"})
        access["users"] = [{"name": "ada", "groups": ["blue"]}, {"name": "bob", "groups": ["blue"]}]

    def without(access: dict[str, Any]) -> None:
        access["users"] = [{"name": "bob", "groups": [RO]}]

    world.apply(ACCESS, security, declaration=declared(grouped))
    iam = world.client("iam", security)
    iam.create_user(UserName="theirs")
    iam.add_user_to_group(UserName="theirs", GroupName="blue")
    mark = len(world.aws.calls)
    made = prove_complete(world, ACCESS, security, declaration=declared(without))
    left = "carries Groundwork's mark and is no longer declared for this account: user theirs"
    assert any(left in change.reason for change in made)
    assert written(world, mark, "blue")[-1] == "DeleteGroup"
    names = {user["UserName"] for user in iam.list_users()["Users"]}
    assert names == {"bob", "theirs"}


def test_a_group_that_looks_like_ours_and_carries_no_mark_is_told_and_stays(
    world: World, security: Account
) -> None:
    iam = world.client("iam", security)
    ours = iam.get_group_policy(GroupName=RO, PolicyName="mfa-self-service")["PolicyDocument"]
    iam.create_group(GroupName="copy")
    iam.put_group_policy(GroupName="copy", PolicyName="mfa-self-service", PolicyDocument=json.dumps(ours))
    before = holdings(world, security)
    (report,) = world.apply(ACCESS, security)
    assert (report.action, report.resource) == ("report", "group/copy")
    assert "does not carry its mark: it stays" in report.reason
    assert holdings(world, security) == before


def test_a_group_of_a_groundwork_that_knew_no_marks_gets_its_own(world: World, security: Account) -> None:
    iam = world.client("iam", security)
    document = iam.get_group_policy(GroupName=RO, PolicyName="mfa-self-service")["PolicyDocument"]
    document["Statement"][0]["Sid"] = "SeeTheAccountAndItsDevices"
    iam.put_group_policy(GroupName=RO, PolicyName="mfa-self-service", PolicyDocument=json.dumps(document))
    (made,) = prove_complete(world, ACCESS, security)
    assert made.reason.endswith("does not say by its mark that it is Groundwork's")


def test_a_boundary_goes_once_no_role_has_it(world: World) -> None:
    account = world.account()
    world.apply(ACCESS, account, declaration=with_role(permissionsBoundary="limits"))
    iam, arn = world.client("iam", account), f"arn:aws:iam::{account.id}:policy/limits"
    made = prove_complete(
        world, ACCESS, account, declaration=with_role(permissionsBoundary="PowerUserAccess")
    )
    assert any(change.resource == "policy/limits" and change.action == "delete" for change in made)
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_policy(PolicyArn=arn)
    # and with the role
    world.apply(ACCESS, account, declaration=with_role(permissionsBoundary="limits"))
    prove_complete(world, ACCESS, account)
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_policy(PolicyArn=arn)


def test_a_policy_that_others_have_is_told_and_stays_for_as_long(world: World) -> None:
    account = baselined(world)
    arn = leaving_policy(world.client("iam", account))
    iam = world.client("iam", account)
    trust = json.dumps(iam.get_role(RoleName=ADMIN)["Role"]["AssumeRolePolicyDocument"])
    iam.create_role(RoleName="theirs", AssumeRolePolicyDocument=trust, PermissionsBoundary=arn)
    before = holdings(world, account)
    (report,) = world.apply(ACCESS, account)
    assert (report.action, report.resource) == ("report", "policy/forgotten-boundary")
    assert "it stays while others have it: 1 of them" in report.reason
    assert holdings(world, account) == before
    iam.delete_role(RoleName="theirs")
    assert [change.action for change in world.apply(ACCESS, account)][-1] == "delete"


# -- only told ---------------------------------------------------------------------------------------


def test_where_it_is_only_reported_nothing_is_touched(world: World, security: Account) -> None:
    leaving_user(world.client("iam", security), "leaver", RO)
    leaving_group(world.client("iam", security))
    leaving_role(world.client("iam", security))
    leaving_policy(world.client("iam", security))
    before = holdings(world, security)
    told = world.apply(ACCESS, security, declaration=REPORTING)
    assert [(change.action, change.resource, change.severity) for change in told] == [
        ("report", "role/forgotten", "high"),
        ("report", "user/leaver", "high"),
        ("report", "group/forgotten-people", "high"),
        ("report", "policy/forgotten-boundary", "low"),
    ]
    assert all("or let prune.access remove it" in change.reason for change in told)
    assert holdings(world, security) == before
