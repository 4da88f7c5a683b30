"""Accounts that expire, or that the declaration has closed: on which day, and what people have been told of it.

`ending#<account id>`: the attributes of `EndingRecord`; `tellingUntil`, until when whoever is telling people of it is the only
one that does. `endings` is the tally of those that expire, or that people were told of. Times are those of whoever asks, as in `closings`.
"""

from __future__ import annotations

from groundwork.ledger.records import EndingRecord, ending_key
from groundwork.ledger.table import Expression, Table, every, removing, setting, together, where
from groundwork.ledger.tally import Tally

NEW, KNOWN = where("attribute_not_exists(#pk)"), where("attribute_exists(#pk)")


class Endings:
    def __init__(self, table: Table) -> None:
        self._table = table
        self.tally = Tally(table, "endings")

    def expire_first(self, account_id: str, day: str) -> None:
        """As the request for the account said: a change of it, which comes later, holds."""
        change = setting({"accountId": account_id, "expiresOn": day})
        self._table.write(ending_key(account_id), change, NEW)
        self.tally.add()

    def expire(self, account_id: str, day: str | None) -> None:
        """On this day from now on, or never."""
        known = setting({"accountId": account_id} | ({"expiresOn": day} if day else {}))
        self._table.write(ending_key(account_id), known if day else together(known, removing("expiresOn")))
        self.tally.add()

    def begin_telling(self, seen: EndingRecord, now: int, until: int) -> bool:
        """Whether people may be told, by nobody else before `until`: what was `seen` is so still."""
        free = where("attribute_not_exists(#tellingUntil) OR #tellingUntil <= :now", now=now)
        unchanged = [_same("told", seen.told), _same("expiresOn", seen.expires_on)]
        change = setting({"accountId": seen.account_id, "tellingUntil": until})
        return self._table.write(ending_key(seen.account_id), change, every(free, *unchanged))

    def note_told(self, account_id: str, told: str, now: int) -> None:
        change = together(setting({"told": told, "toldAt": now}), removing("tellingUntil"))
        self._table.write(ending_key(account_id), change, KNOWN)
        self.tally.add()

    def begin_anew(self, account_id: str, expired_on: str | None = None) -> None:
        """What people were told of is over: it is not closed for that. It expires no more on the day on which it did."""
        key, told = ending_key(account_id), removing("told", "toldAt", "tellingUntil")
        if expired_on is not None:
            both = removing("expiresOn", "told", "toldAt", "tellingUntil")
            self._table.write(key, both, where("#expiresOn = :it", it=expired_on))
        self._table.write(key, told, KNOWN)

    def forget(self, account_id: str) -> None:
        """It has left the organization, or is closed for good."""
        self._table.delete(ending_key(account_id), KNOWN)


def _same(name: str, value: str | None) -> Expression:
    if value is None:
        return where(f"attribute_not_exists(#{name})")
    return where(f"#{name} = :seen_{name}", **{f"seen_{name}": value})
