"""What a command tells of an account: what would be done by a plan, what was done by a run."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from cli.executions.differences import Found, _of_summary, found_by, tell
from cli.executions.runs import SUCCEEDED, Run
from cli.inventory import Entry
from groundwork.contracts import Change

START = datetime(2026, 11, 30, tzinfo=UTC)
ENTRY = Entry(
    account_id="210987654321",
    name="prod",
    email="aws+prod@example.com",
    kind="workload",
    unit="Suspended",
    state="closing",
    baseline=None,
    drift=[],
    last_run=None,
    last_run_at=None,
    last_plan=None,
    last_plan_at=None,
)
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


@pytest.mark.parametrize(("mode", "done"), [("apply", "was put right"), ("plan", "will be put right")])
def test_a_run_that_left_something_to_people_tells_what_it_did_as_done(
    capsys: pytest.CaptureFixture[str], mode: str, done: str
) -> None:
    output = {"outcome": "drifted", "mode": mode, "changes": [STOPPED.to_json()]}
    tell(found_by({ENTRY.account_id: Run("arn", START, SUCCEEDED, output=output)}, [ENTRY]))
    assert f"is not logging; {done}\n" in capsys.readouterr().out


def test_what_a_roll_out_did_not_look_at_is_not_told_as_unchanged() -> None:
    why = {"error": "AccountNotEnterable", "cause": "No way in.", "remedy": "Make one."}
    nothing: dict[str, Any] = {"differences": {}, "failures": {}}
    for more, outcome, note in (
        ({"unplanned": {ENTRY.account_id: why}}, "failed", ""),
        ({"inProgress": {ENTRY.account_id: "arn:1 is working"}}, "in-progress", "arn:1 is working"),
        ({}, "unchanged", ""),
    ):
        found = _of_summary(ENTRY, nothing | more, "plan")
        assert (found.outcome, found.note) == (outcome, note)


def test_why_nothing_was_looked_at_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    (found,) = found_by(
        {"210987654321": Run("arn", START, SUCCEEDED, output={"outcome": "unchanged", "note": "It waits."})},
        [ENTRY],
    )
    tell([found])
    assert capsys.readouterr().out == "prod  210987654321  unchanged\n  It waits.\n"
    assert found.to_json()["note"] == "It waits."
