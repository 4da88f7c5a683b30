"""access, inside accounts of the embedded AWS."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from groundwork.baseline.components.access import Access
from groundwork.contracts import Account, Change
from groundwork.declaration import Declaration, load
from groundwork.errors import InvalidDeclaration
from local import totp
from local.credentials import Credentials
from tests.component.conftest import World

ACCESS = Access()
ADMIN, DEV, READER, DEPLOY = (
    "allow-admin-from-security-account",
    "allow-dev-from-security-account",
    "allow-read-only-from-security-account",
    "allow-deploy-from-mgmt-account",
)
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
ANYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def declared(change: Callable[[dict[str, Any]], None]) -> Declaration:
    """The default declaration with `access` changed."""
    default = load()
    access = default.access.model_dump(by_alias=True, exclude_none=True)
    change(access)
    declaration = Declaration.model_validate(
        default.model_dump(by_alias=True, exclude_none=True) | {"access": access}
    )
    for name in ("deploy", "mfa-self-service"):
        declaration._policies[name] = default.policy(name)
    declaration._policies["limits"] = ANYTHING
    return declaration


def with_role(**more: Any) -> Declaration:
    """The default declaration and one more role."""
    extra = {"name": "extra", "where": {"kinds": ["workload"]}, "trust": {"account": "security"}}
    return declared(lambda access: access["roles"].append(extra | more))


def only_role(name: str, **more: Any) -> Declaration:
    """The default declaration with one role declared otherwise."""

    def change(access: dict[str, Any]) -> None:
        next(role for role in access["roles"] if role["name"] == name).update(more)

    return declared(change)


FORGOTTEN = frozenset({"CreateDate", "UpdateDate", "RoleLastUsed", "RoleId", "GroupId", "UserId", "PolicyId"})


def holdings(world: World, account: Account) -> Any:
    """All of the account's own IAM, comparable: no times, no random ids, no order."""
    iam = world.client("iam", account)
    details = iam.get_account_authorization_details(Filter=["Role", "Group", "User", "LocalManagedPolicy"])
    kinds = ("RoleDetailList", "GroupDetailList", "UserDetailList", "Policies")
    roles = [
        {key: role.get(key) for key in ("RoleName", "Description", "MaxSessionDuration")}
        for role in iam.list_roles()["Roles"]
    ]
    return _plain({kind: details[kind] for kind in kinds} | {"roles": roles})


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items() if key not in FORGOTTEN}
    if isinstance(value, list):
        return sorted((_plain(part) for part in value), key=partial(json.dumps, sort_keys=True, default=str))
    return value


def words(changes: list[Change]) -> list[str]:
    return [f"{change.action} {change.resource}: {change.reason}" for change in changes]


@pytest.fixture
def workload(world: World) -> Account:
    """A workload account with its baseline."""
    account = world.account()
    world.apply(ACCESS, account)
    return account


# -- from nothing, and again -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "most_calls", "most_calls_again"), [("workload", 11, 2), ("tooling", 9, 2), ("security", 13, 1)]
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


def test_a_plan_writes_nothing(world: World) -> None:
    account = world.account()
    before = holdings(world, account)
    planned = world.plan(ACCESS, account)
    assert holdings(world, account) == before
    assert world.apply(ACCESS, account) == planned


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
    assert iam.list_role_policies(RoleName=DEPLOY)["PolicyNames"] == ["deploy"]
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


# -- drift -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sabotage:
    """Something done behind Groundwork's back, and the words that name it."""

    name: str
    do: Callable[[Any, World], None]
    resource: str
    reason: str


def retrust(change: Callable[[Any, World], None]) -> Callable[[Any, World], None]:
    def do(iam: Any, world: World) -> None:
        trust = iam.get_role(RoleName=ADMIN)["Role"]["AssumeRolePolicyDocument"]
        change(trust["Statement"], world)
        iam.update_assume_role_policy(RoleName=ADMIN, PolicyDocument=json.dumps(trust))

    return do


def foreign_principal(statements: Any, world: World) -> None:
    statements[0]["Principal"] = {"AWS": f"arn:aws:iam::{world.tooling.id}:root"}


def no_mfa(statements: Any, world: World) -> None:
    del statements[0]["Condition"]["Bool"]


def no_organization(statements: Any, world: World) -> None:
    del statements[0]["Condition"]["StringEquals"]


def foreign_attachment(iam: Any, world: World) -> None:
    made = iam.create_policy(PolicyName="foreign", PolicyDocument=json.dumps(ANYTHING))
    iam.attach_role_policy(RoleName=READER, PolicyArn=made["Policy"]["Arn"])


ROLE_SABOTAGE = [
    Sabotage("foreign account", retrust(foreign_principal), ADMIN, "trust policy lets account"),
    Sabotage("no MFA", retrust(no_mfa), ADMIN, "trust policy does not ask for MFA"),
    Sabotage("any organization", retrust(no_organization), ADMIN, "does not hold callers to organization"),
    Sabotage(
        "description",
        lambda iam, _: iam.update_role(RoleName=ADMIN, Description="mine", MaxSessionDuration=3600),
        ADMIN,
        "description is 'mine'; expected 'Administrators",
    ),
    Sabotage(
        "session length",
        lambda iam, _: iam.update_role(
            RoleName=ADMIN,
            Description=iam.get_role(RoleName=ADMIN)["Role"]["Description"],
            MaxSessionDuration=43200,
        ),
        ADMIN,
        "session length is 43200 s; expected 3600 s",
    ),
    Sabotage(
        "boundary added",
        lambda iam, _: iam.put_role_permissions_boundary(RoleName=ADMIN, PermissionsBoundary=READ_ONLY),
        ADMIN,
        "permissions boundary is arn:aws:iam::aws:policy/ReadOnlyAccess; none is declared",
    ),
    Sabotage(
        "tag added",
        lambda iam, _: iam.tag_role(RoleName=ADMIN, Tags=[{"Key": "team", "Value": "red"}]),
        ADMIN,
        "tagged team, which is not declared",
    ),
    Sabotage(
        "our tag gone",
        lambda iam, _: iam.untag_role(RoleName=ADMIN, TagKeys=["managed-by"]),
        ADMIN,
        "was there without our tag managed-by: groundwork; it is adopted",
    ),
    Sabotage(
        "AWS managed policy attached",
        lambda iam, _: iam.attach_role_policy(RoleName=READER, PolicyArn=ADMINISTRATOR),
        READER,
        "has AdministratorAccess attached, which is not declared",
    ),
    Sabotage(
        "declared policy detached",
        lambda iam, _: iam.detach_role_policy(RoleName=READER, PolicyArn=READ_ONLY),
        READER,
        "lacks the declared policy ReadOnlyAccess",
    ),
    Sabotage(
        "inline policy added",
        lambda iam, _: iam.put_role_policy(
            RoleName=READER, PolicyName="own", PolicyDocument=json.dumps(ANYTHING)
        ),
        READER,
        "has the inline policy own, which is not declared",
    ),
    Sabotage(
        "inline policy widened",
        lambda iam, _: iam.put_role_policy(
            RoleName=DEPLOY, PolicyName="deploy", PolicyDocument=json.dumps(ANYTHING)
        ),
        DEPLOY,
        "inline policy deploy: lacks the statement DeployWorkloads",
    ),
    Sabotage(
        "inline policy deleted",
        lambda iam, _: iam.delete_role_policy(RoleName=DEPLOY, PolicyName="deploy"),
        DEPLOY,
        "lacks the declared inline policy deploy",
    ),
]


def mended(world: World, account: Account, sabotage: Sabotage, prefix: str, **given: Any) -> None:
    """Asserts that the plan names just this sabotage, and that apply takes back just this."""
    good = holdings(world, account)
    sabotage.do(world.client("iam", account), world)
    assert holdings(world, account) != good, "nothing was sabotaged"
    (planned,) = world.plan(ACCESS, account, **given)
    assert planned.resource == f"{prefix}/{sabotage.resource}"
    assert sabotage.reason in planned.reason
    assert world.apply(ACCESS, account, **given) == [planned]
    assert holdings(world, account) == good


@pytest.mark.parametrize("sabotage", ROLE_SABOTAGE, ids=lambda sabotage: sabotage.name)
def test_a_role_that_drifted_is_put_right_and_nothing_else(
    world: World, workload: Account, sabotage: Sabotage
) -> None:
    mended(world, workload, sabotage, "role")


def test_a_foreign_policy_is_detached_and_itself_left_alone(world: World, workload: Account) -> None:
    iam = world.client("iam", workload)
    foreign_attachment(iam, world)
    (made,) = world.apply(ACCESS, workload)
    arn = f"arn:aws:iam::{workload.id}:policy/foreign"
    assert made.reason == f"has {arn} attached, which is not declared"
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 0


def test_a_deleted_role_comes_back(world: World, workload: Account) -> None:
    iam, good = world.client("iam", workload), holdings(world, workload)
    iam.detach_role_policy(RoleName=READER, PolicyArn=READ_ONLY)
    iam.delete_role(RoleName=READER)
    assert [change.action for change in world.apply(ACCESS, workload)] == ["create", "update"]
    assert holdings(world, workload) == good


def test_the_words_for_a_foreign_account(world: World, workload: Account) -> None:
    retrust(foreign_principal)(world.client("iam", workload), world)
    (made,) = world.apply(ACCESS, workload)
    assert made.reason == (
        f"trust policy lets account {world.tooling.id} in; expected {world.security.id}; "
        f"does not let account {world.security.id} in"
    )


def test_the_same_trust_written_differently_is_left_alone(world: World, workload: Account) -> None:
    def rewrite(statements: Any, world: World) -> None:
        statements[0]["Action"] = [statements[0]["Action"]]
        statements[0]["Principal"]["AWS"] = [statements[0]["Principal"]["AWS"]]

    retrust(rewrite)(world.client("iam", workload), world)
    assert world.plan(ACCESS, workload) == []


def group_call(operation: str, **parameters: Any) -> Callable[[Any, World], None]:
    def do(iam: Any, world: World) -> None:
        getattr(iam, operation)(GroupName="ro-external-accounts", **parameters)

    return do


GROUP_SABOTAGE = [
    Sabotage("MFA policy gone", group_call("delete_group_policy", PolicyName="mfa-self-service"),
             "ro-external-accounts", "lacks the declared inline policy mfa-self-service"),
    Sabotage("MFA policy hollow",
             group_call("put_group_policy", PolicyName="mfa-self-service", PolicyDocument=json.dumps(ANYTHING)),
             "ro-external-accounts", "inline policy mfa-self-service: lacks the statement"),
    Sabotage("entry widened",
             group_call("put_group_policy", PolicyName=f"enter-{READER}", PolicyDocument=json.dumps(ANYTHING)),
             "ro-external-accounts", f"inline policy enter-{READER}"),
    Sabotage("entry added",
             group_call("put_group_policy", PolicyName=f"enter-{ADMIN}", PolicyDocument=json.dumps(ANYTHING)),
             "ro-external-accounts", f"has the inline policy enter-{ADMIN}, which is not declared"),
    Sabotage("administrator attached", group_call("attach_group_policy", PolicyArn=ADMINISTRATOR),
             "ro-external-accounts", "has AdministratorAccess attached, which is not declared"),
    Sabotage("path", group_call("update_group", NewPath="/other/"),
             "ro-external-accounts", "path is /other/; expected /"),
]  # fmt: skip


@pytest.mark.parametrize("sabotage", GROUP_SABOTAGE, ids=lambda sabotage: sabotage.name)
def test_a_group_that_drifted_is_put_right_and_nothing_else(world: World, sabotage: Sabotage) -> None:
    world.apply(ACCESS, world.security)
    mended(world, world.security, sabotage, "group")


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
    assert world.apply(ACCESS, account) == []
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


def test_what_is_no_longer_declared_is_reported_and_deleted_only_with_prune(world: World) -> None:
    account = world.account()
    world.apply(
        ACCESS, account, declaration=with_role(policies=["deploy"], managedPolicies=["ReadOnlyAccess"])
    )
    (report,) = world.apply(ACCESS, account)
    assert words([report])[0].startswith(
        "report role/extra: is tagged managed-by: groundwork and no longer declared"
    )
    iam = world.client("iam", account)
    assert iam.get_role(RoleName="extra")
    world.apply(ACCESS, account, declaration=declared(lambda access: access.update(prune=True)))
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role(RoleName="extra")
    assert iam.get_role(RoleName=ADMIN)


def test_the_session_cannot_delete_a_role_of_others(world: World, workload: Account) -> None:
    iam = world.client("iam", workload)
    trust = iam.get_role(RoleName=ADMIN)["Role"]["AssumeRolePolicyDocument"]
    iam.create_role(RoleName="theirs", AssumeRolePolicyDocument=json.dumps(trust))
    with pytest.raises(ClientError, match="AccessDenied"):
        world.target(ACCESS, workload).client("iam").delete_role(RoleName="theirs")


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
    assert document == ANYTHING


@pytest.mark.parametrize("sabotage", [
    Sabotage("boundary taken off", lambda iam, _: iam.delete_role_permissions_boundary(RoleName="extra"),
             "extra", "permissions boundary is missing; expected arn:aws:iam::aws:policy/PowerUserAccess"),
    Sabotage("tag changed", lambda iam, _: iam.tag_role(RoleName="extra", Tags=[{"Key": "team", "Value": "red"}]),
             "extra", "tag team is 'red'; expected 'blue'"),
], ids=lambda sabotage: sabotage.name)  # fmt: skip
def test_boundary_and_tags_are_put_right(world: World, sabotage: Sabotage) -> None:
    account = world.account()
    declaration = with_role(permissionsBoundary="PowerUserAccess", tags={"team": "blue"})
    world.apply(ACCESS, account, declaration=declaration)
    mended(world, account, sabotage, "role", declaration=declaration)


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


@pytest.mark.parametrize("sabotage", [
    Sabotage("more power", lambda iam, _: iam.add_user_to_group(UserName="ada", GroupName="admin-external-accounts"),
             "ada", "is in group admin-external-accounts, which is not declared"),
    Sabotage("out of group", lambda iam, _: iam.remove_user_from_group(UserName="ada", GroupName="ro-external-accounts"),
             "ada", "is not in group ro-external-accounts, as declared"),
    Sabotage("policy attached", lambda iam, _: iam.attach_user_policy(UserName="ada", PolicyArn=ADMINISTRATOR),
             "ada", "has AdministratorAccess attached, which is not declared"),
    Sabotage("tag gone", lambda iam, _: iam.untag_user(UserName="ada", TagKeys=["team"]),
             "ada", "tag team is 'missing'; expected 'blue'"),
], ids=lambda sabotage: sabotage.name)  # fmt: skip
def test_a_user_that_drifted_is_put_right_and_nothing_else(world: World, sabotage: Sabotage) -> None:
    account, declaration = world.account("security", "Security"), declared(with_user)
    world.apply(ACCESS, account, declaration=declaration)
    mended(world, account, sabotage, "user", declaration=declaration)


def test_a_user_no_longer_declared_loses_all_power_with_prune(world: World) -> None:
    account = world.account("security", "Security")
    world.apply(ACCESS, account, declaration=declared(with_user))
    (report,) = world.apply(ACCESS, account)
    assert report.action == "report"
    pruned = declared(lambda access: access.update(prune=True))
    made = world.apply(ACCESS, account, declaration=pruned)
    assert "update user/ada: is in group ro-external-accounts, and no longer declared" in words(made)
    assert world.client("iam", account).list_groups_for_user(UserName="ada")["Groups"] == []


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


# -- the doors ---------------------------------------------------------------------------------------


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
    iam, name = world.client("iam", world.security), f"user-of-{group}"
    iam.create_user(UserName=name)
    iam.add_user_to_group(UserName=name, GroupName=group)
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
