"""Which tests one worker runs together, and in which order.

An engine is dear, and a process has one at a time. So the tests of a file stay on one worker, and all tests that
share an organization, `cloud` of `tests/workflow`, are one group. A worker that is free takes the next group; what
takes longest comes first, lest one worker ends long after the other.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

HERE = Path(__file__).parent
SHARED = "shared"
LONGEST_FIRST = ("workflow", "component", "engine", "architecture", "unit")


settings.register_profile("prove")
"""`--hypothesis-profile=prove`: more examples of what runs on an engine."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Before xdist reads the groups."""
    groups = {item: _group(item) for item in items}
    for item, group in groups.items():
        item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=lambda item: (LONGEST_FIRST.index(_folder(item)), groups[item] != SHARED))


def _folder(item: pytest.Item) -> str:
    return item.path.relative_to(HERE).parts[0]


def _group(item: pytest.Item) -> str:
    """A test file with a `cloud` of its own shares nothing."""
    sharing = "cloud" in getattr(item, "fixturenames", ()) and not hasattr(
        getattr(item, "module", None), "cloud"
    )
    if _folder(item) == "workflow" and sharing:
        return SHARED
    return f"{item.path.parent.name}/{item.path.stem}"
