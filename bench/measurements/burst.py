"""So many requests at once under AWS's quotas, in scaled time: the share that is used of what CreateAccount's quota allows.

The proof is `prove.admission`'s; here it is asked for more requests, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.settings import Say, Settings
from prove.admission import TIME_SCALE, at_once

BURSTS = (50, 500)
MARK = 0.95


def measure(_settings: Settings, say: Say) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    for requests in BURSTS:
        batch = at_once(say, requests, TIME_SCALE)
        say(f"{requests} requests: {batch.took:.0f} s where the quota allows {batch.allowed:.0f} s")
        found.append(
            {
                "requests": requests,
                "took": batch.took,
                "allowed": batch.allowed,
                "share": batch.allowed / batch.took,
                "mark": MARK,
                "refused": sum(batch.refused.values()),
                "failures": len(batch.failures),
            }
        )
    return found
