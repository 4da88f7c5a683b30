"""A declaration to make mistakes in."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from groundwork.declaration.loading import HOME
from tests.unit.declaration.files import DEFAULT


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A copy of the default declaration."""
    (tmp_path / "policies").mkdir()
    (tmp_path / "baseline.yaml").write_text(yaml.safe_dump(DEFAULT))
    for policy in (HOME / "policies").glob("*.json"):
        (tmp_path / "policies" / policy.name).write_text(policy.read_text())
    return tmp_path
