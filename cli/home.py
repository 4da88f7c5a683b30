"""Programs of the repository that the command starts: the embedded AWS and the demo."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from cli.trouble import FAILED, Trouble

HOME = Path(__file__).parents[1]


def become(module: str, arguments: Sequence[str], surroundings: Mapping[str, str]) -> None:
    """This process becomes `python -m module`. Raises `Trouble` where the embedded AWS is not installed."""
    if find_spec("moto") is None:
        raise Trouble(
            "The embedded AWS is not installed.", "Install it: pip install 'groundwork[local]'.", FAILED
        )
    path = os.pathsep.join([str(HOME / "layers"), str(HOME)])
    os.execve(  # noqa: S606 - ourselves
        sys.executable,
        [sys.executable, "-m", module, *arguments],
        {**os.environ, **surroundings, "PYTHONPATH": path},
    )
