"""What the import of each handler costs, in CPU-seconds: the best of three, each in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.settings import Say, Settings

TIMES = 3
IMPORTING = "import time; began = time.process_time(); import handler; print(time.process_time() - began)"


def measure(_settings: Settings, say: Say) -> Mapping[str, Any]:
    folders = sorted(path.parent for path in Path("functions").glob("*/handler.py"))
    rounds = [{folder.name: _import(folder) for folder in folders} for _ in range(TIMES)]
    found = {folder.name: min(each[folder.name] for each in rounds) for folder in folders}
    slowest = max(found, key=lambda name: found[name])
    say(f"imports: {slowest} {found[slowest]:.2f} CPU-s, the most of {len(found)} handlers")
    return {"most": found[slowest], "all": found}


def _import(folder: Path) -> float:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(("layers", str(folder)))}
    done = subprocess.run(
        [sys.executable, "-c", IMPORTING], env=environment, check=True, capture_output=True, text=True
    )
    return float(done.stdout)
