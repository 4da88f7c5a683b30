"""`groundwork doors` in the organization: what is declared for its accounts, and what they really hold."""

from __future__ import annotations

import json

import pytest

from tests.workflow.command_line import CommandLine, shell_of
from tests.workflow.conftest import Cloud
from tests.workflow.people import join

BACK_DOOR = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}


@pytest.fixture
def owner(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """The administrator of the management account."""
    cloud.declared("security")
    return shell_of(cloud, cloud.aws.administrator, monkeypatch)


@pytest.fixture
def operator(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    name, _ = cloud.fresh()
    key = join(cloud, cloud.aws.management_account, name)
    cloud.aws.client("iam").attach_user_policy(UserName=name, PolicyArn=cloud.outputs["OperatorPolicyArn"])
    return shell_of(cloud, key, monkeypatch)


@pytest.fixture
def account(cloud: Cloud, owner: CommandLine) -> tuple[str, str]:
    """Name and id of an account in production."""
    name, email = cloud.fresh()
    cloud.ask(accountName=name, email=email, organizationalUnit="Workloads/Production")
    return name, str(cloud.accounts()[email]["Id"])


def test_what_accounts_hold_is_what_is_declared_until_somebody_opens_a_door(
    cloud: Cloud, owner: CommandLine, operator: CommandLine, account: tuple[str, str]
) -> None:
    name, account_id = account
    declared = operator("doors", "--account", name, "--output", "json")
    assert declared.code == 0, declared
    held = owner("doors", "--account", name, "--held", "--output", "json")
    assert held.code == 0, held
    as_told = [
        {
            (each["role"], each["who"], *each["withMfa"])
            for each in said.data["doors"]
            if each["sort"] != "user"  # other tests have some in the security account
        }
        for said in (declared, held)
    ]
    assert as_told[0] == as_told[1]
    assert ("allow-dev-from-security-account", "admin-external-accounts", "enters", "reads") in as_told[0]
    same = owner("doors", "--account", name, "--held", "--changes")
    assert (same.code, same.out) == (0, "No door opens and none closes beside what is declared.\n")

    iam = cloud.inside("iam", account_id)
    iam.create_role(RoleName="back-door", AssumeRolePolicyDocument=json.dumps(BACK_DOOR))
    iam.attach_role_policy(RoleName="back-door", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    open_ = owner("doors", "--account", name, "--held", "--changes")
    assert open_.code == 2
    (opened,) = [each for each in open_.out.splitlines() if "without MFA" in each]
    assert opened.startswith("opens: strangers")
    assert opened.endswith(f" may enter {name} (Workloads/Production) by back-door: reads, without MFA")


def test_who_may_not_enter_is_told_so(operator: CommandLine, account: tuple[str, str]) -> None:
    name, _ = account
    said = operator("doors", "--account", name, "--held")
    assert said.code == 4
    assert said.err.endswith(
        "None of the accounts can be entered with these credentials. Use those of somebody of the management account who "
        "may take an entry role.\n"
    )
