"""What the import of each function's handler costs, in a process of its own as on a cold start: the best of some tries.

The tries take turns, so that no handler has a quiet moment of the machine for itself.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from bench.settings import Say, Settings

TIMES = 4
MEASURED = """
import sys, time
before = len(sys.modules), time.process_time()
import handler
print(time.process_time() - before[1], len(sys.modules) - before[0])
"""
OF_THE_TEMPLATE = {"PYDANTIC_DISABLE_PLUGINS": "__all__"}
"""What template.yaml gives to every function, where it does."""


class Import(NamedTuple):
    """CPU-seconds, user and system, and modules, without those that the interpreter starts with."""

    seconds: float
    modules: int


def measure(_settings: Settings, say: Say) -> Mapping[str, Any]:
    """Of the revision in this folder; its packages are those of this interpreter."""
    template = Path("template.yaml").read_text()
    given = {name: value for name, value in OF_THE_TEMPLATE.items() if f"{name}: {value}" in template}
    folders = sorted(path.parent for path in Path("functions").glob("*/handler.py"))
    tries = [[_once(folder, given) for folder in folders] for _ in range(TIMES)]
    found = {folder.name: min(each) for folder, each in zip(folders, zip(*tries, strict=True), strict=True)}
    slowest = max(found, key=lambda name: found[name])
    say(f"imports: {slowest} {found[slowest].seconds:.2f} CPU-s, the most of {len(found)} handlers")
    return {"most": found[slowest].seconds, "all": {name: each._asdict() for name, each in found.items()}}


def _once(folder: Path, given: Mapping[str, str]) -> Import:
    done = subprocess.run(
        [sys.executable, "-c", MEASURED],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.defpath, "PYTHONPATH": os.pathsep.join((str(folder), "layers")), **given},
    )
    seconds, modules = done.stdout.split()
    return Import(float(seconds), int(modules))
