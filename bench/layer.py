"""How big the layer of the functions is, built as `sam build` builds it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple


class Weight(NamedTuple):
    """In bytes: of the files, as Lambda counts them, and of the blocks that they take on this disk, as `du` does."""

    files: int
    blocks: int


def layer(root: Path) -> Weight:
    """Of the layer of a checkout. Its packages are fetched from the package index."""
    with tempfile.TemporaryDirectory() as built:
        make = ["make", "-s", "-C", str(root / "layers" / "groundwork"), "build-GroundworkLayer"]
        subprocess.run([*make, f"ARTIFACTS_DIR={built}", f"PYTHON={sys.executable}"], check=True)
        everything = [(path, path.stat()) for path in Path(built).rglob("*")]
        files = sum(found.st_size for path, found in everything if path.is_file())
        return Weight(files, sum(found.st_blocks * 512 for _, found in everything))
