"""Who was seen to get in from outside of the organization."""

from __future__ import annotations

from dataclasses import dataclass

from groundwork.contracts import Severity


@dataclass(frozen=True)
class Stranger:
    """Somebody who gets to a resource, an ARN, in whatever way `how` says."""

    resource: str
    who: str
    how: str
    severity: Severity

    @property
    def words(self) -> str:
        is_account = self.who.isdigit() and len(self.who) == 12
        return f"{'account ' if is_account else ''}{self.who}{f' ({self.how})' if self.how else ''}"


@dataclass(frozen=True)
class Seen:
    """`denied` are the Regions whose findings may not be read."""

    strangers: tuple[Stranger, ...] = ()
    denied: tuple[str, ...] = ()
