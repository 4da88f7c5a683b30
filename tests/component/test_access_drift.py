"""access: a role or group that drifted is named and put right, and nothing else is touched."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from groundwork.contracts import Account
from tests.component.access import (
    ACCESS,
    ADMIN,
    ADMINISTRATOR,
    ANYTHING,
    DEPLOY,
    READ_ONLY,
    READER,
    Sabotage,
    baselined,
    holdings,
    mended,
)
from tests.component.conftest import World


@pytest.fixture
def workload(world: World) -> Account:
    """A workload account with its baseline."""
    return baselined(world)


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
