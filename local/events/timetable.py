"""Fires schedules on the scaled clock, for EventBridge rules and for EventBridge Scheduler."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from local.events.schedules import next_time

if TYPE_CHECKING:
    from local.engine import Engine

# How long a new or changed schedule may go unnoticed, in seconds of this machine.
LOOK_SECONDS = 0.05


@dataclass(frozen=True)
class Entry:
    """A schedule as it stands now; `fire` gets the time at which it was due."""

    key: str
    expression: str
    fire: Callable[[datetime], object]


class Timetable:
    """AWS time starts with the engine and runs faster than this machine's by the clock's scale."""

    def __init__(self, engine: Engine) -> None:
        self.sources: list[Callable[[], Iterable[Entry]]] = []
        self._engine = engine
        self._started, self._origin = time.monotonic(), datetime.now(UTC)
        self._due: dict[tuple[str, str], datetime | None] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="timetable", daemon=True)
        self._thread.start()

    def now(self) -> datetime:
        return self._origin + timedelta(seconds=(time.monotonic() - self._started) / self._engine.clock.scale)

    def close(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            now = self.now()
            entries = [entry for source in list(self.sources) for entry in source()]
            known = self._due
            self._due = {}
            for entry in entries:
                key = (entry.key, entry.expression)
                due = known[key] if key in known else next_time(entry.expression, now)
                if due is not None and due <= now:
                    self._engine.in_background(entry.fire, due)
                    due = next_time(entry.expression, now)
                self._due[key] = due
