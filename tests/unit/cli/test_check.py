"""`groundwork check`: every mistake of a declaration at once, with file, line and remedy."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from cli.app import main
from groundwork.declaration.loading import HOME


@pytest.fixture
def own(tmp_path: Path) -> Path:
    shutil.copy(HOME / "baseline.yaml", tmp_path)
    (tmp_path / "policies").mkdir()
    return tmp_path


def change(own: Path, **changes: str) -> None:
    """Each `old: new`, both texts of baseline.yaml."""
    file = own / "baseline.yaml"
    text = file.read_text()
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    file.write_text(text)


def line(own: Path, text: str) -> int:
    """Where this text stands in baseline.yaml."""
    return next(
        n for n, each in enumerate((own / "baseline.yaml").read_text().splitlines(), 1) if text in each
    )


def test_the_shipped_declaration_is_good(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(own)]) == 0
    told = capsys.readouterr().out.replace("\n", " ")
    assert told.startswith(f"{own}/baseline.yaml is good: declaration ")
    assert "6 roles, 3 groups, 0 users, 4 policies" in told
    assert main(["check", "--strict", str(own), "--output", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_every_mistake_is_told_at_once_with_its_line(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(
        own,
        **{
            "[ReadOnlyAccess]": "[ReadOnlyAcess]",
            "governed: [us-east-1]": "governed: [us-east-1, eu-centrl-1]",
            "trail: {mode: account}": "trail: {mode: acount}",
            "minimumLength": "minimumLenght",
            "rollOut:": "rollout:",
            "policies: [observe]": "policies: [observ]",
        },
    )
    (own / "policies" / "deploy.json").write_text(
        '{"Version": "2012-10-17", "Statement": [\n{"Effect": "Alow", "Action": "s3:Get*", "Resource": "*"}]}'
    )
    (own / "policies" / "own.json").write_text(
        '{"Version": "2012-10-17", "Statement":\n {"Effect": "Allow",\n  "Action": "s3:GetObjct", "Resource": "*"}}'
    )
    assert main(["check", str(own), "--output", "json"]) == 3
    found = [(f"{each['file']}:{each['line']}", each["what"]) for each in json.loads(capsys.readouterr().out)]
    read_only = "managedPolicies: 'ReadOnlyAcess' is no AWS managed policy of 2026-09-30 (did you mean 'ReadOnlyAccess'?)"
    for (place, told), (wanted, words) in zip(
        found,
        [
            (
                "governed:",
                "regions.governed: 'eu-centrl-1' is no Region of AWS (did you mean 'eu-central-1'?)",
            ),
            (
                "[observ]",
                "access.roles allow-dev-from-security-account: policies: 'observ' is no file in policies/",
            ),
            ("[ReadOnlyAcess]", f"access.roles allow-read-only-from-security-account: {read_only}"),
            ("managedPolicies: [ReadOnlyAcess]\n", f"access.groups ro-external-accounts: {read_only}"),
            ("trail: {mode", "trail.mode: 'acount' is unknown (did you mean 'account'?)"),
            (
                "minimumLenght",
                "accountSettings.passwordPolicy.minimumLenght: is an unknown key (did you mean",
            ),
            ("rollout:", "rollout: is an unknown key (did you mean 'rollOut'?); remove it"),
            ("policies/deploy.json:2", "Statement.0.Effect: 'Alow' must be Allow or Deny"),
            ("policies/own.json:3", "Statement.0.Action: 's3:GetObjct' is no action of IAM"),
        ],
        strict=True,
    ):
        assert told.startswith(words), told
        if wanted.startswith("policies/"):
            assert place == wanted
        elif not wanted.endswith("\n"):
            assert place == f"baseline.yaml:{line(own, wanted)}"


def test_what_a_mistyped_key_holds_is_read_as_meant(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not told to lack the roles that stand below it."""
    change(own, **{"  roles:": "  rolez:"})
    assert main(["check", str(own), "--output", "json"]) == 3
    (found,) = json.loads(capsys.readouterr().out)
    assert found["what"].startswith("access.rolez: is an unknown key (did you mean 'roles'?)")


def test_a_warning_fails_where_it_is_asked_to(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    statement = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}
    (own / "policies" / "own.json").write_text(
        json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )
    assert main(["check", str(own)]) == 0
    told = capsys.readouterr().out
    assert (
        "policies/own.json:1: warning: Statement.0.Action: 'iam:PassRole' on every role; name the roles"
        in told
    )
    assert "; 1 warning" in told
    assert main(["check", "--strict", str(own)]) == 3
    assert "0 errors, 1 warning" in capsys.readouterr().out


def test_what_is_longer_than_iam_takes_is_told_for_each_that_is(
    own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    many = [f"s3:{name}" for name in ("GetObject", "PutObject")] * 400
    statement = {"Effect": "Allow", "Action": many, "Resource": "*"}
    (own / "policies" / "observe.json").write_text(
        json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )
    assert main(["check", str(own)]) == 3
    told = capsys.readouterr().out
    assert "access.roles allow-dev-from-security-account: policies: makes " in told
    assert "characters of policy; IAM takes 10,240: shorten them." in told


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("accounts: [", "error: is no YAML: "),
        ("- one\n", "error: holds "),
        (
            "accounts: []\naccounts: []\n",
            "baseline.yaml:1: error: line 1: holds the key 'accounts' twice; remove one.",
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_told(
    own: Path, capsys: pytest.CaptureFixture[str], text: str, words: str
) -> None:
    (own / "baseline.yaml").write_text(text)
    assert main(["check", str(own)]) == 3
    assert words in capsys.readouterr().out


def test_a_folder_without_a_declaration_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(tmp_path)]) == 3
    assert (
        f"{tmp_path}: has no baseline.yaml. Name the folder that holds baseline.yaml"
        in capsys.readouterr().err
    )


def test_a_mistake_in_a_conformance_pack_is_told_with_its_line(
    own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(own, **{"posture, external-access]": "posture, external-access, conformance-pack]"})
    with (own / "baseline.yaml").open("a") as file:
        file.write("conformancePack: {packs: [{name: mine, template: mine}]}\n")
    (own / "conformance-packs").mkdir()
    (own / "conformance-packs" / "mine.yaml").write_text("Resources:\n  Bucket: {Type: AWS::S3::Bucket}\n")
    assert main(["check", str(own), "--output", "json"]) == 3
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["file"], found["line"]) == ("conformance-packs/mine.yaml", 2)
    assert found["what"].startswith("Resources.Bucket: Type: AWS::S3::Bucket is nothing that")
