"""The first step: what is asked becomes work on one account, or is refused, before anything is touched."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from groundwork.aws.executions import Executions
from groundwork.aws.organizations import Listed, Organizations
from groundwork.closing.asked import Asked, read_asked
from groundwork.closing.telling import reopened
from groundwork.closing.work import Closure, asker_of
from groundwork.declaration import Declaration
from groundwork.errors import (
    AccountBusy,
    AccountNotActive,
    AccountProtected,
    GroundworkError,
    InvalidRequest,
    ManagementAccountNotReady,
)
from groundwork.ledger import Ledger
from groundwork.ledger.directory import Directory
from groundwork.ledger.memory import Memory
from groundwork.ledger.records import CLOSING, Closing, ClosingRecord, closing_in
from groundwork.tags import PROTECTED_TAG, STATE_TAG
from groundwork.vending.kinds import kind_of


class ClosingReader:
    def __init__(
        self,
        declaration: Declaration,
        ledger: Ledger,
        organizations: Organizations,
        executions: Executions,
        management: str,
    ) -> None:
        self._declaration = declaration
        self._ledger = ledger
        self._organizations = organizations
        self._executions = executions
        self._management = management

    def read(self, raw: object, execution: str, now: datetime) -> Closure:
        """`now` is when the execution came here. Where something is to be done this execution holds the account from here on, and
        sees what whoever held it before has made of it; that there is nothing to have back it says while it holds it, too.
        Raises `InvalidRequest` and the other refusals of `errors`, and `AccountBusy` while somebody works in the account."""
        asked = read_asked(raw)
        work = self._look(asked, execution, now)
        if work.route == "done":
            return work
        self._ledger.leases.take(work.listed.id, execution, self._executions.is_running)
        try:
            held = self._look(asked, execution, now)
            if held.route == "reopen" and held.record is None:
                held = self._unchanged(held)
        except GroundworkError:
            self._ledger.leases.release(work.listed.id, execution)
            raise
        if held.route == "done":
            self._ledger.leases.release(work.listed.id, execution)
        return held

    def _look(self, asked: Asked, execution: str, now: datetime) -> Closure:
        listed, tags = self._organizations.shown(asked.account_id)
        memory = Directory(self._ledger, self._organizations).recall(
            self._management, [], [listed.id], closings=[listed.id]
        )
        closing, known = closing_in(tags.get(STATE_TAG)), memory.closings.get(listed.id)
        record = _record(asked, listed, closing, known, execution)
        if self._is_withdrawn(asked, listed, memory) or self._is_past(asked, record, execution):
            return Closure(route="done", execution=execution, listed=listed)
        if asked.reopen:
            return self._reopen(asked, listed, record, execution)
        return self._close(asked, listed, tags, memory, record, execution, now)

    def _is_withdrawn(self, asked: Asked, listed: Listed, memory: Memory) -> bool:
        """Whether what was to close the account is so no more: another day has been asked for, or another declaration
        deployed, while this execution waited for whoever worked in it."""
        ending = memory.endings.get(listed.id)
        if asked.expired_on and (ending is None or ending.expires_on != asked.expired_on):
            return True
        return asked.declared and not self._declaration.closing.names(listed.id, listed.name)

    def _is_past(self, asked: Asked, record: ClosingRecord | None, execution: str) -> bool:
        """Whether this event has been answered, and comes once more: nothing is undone that was asked for since."""
        answered_by = self._ledger.answered_by(asker_of(asked.request_id, execution))
        if answered_by in (None, execution):
            return False
        return asked.reopen or record is None

    # -- closing -----------------------------------------------------------------------------------

    def _close(
        self,
        asked: Asked,
        listed: Listed,
        tags: Mapping[str, str],
        memory: Memory,
        record: ClosingRecord | None,
        execution: str,
        now: datetime,
    ) -> Closure:
        check_may_close(listed, tags, kind_of(listed, self._declaration, memory.pinned or {}))
        days, unit = self._days(asked), self._unit(listed)
        if listed.state != "ACTIVE":
            raise AccountNotActive(f"Account {listed.id} ({listed.name!r}) is {listed.state} already.")
        if record and record.reopening:
            raise AccountBusy(f"Account {listed.id} is on its way back; have it reopened to the end first.")
        if record is None or record.closed_at:
            before = listed.root_id if listed.parent_id == unit else listed.parent_id
            record = ClosingRecord(
                closes_at=in_text(now + timedelta(days=days)),
                unit=unit,
                home=record.home if record else before,
                former=record.former if record else _state_in(tags),
                **_asked_of(asked, listed, execution),
            )
        return Closure(
            route="close",
            execution=execution,
            request_id=asked.request_id,
            listed=listed,
            record=record,
        )

    def _days(self, asked: Asked) -> int:
        declared = self._declaration.closing.grace_days
        if asked.grace_days is not None and asked.grace_days < declared:
            raise InvalidRequest(
                f"graceDays {asked.grace_days} is less than the {declared} that baseline.yaml declares; give {declared} or "
                "more, or leave it out."
            )
        return asked.grace_days or declared

    def _unit(self, listed: Listed) -> str:
        declared = self._declaration.closing.unit
        if declared is None:
            raise InvalidRequest(
                f"Account {listed.id} ({listed.name!r}) cannot be closed: baseline.yaml declares no closing.unit, in which it "
                "would wait; declare it, and have the management account brought to its baseline."
            )
        found = self._organizations.units(listed.root_id, [declared])
        if declared not in found:
            raise ManagementAccountNotReady(f"The unit {declared!r} of closing.unit is not there yet.")
        return found[declared]

    # -- reopening ---------------------------------------------------------------------------------

    def _reopen(
        self,
        asked: Asked,
        listed: Listed,
        record: ClosingRecord | None,
        execution: str,
    ) -> Closure:
        """Without a record where it is not being closed."""
        if record and listed.state != "ACTIVE":
            raise AccountNotActive(
                f"Account {listed.id} ({listed.name!r}) is {listed.state}: CloseAccount was called for it, and AWS alone can "
                "undo that."
            )
        return Closure(
            route="reopen",
            execution=execution,
            request_id=asked.request_id,
            listed=listed,
            record=record,
        )

    def _unchanged(self, work: Closure) -> Closure:
        first = self._ledger.answer_once(work.asker, work.execution)
        answers = [reopened(work, "It is not being closed.")] if first else []
        return work.model_copy(update={"route": "done", "answers": answers})


def check_may_close(listed: Listed, tags: Mapping[str, str], kind: str) -> None:
    """Raises `AccountProtected`, naming the account and what protects it."""
    why = f"it is of kind {kind}" if kind != "workload" else f"it has the tag {PROTECTED_TAG}"
    if kind != "workload" or PROTECTED_TAG in tags:
        raise AccountProtected(f"Account {listed.id} ({listed.name!r}) is never closed: {why}.")


def _state_in(tags: Mapping[str, str]) -> str:
    """What the account is to be again. What says that it is being closed, and nobody can read, is no state."""
    state = tags.get(STATE_TAG, "")
    return "" if state.startswith(CLOSING) else state


def in_text(moment: datetime) -> str:
    """As a tag has it: ISO 8601, UTC."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _asked_of(asked: Asked, listed: Listed, execution: str) -> dict[str, Any]:
    return {
        "account_id": listed.id,
        "account_name": listed.name,
        "email": listed.email,
        "execution": execution,
        "request_id": asked.request_id,
        "reason": asked.reason,
        "expired_on": asked.expired_on,
        "declared": 1 if asked.declared else None,
    }


def _record(
    asked: Asked, listed: Listed, closing: Closing | None, known: ClosingRecord | None, execution: str
) -> ClosingRecord | None:
    """What is known of an account that is to be closed: what the ledger has lost, or had not been told, its tag says. One
    that was closed, and whose tag says nothing any more, AWS has opened again."""
    if known and (closing or known.closed_at is None):
        return known
    if closing is None:
        return None
    return ClosingRecord(**dict(closing), **_asked_of(asked, listed, execution))
