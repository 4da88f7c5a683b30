"""The repository's own tree, as pip installs it: `cli` and the packages beside it, and the domain in `layers`."""

from __future__ import annotations

import sys
from pathlib import Path

HOME = Path(__file__).parent


def main() -> None:
    """The script `groundwork`."""
    sys.path[:0] = [str(HOME), str(HOME / "layers")]
    from cli.app import main as run

    sys.exit(run())
