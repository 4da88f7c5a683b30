"""`groundwork user`: a line of baseline.yaml more or less, and nothing else."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from difflib import unified_diff
from pathlib import Path

import pytest
import yaml

from cli.people.user_lines import with_user, without_user
from cli.trouble import Trouble
from groundwork.declaration.loading import HOME
from tests.unit.cli.conftest import Told

SHIPPED = (HOME / "baseline.yaml").read_text()
EMPTY = (
    "  users: []                      # - {name: ada, groups: [admin-external-accounts], accessKeys: false}\n"
)
ADA = {"name": "ada", "groups": ["admins"], "accessKeys": False}
IN_LINE = "{name: ada, groups: [admins], accessKeys: false}"


def changes(before: str, after: str) -> list[str]:
    """The lines that are gone, and those that are new."""
    lines = unified_diff(before.splitlines(keepends=True), after.splitlines(keepends=True), n=0)
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An owner's folder, where the command is called."""
    shutil.copy(HOME / "baseline.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "baseline.yaml"


def test_the_first_user_stands_below_the_line_that_said_there_was_none() -> None:
    made = with_user(SHIPPED, ADA)
    assert changes(SHIPPED, made) == [
        f"-{EMPTY}",
        f"+{EMPTY.replace('[] ', '   ')}",
        f"+    - {IN_LINE}\n",
    ]
    second = with_user(made, {"name": "ben", "groups": ["admins"]})
    assert changes(made, second) == ["+    - {name: ben, groups: [admins]}\n"]
    assert without_user(without_user(second, "ada"), "ben") == SHIPPED


LAYOUTS = {
    "lines": (
        "access:\n  users:\n  # people\n  - name: ben   # his comment\n    groups:\n    - admins   # all of it\n\n  # more\ntrail: 1\n",
        ["+  - name: ada\n", "+    groups: [admins]\n", "+    accessKeys: false\n"],
    ),
    "a list in a line": (
        "access:\n  users: [{name: ben, groups: []}]  # all\n",
        [
            "-  users: [{name: ben, groups: []}]  # all\n",
            f"+  users: [{{name: ben, groups: []}}, {IN_LINE}]  # all\n",
        ],
    ),
    "brackets over lines": (
        "access:\n  users: [\n    {name: ben, groups: []}\n  ]\n",
        ["-    {name: ben, groups: []}\n", "+    {name: ben, groups: []},\n", f"+    {IN_LINE}\n"],
    ),
    "no list at all": (
        "access:\n    groups: []\n    # the end\ntrail: 1\n",
        ["+    users:\n", f"+      - {IN_LINE}\n"],
    ),
    "no end of the last line": (
        "access:\n  users:\n    - {name: ben}",
        ["-    - {name: ben}", "+    - {name: ben}\n", f"+    - {IN_LINE}\n"],
    ),
    "ends of lines of Windows": (
        "access:\r\n  users:\r\n    - {name: ben}\r\n",
        [f"+    - {IN_LINE}\r\n"],
    ),
    "a tag over lines": (
        "access:\n  users:\n    - name: ben\n      tags:\n        team: |\n          data\n\ntrail: 1\n",
        ["+    - name: ada\n", "+      groups: [admins]\n", "+      accessKeys: false\n"],
    ),
}


@pytest.mark.parametrize(("text", "changed"), LAYOUTS.values(), ids=LAYOUTS)
def test_a_user_is_written_as_the_others_are(text: str, changed: list[str]) -> None:
    made = with_user(text, ADA)
    assert changes(text, made) == changed
    assert yaml.safe_load(without_user(made, "ada")).get("trail") == yaml.safe_load(text).get("trail")
    assert (
        without_user(made, "ada").rstrip()
        == text.replace("groups: []\n    # the end", "groups: []\n    users: []\n    # the end").rstrip()
    )


def test_what_cannot_be_done_line_by_line_is_left_to_people() -> None:
    for text in (
        "access: {groups: []}\n",
        "people: &all\n  - {name: ben}\naccess:\n  users: *all\n",
    ):
        with pytest.raises(Trouble, match=r"access.users cannot be edited line by line: .*"):
            with_user(text, ADA)


def test_add_says_what_changed_what_to_run_and_the_first_steps(
    own: Path, groundwork: Callable[..., Told]
) -> None:
    own.chmod(0o640)
    said = groundwork(
        "user", "add", "ada", "--group", "ro-external-accounts", "--no-access-keys", "--path", "/people/"
    )
    line = "    - {name: ada, groups: [ro-external-accounts], path: /people/, accessKeys: false}"
    assert said.code == 0 and f"\n+{line}\n" in said.out
    assert f"make build DECLARATION={own.parent} && .venv-sam/bin/sam deploy" in said.out
    assert "groundwork apply security" in said.out
    assert "https://<id of the security account>.signin.aws.amazon.com/console" in said.out
    assert "an MFA device that is named ada" in said.out
    assert "groundwork profiles --user ada" in said.out
    assert line in own.read_text() and own.stat().st_mode & 0o777 == 0o640

    own.write_text(own.read_text().replace("kind: security,", "kind: security, id: '111122223333',"))
    said = groundwork("user", "add", "ben", "--group", "dev-external-accounts")
    assert said.code == 0 and "https://111122223333.signin.aws.amazon.com/console" in said.out

    (own.parent / "samconfig.toml").touch()
    said = groundwork("user", "remove", "ada")
    assert f"sam deploy --config-file {own.parent}/samconfig.toml\n" in said.out
    assert said.code == 0 and f"\n-{line}\n" in said.out
    assert "revokeSessionsBefore: 20" in said.out
    assert [each["name"] for each in yaml.safe_load(own.read_text())["access"]["users"]] == ["ben"]


def test_in_json_the_difference_stands_alone(own: Path, groundwork: Callable[..., Told]) -> None:
    said = groundwork("user", "add", "ada", "--group", "ro-external-accounts", "--output", "json")
    assert json.loads(said.out)["difference"][-1] == "+    - {name: ada, groups: [ro-external-accounts]}"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["add", "a b", "--group", "ro-external-accounts"], "'a b' is no IAM name"),
        (["add", "ada", "--group", "ro-external-acounts"], "did you mean 'ro-external-accounts'?"),
        (["add", "ada", "--group", "ro-external-accounts", "--path", "people"], "'people' is no IAM path"),
        (["add", "ada"], "Missing option '--group'"),
        (
            ["add", "Ben", "--group", "ro-external-accounts"],
            "The user 'ben' is declared already, in dev-external-accounts.",
        ),
        (["remove", "bem"], "The declaration has no user 'bem'. It has ben."),
        (["remove", "ben", "--declaration", "nowhere"], "--declaration nowhere: is no folder."),
        (["shift", "ben"], "No such command 'shift'."),
        ([], "Missing command. See `groundwork user --help`."),
    ],
)
def test_what_is_wrong_is_told_and_the_file_stays(
    given: list[str], told: str, own: Path, groundwork: Callable[..., Told]
) -> None:
    own.write_text(with_user(SHIPPED, {"name": "ben", "groups": ["dev-external-accounts"]}))
    before = own.read_bytes()
    said = groundwork("user", *given)
    assert said.code == 3 and told in said.err
    assert own.read_bytes() == before


def test_a_declaration_that_was_wrong_before_is_not_touched(
    own: Path, groundwork: Callable[..., Told]
) -> None:
    own.write_text(SHIPPED.replace("[ReadOnlyAccess]", "[ReadOnlyAcess]"))
    said = groundwork("user", "add", "ada", "--group", "ro-external-accounts")
    assert said.code == 3 and "did you mean 'ReadOnlyAccess'?" in said.err
    assert yaml.safe_load(own.read_text())["access"]["users"] == []
