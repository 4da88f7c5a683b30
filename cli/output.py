"""Answers on standard output, as a table or as JSON; what happens meanwhile on standard error."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from cli.given import GIVEN

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

COLORS = {
    "ready": "green",
    "repaired": "green",
    "unchanged": "green",
    "done": "green",
    "failed": "red",
    "drifted": "yellow",
}
FILE_WIDTH = 1000
"""Characters: in a file nothing is cut off."""
SEVERITIES = {"high": "bold red", "medium": "yellow", "low": "bright_black"}


@cache
def screen() -> Console:
    """Where answers go. A terminal's width, or enough for a file."""
    return _console(stderr=False)


@cache
def aside() -> Console:
    """Where progress and questions go."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    from cli.safe_console import Harmless

    found = Harmless(stderr=stderr, highlight=False, markup=False, emoji=False)
    return (
        found
        if found.is_terminal
        else Harmless(stderr=stderr, highlight=False, markup=False, emoji=False, width=FILE_WIDTH)
    )


def counted(number: int, noun: str) -> str:
    """`1 account`, `2 accounts`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def say(*parts: RenderableType) -> None:
    """Nothing when JSON is wanted, which stands alone."""
    if not GIVEN.as_json:
        screen().print(*parts)


def say_as_it_is(line: str) -> None:
    """A line to be copied, however long: the terminal wraps it, and it stays one."""
    if not GIVEN.as_json:
        screen().print(line, soft_wrap=True)


def as_json(value: Any) -> None:
    text = json.dumps(value, indent=2, ensure_ascii=False, default=str)
    print(re.sub("[\x7f-\x9f]", lambda found: f"\\u{ord(found[0]):04x}", text))  # json escapes those below


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> RenderableType:
    """Columns as wide as what stands in them; without names, no line for these."""
    from rich.table import Table
    from rich.text import Text

    made = Table(
        box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold", show_header=any(columns)
    )
    for column in columns:
        made.add_column(column, no_wrap=True)
    for row in rows:
        made.add_row(*(each if isinstance(each, Text) else Text(str(each)) for each in row))
    return made


def ago(moment: str | None) -> str:
    """How long ago a moment in ISO 8601 was: `3 min ago`."""
    if not moment:
        return ""
    seconds = (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds()
    for length, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * length:
            return f"{int(seconds // length)} {unit} ago"
    return f"{max(0, int(seconds))} s ago"


def colored(words: str, by: str | None = None) -> Any:
    """An outcome or a state in its color."""
    from rich.text import Text

    return Text(words, style=COLORS.get(by or words, ""))


@contextmanager
def waiting(words: str) -> Iterator[None]:
    """Tells a terminal what is waited for."""
    if GIVEN.as_json or not aside().is_terminal:
        yield
        return
    with aside().status(f"{words} ..."):
        yield
