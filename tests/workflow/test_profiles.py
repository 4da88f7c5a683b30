"""Users of the security account, from the line of the declaration to the session in an account: what the command line
writes is read by botocore, as the AWS CLI and the SDKs read it."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError

from groundwork.declaration.loading import HOME
from local.identity import totp
from tests.workflow.command_line import CommandLine, shell_of
from tests.workflow.conftest import Cloud
from tests.workflow.people import User, join, with_device

GROUP = "dev-external-accounts"
USERS = ("petra", "paul", "pia")
"""Each shows a code once: a device has one in half a minute."""
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


@dataclass(frozen=True)
class Desk:
    """Where a user works, with ~/.aws of their own."""

    user: User
    config: Path
    groundwork: CommandLine

    def enters(
        self, profile: str, patch: pytest.MonkeyPatch, elsewhere: Mapping[str, str] | None = None
    ) -> str:
        """Who they are by a profile, having typed the code of their device. Raises the ClientError of STS."""
        surroundings = self.groundwork.surroundings if elsewhere is None else elsewhere
        for name in ("AWS_ENDPOINT_URL", *KEYS):
            patch.delenv(name, raising=False)
        for name in surroundings.keys() - set(KEYS):
            patch.setenv(name, surroundings[name])
        session = botocore.session.Session(profile=profile)
        provider = session.get_component("credential_provider").get_provider("assume-role")
        provider._prompter = lambda _: totp.code(self.user.seed, time.time() + totp.STEP_SECONDS)
        sts: Any = session.create_client("sts")
        return str(sts.get_caller_identity()["Arn"])


@dataclass(frozen=True)
class Company:
    """`own` has the declaration, `people` is what the operator gave everybody; of accounts there is name and id."""

    own: Path
    people: Path
    dev: tuple[str, str]
    prod: tuple[str, str]
    desks: Mapping[str, Desk]


@pytest.fixture(scope="module")
def company(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Company:
    own, security = tmp_path_factory.mktemp("company"), cloud.declared("security")
    accounts = []
    for unit in ("Workloads/Development", "Workloads/Production"):
        name, email = cloud.fresh()
        ended = cloud.ask(accountName=name, email=email, organizationalUnit=unit)
        assert ended.status == "SUCCEEDED", str(ended)
        accounts.append((name, str(cloud.accounts()[email]["Id"])))
    cloud.all_ended()

    shutil.copy(HOME / "baseline.yaml", own)
    operator = shell_of(cloud, cloud.aws.administrator, pytest.MonkeyPatch())
    for name in USERS:
        added = operator("user", "add", name, "--group", GROUP, "--declaration", str(own))
        assert added.code == 0 and f"https://{security}.signin.aws.amazon.com/console" in added.out, added
    exported = operator("profiles", "--export", str(own / "people.json"), "--declaration", str(own))
    assert exported.code == 0, exported
    desks = {name: _desk(cloud, security, name, own / name) for name in USERS}
    return Company(own, own / "people.json", accounts[0], accounts[1], desks)


def _desk(cloud: Cloud, security: str, name: str, folder: Path) -> Desk:
    folder.mkdir()
    key = join(cloud, security, name, GROUP)
    mine = f"aws_access_key_id = {key.access_key_id}\naws_secret_access_key = {key.secret_access_key}\n"
    credentials, config = folder / "credentials", folder / "config"
    credentials.write_text(f"[security]\n{mine}[local-security]\n{mine}")
    files = {"AWS_CONFIG_FILE": str(config), "AWS_SHARED_CREDENTIALS_FILE": str(credentials)}
    shell = shell_of(cloud, key, pytest.MonkeyPatch())
    user = with_device(cloud, key, name)
    return Desk(user, config, CommandLine(shell.patch, {**shell.surroundings, **files}))


def test_a_user_who_may_list_nothing_makes_profiles_and_enters_dev(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, (name, dev) = company.desks["petra"], company.dev
    said = desk.groundwork("profiles", "--from", str(company.people), "--for", "awsume")
    assert said.code == 0, said
    assert f"{name}-dev" in said.out and company.prod[0] not in said.out
    assert desk.config.read_text().count(f"mfa_serial = {desk.user.serial}\n") >= 2
    arn = desk.enters(f"{name}-dev", monkeypatch)
    assert arn == f"arn:aws:sts::{dev}:assumed-role/allow-dev-from-security-account/petra"


def test_nobody_enters_prod_by_a_profile_that_was_not_written(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, again = company.desks["paul"], ("profiles", "--from", str(company.people), "--for", "awsume")
    assert desk.groundwork(*again).code == 0
    section = desk.config.read_text().partition(f"[profile {company.dev[0]}-dev]")[2].partition("[")[0]
    lines = section.replace(company.dev[1], company.prod[1]).splitlines()
    mine = "\n".join(line for line in lines if not line.startswith("#"))
    desk.config.write_text(f"{desk.config.read_text()}\n[profile prod]{mine}\n")
    with pytest.raises(ClientError, match=r"AccessDenied.* is not authorized to perform: sts:AssumeRole"):
        desk.enters("prod", monkeypatch)
    assert desk.groundwork(*again).code == 0
    assert "[profile prod]" in desk.config.read_text(), "it is the user's own"


def test_the_profiles_of_the_embedded_aws_lead_there(
    cloud: Cloud, company: Company, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = tmp_path / "groundwork" / "local-4566.json"
    note.parent.mkdir()
    administrator = cloud.aws.administrator.for_environment()
    note.write_text(json.dumps({**administrator, "AWS_ENDPOINT_URL": cloud.aws.url}))
    shell = {"XDG_STATE_HOME": str(tmp_path), "AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}
    desk = company.desks["pia"]
    given = ("--user", "pia", "--for", "aws-vault", "--prefix", "local-", "--declaration", str(company.own))
    said = desk.groundwork("profiles", "--local", *given, **shell)
    assert said.code == 0, said
    elsewhere = {
        name: value for name, value in desk.groundwork.surroundings.items() if name != "AWS_ENDPOINT_URL"
    }
    assert desk.enters(f"local-{company.dev[0]}-dev", monkeypatch, elsewhere).endswith("/pia")


def test_whoever_may_not_list_accounts_is_told_of_the_file(company: Company) -> None:
    said = company.desks["petra"].groundwork("profiles", "--declaration", str(company.own))
    assert said.code == 4 and "Have an operator make a file of who enters what" in said.err, said


def test_whoever_is_no_user_of_the_security_account_says_whose_profiles(
    cloud: Cloud, company: Company
) -> None:
    administrator = cloud.aws.administrator.for_environment()
    said = company.desks["petra"].groundwork("profiles", "--from", str(company.people), **administrator)
    assert (
        said.code == 3
        and "Say whose profiles are meant: --user NAME; people of IAM Identity Center take --for sso."
        in said.err
    ), said


def test_the_links_are_those_of_whoever_asks(cloud: Cloud, company: Company) -> None:
    desk, given = company.desks["petra"], ("--from", str(company.people), "--output", "json")
    mine = desk.groundwork("switch-links", *given)
    assert {each["for"] for each in mine.data} == {"petra"}
    assert company.dev[0] in mine.out and company.prod[0] not in mine.out
    administrator = cloud.aws.administrator.for_environment()
    everybody = desk.groundwork("switch-links", *given, **administrator)
    assert {each["for"] for each in everybody.data} == {
        group.name for group in cloud.declaration.access.groups
    }
