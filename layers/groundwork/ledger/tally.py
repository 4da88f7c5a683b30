"""How often something was put into the ledger, so that nobody reads all of it to find that nothing is left.

An item with `added`, how often that was, and `goneUpTo`, how often it was when nothing was left any more. Whoever adds says so
after the write; whoever finds nothing left has asked before reading. So nothing that is there is passed over, whatever dies.
"""

from __future__ import annotations

from groundwork.ledger.table import Table, adding, setting


class Tally:
    def __init__(self, table: Table, key: str) -> None:
        self._table = table
        self._key = key

    def add(self) -> None:
        self._table.write(self._key, adding(added=1))

    def seen(self) -> int | None:
        """None where nothing is left. Of a ledger that was lost, or of an older Groundwork, there may be something."""
        known = self._table.get_many([self._key]).get(self._key, {})
        added = int(known.get("added", 0))
        return None if known.get("goneUpTo") == added else added

    def note_gone(self, seen: int) -> None:
        """Nothing was left when all was read, after this had been `seen`."""
        self._table.write(self._key, setting({"goneUpTo": seen}))
