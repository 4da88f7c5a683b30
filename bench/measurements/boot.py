"""What it costs to boot the embedded AWS and to deploy Groundwork into it: CPU-seconds of that process, the best of three.

Its sandboxes are not in it; `bench.measurements.sandboxes` measures those.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from bench.settings import Say, Settings

TIMES = 3
BOOTING = """
import time
from local.engine import Engine

with Engine() as aws:
    booted = time.process_time()
    aws.deploy("template.yaml")
    print(booted, time.process_time())
"""


def measure(_settings: Settings, say: Say) -> Mapping[str, Any]:
    found = [_once() for _ in range(TIMES)]
    booted, deployed = min(found, key=lambda each: each[1])
    say(f"boot: {deployed:.1f} CPU-s, of which {deployed - booted:.1f} to deploy")
    return {"cpu": deployed, "boot": booted}


def _once() -> tuple[float, float]:
    done = subprocess.run([sys.executable, "-c", BOOTING], check=True, capture_output=True, text=True)
    booted, deployed = map(float, done.stdout.split())
    return booted, deployed
