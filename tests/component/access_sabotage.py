"""access: all that can be done by hand to what it lays down, as data."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from groundwork.contracts import Account
from tests.component.access import ADMIN, ADMINISTRATOR, ANYTHING, DEPLOY, READ_ONLY, READER, declared
from tests.component.conftest import World
from tests.component.leavers import leaving_group, leaving_policy, leaving_role, leaving_user
from tests.component.sabotage import Sabotage

Do = Callable[[World, Account], object]
Statements = list[dict[str, Any]]

STRANGER = "arn:aws:iam::999999999999:root"
LIMITS = {
    "Version": "2012-10-17",
    "Statement": [
        *ANYTHING["Statement"],
        {"Sid": "NotIam", "Effect": "Deny", "Action": "iam:*", "Resource": "*"},
    ],
}
FOR_OTHERS = "workload-boundary"
POWER_USER = "arn:aws:iam::aws:policy/PowerUserAccess"


def _everything(access: dict[str, Any]) -> None:
    access["roles"] += [
        {"name": "extra", "where": {"kinds": ["workload"]}, "description": "All that can be declared",
         "trust": {"account": "security", "principals": ["user/people/*"], "externalId": "x-1"},
         "tags": {"team": "blue"}, "permissionsBoundary": "limits", "policies": ["deploy"],
         "managedPolicies": ["ReadOnlyAccess"], "path": "/doors/"},
        {"name": "bounded", "where": {"kinds": ["workload"]}, "trust": {"account": "security"},
         "permissionsBoundary": "PowerUserAccess"},
    ]  # fmt: skip
    access["users"] = [
        {"name": "ada", "groups": ["ro-external-accounts"], "tags": {"team": "blue"}, "path": "/people/"},
        {"name": "bob", "accessKeys": False},
    ]
    access["groups"].append({"name": "deployers", "path": "/teams/", "policies": ["observe"]})


EVERYTHING = declared(_everything)
"""The default declaration, and with it everything that can be declared besides."""
EVERYTHING._policies["limits"] = LIMITS


def iam(operation: str, **parameters: Any) -> Do:
    """An operation of IAM; a document among its parameters is sent as text."""

    def do(world: World, account: Account) -> None:
        given = {
            name: json.dumps(each) if isinstance(each, dict) else each for name, each in parameters.items()
        }
        getattr(world.client("iam", account), operation)(**given)

    return do


def retrust(role: str, change: Callable[[Statements], object]) -> Do:
    """A trust policy with statements that `change` has tampered with."""

    def do(world: World, account: Account) -> None:
        client = world.client("iam", account)
        trust = client.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
        change(trust["Statement"])
        client.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(trust))

    return do


def attach_own(kind: str, name: str) -> Do:
    """A policy of somebody in the account, attached to a Role, Group or User."""

    def do(world: World, account: Account) -> None:
        client, arn = world.client("iam", account), f"arn:aws:iam::{account.id}:policy/foreign"
        if arn not in {policy["Arn"] for policy in client.list_policies(Scope="Local")["Policies"]}:
            client.create_policy(PolicyName="foreign", PolicyDocument=json.dumps(ANYTHING))
        getattr(client, f"attach_{kind}_policy")(**{f"{kind.capitalize()}Name": name, "PolicyArn": arn})

    return do


def redraw(document: dict[str, Any], times: int = 1, boundary: str = "limits") -> Do:
    """Versions of the boundary, of which the last is in force; IAM keeps five."""

    def do(world: World, account: Account) -> None:
        client, arn = world.client("iam", account), f"arn:aws:iam::{account.id}:policy/{boundary}"
        for _ in range(times):
            versions = client.list_policy_versions(PolicyArn=arn)["Versions"]
            if len(versions) == 5:
                oldest = next(each for each in reversed(versions) if not each["IsDefaultVersion"])
                client.delete_policy_version(PolicyArn=arn, VersionId=oldest["VersionId"])
            client.create_policy_version(
                PolicyArn=arn, PolicyDocument=json.dumps(document), SetAsDefault=True
            )

    return do


def laid_down(by: Callable[..., object], *given: str) -> Do:
    """What an earlier declaration named."""
    return lambda world, account: by(world.client("iam", account), *given)


def delete(kind: str, name: str) -> Do:
    """A Role, Group or User, after all that IAM wants gone before."""

    def do(world: World, account: Account) -> None:
        client, at = world.client("iam", account), {f"{kind.capitalize()}Name": name}
        for policy in getattr(client, f"list_attached_{kind}_policies")(**at)["AttachedPolicies"]:
            getattr(client, f"detach_{kind}_policy")(**at, PolicyArn=policy["PolicyArn"])
        for inline in getattr(client, f"list_{kind}_policies")(**at)["PolicyNames"]:
            getattr(client, f"delete_{kind}_policy")(**at, PolicyName=inline)
        if kind == "user":
            for group in client.list_groups_for_user(**at)["Groups"]:
                client.remove_user_from_group(**at, GroupName=group["GroupName"])
        getattr(client, f"delete_{kind}")(**at)

    return do


def delete_boundary(world: World, account: Account) -> None:
    """The policy that bounds `extra`, which has to be off the role first."""
    client = world.client("iam", account)
    if client.get_role(RoleName="extra")["Role"].get("PermissionsBoundary"):
        client.delete_role_permissions_boundary(RoleName="extra")
    delete_policy(world, account, "limits")


def delete_policy(world: World, account: Account, name: str = FOR_OTHERS) -> None:
    client, arn = world.client("iam", account), f"arn:aws:iam::{account.id}:policy/{name}"
    for version in client.list_policy_versions(PolicyArn=arn)["Versions"]:
        if not version["IsDefaultVersion"]:
            client.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
    client.delete_policy(PolicyArn=arn)


# -- of a workload account ---------------------------------------------------------------------------

TRUST = [
    Sabotage("a foreign account", retrust(ADMIN, lambda trust: trust[0].update(Principal={"AWS": STRANGER})),
             f"role/{ADMIN}", "trust policy lets account 999999999999 in; expected ", "high"),
    Sabotage("a second statement", retrust(ADMIN, lambda trust: trust.append(
                 {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"})),
             f"role/{ADMIN}", "trust policy lets everybody in; expected ", "high"),
    Sabotage("no MFA", retrust(ADMIN, lambda trust: trust[0]["Condition"].pop("Bool", None)),
             f"role/{ADMIN}", "does not ask for MFA", "high"),
    Sabotage("any organization", retrust(ADMIN, lambda trust: trust[0]["Condition"].pop("StringEquals")),
             f"role/{ADMIN}", "does not hold callers to organization o-", "high"),
    Sabotage("a further action", retrust(READER, lambda trust: trust[0].update(
                 Action=["sts:AssumeRole", "sts:TagSession"])),
             f"role/{READER}", "allows sts:AssumeRole, sts:TagSession; expected sts:AssumeRole", "high"),
    Sabotage("from one address", retrust(READER, lambda trust: trust[0]["Condition"].update(
                 IpAddress={"aws:SourceIp": "192.0.2.1/32"})),
             f"role/{READER}", "asks for IpAddress aws:sourceip = 192.0.2.1/32, which is not declared"),
    Sabotage("nobody", retrust(READER, lambda trust: trust.append(
                 {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"})),
             f"role/{READER}", "denies callers by a statement that is not declared"),
    Sabotage("any principal", retrust("extra", lambda trust: trust[0]["Condition"].pop("ArnLike", None)),
             "role/extra", "does not hold callers to arn:aws:iam::", "high"),
    Sabotage("any external id", retrust("extra", lambda trust: trust[0]["Condition"]["StringEquals"].pop(
                 "sts:ExternalId", None)),
             "role/extra", "does not ask for the declared external id", "high"),
]  # fmt: skip

BOUNDARIES = [
    Sabotage("a boundary added", iam("put_role_permissions_boundary", RoleName=ADMIN, PermissionsBoundary=READ_ONLY),
             f"role/{ADMIN}", "permissions boundary is arn:aws:iam::aws:policy/ReadOnlyAccess; none is declared"),
    Sabotage("a boundary replaced",
             iam("put_role_permissions_boundary", RoleName="extra", PermissionsBoundary=ADMINISTRATOR), "role/extra",
             f"permissions boundary is {ADMINISTRATOR}; expected arn:aws:iam::{{account}}:policy/limits", "high"),
    Sabotage("a boundary taken off", iam("delete_role_permissions_boundary", RoleName="bounded"),
             "role/bounded", f"permissions boundary is missing; expected {POWER_USER}", "high"),
    Sabotage("a boundary widened", redraw(ANYTHING), "policy/limits", "policy lacks the statement NotIam", "high"),
    Sabotage("a boundary narrowed", redraw({**LIMITS, "Statement": [
                 *LIMITS["Statement"], {"Sid": "Theirs", "Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}),
             "policy/limits", "policy holds the foreign statement Theirs (Deny s3:* on *)"),
    Sabotage("a boundary with five versions", redraw(ANYTHING, times=5),
             "policy/limits", "the oldest, makes room: IAM keeps 5", "low"),
    Sabotage("the boundary of others' roles widened", redraw(ANYTHING, boundary=FOR_OTHERS), f"policy/{FOR_OTHERS}",
             "policy lacks the statement NeitherTheBaselineNorPurchases (Deny dynamodb:PurchaseReservedCapacityOfferings, "
             "ec2:DisableEbsEncryptionByDefault, ec2:DisableImageBlockPublicAccess and 9 more on *); holds the foreign "
             "statement number 1 (Allow * on *); it opens what is not declared", "high"),
    Sabotage("the boundary of others' roles deleted", delete_policy, f"policy/{FOR_OTHERS}",
             "the permissions boundary does not exist"),
]  # fmt: skip

OF_ROLES = [
    Sabotage("description", iam("update_role", RoleName="bounded", Description="mine"),
             "role/bounded", "description is 'mine'; expected ''", "low"),
    Sabotage("session length", iam("update_role", RoleName="bounded", Description="", MaxSessionDuration=43200),
             "role/bounded", "session length is 43200 s; expected 3600 s"),
    Sabotage("a tag added", iam("tag_role", RoleName=ADMIN, Tags=[{"Key": "team", "Value": "red"}]),
             f"role/{ADMIN}", "tagged team, which is not declared"),
    Sabotage("a tag changed", iam("tag_role", RoleName="extra", Tags=[{"Key": "team", "Value": "red"}]),
             "role/extra", "tag team is 'red'; expected 'blue'"),
    Sabotage("a tag gone", iam("untag_role", RoleName="extra", TagKeys=["team"]),
             "role/extra", "tag team is 'missing'; expected 'blue'", "low"),
    Sabotage("our tag gone", iam("untag_role", RoleName=ADMIN, TagKeys=["managed-by"]),
             f"role/{ADMIN}", "was there without our tag managed-by: groundwork; it is adopted", "low"),
    Sabotage("AWS's policy attached", iam("attach_role_policy", RoleName=READER, PolicyArn=ADMINISTRATOR),
             f"role/{READER}", "has AdministratorAccess attached, which is not declared", "high"),
    Sabotage("an own policy attached", attach_own("role", READER), f"role/{READER}",
             "has arn:aws:iam::{account}:policy/foreign attached, which is not declared", "high"),
    Sabotage("a policy detached", iam("detach_role_policy", RoleName=READER, PolicyArn=READ_ONLY),
             f"role/{READER}", "lacks the declared policy ReadOnlyAccess"),
    Sabotage("an inline policy added",
             iam("put_role_policy", RoleName=READER, PolicyName="own", PolicyDocument=ANYTHING),
             f"role/{READER}", "has the inline policy own, which is not declared", "high"),
    Sabotage("an inline policy widened",
             iam("put_role_policy", RoleName=DEPLOY, PolicyName="deploy", PolicyDocument=ANYTHING), f"role/{DEPLOY}",
             "inline policy deploy: lacks the statement NeitherTheBaselineNorPurchases (Deny dynamodb:Purchase", "high"),
    Sabotage("an inline policy narrowed",
             iam("put_role_policy", RoleName=DEPLOY, PolicyName="deploy", PolicyDocument={
                 "Version": "2012-10-17",
                 "Statement": [{"Sid": "Nothing", "Effect": "Deny", "Action": "*", "Resource": "*"}]}),
             f"role/{DEPLOY}", "inline policy deploy: lacks the statements"),
    Sabotage("an inline policy gone", iam("delete_role_policy", RoleName=DEPLOY, PolicyName="deploy"),
             f"role/{DEPLOY}", "lacks the declared inline policy deploy", "high"),
    Sabotage("a role no longer declared", laid_down(leaving_role), "role/forgotten",
             "is tagged managed-by: groundwork and no longer declared for this account", "high"),
    Sabotage("a policy no longer declared", laid_down(leaving_policy), "policy/forgotten-boundary",
             "carries Groundwork's mark and is no longer declared for this account", "low"),
]  # fmt: skip

OF_WORKLOADS = [
    *TRUST,
    *BOUNDARIES,
    *OF_ROLES,
    Sabotage("the boundary's policy deleted", delete_boundary, "policy/limits",
             "the permissions boundary does not exist", besides=("role/extra",)),
    *(Sabotage(f"{role} deleted", delete("role", role), f"role/{role}", "the role does not exist")
      for role in (ADMIN, READER, DEPLOY, "extra")),
]  # fmt: skip


# -- of the security account -------------------------------------------------------------------------

RO = "ro-external-accounts"

OF_GROUPS = [
    Sabotage("MFA policy hollow",
             iam("put_group_policy", GroupName=RO, PolicyName="mfa-self-service", PolicyDocument=ANYTHING),
             f"group/{RO}", "inline policy mfa-self-service: lacks the statement", "high"),
    Sabotage("MFA policy gone", iam("delete_group_policy", GroupName=RO, PolicyName="mfa-self-service"),
             f"group/{RO}", "lacks the declared inline policy mfa-self-service", "high"),
    Sabotage("entry widened",
             iam("put_group_policy", GroupName=RO, PolicyName=f"enter-{READER}", PolicyDocument=ANYTHING),
             f"group/{RO}", f"inline policy enter-{READER}: differs in the statement number 1: Action is *, expected ",
             "high"),
    Sabotage("entry gone", iam("delete_group_policy", GroupName=RO, PolicyName=f"enter-{READER}"),
             f"group/{RO}", f"lacks the declared inline policy enter-{READER}"),
    Sabotage("entry added",
             iam("put_group_policy", GroupName="deployers", PolicyName=f"enter-{ADMIN}", PolicyDocument=ANYTHING),
             "group/deployers", f"has the inline policy enter-{ADMIN}, which is not declared", "high"),
    Sabotage("administrator attached", iam("attach_group_policy", GroupName=RO, PolicyArn=ADMINISTRATOR),
             f"group/{RO}", "has AdministratorAccess attached, which is not declared", "high"),
    Sabotage("an own policy attached", attach_own("group", "deployers"), "group/deployers",
             "has arn:aws:iam::{account}:policy/foreign attached, which is not declared", "high"),
    Sabotage("a policy detached", iam("detach_group_policy", GroupName=RO, PolicyArn=READ_ONLY),
             f"group/{RO}", "lacks the declared policy ReadOnlyAccess"),
    Sabotage("path", iam("update_group", GroupName="deployers", NewPath="/other/"),
             "group/deployers", "path is /other/; expected /teams/"),
    Sabotage("a group no longer declared", laid_down(leaving_group), "group/forgotten-people",
             "carries Groundwork's mark and is no longer declared for this account", "high"),
]  # fmt: skip


def give_bob_a_key(world: World, account: Account) -> None:
    client = world.client("iam", account)
    keys = client.list_access_keys(UserName="bob")["AccessKeyMetadata"]
    if not keys:
        client.create_access_key(UserName="bob")
    for key in keys:
        client.update_access_key(UserName="bob", AccessKeyId=key["AccessKeyId"], Status="Active")


OF_USERS = [
    Sabotage("a key", give_bob_a_key, "user/bob", "has the access key ", "high"),
    Sabotage("marked as without keys",
             iam("tag_user", UserName="ada", Tags=[{"Key": "groundwork:access-keys", "Value": "none"}]),
             "user/ada", "is tagged groundwork:access-keys: none, and may have access keys"),
    Sabotage("more power", iam("add_user_to_group", UserName="ada", GroupName="admin-external-accounts"),
             "user/ada", "is in group admin-external-accounts, which is not declared", "high"),
    Sabotage("out of the group", iam("remove_user_from_group", UserName="ada", GroupName=RO),
             "user/ada", f"is not in group {RO}, as declared"),
    Sabotage("AWS's policy on a user", iam("attach_user_policy", UserName="ada", PolicyArn=ADMINISTRATOR),
             "user/ada", "has AdministratorAccess attached, which is not declared", "high"),
    Sabotage("an own policy on a user", attach_own("user", "ada"), "user/ada",
             "has arn:aws:iam::{account}:policy/foreign attached, which is not declared", "high"),
    Sabotage("an inline policy on a user",
             iam("put_user_policy", UserName="ada", PolicyName="own", PolicyDocument=ANYTHING),
             "user/ada", "has the inline policy own, which is not declared", "high"),
    Sabotage("a user's tag gone", iam("untag_user", UserName="ada", TagKeys=["team"]),
             "user/ada", "tag team is 'missing'; expected 'blue'", "low"),
    Sabotage("a user's tag changed", iam("tag_user", UserName="ada", Tags=[{"Key": "team", "Value": "red"}]),
             "user/ada", "tag team is 'red'; expected 'blue'"),
    Sabotage("our tag off a user", iam("untag_user", UserName="ada", TagKeys=["managed-by"]),
             "user/ada", "was there without our tag managed-by: groundwork", "low"),
    Sabotage("a user no longer declared", laid_down(leaving_user, "leaver", RO),
             "user/leaver", "is tagged managed-by: groundwork and no longer declared for this account", "high"),
    Sabotage("a user's path", iam("update_user", UserName="ada", NewPath="/"),
             "user/ada", "path is /; expected /people/"),
]  # fmt: skip

OF_SECURITY = [
    *OF_GROUPS,
    *OF_USERS,
    Sabotage("a user deleted", delete("user", "ada"), "user/ada", "the user does not exist"),
    Sabotage("a group deleted", delete("group", "deployers"), "group/deployers", "the group does not exist"),
]  # fmt: skip
