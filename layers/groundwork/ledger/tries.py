"""What tries of a component made that ended in an error, for the next try of the same execution: it finds that done, and would tell
that nothing was changed.

`made#<ARN of the execution>#<component>`: `changes` (JSON), `expires`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from groundwork.ledger.records import made_key
from groundwork.ledger.table import Table, setting

TRIED_DAYS = 7
"""Longer than an execution works on components."""


class Tries:
    def __init__(self, table: Table, now: Callable[[], float]) -> None:
        self._table = table
        self._now = now

    def note(self, execution: str, component: str, changes: list[Any]) -> None:
        """Everything that this execution has made of the component so far."""
        values = {"changes": json.dumps(changes), "expires": int(self._now()) + TRIED_DAYS * 86400}
        self._table.write(made_key(execution, component), setting(values))

    def made(self, execution: str, component: str) -> list[Any]:
        found = self._table.get(made_key(execution, component)) or {}
        return list(json.loads(found.get("changes", "[]")))
