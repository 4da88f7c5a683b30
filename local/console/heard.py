"""Events that came to a bus of any account, and the rules that matched. No API lists them: the engine tells."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local.engine import Engine

MOST = 2000
GROUNDWORK = "groundwork"
ANSWERS = {
    "Account Ready": "good",
    "Account Repaired": "good",
    "Account Failed": "bad",
    "Account Drifted": "odd",
}
"""What Groundwork answers with."""


class Heard:
    """The newest events. `count` has also those that are forgotten."""

    def __init__(self, engine: Engine) -> None:
        self.count = self.about_accounts = self.about_executions = 0
        self._kept: deque[dict[str, Any]] = deque(maxlen=MOST)
        self._lock = threading.Lock()
        engine.bus.listeners.append(self._hear)

    def _hear(self, bus: str, event: dict[str, Any], rules: Sequence[str]) -> None:
        source, kind = event["source"], event["detail-type"]
        with self._lock:
            self.count += 1
            self.about_accounts += source in (GROUNDWORK, "aws.organizations", "aws.states")
            self.about_executions += source == "aws.states"
            answer = ANSWERS.get(kind, "") if source == GROUNDWORK else ""
            told = {"number": self.count, "bus": bus, "rules": list(rules), "answer": answer, "event": event}
            self._kept.appendleft(told)

    def newest(self, most: int, shown: str = "all") -> list[dict[str, Any]]:
        """The newest first: `all`, those `heeded`, which are Groundwork's or match a rule, or `groundwork`'s alone."""
        with self._lock:
            kept = list(self._kept)
        return [told for told in kept if _is_among(told, shown)][:most]


def _is_among(told: dict[str, Any], shown: str) -> bool:
    ours = told["event"]["source"] == GROUNDWORK
    return shown == "all" or ours or (shown == "heeded" and bool(told["rules"]))
