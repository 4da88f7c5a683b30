"""Which changes of accounts are being carried out, or have been: an event that comes twice changes nothing twice.

`change#<the id of the event, or the execution that a person started>`: `owner`, the execution that is on it, or was; `state`
`taken` or `done`; `before`, what the account was when the change began.
`code#<account id>`: the attributes of `CodeSent`. The code itself is nobody's here: AWS sends it, and a person gives it back.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from groundwork.errors import RequestInProgress
from groundwork.ledger.records import CodeSent, change_key, code_key, code_of
from groundwork.ledger.table import Item, Table, either, every, removing, setting, together, where

CHANGE_DAYS = 90
"""As long as Step Functions keeps an execution's history."""


class Changes:
    def __init__(self, table: Table, now: Callable[[], float]) -> None:
        self._table = table
        self._now = now

    def take(self, request_id: str, execution: str, is_running: Callable[[str], bool]) -> str | None:
        """Carry out what this event asks for. Otherwise the execution that does, or has done it. One that died is taken
        over from. Raises `RequestInProgress` where somebody else is just doing so."""
        key = change_key(request_id)
        mine = either(where("attribute_not_exists(#pk)"), _of(execution))
        if self._write(key, execution, mine):
            return None
        seen = self._seen(key)
        owner = str(seen.get("owner", ""))
        if seen.get("state") == "done" or is_running(owner):
            return owner
        if not self._write(key, execution, every(_of(owner), where("#state = :taken", taken="taken"))):
            raise RequestInProgress(
                f"Another execution has just taken over what the event {request_id} asks for."
            )
        return None

    def begin(self, begun_by: str, before: dict[str, Any]) -> dict[str, Any]:
        """What the account was when this change began, however often it has been begun since."""
        found = self._table.update(
            change_key(begun_by), setting({"expires": self._expiry()}, {"before": json.dumps(before)})
        )
        return dict(json.loads((found or {})["before"]))

    def is_begun(self, begun_by: str) -> bool:
        """Whether the first call may have been made."""
        return "before" in self._seen(change_key(begun_by))

    def finish(self, begun_by: str) -> None:
        self._table.write(change_key(begun_by), setting({"state": "done"}))

    # -- codes that AWS has sent to new e-mail addresses ------------------------------------------------

    def code_of(self, account_id: str) -> CodeSent | None:
        return code_of(self._seen(code_key(account_id)))

    def note_code(self, account_id: str, was: str, new_email: str, begun_by: str) -> CodeSent:
        """It has just been sent."""
        sent = CodeSent(new_email=new_email, was=was, sent_at=int(self._now()), sent_by=begun_by)
        change = setting({**sent.to_json(), "expires": self._expiry()})
        self._table.write(code_key(account_id), together(change, removing("noted")))
        return sent

    def note_accepted(self, account_id: str, new_email: str) -> None:
        """The address is the account's by now."""
        done = setting({"noted": int(self._now())})
        self._table.write(code_key(account_id), done, where("#newEmail = :it", it=new_email))

    # ----------------------------------------------------------------------------------------------

    def _seen(self, key: str) -> Item:
        return self._table.get_many([key]).get(key, {})

    def _write(self, key: str, execution: str, condition: Any) -> bool:
        """What is known of the account before the change stays."""
        values = {"owner": execution, "state": "taken", "expires": self._expiry()}
        return self._table.write(key, setting(values), condition)

    def _expiry(self) -> int:
        return int(self._now()) + CHANGE_DAYS * 86400


def _of(execution: str) -> Any:
    return where("#owner = :its_owner", its_owner=execution)
