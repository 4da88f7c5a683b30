"""The lease of an account: the lock by which one execution at a time works in it. It ends by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from groundwork.errors import AccountBusy
from groundwork.ledger.records import account_key
from groundwork.ledger.table import Expression, Table, adding, either, removing, setting, together, where

LEASE_SECONDS = 900
LEASE = ("leaseOwner", "leaseUntil")
LONGEST_WORK_SECONDS = 320
"""Longer than a function may work in an account; one that finds less left of the lease renews it first."""


@dataclass(frozen=True)
class Lease:
    """`until` in seconds since the epoch; `number` counts the leases of the account."""

    until: int
    number: int


class Leases:
    """`now` gives the seconds since the epoch; `is_running` tells whether an execution is."""

    def __init__(self, table: Table, now: Callable[[], float]) -> None:
        self._table = table
        self._now = now

    def keep(
        self, account_id: str, execution: str, until: int | None, is_running: Callable[[str], bool]
    ) -> None:
        """Hold the account for as long as a function may work in it: longer than `until` only where that is near.
        Nobody takes a lease from a running execution; one that has ended is not redriven. Raises `AccountBusy`."""
        if until is None or until - self._now() < LONGEST_WORK_SECONDS:
            self.take(account_id, execution, is_running)

    def take(self, account_id: str, execution: str, is_running: Callable[[str], bool]) -> Lease:
        """Hold the account for this execution, or hold it longer. Raises `AccountBusy` while another one, still
        running, has it."""
        now = int(self._now())
        until = now + LEASE_SECONDS
        key = account_key(account_id)
        taking = together(setting({"leaseOwner": execution, "leaseUntil": until}), adding(leases=1))
        free = either(
            where("attribute_not_exists(#leaseOwner) OR #leaseUntil < :now", now=now), held_by(execution)
        )
        if taken := self._table.update(key, taking, free):
            return Lease(until, taken["leases"])
        holder = str((self._table.get(key) or {}).get("leaseOwner", ""))
        if holder and not is_running(holder):
            ended = where("#leaseOwner = :ended", ended=holder)
            if taken := self._table.update(key, taking, either(free, ended)):
                return Lease(until, taken["leases"])
        raise AccountBusy(f"Account {account_id} is being worked on by {holder or 'another execution'}.")

    def release(self, account_id: str, execution: str) -> None:
        self._table.write(account_key(account_id), removing(*LEASE), held_by(execution))


def held_by(execution: str) -> Expression:
    return where("#leaseOwner = :its_holder", its_holder=execution)
