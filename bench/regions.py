"""The declaration with other governed Regions, in a copy of what is deployed."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from bench.deployment import TEMPLATE
from local.services.ec2 import ALWAYS_ON

ROOT = TEMPLATE.parent
SHIPPED = ("functions", "layers", "statemachines")
DECLARED = "governed: [us-east-1]"

SEVENTEEN = ("us-east-1", *sorted(ALWAYS_ON - {"us-east-1"}))
"""Those that every account has without opting in, the home Region first."""


def governing(regions: Sequence[str], folder: Path) -> Path:
    """The template of a Groundwork whose owner governs these Regions, in a new folder."""
    for name in SHIPPED:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    declaration = folder / "layers" / "baseline" / "baseline.yaml"
    text = declaration.read_text()
    if DECLARED not in text:
        raise ValueError(f"{declaration.name} does not say {DECLARED!r}: what is compared with one Region?")
    declaration.write_text(text.replace(DECLARED, f"governed: [{', '.join(regions)}]"))
    return Path(shutil.copy(TEMPLATE, folder))
