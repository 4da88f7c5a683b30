"""`python -m bench.document FILE`: what `make bench KEEP=FILE` has kept, into docs/performance.md and its drawing.

A table stands between `<!-- measured: NAME -->` and `<!-- end -->`; what was not measured stays as it is.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from bench.drawing import drawing, paths_of
from bench.tables import sheets_of

DOCS = Path(__file__).parent.parent / "docs"
DOCUMENT, DRAWING = DOCS / "performance.md", DOCS / "critical_path.svg"
PLACE = re.compile(r"(<!-- measured: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def filled(document: str, tables: Mapping[str, str]) -> str:
    """The document with these tables in their places."""

    def fill(place: re.Match[str]) -> str:
        begin, name, end = place.groups()
        return f"{begin}\n{tables[name]}\n\n{end}" if name in tables else place.group()

    return PLACE.sub(fill, document)


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
    return 0


if __name__ == "__main__":
    sys.exit(main())
