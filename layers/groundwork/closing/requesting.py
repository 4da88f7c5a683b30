"""The scheduled pass over accounts that are to be closed without anybody asking on the day: those that expire, and those that
the declaration names under `closing.accounts`.

People are told first: 14 and 3 days before an account expires, and at once of one that is declared. No account is suspended
sooner than a day after that. Then `groundwork-close-account` is started for it, which does the same as for everybody.

What says that an account expires is the ledger and its tag, both: whoever may only tag accounts has none closed by that, and
whoever takes the tag off, or writes a later day in it, keeps the account open. See docs/decisions/0041.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import NamedTuple

from pydantic import Field

from groundwork.aws.executions import Executions
from groundwork.aws.organizations import Listed, Organizations
from groundwork.closing.reading import check_may_close, in_text
from groundwork.closing.telling import closing_all_the_same, expiring
from groundwork.contracts import Model
from groundwork.declaration import Declaration
from groundwork.errors import AccountProtected, AccountUnknown
from groundwork.fields import is_id
from groundwork.ledger import Ledger
from groundwork.ledger.memory import Memory
from groundwork.ledger.records import ClosingRecord, EndingRecord, closing_in
from groundwork.notifications.answers import send
from groundwork.tags import EXPIRES_TAG, PROTECTED_TAG, STATE_TAG
from groundwork.vending.kinds import kind_of
from groundwork.vending.work import Answer

DAYS_BEFORE = (14, 3)
"""How many days before an account expires people are told."""
AT_LEAST = timedelta(days=1)
"""Between telling people and suspending an account."""
TELLING = timedelta(minutes=10)
"""For how long nobody else tells people of the same: longer than the function runs."""
MOST_AT_ONCE = 25
"""Accounts for which the machine is started in one pass."""
DECLARED, TAKEN_OUT = "declared", "taken-out"
log = logging.getLogger("groundwork")


class Ahead(Model):
    """The ids of the accounts that people were told of, and of those whose closing was begun."""

    told: list[str] = Field(default_factory=list)
    begun: list[str] = Field(default_factory=list)


class Coming(NamedTuple):
    """Why an account is to be closed: `day` is the one on which it expires, or None, where the declaration names it."""

    record: EndingRecord
    day: date | None

    @property
    def why(self) -> str:
        return self.day.isoformat() if self.day else DECLARED

    @property
    def last_notice(self) -> int | None:
        """How many days before it was told last, of what there is to tell of this reason."""
        why, _, days = (self.record.told or "").partition("/")
        return int(days) if why == self.why and days else None

    def next_notice(self, today: date) -> int | None:
        """How many days before, of the notice that is to be sent now; of several the last one alone."""
        left = (self.day - today).days if self.day else 0
        due = min((each for each in DAYS_BEFORE if left <= each), default=None) if self.day else 0
        told = self.last_notice
        return due if due is not None and (told is None or due < told) else None

    def is_due(self, now: datetime) -> bool:
        """Whether the day has come, and people have been told long enough before."""
        if self.last_notice is None or self.record.told_at is None:
            return False
        return self.suspended_at(datetime.fromtimestamp(self.record.told_at, UTC)) <= now

    def suspended_at(self, told: datetime) -> datetime:
        """When it is its turn at the earliest, where people are told last at this time."""
        soonest = told + AT_LEAST
        return max(datetime.combine(self.day, time(), UTC), soonest) if self.day else soonest


class ClosingRequests:
    def __init__(
        self,
        declaration: Declaration,
        ledger: Ledger,
        organizations: Organizations,
        executions: Executions,
        state_machine_arn: str,
    ) -> None:
        """`state_machine_arn` is that of the machine that closes accounts."""
        self._declaration = declaration
        self._ledger = ledger
        self._organizations = organizations
        self._executions = executions
        self._machine = state_machine_arn

    def look(self, now: datetime) -> Ahead:
        """`now` is when the pass was due. The ledger is read where an account expires, or is declared. Whether accounts are
        closed here at all, the machine says: what was to expire is not forgotten because nobody closes it."""
        seen = self._ledger.endings.tally.seen()
        if seen is None and not self._declaration.closing.accounts:
            return Ahead()
        memory, found = self._ledger.recall_all(consistent=True), Ahead()
        if seen is not None and not any(map(_is_ahead, memory.endings.values())):
            self._ledger.endings.tally.note_gone(seen)
        for coming in self._coming(memory):
            notice = coming.next_notice(now.date())
            goes = notice is None and coming.is_due(now) and len(found.begun) < MOST_AT_ONCE
            if notice is None and not goes:
                continue
            try:
                listed = self._confirmed(coming, memory)
            except AccountProtected as kept:
                log.warning("%s", kept)
                if coming.day is None:  # the machine refuses it, and people are told
                    self._begin(coming, now)
                continue
            if listed and notice is not None and self._tell(coming, listed, notice, now):
                found.told.append(listed.id)
            elif listed and goes and self._begin(coming, now):
                found.begun.append(listed.id)
        found.told.extend(self._let_go(memory, now))
        return found

    def _coming(self, memory: Memory) -> Iterator[Coming]:
        """Those that are declared, and then those that expire, in order. One that is being closed, or was, has nothing ahead."""
        for id_ in sorted(self._declared - memory.closings.keys()):
            yield Coming(memory.endings.get(id_, EndingRecord(account_id=id_)), None)
        days = {
            id_: each.expires_on
            for id_, each in memory.endings.items()
            if each.expires_on and id_ not in memory.closings and id_ not in self._declared
        }
        for id_, day in sorted(days.items(), key=lambda each: (each[1], each[0])):
            yield Coming(memory.endings[id_], date.fromisoformat(day))

    @cached_property
    def _declared(self) -> set[str]:
        """The ids of `closing.accounts`. A name that two accounts have is nobody's."""
        wanted = self._declaration.closing.accounts
        ids, names = {each for each in wanted if is_id(each)}, {each for each in wanted if not is_id(each)}
        bearers: dict[str, list[str]] = {}
        for listed in self._organizations.accounts() if names else ():
            if listed.name in names and listed.state == "ACTIVE":
                bearers.setdefault(listed.name, []).append(listed.id)
        for name, found in bearers.items():
            if len(found) > 1:
                log.warning(
                    "closing.accounts names %r, and %s are called so: name one by its id.", name, found
                )
        return ids | {found[0] for found in bearers.values() if len(found) == 1}

    def _confirmed(self, coming: Coming, memory: Memory) -> Listed | None:
        """The account as AWS shows it now, if it is to be closed still. Raises `AccountProtected`."""
        try:
            listed, tags = self._organizations.shown(coming.record.account_id)
        except AccountUnknown as gone:
            log.warning("%s", gone)
            return None
        if listed.state != "ACTIVE" or closing_in(tags.get(STATE_TAG)):
            return None
        check_may_close(listed, tags, kind_of(listed, self._declaration, memory.pinned or {}))
        if coming.day and tags.get(EXPIRES_TAG) != coming.why:
            log.warning("%s expires on %s; its tag says %s.", listed.id, coming.why, tags.get(EXPIRES_TAG))
            return None
        return listed

    # -- telling -----------------------------------------------------------------------------------

    def _tell(self, coming: Coming, listed: Listed, notice: int, now: datetime) -> bool:
        told = f"{coming.why}/{notice}"
        if coming.day:
            why = f"It expires on {coming.why}."
            keep = (
                f"groundwork change {listed.id} --expires DATE, or --expires never"
                if self._declaration.changes.allowed
                else f"The tag {PROTECTED_TAG} on the account in AWS Organizations; accounts are not changed by request here."
            )
        else:
            why = "closing.accounts in baseline.yaml names it."
            keep = "Take it out of closing.accounts, and deploy."
        suspended_at = in_text(coming.suspended_at(now))
        return self._say(
            coming.record, told, expiring(listed, f"{listed.id}/{told}", why, suspended_at, keep), now
        )

    def _say(self, record: EndingRecord, told: str, answer: Answer, now: datetime) -> bool:
        """Once; twice with the same id, where whoever did it died before it was written down."""
        begun, until = int(now.timestamp()), int((now + TELLING).timestamp())
        if not self._ledger.endings.begin_telling(record, begun, until):
            return False
        send([answer])
        self._ledger.endings.note_told(record.account_id, told, begun)
        return True

    def _let_go(self, memory: Memory, now: datetime) -> Iterator[str]:
        """What the declaration names no more: if it is suspended, people are told that it stays so."""
        for id_, record in memory.endings.items():
            if not (record.told or "").startswith(f"{DECLARED}/") or id_ in self._declared:
                continue
            closing = memory.closings.get(id_)
            if closing is None:
                self._ledger.endings.begin_anew(id_)
            elif self._is_taken_out(closing):
                told = f"{TAKEN_OUT}/0"
                answer = closing_all_the_same(closing, f"{id_}/{closing.closes_at}/{told}")
                if self._say(record, told, answer, now):
                    yield id_

    def _is_taken_out(self, closing: ClosingRecord) -> bool:
        """Whether it is suspended because the declaration named it once."""
        named = self._declaration.closing.names(closing.account_id, closing.account_name)
        return closing.declared is not None and closing.closed_at is None and not named

    # -- closing -----------------------------------------------------------------------------------

    def _begin(self, coming: Coming, now: datetime) -> bool:
        """A name per account and day: two passes that overlap start it once, and a failure is not repeated for ever."""
        id_, day = coming.record.account_id, coming.day
        given: dict[str, object] = {"accountId": id_}
        if day:
            given |= {"reason": f"It expired on {coming.why}.", "expiredOn": coming.why}
        else:
            given |= {"reason": "closing.accounts in baseline.yaml names it.", "declared": True}
        name = f"{'expired' if day else DECLARED}-{id_}-{now:%Y-%m-%d}"
        return self._executions.begin(self._machine, name, given)


def _is_ahead(record: EndingRecord) -> bool:
    """Whether a pass has something to do about it, now or later."""
    return record.expires_on is not None or (record.told or "").startswith(f"{DECLARED}/")
