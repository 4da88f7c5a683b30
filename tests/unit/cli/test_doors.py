"""`groundwork doors` without AWS, in a Git repository as a pull request has it."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.app import main
from cli.doors.entering import organization
from cli.given import GIVEN
from groundwork.aws.organizations import Listed
from groundwork.declaration.loading import HOME, load
from tests.unit.declaration.files import changed

OPENED = (
    "opens: dev-external-accounts may enter workload accounts in Workloads and Workloads/Production by "
    "allow-dev-from-security-account: reads, with MFA\n"
)


def git(home: Path, *arguments: str) -> None:
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
    subprocess.run(["git", "-C", home, *who, *arguments], check=True, capture_output=True)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an owner's repository that has the default declaration, committed. The command runs above it."""
    there = tmp_path / "organization"
    shutil.copytree(HOME, there)
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    git(tmp_path, "add", "organization")
    git(tmp_path, "commit", "--quiet", "-m", "As it is")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GROUNDWORK_DECLARATION", str(there))
    monkeypatch.setattr(GIVEN, "declaration", None)
    return there


@pytest.fixture
def opening(home: Path) -> Path:
    """The same, with a change that nobody has committed."""
    return changed(home, "access.groups.1.enter.0.organizationalUnits", ["Workloads"])


def test_a_door_that_opens_ends_with_2(opening: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doors", "--changes"]) == 2
    assert capsys.readouterr().out == OPENED


def test_a_door_that_closes_is_told_and_ends_well(opening: Path, capsys: pytest.CaptureFixture[str]) -> None:
    git(opening, "commit", "--quiet", "--all", "-m", "Opened")
    shutil.copy(HOME / "baseline.yaml", opening)
    assert main(["doors", "--changes", "--against", "main"]) == 0
    assert capsys.readouterr().out.startswith("closes: dev-external-accounts may no longer enter workload ")


def test_a_comment_ends_well(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (home / "baseline.yaml").open("a") as file:
        file.write("\n# Nothing else\n")
    assert main(["doors", "--changes"]) == 0
    assert capsys.readouterr().out == "No door opens and none closes beside HEAD.\n"


def test_a_policy_that_is_new_is_no_part_of_the_revision(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    statement = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    (home / "policies" / "send.json").write_text(json.dumps(document))
    changed(home, "access.roles.2.policies", ["observe", "send"])
    assert main(["doors", "--changes", "--output", "json"]) == 2
    found = json.loads(capsys.readouterr().out)
    assert {tuple(each["actions"]) for each in found["changes"]} == {("sqs:SendMessage",)}
    assert found["against"] == "HEAD"


@pytest.mark.parametrize("what", ["folder", "file"])
def test_another_declaration_may_be_named(
    what: str, opening: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other"
    shutil.copytree(HOME, other)
    named = other if what == "folder" else Path(shutil.copy(HOME / "baseline.yaml", tmp_path / "before.yaml"))
    assert main(["doors", "--changes", "--against", str(named)]) == 2
    assert capsys.readouterr().out == OPENED


def test_the_table_without_aws(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doors", "--offline", "--account", "mgmt"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "mgmt"
    (reader,) = [line.split() for line in lines if "allow-read-only-from-security-account" in line]
    assert reader[1:] == [
        *[
            "admin-external-accounts,",
            "ro-external-accounts,",
            "administrators",
            "of",
            "security",
            "·",
            "reads",
        ]
    ]
    assert main(["doors", "--offline", "--output", "json"]) == 0
    found = json.loads(capsys.readouterr().out)["doors"]
    developers = [each for each in found if each["who"] == "dev-external-accounts"]
    assert {each["unit"] for each in developers} == {"Workloads/Development", "Workloads/Staging"}
    assert {tuple(each["withMfa"]) for each in developers} == {("enters", "reads", "writes")}
    assert {tuple(each["withoutMfa"]) for each in developers} == {()}


def test_who_comes_by_identity_center_stands_beside_those_who_come_by_roles(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    declaring_people(home)
    assert main(["doors", "--offline", "--account", "mgmt"]) == 0
    assert "IAM Identity Center" not in capsys.readouterr().out
    assert main(["doors", "--offline"]) == 0
    out = capsys.readouterr().out
    lines = {" ".join(each.split()) for each in out.splitlines() if "permission set Administrator" in each}
    assert lines == {
        "permission set Administrator AWS Admins of IAM Identity Center reads, writes and grants"
    }, "in the column without MFA, and none in the other"
    assert out.splitlines()[-1].startswith("Whether people of IAM Identity Center show MFA is set there")


def test_a_permission_set_opens_doors_and_says_who_demands_mfa(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    declaring_people(home)
    assert main(["doors", "--changes"]) == 2
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("opens: AWS Admins of IAM Identity Center may enter workload accounts in ")
    assert line.endswith(
        " by permission set Administrator: reads, writes and grants, with MFA where IAM Identity Center demands it"
    )
    git(home, "commit", "--quiet", "--all", "-m", "People")
    declared = yaml.safe_load((home / "baseline.yaml").read_text())
    declared["access"]["roles"][0] |= {"managedPolicies": ["job-function/ViewOnlyAccess"]}
    (home / "baseline.yaml").write_text(yaml.safe_dump(declared))
    assert main(["doors", "--changes"]) == 0
    narrowed = [each for each in capsys.readouterr().out.splitlines() if "IAM Identity Center" in each]
    assert len(narrowed) == 1
    assert narrowed[0].startswith("narrows: AWS Admins of IAM Identity Center in workload accounts in ")
    assert "by permission set Administrator: no longer writes and grants" in narrowed[0]


def declaring_people(home: Path) -> None:
    declared = yaml.safe_load((home / "baseline.yaml").read_text())
    declared["access"]["roles"][0]["permissionSet"] = "Administrator"
    declared["baseline"]["workload"].append("account-assignments")
    declared["baseline"]["security"].append("permission-sets")
    declared["identityCenter"] = {"groups": {"admin-external-accounts": "AWS Admins"}}
    (home / "baseline.yaml").write_text(yaml.safe_dump(declared))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--changes", "--against", "nowhere"],
            "organization is without a revision nowhere. Name a revision",
        ),
        (
            ["--offline", "--account", "mgnt"],
            "No account 'mgnt' has doors (did you mean 'mgmt'?). `groundwork accounts`",
        ),
        (
            ["--offline", "--held"],
            "What accounts hold cannot be told offline. Leave --held or --offline out.",
        ),
    ],
)
def test_what_cannot_be_is_said(
    arguments: list[str], said: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doors", *arguments]) == 3
    assert said in capsys.readouterr().err


def test_a_revision_that_is_wrong_is_said(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed(home, "access.groups.1.enter.0.organizationalUnits", ["Workloads/*"])
    git(home, "commit", "--quiet", "--all", "-m", "Wrong")
    shutil.copy(HOME / "baseline.yaml", home)
    assert main(["doors", "--changes"]) == 3
    assert (
        "HEAD: baseline.yaml: access.groups dev-external-accounts: names the unit 'Workloads/*'"
        in capsys.readouterr().err
    )


def test_a_folder_in_no_repository_is_said(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(tmp_path / ".git")
    assert main(["doors", "--changes"]) == 3
    assert (
        "is in no Git repository. Name a revision that has it, a file or a folder" in capsys.readouterr().err
    )


def test_the_check_of_pull_requests_runs_what_there_is() -> None:
    """Every action by a commit, every command one of the command line's."""
    text = (HOME.parents[1] / "examples" / "pull-requests" / "groundwork.yml").read_text()
    jobs = yaml.safe_load(text)["jobs"]
    steps = [step for job in jobs.values() for step in job["steps"]]
    assert all(step["uses"].partition("@")[2].startswith("COMMIT_OF_") for step in steps if "uses" in step)
    commands = [step["run"].split() for step in steps if step.get("run", "").startswith("groundwork ")]
    assert [command[1] for command in commands] == ["check", "doors", "plan"]
    assert jobs["declaration"]["permissions"] == {"contents": "read"}


def test_an_account_that_waits_to_be_closed_has_no_doors(monkeypatch: pytest.MonkeyPatch) -> None:
    def listed(number: int, *units: str) -> Listed:
        return Listed(
            id=str(number) * 12,
            name=f"account-{number}",
            email=f"aws+{number}@example.com",
            state="ACTIVE",
            joined=datetime(2026, 1, 1, tzinfo=UTC),
            management_account_id="1" * 12,
            organization_id="o-exampleorgid",
            partition="aws",
            root_id="r-ab12",
            unit_ids=units,
        )

    class Aws:
        """One account in a unit, another one suspended."""

        def client(self, _: str) -> None: ...

        def ledger(self) -> Aws:
            return self

        def last_runs(self) -> dict[str, Any]:
            return {}

        def accounts(self) -> list[Listed]:
            return [listed(1), listed(2, "ou-ab12-dev"), listed(3, "ou-ab12-shut")]

    aws: Any = Aws()
    paths = {(): "", ("ou-ab12-dev",): "Workloads/Development", ("ou-ab12-shut",): "Suspended"}
    monkeypatch.setattr("cli.inventory.unit_paths", lambda *_: paths)
    monkeypatch.setattr("groundwork.aws.organizations.Organizations", lambda _: aws)
    plain = load()
    closing = plain.model_copy(update={"closing": plain.closing.model_copy(update={"unit": "Suspended"})})
    assert [each.id for each in organization(aws, closing)[1]] == ["1" * 12, "2" * 12]
    assert len(organization(aws, plain)[1]) == 3
