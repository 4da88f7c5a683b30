"""Quarantine: new accounts wait in a unit that is closed to everybody but Groundwork, until their baseline is verified.

Where an account waits, and which unit is its own, stands in its tag `groundwork:state` before it is moved: an execution that
dies anywhere, and a ledger that is lost, lose neither. That it has been moved in is written afterwards: who is not there
then was let out, and is never moved in again. See docs/decisions/0033.

https://docs.aws.amazon.com/organizations/latest/APIReference/API_MoveAccount.html
"""

from __future__ import annotations

from groundwork.contracts import Kind, Model

KINDS: tuple[Kind, ...] = ("tooling", "workload")
ENTERING, INSIDE = "entering-quarantine", "in-quarantine"
"""How the value of the tag begins; the ids of the two units follow."""


class Waiting(Model):
    """`unit` is the id of the unit in which the account waits, `home` that of its own, or of the root."""

    unit: str
    home: str

    @property
    def entering(self) -> str:
        return f"{ENTERING} {self.unit} {self.home}"

    @property
    def inside(self) -> str:
        return f"{INSIDE} {self.unit} {self.home}"


def waits_in(state: str | None, parent: str) -> Waiting | None:
    """What the tag says of an account that is in quarantine; `parent` is where it is."""
    said = (state or "").split()
    if len(said) == 3 and said[0] in (ENTERING, INSIDE) and said[1] == parent:
        return Waiting(unit=said[1], home=said[2])
    return None


def is_entering(state: str | None) -> bool:
    """Whether an execution died before it could write that it had moved the account in."""
    return (state or "").startswith(f"{ENTERING} ")
