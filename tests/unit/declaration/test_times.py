"""A time in the declaration: as YAML has it, as text, and as the build's JSON."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from groundwork.declaration.loading import HOME, load
from groundwork.errors import InvalidDeclaration

NOW = datetime(2026, 11, 29, 20, 30, tzinfo=UTC)


def revoking(to: Path, before: str) -> Path:
    shutil.copytree(HOME, to)
    text = (to / "baseline.yaml").read_text()
    (to / "baseline.yaml").write_text(
        text.replace("access:\n", f"access:\n  revokeSessionsBefore: {before}\n", 1)
    )
    return to


@pytest.mark.parametrize(
    "text", ["2026-11-29T20:30:00Z", "'2026-11-29T20:30:00Z'", "2026-11-29T21:30:00+01:00"]
)
def test_a_time_is_the_same_however_it_is_written(tmp_path: Path, text: str) -> None:
    home = revoking(tmp_path / "yaml", text)
    declared = load(home)
    assert declared.access.revoke_sessions_before == NOW
    raw = yaml.safe_load((home / "baseline.yaml").read_text())
    built = shutil.copytree(home, tmp_path / "built")
    (built / "baseline.json").write_text(json.dumps(raw, default=str))
    assert load(built) == declared
    assert declared.version != load().version


@pytest.mark.parametrize("text", ["2026-11-29T20:30:00", "2026-11-29", "yesterday"])
def test_a_time_without_its_zone_or_none_at_all_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidDeclaration, match=r"access\.revokeSessionsBefore"):
        load(revoking(tmp_path / "home", text))
