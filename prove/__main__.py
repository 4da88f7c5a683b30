"""`make prove`: every chapter of evidence, a table at the end, and for each failure what shows it again.

`--only` takes names of chapters: `make prove ONLY="races admission"`. A chapter of several stories has one alone after a colon:
`ONLY=crash_points:closing`.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

from prove.chapter import Chapter, Say
from prove.crash_points import STORIES_BY_NAME

CHAPTERS = (
    "policies",
    "doors",
    "random_policies",
    "expressions",
    "call_counts",
    "poison",
    "any_state",
    "every_operation",
    "sixty_accounts",
    "races",
    "one_at_a_time",
    "lost_memory",
    "crash_points",
    "admission",
)
"""Modules of this package, the quick ones first."""
STORIES = tuple(f"crash_points:{story}" for story in STORIES_BY_NAME)
EVERY_SECONDS = 60


def main() -> int:
    arguments = _arguments()
    console = Console(highlight=False)
    began = time.monotonic()
    chapters: list[Chapter] = []
    for name in arguments.only or CHAPTERS:
        chapters += _prove(name, arguments.seed, console)
    console.print(_table(chapters))
    failed = [(chapter, failure) for chapter in chapters for failure in chapter.failures]
    for chapter, failure in failed:
        console.print(f"[red]{chapter.name}[/]: {failure.what}", soft_wrap=True)
        console.print(f"    again: seed {arguments.seed}, {failure.again}", soft_wrap=True)
    console.print(f"{len(failed)} failures, seed {arguments.seed}, {(time.monotonic() - began) / 60:.1f} min")
    return 1 if failed else 0


def _prove(name: str, seed: int, console: Console) -> Iterable[Chapter]:
    began = time.monotonic()
    with console.status(name) as status:
        say = status.update if console.is_terminal else _now_and_then(name, console)
        module, _, story = name.partition(":")
        prove = importlib.import_module(f"prove.{module}").prove
        found = prove(seed, say, story) if story else prove(seed, say)
    chapters: list[Chapter] = found if isinstance(found, list) else [found]
    for chapter in chapters:
        mark = "[red]✗[/]" if chapter.failures else "[green]✓[/]"
        console.print(f"{mark} {chapter.name}: {chapter.held} of {chapter.tried} {chapter.unit} held")
    console.print(f"  {time.monotonic() - began:.0f} s", style="dim")
    return chapters


def _now_and_then(name: str, console: Console) -> Say:
    """Into a file goes a line a minute."""
    last = time.monotonic()

    def say(words: str) -> None:
        nonlocal last
        if time.monotonic() - last > EVERY_SECONDS:
            last = time.monotonic()
            console.print(f"  {name}: {words}", style="dim", soft_wrap=True)

    return say


def _table(chapters: Iterable[Chapter]) -> Table:
    table = Table(title="What Groundwork promises, and how often it was tried", expand=True)
    table.add_column("Promise")
    table.add_column("Tried", justify="right")
    table.add_column("Held", justify="right")
    table.add_column("Measured")
    for chapter in chapters:
        table.add_row(chapter.name, str(chapter.tried), str(chapter.held), "\n".join(chapter.words))
    return table


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m prove", description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--seed", type=int, default=0, help="a run with the same seed tries the same (default: 0)"
    )
    parser.add_argument(
        "--only", nargs="*", choices=CHAPTERS + STORIES, metavar="CHAPTER", help=", ".join(CHAPTERS + STORIES)
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
