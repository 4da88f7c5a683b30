"""A declaration to change, and what the change opens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from groundwork.baseline.components import COMPONENTS
from groundwork.declaration.loading import HOME, check, load
from groundwork.doors.changes import Change, changes
from groundwork.doors.declared import without_aws
from tests.unit.declaration.files import DEFAULT

Opened = Callable[[], list[Change]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A copy of the default declaration."""
    (tmp_path / "policies").mkdir()
    (tmp_path / "baseline.yaml").write_text(yaml.safe_dump(DEFAULT))
    for policy in (HOME / "policies").glob("*.json"):
        (tmp_path / "policies" / policy.name).write_text(policy.read_text())
    return tmp_path


@pytest.fixture
def opened(home: Path) -> Opened:
    """What `home`, as it stands when this is called, opens and closes beside the default declaration."""

    def compared() -> list[Change]:
        before, now = without_aws(check(load(), COMPONENTS), check(load(home), COMPONENTS))
        return changes(before, now)

    return compared
