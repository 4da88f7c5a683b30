"""One promise and its evidence: how often it was tried, and what shows each failure again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

Say = Callable[[str], None]
"""Tells whoever watches how far it is, in one line."""


@dataclass(frozen=True)
class Failure:
    """What did not hold, and all that it takes to see it again: seed, input, fault plan."""

    what: str
    again: str


@dataclass
class Chapter:
    """`tried` counts the attempts that `unit` names in the plural ("crash points"); `words` say what was measured
    besides."""

    name: str
    unit: str
    tried: int = 0
    failures: list[Failure] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    @property
    def held(self) -> int:
        return self.tried - len(self.failures)

    def fail(self, what: str, again: str) -> None:
        self.failures.append(Failure(what, again))

    def expect(self, what: str, found: object, wanted: object, again: str) -> None:
        """Count one attempt, which fails when something else was found than wanted."""
        self.tried += 1
        if found != wanted:
            self.fail(f"{what}: {found} instead of {wanted}", again)
