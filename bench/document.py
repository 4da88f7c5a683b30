"""`python -m bench.document FILE`: what `make bench KEEP=FILE` has kept, into docs/performance.md, its drawing, and the file
that `groundwork cost` reads.

A table stands between `<!-- measured: NAME -->` and `<!-- end -->`; what was not measured stays as it is.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.drawing import drawing, paths_of
from bench.tables import sheets_of
from cli.costs import MEASURED, RUNS, written

DOCS = Path(__file__).parent.parent / "docs"
DOCUMENT, DRAWING = DOCS / "performance.md", DOCS / "critical_path.svg"
PLACE = re.compile(r"(<!-- measured: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def filled(document: str, tables: Mapping[str, str]) -> str:
    """The document with these tables in their places."""

    def fill(place: re.Match[str]) -> str:
        begin, name, end = place.groups()
        return f"{begin}\n{tables[name]}\n\n{end}" if name in tables else place.group()

    return PLACE.sub(fill, document)


def measured_in(now: Mapping[str, Any], day: str) -> str:
    """What `groundwork cost` reads: the usage of each kind of run, and the AWS API calls of every scenario."""
    few = min(now["calls"], key=int)
    calls = {name: sum(tally["services"].values()) for name, tally in now["calls"][few].items()}
    return written(day, {name: now["at_latency"][name]["usage"] for name in RUNS}, calls)


def main() -> int:
    kept = json.loads(Path(sys.argv[1]).read_text())
    tables = {
        name: "\n\n".join(sheet.markdown() for sheet in sheets)
        for name, sheets in sheets_of(kept).items()
        if any(sheet.rows for sheet in sheets)
    }
    DOCUMENT.write_text(filled(DOCUMENT.read_text(), tables))
    if "at_latency" in kept["now"]:
        DRAWING.write_text(drawing(paths_of(kept)))
    if {"at_latency", "calls"} <= kept["now"].keys():
        MEASURED.write_text(measured_in(kept["now"], datetime.now(UTC).date().isoformat()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
