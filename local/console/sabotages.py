"""What the page can break in an account, by its entry role, behind Groundwork's back: for a plan to find."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from local.console.calls import client
from local.identity.credentials import Credentials

if TYPE_CHECKING:
    from local.engine import Engine

ENTRY_ROLE = "OrganizationAccountAccessRole"
STRANGER = "999999999999"
MANAGED = {"Key": "managed-by", "Value": "groundwork"}

Api = Callable[[str], Any]
"""A client of a service, of an administrator of the account."""


class NothingToBreak(Exception):
    """The account does not have what was to be broken; the message says so."""


def _roles(api: Api) -> list[str]:
    """Of those that Groundwork has laid down, the ones that people enter: the role to delete, the role to open."""
    pages = api("iam").get_paginator("list_roles").paginate()
    names = [role["RoleName"] for page in pages for role in page["Roles"]]
    managed = [name for name in names if MANAGED in api("iam").list_role_tags(RoleName=name)["Tags"]]
    if len(managed) < 2:
        raise NothingToBreak("The account has no two roles of Groundwork: is it ready?")
    return sorted(managed)


def _delete_role(api: Api) -> str:
    iam, name = api("iam"), _roles(api)[0]
    for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
    for inline in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=inline)
    iam.delete_role(RoleName=name)
    return f"deleted the role {name}"


def _let_a_stranger_in(api: Api) -> str:
    iam, name = api("iam"), _roles(api)[1]
    trust = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    foreign = {"AWS": f"arn:aws:iam::{STRANGER}:root"}
    trust["Statement"].append({"Effect": "Allow", "Principal": foreign, "Action": "sts:AssumeRole"})
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))
    return f"let account {STRANGER} into the role {name}"


def _stop_the_trail(api: Api) -> str:
    trails = api("cloudtrail").describe_trails()["trailList"]
    if not trails:
        raise NothingToBreak("The account has no trail: is it ready?")
    api("cloudtrail").stop_logging(Name=trails[0]["TrailARN"])
    return f"stopped the trail {trails[0]['Name']}"


def _disable_encryption(api: Api) -> str:
    api("ec2").disable_ebs_encryption_by_default()
    return "switched off the encryption of new EBS volumes"


def _delete_password_policy(api: Api) -> str:
    api("iam").delete_account_password_policy()
    return "deleted the password policy"


SABOTAGES: Mapping[str, tuple[str, Callable[[Api], str]]] = {
    "delete-role": ("Delete a role", _delete_role),
    "stranger": ("Let a stranger into a role", _let_a_stranger_in),
    "stop-trail": ("Stop the trail", _stop_the_trail),
    "ebs-encryption": ("Switch off EBS encryption", _disable_encryption),
    "password-policy": ("Delete the password policy", _delete_password_policy),
}
"""By name: what a person chooses, and what is done then; it says what it did."""


def sabotage(engine: Engine, account: str, name: str) -> str:
    """What was done. Raises NothingToBreak, and ClientError as AWS refuses it."""
    credentials = engine.administrator if account == engine.management_account else _entered(engine, account)
    return SABOTAGES[name][1](lambda service: client(engine, service, credentials))


def _entered(engine: Engine, account: str) -> Credentials:
    role = f"arn:{engine.partition}:iam::{account}:role/{ENTRY_ROLE}"
    session = client(engine, "sts").assume_role(RoleArn=role, RoleSessionName="console")["Credentials"]
    return Credentials(session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
