"""What a measurement is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Say = Callable[[str], None]
"""Tells whoever watches how far it is, in one line."""


@dataclass(frozen=True)
class Settings:
    """latency: seconds that a call is on its way. accounts: of the roll-out; below two there is none. regions: how many
    to compare with one; 1 compares nothing."""

    latency: float = 0.06
    accounts: int = 60
    regions: int = 17
