"""A user of the security account, from the line of the declaration to the session in an account: what the command line
writes is read by botocore, as the AWS CLI and the SDKs read it."""

from __future__ import annotations

import shutil
import time
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


@dataclass(frozen=True)
class Desk:
    """Where the user works: a folder for ~/.aws, and what the operator gave them."""

    user: User
    security: str
    dev: tuple[str, str]
    prod: tuple[str, str]
    config: Path
    people: Path
    groundwork: CommandLine


@pytest.fixture(scope="module")
def desk(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    folder = tmp_path_factory.mktemp("desk")
    security = cloud.declared("security")
    key = join(cloud, security, "petra", GROUP)
    user = with_device(cloud, key, "petra")
    accounts = []
    for unit in ("Workloads/Development", "Workloads/Production"):
        name, email = cloud.fresh()
        ended = cloud.ask(accountName=name, email=email, organizationalUnit=unit)
        assert ended.status == "SUCCEEDED", ended
        accounts.append((name, str(cloud.accounts()[email]["Id"])))
    cloud.all_ended()

    shutil.copy(HOME / "baseline.yaml", folder)
    own = ("--declaration", str(folder))
    patch = pytest.MonkeyPatch()
    operator = shell_of(cloud, cloud.aws.administrator, patch)
    added = operator("user", "add", "petra", "--group", GROUP, *own)
    assert added.code == 0 and f"https://{security}.signin.aws.amazon.com/console" in added.out, added
    people = folder / "people.json"
    exported = operator("profiles", "--export", str(people), *own)
    assert exported.code == 0, exported

    config = folder / "config"
    (folder / "credentials").write_text(
        f"[security]\naws_access_key_id = {key.access_key_id}\naws_secret_access_key = {key.secret_access_key}\n"
    )
    mine = shell_of(cloud, key, patch)
    files = {"AWS_CONFIG_FILE": str(config), "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials")}
    shell = CommandLine(patch, {**mine.surroundings, **files})
    return Desk(user, security, accounts[0], accounts[1], config, people, shell)


def entered(cloud: Cloud, desk: Desk, profile: str, patch: pytest.MonkeyPatch) -> str:
    """Who the user is by a profile, having typed the code of their device. Raises the ClientError of STS."""
    keys = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    for name, value in desk.groundwork.surroundings.items():
        patch.setenv(name, value)
    for name in keys:
        patch.delenv(name, raising=False)
    session = botocore.session.Session(profile=profile)
    provider = session.get_component("credential_provider").get_provider("assume-role")
    provider._prompter = lambda _: totp.code(desk.user.seed, time.time() + totp.STEP_SECONDS)
    sts: Any = session.create_client("sts")
    return str(sts.get_caller_identity()["Arn"])


def test_a_user_who_may_list_nothing_makes_profiles_and_enters_dev(
    cloud: Cloud, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = desk.groundwork("profiles", "--from", str(desk.people), "--for", "awsume")
    assert said.code == 0, said
    name, dev = desk.dev
    assert f"{name}-dev" in said.out and desk.prod[0] not in said.out
    assert desk.config.read_text().count(f"mfa_serial = {desk.user.serial}\n") >= 2
    arn = entered(cloud, desk, f"{name}-dev", monkeypatch)
    assert arn == f"arn:aws:sts::{dev}:assumed-role/allow-dev-from-security-account/petra"


def test_nobody_enters_prod_by_a_profile_that_was_not_written(
    cloud: Cloud, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert desk.groundwork("profiles", "--from", str(desk.people), "--for", "awsume").code == 0
    section = desk.config.read_text().partition(f"[profile {desk.dev[0]}-dev]")[2].partition("[")[0]
    mine = "\n".join(
        line for line in section.replace(desk.dev[1], desk.prod[1]).splitlines() if line[:1] != "#"
    )
    desk.config.write_text(f"{desk.config.read_text()}\n[profile prod]{mine}\n")
    with pytest.raises(ClientError, match=r"AccessDenied.*AssumeRole"):
        entered(cloud, desk, "prod", monkeypatch)
    assert desk.groundwork("profiles", "--from", str(desk.people), "--for", "awsume").code == 0
    assert "[profile prod]" in desk.config.read_text(), "it is the user's own"


def test_whoever_may_not_list_accounts_is_told_of_the_file(desk: Desk, tmp_path: Path) -> None:
    shutil.copy(HOME / "baseline.yaml", tmp_path)
    said = desk.groundwork("profiles", "--declaration", str(tmp_path))
    assert said.code == 4 and "--from" in said.err, said


def test_whoever_is_no_user_of_the_security_account_says_whose_profiles(cloud: Cloud, desk: Desk) -> None:
    administrator = cloud.aws.administrator.for_environment()
    said = desk.groundwork("profiles", "--from", str(desk.people), **administrator)
    assert said.code == 3 and "Say whose profiles are meant: --user NAME." in said.err, said


def test_the_links_are_those_of_whoever_asks(cloud: Cloud, desk: Desk) -> None:
    said = desk.groundwork("switch-links", "--from", str(desk.people), "--output", "json")
    assert {each["account"] for each in said.data} >= {desk.dev[0]}
    assert desk.prod[0] not in said.out and {each["for"] for each in said.data} == {"petra"}
    administrator = cloud.aws.administrator.for_environment()
    everybody = desk.groundwork(
        "switch-links", "--from", str(desk.people), "--output", "json", **administrator
    )
    assert {each["for"] for each in everybody.data} == {
        group.name for group in cloud.declaration.access.groups
    }
