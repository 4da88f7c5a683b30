"""People of IAM Identity Center, in the whole product: an account is ready when its groups are assigned, each asked for once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from local.services.identity_center import Center, enable
from tests.workflow.command_line import Said, shell_of
from tests.workflow.conftest import (
    TIME_SCALE,
    Cloud,
    Slot,
    bootstrapped,
    deployed,
    groundwork_of_ones_own,
)

SETS = {
    "allow-admin-from-security-account": "Administrator",
    "allow-read-only-from-security-account": "Reader",
}
ADMINS, READERS = "admin-external-accounts", "Readers of all"


def declaring(home: Path) -> Path:
    template, path = groundwork_of_ones_own(home), home / "layers/baseline/baseline.yaml"
    declared = yaml.safe_load(path.read_text())
    for role in declared["access"]["roles"]:
        if role["name"] in SETS:
            role["permissionSet"] = SETS[role["name"]]
    for kind in ("security", "tooling", "workload"):
        declared["baseline"][kind].append("account-assignments")
    declared["baseline"]["security"].append("permission-sets")
    declared["identityCenter"] = {"groups": {"ro-external-accounts": READERS}}
    path.write_text(yaml.safe_dump(declared))
    return template


def people(cloud: Cloud, center: Center) -> dict[str, str]:
    """The ids of groups, by name."""
    store = cloud.aws.client("identitystore")
    return {
        name: store.create_group(IdentityStoreId=center.identity_store, DisplayName=name)["GroupId"]
        for name in (ADMINS, READERS)
    }


def assigned(sso: Any, center: Center, account: str) -> set[tuple[str, str]]:
    where = {"InstanceArn": center.arn, "AccountId": account}
    return {
        (center.sets[arn].name, each["PrincipalId"])
        for arn in sso.list_permission_sets_provisioned_to_account(**where).get("PermissionSets", [])
        for each in sso.list_account_assignments(**where, PermissionSetArn=arn).get("AccountAssignments", [])
    }


def by_center(said: Said) -> set[tuple[str, ...]]:
    """Who of IAM Identity Center has which permission set, and with which power."""
    return {
        (each["role"], each["who"], *each["withoutMfa"])
        for each in said.data["doors"]
        if each["sort"] == "assigned"
    }


def test_an_account_is_ready_once_its_groups_are_assigned(
    slot: Slot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = deployed(slot.own(time_scale=TIME_SCALE), declaring(tmp_path))
    center = enable(cloud.aws.management_account)
    groups, sso = people(cloud, center), cloud.aws.client("sso-admin")
    bootstrapped(cloud)
    security = cloud.declared("security")
    (told,) = (
        each
        for each in cloud.start(accountId=security).output["reports"]
        if each["component"] == "permission-sets"
    )
    assert f"register-delegated-administrator --account-id {security}" in told["reason"]
    cloud.aws.client("organizations").register_delegated_administrator(
        AccountId=security, ServicePrincipal="sso.amazonaws.com"
    )
    assert cloud.start(accountId=security).output["outcome"] == "repaired"
    assert {each.name for each in center.sets.values()} == set(SETS.values())
    name, email = cloud.fresh()
    vended = cloud.ask(accountName=name, email=email, organizationalUnit="Workloads/Development")
    assert (vended.status, vended.output["outcome"]) == ("SUCCEEDED", "ready"), str(vended)
    account = str(vended.output["accountId"])
    expected = {("Administrator", groups[ADMINS]), ("Reader", groups[READERS])}
    assert assigned(sso, center, account) == expected
    asked = [call for call in cloud.aws.calls if call.operation == "CreateAccountAssignment"]
    assert len(asked) == 2, "each was asked for once"
    assert all(f"::{security}:assumed-role/" in str(call.principal_arn) for call in asked)

    owner = shell_of(cloud, cloud.aws.administrator, monkeypatch)
    declared = str(tmp_path / "layers/baseline")
    doors = ("doors", "--account", name, "--declaration", declared)
    as_declared, held = (owner(*doors, *how, "--output", "json") for how in ((), ("--held",)))
    assert held.code == 0, held
    assert (
        by_center(held)
        == by_center(as_declared)
        == {
            (f"permission set {each}", f"{group} of IAM Identity Center", *power)
            for each, group, *power in (
                ("Administrator", ADMINS, "enters", "reads", "writes", "grants"),
                ("Reader", READERS, "enters", "reads"),
            )
        }
    )
    same = owner(*doors, "--held", "--changes")
    assert (same.code, same.out) == (0, "No door opens and none closes beside what is declared.\n")

    given = {"TargetId": account, "TargetType": "AWS_ACCOUNT", "PrincipalType": "GROUP"}
    administrator = next(each.arn for each in center.sets.values() if each.name == "Administrator")
    sso.create_account_assignment(
        InstanceArn=center.arn, PermissionSetArn=administrator, PrincipalId=groups[READERS], **given
    )
    for request in center.requests:
        request.due = 0
    opened = owner(*doors, "--held", "--changes")
    assert opened.code == 2
    assert opened.out == (
        f"opens: {READERS} of IAM Identity Center may enter {name} (Workloads/Development) by permission set Administrator: "
        "reads, writes and grants, with MFA where IAM Identity Center demands it\n"
    )
    planned = cloud.start(accountId=account, mode="plan", components=["account-assignments"])
    (change,) = planned.output["changes"]
    assert (change["resource"], change["severity"]) == (f"assignment of Administrator to {READERS}", "high")
    assert cloud.start(accountId=account).output["outcome"] == "repaired"
    assert assigned(sso, center, account) == expected
    again = cloud.start(accountId=account)
    assert again.output["outcome"] == "unchanged", str(again)

    sso.delete_account_assignment(
        InstanceArn=center.arn, PermissionSetArn=administrator, PrincipalId=groups[ADMINS], **given
    )
    for request in center.requests:
        request.due = 0
    sso.list_permission_sets(InstanceArn=center.arn)
    center.failures += ["The account has as many roles as it may."] * 3
    failed = cloud.start(accountId=account)
    assert failed.status == "FAILED"
    assert "could not be made: The account has as many roles as it may" in str(failed.cause)
    assert cloud.start(accountId=account).output["outcome"] == "repaired"
    assert assigned(sso, center, account) == expected
