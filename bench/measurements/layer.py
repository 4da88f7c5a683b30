"""How big the layer of the functions is, unzipped, built as `sam build` builds it. Fetches its packages."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.settings import Say, Settings

BUILD = ("make", "-s", "-C", "layers/groundwork", "build-GroundworkLayer")
MEGABYTE = 1e6


def measure(_settings: Settings, say: Say) -> Mapping[str, Any]:
    """In bytes of its files, as Lambda counts them, and in blocks of this disk, as `du` does."""
    with tempfile.TemporaryDirectory() as built:
        subprocess.run([*BUILD, f"ARTIFACTS_DIR={built}", f"PYTHON={sys.executable}"], check=True)
        found = [path.stat() for path in Path(built).rglob("*") if path.is_file()]
    files = sum(each.st_size for each in found)
    blocks = sum(each.st_blocks * 512 for each in found)
    say(f"layer: {files / MEGABYTE:.1f} MB, {blocks / MEGABYTE:.1f} MB on this disk")
    return {"megabytes": files / MEGABYTE, "blocks": blocks / MEGABYTE}
