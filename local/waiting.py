"""Waiting for what the embedded AWS does by itself, as long as it is at work.

Patience is counted in looks, never in seconds: on a busy machine everything takes longer, and so does a look. A look
is idle when nobody but the administrator, who looks, has called AWS since the one before. Idle looks wear patience
out, and a look at which something has happened restores some of it; a schedule that comes now and then cannot keep
it up for ever.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from local.calls import CallRecord
from local.engine import ADMINISTRATOR, Engine

IDLE_LOOKS = 600
"""So many more idle looks than others make it pointless to wait on."""
RESTORED = 10
"""Idle looks that are forgotten for each look at which something has happened."""
LOOKS = 10_000
"""Enough in any case: what never rests is caught, too."""
SHORTEST, LONGEST, LONGER = 0.01, 0.1, 1.1
"""Seconds between two looks: the first and the longest, and how much longer each is than the one before."""

Found = TypeVar("Found")


class NothingHappens(AssertionError):
    """What was waited for did not come; the message says what it was."""


def until(probe: Callable[[], Found | None], what: str) -> Found:
    """What `probe` finds, as soon as it finds something. Raises NothingHappens naming `what` when the embedded AWS
    of this process has been idle for long."""
    calls = Engine.current.calls if Engine.current else []
    idle, pause = 0, SHORTEST
    for _ in range(LOOKS):
        seen = len(calls)
        if found := probe():
            return found
        time.sleep(pause)
        pause = min(pause * LONGER, LONGEST)
        idle = max(0, idle - RESTORED) if _others(calls[seen:]) else idle + 1
        if idle > IDLE_LOOKS:
            break
    raise NothingHappens(f"gave up waiting for {what}")


def _others(calls: Sequence[CallRecord]) -> bool:
    return any(not (call.principal_arn or "").endswith(f":user/{ADMINISTRATOR}") for call in calls)
