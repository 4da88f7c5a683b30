"""What waits for an approval, and what was decided: the one place that says so. A task's token only wakes whoever waits.

`approval#<request id>`: the attributes of `ApprovalRecord`, and `token`, which leaves the ledger only to be sent back.
`asked#<day>#<user id, or a role's id>`: `requests`, the ids of what somebody asked for on a day, with a space between two.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from groundwork.errors import RequestInProgress
from groundwork.ledger.records import APPROVAL_DAYS, ApprovalRecord, approval_key, approval_of, asked_key
from groundwork.ledger.table import Item, Table, either, every, setting, where

KNOWN, NEW = where("attribute_exists(#pk)"), where("attribute_not_exists(#pk)")
UNDECIDED = where("attribute_not_exists(#decision)")


class Approvals:
    def __init__(self, table: Table, now: Callable[[], float]) -> None:
        self._table = table
        self._now = now

    def of(self, request_id: str) -> ApprovalRecord | None:
        return approval_of(self._get(approval_key(request_id)))

    def open(self, record: ApprovalRecord) -> None:
        """The request waits from now on, unless it does already."""
        item = {"pk": approval_key(record.request_id), **record.to_json(), "expires": self._expiry()}
        self._table.put(item, NEW)

    def wait(self, request_id: str, token: str, until: int) -> ApprovalRecord | None:
        """Whoever waits is woken by this token, and by no earlier one. None for a request that nobody has opened."""
        change = setting({"token": token}, {"until": until})
        return approval_of(self._table.update(approval_key(request_id), change, KNOWN))

    def note_told(self, request_id: str) -> None:
        """People have been told that it waits."""
        self._table.write(approval_key(request_id), setting({"told": int(self._now())}))

    def decide(
        self, request_id: str, decision: Literal["approve", "deny"], by: str, reason: str, event_id: str
    ) -> str | None:
        """The decision stands, and whoever waits can be woken by this token, which is empty where nobody waits yet. The
        same event decides again and again. None when somebody else, or time, has decided before."""
        decided = {
            "decision": decision,
            "decidedBy": by,
            "decidedReason": reason,
            "decidedEvent": event_id,
            "decidedAt": int(self._now()),
        }
        free = every(KNOWN, either(UNDECIDED, where("#decidedEvent = :same", same=event_id)))
        item = self._table.update(approval_key(request_id), setting(decided), free)
        return str(item.get("token", "")) if item else None

    def end(self, request_id: str) -> ApprovalRecord | None:
        """Nobody can decide any more; what was decided at the last moment counts."""
        self._table.write(approval_key(request_id), setting({"decision": "ended"}), every(KNOWN, UNDECIDED))
        return self.of(request_id)

    def is_within(self, user_id: str, day: str, request_id: str, most: int) -> bool:
        """Whether a request is one of the first `most` of somebody on a day, however often it is asked. Raises
        `RequestInProgress` when another request of theirs is counted at the same moment."""
        key = asked_key(day, user_id)
        seen = self._get(key)
        counted = str(seen["requests"]).split() if seen else []
        if request_id in counted or len(counted) >= most:
            return request_id in counted
        item: Item = {
            "pk": key,
            "requests": " ".join([*counted, request_id]),
            "expires": self._expiry(),
        }
        unchanged = where("#requests = :seen", seen=seen["requests"]) if seen else NEW
        if not self._table.put(item, unchanged):
            raise RequestInProgress(f"Another request of {user_id} is being counted.")
        return True

    def _get(self, key: str) -> Item | None:
        """By the call that reads a request's other items, too: whoever may make it needs no other."""
        return self._table.get_many([key]).get(key)

    def _expiry(self) -> int:
        return int(self._now()) + APPROVAL_DAYS * 86400
