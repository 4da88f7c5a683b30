"""`python -m bench.measure NAME --into FILE`: one measurement, in a process of its own, of the revision it stands in.

So nothing of another measurement is in its CPU-seconds, and the same code measures an older revision, whose folder
then holds a copy of this one.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.text import Text

from bench.settings import Settings

MEASUREMENTS = (
    "calls",
    "at_latency",
    "five_accounts",
    "demo",
    "sandboxes",
    "boot",
    "imports",
    "layer",
    "burst",
)
"""Modules of `bench.measurements`."""


def main() -> int:
    arguments = _arguments()
    console, began = Console(stderr=True, highlight=False), time.monotonic()

    def say(words: str) -> None:
        line = f"{time.monotonic() - began:7.1f} s  {arguments.label}  {words}"
        console.print(Text(line, style="bright_black"), soft_wrap=True)

    settings = Settings(arguments.latency, arguments.accounts, arguments.regions)
    found = importlib.import_module(f"bench.measurements.{arguments.name}").measure(settings, say)
    arguments.into.write_text(json.dumps(found))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.measure", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("name", choices=MEASUREMENTS)
    parser.add_argument("--into", type=Path, required=True, help="the file for what was measured, as JSON")
    parser.add_argument("--label", default="", help="what stands before each line of progress")
    parser.add_argument("--latency", type=float, default=Settings.latency, help="seconds")
    parser.add_argument("--accounts", type=int, default=Settings.accounts)
    parser.add_argument("--regions", type=int, default=Settings.regions)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
