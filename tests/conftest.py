"""Which tests one worker runs together, and in which order.

An engine is dear, and a process has one at a time. So the tests of a file stay on one worker, and the files of
`tests/workflow` itself, which share an organization, are one group; those of `own_organization` are a group each.
A worker that is free takes the next group; what takes longest comes first, lest one worker ends long after the other.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

HERE = Path(__file__).parent
SHARED = "tests/workflow"
LONGEST_FIRST = ("workflow", "component", "engine", "architecture", "unit")

settings.register_profile("prove")
"""`--hypothesis-profile=prove`: more examples of what runs on an engine."""


class Groups(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """xdist's own scheduling by scope, where a scope is a group."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        folder = file.rpartition("/")[0]
        return SHARED if folder == SHARED else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Groups:
    config.option.loadscopereorder = False  # in the order of the tests, not of their number
    return Groups(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests on a shared engine come before those that need one `alone`."""

    def weight(item: pytest.Item) -> tuple[int, bool, bool]:
        kind, *folders, _ = item.path.relative_to(HERE).parts
        alone = "alone" in getattr(item, "fixturenames", ())
        return LONGEST_FIRST.index(kind), "own_organization" in folders, alone

    items.sort(key=weight)
