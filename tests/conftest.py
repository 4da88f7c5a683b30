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
    """Before xdist reads the groups. Tests on a shared engine come before those that need one `alone`."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))
    items.sort(
        key=lambda item: (
            LONGEST_FIRST.index(_folder(item)),
            not _shares_cloud(item),
            "alone" in _fixtures(item),
        )
    )


def _group(item: pytest.Item) -> str:
    return SHARED if _shares_cloud(item) else f"{item.path.parent.name}/{item.path.stem}"


def _shares_cloud(item: pytest.Item) -> bool:
    """A test file with a `cloud` of its own shares nothing."""
    own = hasattr(getattr(item, "module", None), "cloud")
    return _folder(item) == "workflow" and "cloud" in _fixtures(item) and not own


def _folder(item: pytest.Item) -> str:
    return item.path.relative_to(HERE).parts[0]


def _fixtures(item: pytest.Item) -> list[str]:
    return getattr(item, "fixturenames", [])
