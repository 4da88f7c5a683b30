"""How large the layer is, unzipped, as `sam build` builds it. Needs what `make build` needs: sam, and pip's network."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.settings import Say, Settings

LAYER = "GroundworkLayer"
SAM = Path(sys.executable).parents[2] / ".venv-sam" / "bin"
"""Beside the environment that runs this, whichever revision is measured."""
MEGABYTE = 1e6


def measure(_settings: Settings, say: Say) -> Mapping[str, Any]:
    with tempfile.TemporaryDirectory() as built:
        subprocess.run(
            [SAM / "sam", "build", LAYER, "--build-dir", built],
            env={**os.environ, "PYTHON": str(SAM / "python"), "SAM_CLI_TELEMETRY": "0"},
            check=True,
            capture_output=True,
        )
        size = sum(path.stat().st_size for path in Path(built, LAYER).rglob("*") if path.is_file())
    say(f"layer: {size / MEGABYTE:.1f} MB")
    return {"megabytes": size / MEGABYTE}
