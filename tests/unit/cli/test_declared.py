"""Where the command line finds the declaration, and what it says when there is none."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cli.declaration import declared
from cli.given import GIVEN
from cli.trouble import WRONG_INPUT, Trouble
from groundwork.declaration.loading import HOME


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An owner's folder, which has no policies of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(GIVEN, "declaration", None)
    own = tmp_path / "organization"
    own.mkdir()
    shutil.copy(HOME / "baseline.yaml", own)
    return own


def test_it_is_the_one_given_or_here_or_in_the_repository(
    there: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert declared.folder(there) == declared.folder(there / "baseline.yaml") == there
    monkeypatch.chdir(there)
    assert declared.folder() == Path()
    monkeypatch.chdir(HOME.parents[1])
    assert declared.folder() == Path("layers/baseline")
    monkeypatch.setattr(GIVEN, "declaration", there)
    assert declared.folder() == there


def test_the_shipped_policies_are_below_the_owners(there: Path) -> None:
    assert declared.load(there).version == declared.load(HOME).version
    (there / "policies").mkdir()
    (there / "policies" / "observe.json").write_text(
        '{"Version": "2012-10-17", "Statement": [{"Sid": "Look", "Effect": "Allow", "Action": "s3:List*", "Resource": "*"}]}'
    )
    assert declared.load(there).version != declared.load(HOME).version


def test_no_declaration_is_told_in_a_sentence(there: Path) -> None:
    with pytest.raises(Trouble, match="neither this folder nor layers") as trouble:
        declared.load()
    assert trouble.value.code == WRONG_INPUT and "--declaration" in trouble.value.remedy
    with pytest.raises(Trouble, match="--declaration nowhere: is no folder"):
        declared.load(Path("nowhere"))
    (there / "empty").mkdir()
    with pytest.raises(Trouble, match=r"empty: has no baseline.yaml\."):
        declared.load(there / "empty")


def test_a_mistake_is_told_in_the_loaders_words(there: Path) -> None:
    file = there / "baseline.yaml"
    file.write_text(file.read_text().replace("[ReadOnlyAccess]", "[ReadOnlyAcess]"))
    with pytest.raises(Trouble, match="'ReadOnlyAcess' is no AWS managed policy") as trouble:
        declared.load(there)
    assert "did you mean 'ReadOnlyAccess'?" in str(trouble.value)
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(Trouble, match="cannot be read"):
        declared.load(there)
