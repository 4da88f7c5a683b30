"""Root credentials of a member account: shown to a person, and taken away by one."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from local.iam.root_user import RootUser, root_user
from tests.workflow.command_line import CommandLine, shell_of
from tests.workflow.conftest import Cloud
from tests.workflow.people import join

KEY, CERTIFICATE = "AKIALEGACY0000000000", "CERTIFICATE0000000000000"
MAY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRoot", "Resource": "arn:aws:iam::*:root"}],
}


@pytest.fixture(scope="module")
def patch() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def groundwork(cloud: Cloud, patch: pytest.MonkeyPatch) -> CommandLine:
    """An operator, who may open root sessions besides."""
    key = join(cloud, cloud.aws.management_account, "rosa")
    iam = cloud.aws.client("iam")
    iam.attach_user_policy(UserName="rosa", PolicyArn=cloud.outputs["OperatorPolicyArn"])
    iam.put_user_policy(UserName="rosa", PolicyName="root", PolicyDocument=json.dumps(MAY))
    return shell_of(cloud, key, patch)


@pytest.fixture
def legacy(cloud: Cloud) -> str:
    """The guard rails are on: this is the security account."""
    account = cloud.declared("security")
    root = root_user(account)
    root.password, root.access_keys, root.certificates, root.mfa = True, [KEY], [CERTIFICATE], True
    return account


def test_they_are_shown_and_stay(cloud: Cloud, groundwork: CommandLine, legacy: str) -> None:
    mark = len(cloud.aws.calls)
    said = groundwork("root-credentials", legacy)
    assert said.code == 2, said
    for words in (
        "a password",
        f"access key {KEY} (Active)",
        f"signing certificate {CERTIFICATE}",
        "MFA device arn:",
    ):
        assert words in said.out
    assert not [each for each in cloud.aws.calls[mark:] if each.mutating and each.account == legacy]
    assert root_user(legacy).password


def test_they_are_taken_away_and_nothing_is_left(groundwork: CommandLine, legacy: str) -> None:
    assert groundwork("root-credentials", legacy, "--remove").code == 3  # there is no terminal to ask on
    assert root_user(legacy).password
    said = groundwork("root-credentials", legacy, "--remove", "--yes", "--output", "json")
    assert said.code == 0, said
    assert (len(said.data["credentials"]), said.data["removed"]) == (4, True)
    assert root_user(legacy) == RootUser()
    again = groundwork("root-credentials", legacy, "--remove", "--yes")
    assert (again.code, "has no credentials" in again.out) == (0, True)


def test_the_management_accounts_are_its_own(cloud: Cloud, groundwork: CommandLine) -> None:
    said = groundwork("root-credentials", cloud.aws.management_account, "--remove", "--yes")
    assert (said.code, "keeps its password" in said.err) == (3, True)
    assert root_user(cloud.aws.management_account).password


def test_who_may_not_open_a_root_session_is_told(cloud: Cloud, groundwork: CommandLine, legacy: str) -> None:
    cloud.aws.client("iam").delete_user_policy(UserName="rosa", PolicyName="root")
    said = groundwork("root-credentials", legacy)
    assert said.code == 4
    assert "Use an administrator of the management account" in said.err
