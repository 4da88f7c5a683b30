"""The same measurement of this revision and of another, each in its own folder and in processes of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.settings import Settings

ROOT = Path(__file__).parent.parent
BROUGHT = ("bench", "local/latency.py")
"""What measures, and what an older revision may lack: today's is put in its place."""
CACHE = ".cache"
"""What sandboxes unpack, by its content: a new folder would begin with an empty one."""


class MeasurementFailed(Exception):
    """A measurement ended with an error; it has said why."""


@contextmanager
def checked_out(revision: str) -> Iterator[Path]:
    """A folder with another revision in it, measured with today's bench."""
    with tempfile.TemporaryDirectory(prefix="base-") as parent:
        folder = Path(parent) / "base"
        _git("worktree", "add", "--quiet", "--detach", str(folder), revision)
        try:
            for name in BROUGHT:
                _bring(ROOT / name, folder / name)
            (ROOT / CACHE).mkdir(exist_ok=True)
            (folder / CACHE).symlink_to(ROOT / CACHE)
            yield folder
        finally:
            _git("worktree", "remove", "--force", str(folder))


def measured(name: str, folder: Path, label: str, settings: Settings) -> Any:
    """What one measurement has found in a folder. Raises MeasurementFailed."""
    with tempfile.TemporaryDirectory() as scratch:
        into = Path(scratch) / "found.json"
        given = [f"--{field}={value}" for field, value in vars(settings).items()]
        done = subprocess.run(
            [sys.executable, "-m", "bench.measure", name, "--into", into, "--label", label, *given],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(("layers", "."))},
            check=False,
        )
        if done.returncode:
            raise MeasurementFailed(f"{label}: {name} ended with exit code {done.returncode}")
        return json.loads(into.read_text())


def _bring(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    elif not target.exists():
        shutil.copy(source, target)


def _git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=ROOT, check=True)
