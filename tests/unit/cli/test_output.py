"""What others wrote is shown, and controls no terminal."""

from __future__ import annotations

import io
import json

import pytest
from rich.live import Live
from rich.text import Text

from cli.executions.runs import Run, run_table, started_now
from cli.output import as_json, table
from cli.safe_console import Harmless

TITLE, CLEAR, CLEAR_IN_ONE = "\x1b]0;yours\x07", "\x1b[2J", "\x9b2J"


@pytest.mark.parametrize("odd", [TITLE, CLEAR, CLEAR_IN_ONE, "\x08" * 9, "\rready"])
def test_a_name_controls_no_terminal(odd: str) -> None:
    """Anybody who may ask for an account writes a name into an execution's input."""
    run: Run = started_now("arn", odd)
    shown = (odd, Text(odd), table(("NAME",), [(odd,), (Text(odd, style="red"),)]), run_table({odd: run}))
    for each in shown:
        console = Harmless(file=(file := io.StringIO()), highlight=False, markup=False, width=80)
        console.print("before", each, "after")
        assert file.getvalue().replace("\n", "").isprintable()


def test_styles_and_what_moves_the_cursor_stay() -> None:
    console = Harmless(file=(file := io.StringIO()), force_terminal=True, color_system="standard", width=80)
    with Live(console=console, auto_refresh=False) as live:
        live.update(Text("a\nb", style="red"), refresh=True)
        live.update(Text("c\nd", style="red"), refresh=True)
    assert "\x1b[31ma\x1b[0m" in file.getvalue() and "\x1b[1A" in file.getvalue()


def test_json_has_no_control_character(capsys: pytest.CaptureFixture[str]) -> None:
    as_json({"name": f"{CLEAR}{CLEAR_IN_ONE}\x7f"})
    said = capsys.readouterr().out
    assert said.replace("\n", "").isprintable()
    assert json.loads(said) == {"name": f"{CLEAR}{CLEAR_IN_ONE}\x7f"}
