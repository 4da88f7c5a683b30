"""`groundwork init`: what it writes is valid, says what was answered, and keeps the comments of what is shipped."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.app import main
from cli.declaration.declared import load
from cli.declaration.founding.answers import Answers, Owned
from cli.declaration.founding.proposing import _owned
from cli.declaration.founding.writing import baseline, written
from cli.home import HOME as REPOSITORY
from groundwork.aws.organizations import Listed
from groundwork.contracts import Kind
from groundwork.declaration.loading import HOME


def test_the_defaults_are_what_is_shipped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = tmp_path / "organization"
    assert main(["init", str(own), "--yes"]) == 0
    told = capsys.readouterr().out
    assert "The e-mails are examples, which nobody owns" in told
    assert f"groundwork check {own}" in told
    for name in ("baseline.yaml", "baseline.schema.json", *(f"policies/{path.name}" for path in _policies())):
        assert (own / name).read_text() == (HOME / name).read_text()
    assert (own / "samconfig.toml").read_text() == (REPOSITORY / "samconfig.toml").read_text()
    assert main(["check", "--strict", str(own)]) == 0


def _policies() -> list[Path]:
    return sorted((HOME / "policies").iterdir())


def test_every_question_has_an_option(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = tmp_path / "organization"
    given = {
        "--email": ["cloud@acme.test"],
        "--security": ["guard"],
        "--tooling": ["tools"],
        "--tooling-email": ["tools@acme.test"],
        "--home": ["eu-central-1"],
        "--region": ["eu-central-1", "us-east-1"],
        "--unit": ["Work/Dev", "Work/Prod"],
        "--developer-unit": ["Work/Dev"],
        "--alias": ["none"],
        "--keep-days": ["200"],
        "--notices": ["ops@acme.test"],
    }
    options = [text for name, values in given.items() for value in values for text in (name, value)]
    assert main(["init", str(own), *options, "--output", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["files"][0] == str(own / "baseline.yaml")
    declared = load(own)
    assert [(each.name, each.email) for each in declared.accounts] == [
        ("guard", "cloud+guard@acme.test"),
        ("tools", "tools@acme.test"),
    ]
    assert (declared.regions.home, declared.regions.governed) == (
        "eu-central-1",
        ["eu-central-1", "us-east-1"],
    )
    assert declared.organizational_units == ["Security", "Infrastructure", "Work/Dev", "Work/Prod"]
    change, look = (role for role in declared.access.roles if role.name.startswith("allow-dev"))
    assert change.where.organizational_units == look.where.except_organizational_units == ["Work/Dev"]
    assert declared.account_settings.alias is None
    assert declared.log_archive.expire_after_days == 200
    assert declared.log_archive.object_lock and declared.log_archive.object_lock.days == 200
    text = (own / "baseline.yaml").read_text()
    assert "  alias: null                    # unique in all of AWS" in text
    assert "# AWS Config bills by Region: add the ones you use" in text
    assert "ci-cd/ roles of the tools account" in text
    assert (
        (own / "samconfig.toml")
        .read_text()
        .endswith('\nparameter_overrides = "NoticesEmail=ops@acme.test"\n')
    )
    assert main(["check", "--strict", str(own)]) == 0


@pytest.mark.parametrize(
    ("answers", "roles", "groups"),
    [
        (Answers(tooling=None), {"allow-admin", "allow-dev", "allow-read-only", "allow-support"}, 3),
        (Answers(identity_center=True), {"allow-deploy"}, 0),
        (Answers(tooling=None, identity_center=True), set(), 0),
        (
            Answers(developers=[]),
            {"allow-admin", "allow-dev", "allow-read-only", "allow-deploy", "allow-support"},
            3,
        ),
        (
            Answers(security=Owned("Log & Guard", "guard@acme.test", None, "012345678901")),
            {"allow-admin", "allow-dev", "allow-read-only", "allow-deploy", "allow-support"},
            3,
        ),
    ],
)
def test_whatever_is_answered_is_valid(
    tmp_path: Path, answers: Answers, roles: set[str], groups: int
) -> None:
    written(tmp_path / "own", answers)
    declared = load(tmp_path / "own")
    assert {each.name.partition("-from-")[0] for each in declared.access.roles} == roles
    assert len(declared.access.groups) == groups
    assert declared.security.id == answers.security.id
    if answers.developers == []:
        (dev,) = [role for role in declared.access.roles if role.name.startswith("allow-dev")]
        assert dev.policies == ["observe"] and not dev.managed_policies


def test_developers_are_not_proposed_for_a_unit_above_production() -> None:
    units = ["Workloads", "Workloads/Production", "Workloads/Test", "Sandboxes", "Log Archive"]
    assert Answers(units=units).of_developers == ["Workloads/Test", "Sandboxes"]


def test_comments_and_blank_lines_stay() -> None:
    shipped = (HOME / "baseline.yaml").read_text()
    assert baseline(Answers()) == shipped
    other = baseline(Answers(units=["A", "B"], developers=["A"], governed=["us-east-1", "us-west-2"]))
    assert [line for line in other.splitlines() if line.startswith("#")] == [
        line for line in shipped.splitlines() if line.startswith("#")
    ]
    assert "  - B\n\nregions:\n" in other


def test_it_asks_on_a_terminal_and_asks_again(tmp_path: Path) -> None:
    """A person's terminal: the first answer is wrong, the others are the defaults."""
    own, (ours, theirs) = tmp_path / "own", pty.openpty()
    environment = {**os.environ, "PYTHONPATH": f"{REPOSITORY / 'layers'}:{REPOSITORY}", "TERM": "dumb"}
    command = [sys.executable, "-m", "cli", "init", str(own)]
    os.write(ours, b"nobody\ncloud@acme.test\n" + b"\n" * 14)
    done = subprocess.run(
        command, stdin=theirs, stdout=subprocess.PIPE, stderr=theirs, env=environment, check=False
    )
    os.close(theirs)
    said = os.read(ours, 65_536).decode()
    os.close(ours)
    assert done.returncode == 0, said
    assert "Error: 'nobody' is no e-mail address" in said or "'nobody'" in said
    assert said.count("An e-mail address of yours") == 2
    assert "The name of the tooling account, or none [mgmt]" in said
    assert load(own).security.email == "cloud+security@acme.test"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ("--home", "eu-centrl-1"),
            "The Region that holds the logs: 'eu-centrl-1' is no Region of AWS (did you mean 'eu-central-1'?). Correct it.",
        ),
        (
            ("--email", "nobody"),
            "An e-mail address of yours, from which those of accounts are made: 'nobody' ",
        ),
        (
            ("--developer-unit", "A/B"),
            "where names the unit 'A/B'; add it to organizationalUnits, or correct it.",
        ),
        (("--keep-days", "0"), "Invalid value for '--keep-days': Input should be greater than or equal to 1"),
        (
            ("--tooling-email", "aws+security@example.com"),
            "declares 'aws+security@example.com' twice; remove one",
        ),
    ],
)
def test_what_cannot_be_is_told_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str
) -> None:
    assert main(["init", str(tmp_path / "own"), *arguments]) == 3
    assert words in capsys.readouterr().err
    assert not (tmp_path / "own").exists()


@pytest.mark.parametrize("name", ["baseline.yaml", "samconfig.toml", "policies"])
def test_nothing_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    (tmp_path / name).write_text("mine")
    assert main(["init", str(tmp_path), "--yes"]) == 3
    told = capsys.readouterr().err
    assert (
        told
        == f"{tmp_path / name} is there already, and is not overwritten. Name another folder, or remove it.\n"
    )
    assert [each.name for each in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "mine"


def test_a_file_is_no_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "own").write_text("mine")
    assert main(["init", str(tmp_path / "own"), "--yes"]) == 3
    assert capsys.readouterr().err.startswith(f"{tmp_path}/own is no folder. ")


@pytest.mark.parametrize(
    ("pinned", "chosen", "why"),
    [
        ({}, "222222222222", "it is called security, and is the oldest of 2 that are"),
        ({"security": "333333333333"}, "333333333333", "Groundwork has it so"),
    ],
)
def test_of_two_accounts_called_security_the_oldest_is_proposed_or_groundworks_own(
    pinned: dict[Kind, str], chosen: str, why: str
) -> None:
    listed = [
        Listed(
            id=account_id,
            name="security",
            email=f"aws+{account_id}@example.com",
            state="ACTIVE",
            joined=datetime(2026, 11, day, tzinfo=UTC),
            management_account_id="111111111111",
            organization_id="o-exampleorgid",
            partition="aws",
            root_id="r-ab12",
            unit_ids=(),
        )
        for account_id, day in (("333333333333", 2), ("222222222222", 1))
    ]
    places = dict.fromkeys(("222222222222", "333333333333"), "")
    owned, told = _owned(
        "security", Owned("security", "x"), listed=listed, places=places, pinned=pinned, towered=False
    )
    assert (owned.id, told.why) == (chosen, why)
