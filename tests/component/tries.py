"""What tries made, remembered by the test in place of the ledger."""

from __future__ import annotations

from typing import Any

from groundwork.ledger.tries import Tries


class Remembered(Tries):
    def __init__(self) -> None:
        self.noted: dict[tuple[str, str], list[Any]] = {}

    def note(self, execution: str, component: str, changes: list[Any]) -> None:
        self.noted[execution, component] = changes

    def made(self, execution: str, component: str) -> list[Any]:
        return self.noted.get((execution, component), [])
