"""What an execution remembers from one try of a state to the next: a Retry hands a state its input alone.

`note#<ARN of the execution>#<key>`: `value`, and `expires`. A lost note is made again by whoever misses it.
"""

from __future__ import annotations

from collections.abc import Callable

from groundwork.ledger.records import note_key
from groundwork.ledger.table import Table, setting

NOTE_SECONDS = 7 * 86_400
"""Longer than an execution works on components."""


class Notes:
    """`now` gives the seconds since the epoch."""

    def __init__(self, table: Table, now: Callable[[], float], execution: str) -> None:
        self._table = table
        self._now = now
        self._execution = execution

    def get(self, key: str) -> str | None:
        found = self._table.get(note_key(self._execution, key))
        return str(found["value"]) if found else None

    def __setitem__(self, key: str, value: str) -> None:
        self._table.write(note_key(self._execution, key), setting({"expires": self._expires, "value": value}))

    def setdefault(self, key: str, value: str) -> str:
        """What is remembered from now on: of two tries the first one's."""
        change = setting({"expires": self._expires}, {"value": value})
        kept = self._table.update(note_key(self._execution, key), change)
        return str((kept or {})["value"])

    @property
    def _expires(self) -> int:
        return int(self._now()) + NOTE_SECONDS
