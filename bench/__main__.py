"""`make bench`: what an account costs in calls, in seconds at AWS's latency, in CPU and in dollars, on the embedded AWS.

    make bench                                  all but the burst and the layer, which take long
    make bench BASE=03061a5                     the same of another revision, beside it
    make bench ONLY="at_latency" REGIONS=1 ACCOUNTS=0 LATENCY=120

Exit code 1 when a mark is missed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from bench.checkout import ROOT, MeasurementFailed, checked_out, measured
from bench.measure import MEASUREMENTS
from bench.settings import Settings
from bench.sheet import BAD, GOOD
from bench.tables import sheets_of

USUAL = ("calls", "at_latency", "five_accounts", "demo", "sandboxes", "boot", "imports")
OF_TODAY = ("calls", "burst")
"""Measured without BASE: their numbers stand for themselves."""
WIDTH = 112
NOW = "now"


def main() -> int:
    arguments = _arguments()
    console = Console(highlight=False)
    console.width = max(WIDTH, console.width)
    began = time.monotonic()
    try:
        found = json.loads(arguments.read.read_text()) if arguments.read else _measure(arguments)
    except MeasurementFailed as failure:
        console.print(Text(f"{BAD} {failure}", style="bold red"))
        return 1
    except KeyboardInterrupt:
        return 130
    if arguments.keep:
        arguments.keep.write_text(json.dumps(found, indent=1))
    sheets = [sheet for some in sheets_of(found).values() for sheet in some]
    for sheet in sheets:
        console.print(sheet.markdown() + "\n" if arguments.markdown else sheet.table(), soft_wrap=True)
    missed = [row for sheet in sheets for row in sheet.rows if any(cell.startswith(BAD) for cell in row)]
    for row in missed:
        console.print(Text(f"{BAD} {row[0]}: {row[-1].lstrip(BAD + GOOD).strip()}", style="bold red"))
    console.print(f"{(time.monotonic() - began) / 60:.1f} min")
    return 1 if missed else 0


def _measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """By label and measurement; base and today take turns, so that the machine's load is the same for both."""
    settings = Settings(arguments.latency / 1000, arguments.accounts, arguments.regions)
    found: dict[str, Any] = {"settings": vars(settings), "base": arguments.base, NOW: {}, "before": {}}
    with ExitStack() as stack:
        base = stack.enter_context(checked_out(arguments.base)) if arguments.base else None
        for name in arguments.only or USUAL:
            if base and name not in OF_TODAY:
                found["before"][name] = measured(name, base, arguments.base, settings)
            found[NOW][name] = measured(name, ROOT, NOW, settings)
    return found


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--only", nargs="*", choices=MEASUREMENTS, metavar="NAME", help=", ".join(MEASUREMENTS)
    )
    parser.add_argument("--latency", type=float, default=60.0, help="milliseconds a call (default: 60)")
    parser.add_argument("--accounts", type=int, default=60, help="of the roll-out; 0: none (default: 60)")
    parser.add_argument("--regions", type=int, default=17, help="to compare with one; 1: none (default: 17)")
    parser.add_argument("--base", default="", metavar="REVISION", help="measured beside this one")
    parser.add_argument("--markdown", action="store_true", help="tables to be pasted into a document")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="all that was measured, as JSON")
    parser.add_argument("--read", type=Path, metavar="FILE", help="show what was kept, measure nothing")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
