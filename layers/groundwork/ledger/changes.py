"""Which changes of accounts are being carried out, or have been: an event that comes twice changes nothing twice.

`change#<the id of the event, or the execution that a person started>`: `owner`, the execution that is on it, or was; `state`
`taken` or `done`; `before`, what the account was when the change began; `acted`, when it had become what was asked for. Kept
for ever: an event may be replayed from an archive after years, and the account be another by then.
`code#<account id>`: the attributes of `CodeSent`. The code itself is nobody's here: AWS sends it, and a person gives it back.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from groundwork.errors import RequestInProgress
from groundwork.ledger.records import CodeSent, change_key, code_key, code_of
from groundwork.ledger.table import Item, Table, either, every, removing, setting, together, where

CODE_DAYS = 90
"""Longer than AWS can take a code."""


@dataclass(frozen=True)
class Begun:
    """`before` is what the account was when a change began; `acted`, whether it has been what was asked for since."""

    before: dict[str, Any]
    acted: bool


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
        owner, state = self._owner(key)
        if state == "done" or is_running(owner):
            return owner
        if not self._write(key, execution, every(_of(owner), where("#state = :taken", taken="taken"))):
            raise RequestInProgress(
                f"Another execution has just taken over what the event {request_id} asks for."
            )
        return None

    def carried_out_by(
        self, request_id: str, execution: str, is_running: Callable[[str], bool]
    ) -> str | None:
        """The other execution that does what this event asks for, or has done it."""
        owner, state = self._owner(change_key(request_id))
        others = owner not in ("", execution)
        return owner if others and (state == "done" or is_running(owner)) else None

    def begin(self, begun_by: str, before: dict[str, Any]) -> Begun:
        """However often it has been begun before."""
        found = self._table.update(change_key(begun_by), setting({}, {"before": json.dumps(before)})) or {}
        return Begun(before=dict(json.loads(found["before"])), acted="acted" in found)

    def is_begun(self, begun_by: str) -> bool:
        """Whether the first call may have been made."""
        return "before" in self._seen(change_key(begun_by))

    def note_acted(self, begun_by: str) -> None:
        """The account is what was asked for. What others make of it from now on stays."""
        self._table.write(change_key(begun_by), setting({"acted": int(self._now())}))

    def finish(self, begun_by: str) -> None:
        self._table.write(change_key(begun_by), setting({"state": "done"}))

    # -- codes that AWS has sent to new e-mail addresses ------------------------------------------------

    def code_of(self, account_id: str) -> CodeSent | None:
        return code_of(self._seen(code_key(account_id)))

    def note_code(self, account_id: str, was: str, new_email: str, begun_by: str) -> CodeSent:
        """It has just been sent."""
        sent = CodeSent(new_email=new_email, was=was, sent_at=int(self._now()), sent_by=begun_by)
        change = setting({**sent.to_json(), "expires": int(self._now()) + CODE_DAYS * 86400})
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
        return self._table.write(key, setting({"owner": execution, "state": "taken"}), condition)

    def _owner(self, key: str) -> tuple[str, str]:
        """And how far it is."""
        seen = self._seen(key)
        return str(seen.get("owner", "")), str(seen.get("state", ""))


def _of(execution: str) -> Any:
    return where("#owner = :its_owner", its_owner=execution)
