"""What the import of each function's handler costs, in a process of its own as on a cold start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

MEASURED = """
import sys, time
before = len(sys.modules), time.process_time()
import handler
print(time.process_time() - before[1], len(sys.modules) - before[0])
"""


ENVIRONMENT = {"PYDANTIC_DISABLE_PLUGINS": "__all__"}
"""As template.yaml gives it to every function."""


class Import(NamedTuple):
    """CPU-seconds, user and system, and modules, without those that the interpreter starts with."""

    seconds: float
    modules: int


def imports(root: Path, tries: int = 3) -> dict[str, Import]:
    """By function, the best of so many tries. `root` is a checkout, whose packages are those of this interpreter."""
    folders = sorted(path.parent for path in (root / "functions").glob("*/handler.py"))
    return {folder.name: min(_once(root, folder) for _ in range(tries + 1)) for folder in folders}


def _once(root: Path, folder: Path) -> Import:
    paths = os.pathsep.join((str(folder), str(root / "layers")))
    done = subprocess.run(
        [sys.executable, "-c", MEASURED],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.defpath, "PYTHONPATH": paths, **ENVIRONMENT},
    )
    seconds, modules = done.stdout.split()
    return Import(float(seconds), int(modules))
