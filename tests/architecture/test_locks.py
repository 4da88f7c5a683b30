"""The locked packages: every one with hashes, and the same versions here as in Lambda."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LAYER = "layers/groundwork/requirements.txt"
CLIENTS = sorted(str(lock.relative_to(ROOT)) for lock in (ROOT / "clients" / "locks").glob("*.txt"))
LOCKS = ["requirements-dev.txt", "requirements-sam.txt", "requirements-audit.txt", LAYER, *CLIENTS]
NODE_LOCKS = [
    "prove/simulator/package-lock.json",
    *sorted(str(lock.relative_to(ROOT)) for lock in (ROOT / "clients").rglob("package-lock.json")),
]
PINNED = re.compile(r"^([a-z0-9-]+)(?:\[[^\]]*\])?==(\S+)", re.MULTILINE)


def locked(name: str) -> dict[str, str]:
    """Package by package, the one version locked; a package with several by platform is left out."""
    found = PINNED.findall((ROOT / name).read_text())
    return {package: version for package, version in found if [p for p, _ in found].count(package) == 1}


def test_what_ships_runs_in_the_same_versions_here() -> None:
    layer, here = locked(LAYER), locked("requirements-dev.txt")
    assert {"botocore", "pydantic", "aws-lambda-powertools", "pyyaml"} <= layer.keys()
    assert layer == {package: here.get(package) for package in layer}


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_is_locked_with_hashes(name: str) -> None:
    entries = re.split(r"\n(?=\S)", (ROOT / name).read_text().strip())
    assert entries
    for entry in entries:
        assert PINNED.match(entry), entry.splitlines()[0]
        assert "--hash=sha256:" in entry, entry.splitlines()[0]


@pytest.mark.parametrize("name", NODE_LOCKS)
def test_every_package_of_node_is_locked_with_a_hash(name: str) -> None:
    """Those apart that come inside of another one."""
    packages = json.loads((ROOT / name).read_text())["packages"]
    installed = [package for name, package in packages.items() if name and not package.get("inBundle")]
    assert installed
    assert all(package["integrity"].startswith("sha512-") for package in installed)


@pytest.mark.parametrize("name", [*LOCKS, *NODE_LOCKS])
def test_no_lock_names_an_index(name: str) -> None:
    assert "://" not in (ROOT / name).read_text()


def test_the_version_is_the_same_wherever_it_is_said() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert re.findall(r"^## (\d\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)[0] == version
    outputs = (ROOT / "template.yaml").read_text().partition("\nOutputs:\n")[2]
    assert re.findall(r"^  Version:\n    Description: .*\n    Value: (\S+)$", outputs, re.MULTILINE) == [
        version
    ]
