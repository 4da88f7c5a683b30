"""access, inside accounts of the embedded AWS: made, kept, adopted, refused."""

from __future__ import annotations

import json
import time
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from groundwork.baseline.components.access.marks import marked
from groundwork.contracts import Account
from groundwork.errors import InvalidDeclaration
from local.identity import totp
from local.identity.console import sign_in
from local.identity.credentials import Credentials
from tests.component.access import (
    ACCESS,
    ADMIN,
    ADMINISTRATOR,
    ANYTHING,
    DEPLOY,
    DEV,
    READ_ONLY,
    READER,
    baselined,
    declared,
    holdings,
    only_role,
    with_role,
)
from tests.component.conftest import World
from tests.component.sabotage import prove_complete, words


@pytest.fixture
def workload(world: World) -> Account:
    """A workload account with its baseline."""
    return baselined(world)


# -- from nothing, and again -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "most_calls", "most_calls_again"), [("workload", 16, 2), ("tooling", 9, 2), ("security", 17, 2)]
)
def test_from_nothing_and_a_second_run_writes_nothing(
    world: World, kind: Any, most_calls: int, most_calls_again: int
) -> None:
    account = world.account(kind, "Workloads/Development")
    start = len(world.aws.calls)
    made = world.apply(ACCESS, account)
    assert made
    assert len(world.calls_since(start)) <= most_calls
    good, start = holdings(world, account), len(world.aws.calls)
    assert world.apply(ACCESS, account) == []
    calls = world.calls_since(start)
    assert len(calls) <= most_calls_again
    assert not [call for call in calls if call.mutating]
    assert holdings(world, account) == good


def test_a_plan_writes_nothing_and_tells_all_that_apply_does(world: World) -> None:
    account = world.account()
    before = holdings(world, account)
    assert world.plan(ACCESS, account)
    assert holdings(world, account) == before
    assert prove_complete(world, ACCESS, account)


def test_what_a_workload_account_holds(world: World, workload: Account) -> None:
    iam = world.client("iam", workload)
    role = iam.get_role(RoleName=ADMIN)["Role"]
    assert role["Description"] == "Administrators, who are users of the security account"
    assert role["MaxSessionDuration"] == 3600
    assert role["Tags"] == [{"Key": "managed-by", "Value": "groundwork"}]
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"AWS": f"arn:aws:iam::{world.security.id}:root"}
    assert statement["Condition"]["Bool"] == {"aws:MultiFactorAuthPresent": "true"}
    attached = iam.list_attached_role_policies(RoleName=ADMIN)["AttachedPolicies"]
    assert [policy["PolicyArn"] for policy in attached] == [ADMINISTRATOR]
    assert iam.list_role_policies(RoleName=DEPLOY)["PolicyNames"] == ["deploy", "workload-roles"]
    assert not iam.list_groups()["Groups"]


def test_the_tooling_account_has_no_deploy_role(world: World) -> None:
    world.apply(ACCESS, world.tooling)
    names = {role["RoleName"] for role in world.client("iam", world.tooling).list_roles()["Roles"]}
    assert {ADMIN, DEV, READER} <= names
    assert DEPLOY not in names


def test_every_group_carries_mfa_self_service(world: World) -> None:
    world.apply(ACCESS, world.security)
    iam = world.client("iam", world.security)
    groups = [group["GroupName"] for group in iam.list_groups()["Groups"]]
    assert sorted(groups) == ["admin-external-accounts", "dev-external-accounts", "ro-external-accounts"]
    for group in groups:
        document = iam.get_group_policy(GroupName=group, PolicyName="mfa-self-service")["PolicyDocument"]
        deny = next(statement for statement in document["Statement"] if statement["Effect"] == "Deny")
        assert deny["Condition"] == {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}


# -- whose is it -------------------------------------------------------------------------------------


def test_what_others_made_is_left_alone(world: World) -> None:
    account = world.account("security", "Security")
    iam = world.client("iam", account)
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": account.id}, "Action": "sts:AssumeRole"}],
    }
    iam.create_role(RoleName="theirs", AssumeRolePolicyDocument=json.dumps(trust), Description="theirs")
    iam.attach_role_policy(RoleName="theirs", PolicyArn=ADMINISTRATOR)
    iam.create_group(GroupName="theirs")
    iam.create_user(UserName="theirs")
    world.apply(ACCESS, account)
    iam.add_user_to_group(UserName="theirs", GroupName="ro-external-accounts")
    iam.attach_user_policy(UserName="theirs", PolicyArn=READ_ONLY)
    before = holdings(world, account)
    assert [change.action for change in world.apply(ACCESS, account)] == ["report"]
    assert holdings(world, account) == before


def test_a_declared_role_that_others_made_is_adopted(world: World) -> None:
    account = world.account()
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
    }
    world.client("iam", account).create_role(RoleName=ADMIN, AssumeRolePolicyDocument=json.dumps(trust))
    made = words(world.apply(ACCESS, account))
    assert (
        f"update role/{ADMIN}: was there without our tag managed-by: groundwork; it is adopted, since it is declared"
        in made
    )
    assert any(f"update role/{ADMIN}: trust policy lets everybody in" in line for line in made)
    assert world.apply(ACCESS, account) == []


def test_a_role_on_another_path_is_reported(world: World, workload: Account) -> None:
    (report,) = world.apply(ACCESS, workload, declaration=only_role(READER, path="/doors/"))
    assert report.action == "report"
    assert "path is /; declared is /doors/, and IAM cannot change a role's path" in report.reason


# -- all that can be declared ------------------------------------------------------------------------


def test_everything_else_about_a_role(world: World) -> None:
    account = world.account()
    declaration = with_role(
        path="/doors/", maxSessionDuration=7200, tags={"team": "blue"}, permissionsBoundary="limits",
        trust={"account": "security", "principals": ["user/people/*"], "externalId": "x-1"},
    )  # fmt: skip
    world.apply(ACCESS, account, declaration=declaration)
    role = world.client("iam", account).get_role(RoleName="extra")["Role"]
    assert role["Path"] == "/doors/"
    assert role["MaxSessionDuration"] == 7200
    assert {tag["Key"]: tag["Value"] for tag in role["Tags"]} == {"team": "blue", "managed-by": "groundwork"}
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == f"arn:aws:iam::{account.id}:policy/limits"
    condition = role["AssumeRolePolicyDocument"]["Statement"][0]["Condition"]
    assert condition["StringEquals"]["sts:ExternalId"] == "x-1"
    assert world.apply(ACCESS, account, declaration=declaration) == []


def test_a_boundary_that_drifted_three_times_is_put_right_each_time(world: World) -> None:
    account, declaration = world.account(), with_role(permissionsBoundary="limits")
    world.apply(ACCESS, account, declaration=declaration)
    iam, arn = world.client("iam", account), f"arn:aws:iam::{account.id}:policy/limits"
    for number in range(3):
        versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
        if len(versions) == 5:
            oldest = next(version for version in reversed(versions) if not version["IsDefaultVersion"])
            iam.delete_policy_version(PolicyArn=arn, VersionId=oldest["VersionId"])
        narrowed = {
            "Version": "2012-10-17",
            "Statement": [{"Sid": f"n{number}", "Effect": "Deny", "Action": "*", "Resource": "*"}],
        }
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(narrowed), SetAsDefault=True)
        made = world.apply(ACCESS, account, declaration=declaration)
        assert made[-1].resource == "policy/limits"
        assert f"holds the foreign statement n{number}" in made[-1].reason
    in_force = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    document = iam.get_policy_version(PolicyArn=arn, VersionId=in_force)["PolicyVersion"]["Document"]
    assert document == marked(ANYTHING, "limits")


def with_user(access: dict[str, Any]) -> None:
    access["users"] = [{"name": "ada", "groups": ["ro-external-accounts"], "tags": {"team": "blue"}}]


def test_a_user_is_made_without_password_or_key(world: World) -> None:
    account, declaration = world.account("security", "Security"), declared(with_user)
    world.apply(ACCESS, account, declaration=declaration)
    iam = world.client("iam", account)
    assert [group["GroupName"] for group in iam.list_groups_for_user(UserName="ada")["Groups"]] == [
        "ro-external-accounts"
    ]
    assert iam.list_access_keys(UserName="ada")["AccessKeyMetadata"] == []
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_login_profile(UserName="ada")
    assert world.apply(ACCESS, account, declaration=declaration) == []


def test_a_user_without_access_keys_makes_none_and_those_there_are_switched_off(world: World) -> None:
    account = world.account("security", "Security")
    world.apply(ACCESS, account, declaration=declared(with_user))
    iam = world.client("iam", account)
    made = iam.create_access_key(UserName="ada")["AccessKey"]
    key = Credentials(made["AccessKeyId"], made["SecretAccessKey"])

    def without(access: dict[str, Any]) -> None:
        with_user(access)
        access["users"][0]["accessKeys"] = False

    def for_nobody(access: dict[str, Any]) -> None:
        with_user(access)
        access["accessKeys"] = False

    for change in (without, for_nobody):
        changes = world.apply(ACCESS, account, declaration=declared(change))
        told = [each for each in changes if each.resource == "user/ada"]
        assert f"has the access key {key.access_key_id}; none is wanted" in {each.reason for each in told}
        assert "high" in {each.severity for each in told}
        (status,) = iam.list_access_keys(UserName="ada")["AccessKeyMetadata"]
        assert status["Status"] == "Inactive"
        assert world.apply(ACCESS, account, declaration=declared(change)) == []
        iam.update_access_key(UserName="ada", AccessKeyId=key.access_key_id, Status="Active")
    iam.create_login_profile(UserName="ada", Password="a-long-Password-1!")
    mine = world.aws.client("iam", credentials=with_mfa(world, account, "ada"))
    for call in (
        partial(mine.create_access_key, UserName="ada"),
        partial(mine.update_access_key, UserName="ada", AccessKeyId=key.access_key_id, Status="Active"),
    ):
        with pytest.raises(ClientError, match="explicit deny"):
            call()
    (back, *_) = world.apply(ACCESS, account, declaration=declared(with_user))
    assert "may have access keys" in back.reason
    mine.create_access_key(UserName="ada")


def with_mfa(world: World, account: Account, name: str) -> Credentials:
    """The console's credentials after a device was registered and its code shown."""
    password = "a-long-Password-1!"
    iam = world.aws.client("iam", credentials=sign_in(world.aws, account.id, name, password))
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]
    serial, seed = device["SerialNumber"], device["Base32StringSeed"]
    one, two = totp.consecutive_codes(seed)
    iam.enable_mfa_device(
        UserName=name, SerialNumber=serial, AuthenticationCode1=one, AuthenticationCode2=two
    )
    code = totp.code(seed, time.time() + totp.STEP_SECONDS)
    return sign_in(world.aws, account.id, name, password, (serial, code))


def test_a_group_that_is_too_long_is_refused_before_anything_is_laid_down(world: World) -> None:
    account = world.account("security", "Security")
    before = holdings(world, account)

    def change(access: dict[str, Any]) -> None:
        names = [f"account-{number}" for number in range(60)]
        access["groups"][0]["enter"].append({"role": ADMIN, "names": names})

    named = {f"account-{number}": f"{number:012}" for number in range(60)}
    organization = world.organization.model_copy(update={"named_accounts": named})
    with pytest.raises(
        InvalidDeclaration, match=r"access.groups admin-external-accounts: .* IAM takes 5,120"
    ):
        world.apply(ACCESS, account, declaration=declared(change), organization=organization)
    assert holdings(world, account) == before


def test_an_entry_to_a_unit_that_does_not_exist_is_left_out_and_said_so(world: World) -> None:
    account = world.account("security", "Security")
    units = {path: ids for path, ids in world.organization.units.items() if path != "Workloads/Staging"}
    organization = world.organization.model_copy(update={"units": units})
    report = world.apply(ACCESS, account, organization=organization)[-1]
    assert report.resource == "group/dev-external-accounts"
    assert report.reason == (
        f"left out for now: entry to {DEV}: organizational unit 'Workloads/Staging' does not exist yet; "
        "it is laid down once that is there"
    )
    iam = world.client("iam", account)
    assert iam.list_group_policies(GroupName="dev-external-accounts")["PolicyNames"] == ["mfa-self-service"]
    (made,) = world.apply(ACCESS, account)
    assert made.reason == f"lacks the declared inline policy enter-{DEV}"
