"""What a command tells of an account: what would be done by a plan, what was done by a run."""

from __future__ import annotations

import pytest

from cli.executions.differences import Found, tell
from groundwork.contracts import Change

STOPPED = Change(
    component="trail",
    resource="trail groundwork",
    action="update",
    reason="is not logging",
    severity="high",
)


@pytest.mark.parametrize(
    ("outcome", "done"),
    [
        ("drifted", "will be put right"),
        ("failed", "will be put right"),
        ("repaired", "was put right"),
        ("ready", "was put right"),
    ],
)
def test_what_a_run_did_is_told_as_done(outcome: str, done: str, capsys: pytest.CaptureFixture[str]) -> None:
    tell([Found("prod", "210987654321", outcome, [STOPPED])])
    assert f"HIGH    trail groundwork: is not logging; {done}\n" in capsys.readouterr().out
