"""What one may do behind a door."""

from __future__ import annotations

from enum import Flag


class Power(Flag):
    """Nothing at all: the door stays shut. GRANT is power over who has power."""

    SHUT = 0
    ENTER = 1
    READ = 2
    WRITE = 4
    GRANT = 8

    @property
    def words(self) -> str:
        """As a sentence has it: reads, writes and grants."""
        doing = [word for power, word in WORDS.items() if power in self]
        if not doing:
            return "enters" if self else "shut"
        return " and ".join([", ".join(doing[:-1]), doing[-1]] if doing[1:] else doing)


WORDS = {Power.READ: "reads", Power.WRITE: "writes", Power.GRANT: "grants"}
EVERYTHING = Power.ENTER | Power.READ | Power.WRITE | Power.GRANT
