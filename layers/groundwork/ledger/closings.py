"""Accounts that are to be closed, and those that were.

`closing#<account id>`: the attributes of `ClosingRecord`. `closed#<e-mail>`: `accountId` and `accountName` of an account
that was closed with this root e-mail, which AWS gives to no other account, long after it has left the organization.
`closing-slot`: `notBefore`, when CloseAccount may be called again. `closings` is the tally of those that wait.

Times are in seconds since the epoch, and given by whoever asks: those of one clock are compared with each other.
"""

from __future__ import annotations

from collections.abc import Mapping

from groundwork.ledger.records import ClosingRecord, closing_key, closing_of
from groundwork.ledger.table import Item, Table, either, every, removing, setting, together, where
from groundwork.ledger.tally import Tally

KNOWN, NEW = where("attribute_exists(#pk)"), where("attribute_not_exists(#pk)")
NOT_CALLED, CLOSED = where("attribute_not_exists(#calledAt)"), where("attribute_exists(#closedAt)")
REFUSED = where("#refusedAt > #calledAt")
"""AWS has refused since it was last called."""
SLOT = "closing-slot"


def closed_key(email: str) -> str:
    return f"closed#{email.lower()}"


class Closings:
    def __init__(self, table: Table) -> None:
        self._table = table
        self.tally = Tally(table, "closings")

    def of(self, account_id: str) -> ClosingRecord | None:
        key = closing_key(account_id)
        return closing_of(self._table.get_many([key]).get(key))

    def open(self, record: ClosingRecord) -> ClosingRecord:
        """What stands from now on: this, or what somebody else has written before. An account that was closed and is there
        again begins anew."""
        item: Item = {"pk": closing_key(record.account_id), **record.to_json()}
        stands = (
            record if self._table.put(item, either(NEW, CLOSED)) else self.of(record.account_id) or record
        )
        self.tally.add()
        return stands

    def note_call(self, account_id: str, now: int) -> bool:
        """Before CloseAccount is called. False when the account is on its way back."""
        free = every(KNOWN, where("attribute_not_exists(#reopening)"))
        return self._table.write(closing_key(account_id), setting({"calledAt": now}), free)

    def note_begun(self, account_id: str, now: int) -> None:
        """AWS is closing it."""
        self._table.write(closing_key(account_id), setting({"begunAt": now}), KNOWN)

    def forget_call(self, account_id: str, before: int | None) -> None:
        """AWS takes it later. That it took one `before` stays known."""
        change = setting({"calledAt": before}) if before else removing("calledAt")
        self._table.write(closing_key(account_id), change, KNOWN)

    def note_refusal(self, account_id: str, now: int, before: int | None) -> None:
        """AWS does not close it for as long as something stands against it. That it took a call `before` stays known."""
        if before:
            change = setting({"refusedAt": now, "calledAt": before})
        else:
            change = together(setting({"refusedAt": now}), removing("calledAt"))
        self._table.write(closing_key(account_id), change, KNOWN)

    def note_closed(self, record: ClosingRecord, now: int) -> None:
        known = {"accountId": record.account_id, "accountName": record.account_name}
        self._table.write(closed_key(record.email), setting(known))
        self._table.write(closing_key(record.account_id), setting({"closedAt": now}), KNOWN)

    def closed_with(self, email: str) -> Mapping[str, str] | None:
        """`accountId` and `accountName` of the account that was closed with this e-mail."""
        return self._table.get(closed_key(email))

    def begin_reopening(self, account_id: str) -> bool:
        """Whether CloseAccount is called for it no more: False where that may be happening at this moment."""
        free = every(KNOWN, either(NOT_CALLED, CLOSED, REFUSED))
        if self._table.write(closing_key(account_id), setting({"reopening": 1}), free):
            return True
        known = self.of(account_id)
        return known is None or known.reopening is not None

    def forget(self, account_id: str) -> None:
        """It is not to be closed any more."""
        self._table.delete(closing_key(account_id), KNOWN)

    def take_slot(self, now: int, until: int) -> bool:
        """Whether CloseAccount may be called now; if so, by nobody else before `until`."""
        free = where("attribute_not_exists(#notBefore) OR #notBefore <= :now", now=now)
        return self._table.write(SLOT, setting({"notBefore": until}), free)

    def pause(self, until: int) -> None:
        """AWS takes no CloseAccount for so long."""
        self._table.write(SLOT, setting({"notBefore": until}))
