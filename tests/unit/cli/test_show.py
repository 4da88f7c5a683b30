"""What is told of a component's last run."""

from __future__ import annotations

from typing import Any

import pytest

from cli.commands.show import _words

DONE, LEFT = {"action": "update"}, {"action": "report"}


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ({"outcome": "unchanged"}, "unchanged"),
        ({"outcome": "unchanged", "changes": [LEFT]}, "unchanged, 1 report"),
        ({"outcome": "changed", "changes": [DONE, DONE, LEFT]}, "changed, 2 changes, 1 report"),
        ({"outcome": "failed", "error": "StackFailed"}, "failed: StackFailed"),
    ],
)
def test_what_was_left_to_people_is_no_change(result: dict[str, Any], words: str) -> None:
    assert _words(result) == words
