"""The CPU-seconds of `make demo` and of all that it starts: the mean of three, which differ by 15 %."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from statistics import mean
from typing import Any

from bench.processes import cpu_of
from bench.settings import Say, Settings

TIMES = 3


def measure(_settings: Settings, say: Say) -> Mapping[str, Any]:
    found = []
    for number in range(TIMES):
        found.append(cpu_of([sys.executable, "-m", "demo"]))
        say(f"demo: {found[-1]:.1f} CPU-s ({number + 1} of {TIMES})")
    return {"mean": mean(found), "all": found}
