"""`make build DECLARATION=...`: the owner's declaration lives outside of the code."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from checks import declared
from groundwork.baseline.components import COMPONENTS
from groundwork.declaration import Declaration
from groundwork.declaration.loading import check, load

SHIPPED = declared.LAYER


def built(folder: Path) -> Declaration:
    """What `sam build` puts together of this folder, by the Makefile of the layer, as a function reads it."""
    made = folder / "built"
    given = [f"ARTIFACTS_DIR={made}", f"PYTHON={sys.executable}", f"DECLARATION={folder}"]
    subprocess.run(["make", "--silent", "-C", str(SHIPPED), "code", *given], check=True)
    return check(load(made / "python" / "baseline"), COMPONENTS)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    shutil.copy(SHIPPED / "baseline.yaml", tmp_path)
    return tmp_path


def replaced(own: Path, old: str, new: str) -> None:
    baseline = own / "baseline.yaml"
    assert old in baseline.read_text()
    baseline.write_text(baseline.read_text().replace(old, new))


def test_it_is_read_from_its_folder_with_the_policies_that_groundwork_ships(own: Path) -> None:
    replaced(own, "name: mgmt,", "name: tools,")
    found = built(own)
    assert "tools" in [account.name for account in found.accounts]
    assert found.policy("observe") == load().policy("observe")


def test_a_policy_of_the_owner_takes_the_place_of_one_of_the_same_name(own: Path) -> None:
    (own / "policies").mkdir()
    shutil.copy(SHIPPED / "policies" / "observe.json", own / "policies" / "deploy.json")
    assert built(own).policy("deploy") == load().policy("observe")


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            "  roles:",
            "  rolez:",
            "baseline.yaml:33: error: access.rolez: is an unknown key (did you mean 'roles'?); remove it",
        ),
        ("regions:", "regions: [", "baseline.yaml:19: error: is no YAML: "),
    ],
)
def test_a_mistake_is_told_in_a_sentence(
    own: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, sentence: str
) -> None:
    replaced(own, old, new)
    assert declared.main(str(own)) == 1
    assert capsys.readouterr().err.startswith(sentence)


def test_a_folder_without_a_declaration_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert declared.main(str(tmp_path)) == 1
    told = capsys.readouterr().err
    assert told.startswith(f"DECLARATION={tmp_path}: has no baseline.yaml; ")


def test_what_is_declared_is_told_with_its_version(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert declared.main(str(own)) == 0
    assert capsys.readouterr().out.startswith(f"Declaration {built(own).version}, of {own}/")
