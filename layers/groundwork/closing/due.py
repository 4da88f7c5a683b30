"""The scheduled pass over accounts that are to be closed: one is closed, where one is due and AWS takes it, and whatever has
been closed since is told.

One a pass: AWS closes three accounts at once, and 1,000 in 30 days at most, which is 33 a day; a pass every 15 minutes
closes up to 96. AWS's documentation has had two quotas, the lower of them 10 % of the accounts in 30 days, and at least
10: a refusal for a quota is taken for what it is, "later".
https://docs.aws.amazon.com/organizations/latest/APIReference/API_CloseAccount.html
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_account_state.html
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from operator import attrgetter

from pydantic import Field

from groundwork.aws.executions import execution_arn
from groundwork.aws.organizations import Listed, Organizations
from groundwork.closing.reading import check_may_close, in_text
from groundwork.closing.telling import closed, not_closed
from groundwork.contracts import Model
from groundwork.declaration import Declaration
from groundwork.errors import AccountProtected, AccountUnknown, GroundworkError, OrganizationBusy, Refused
from groundwork.ledger import Ledger
from groundwork.ledger.memory import Memory
from groundwork.ledger.records import ClosingRecord, closing_in
from groundwork.notifications.answers import send
from groundwork.tags import STATE_TAG
from groundwork.vending.kinds import kind_of

AT_ONCE = 3
"""Accounts that AWS closes at once."""
FEWEST, SHARE, MOST = 250, 5, 1000
"""Of the accounts that AWS closes in 30 days: the higher of these two (a fifth), and no more than the last."""
MONTH = timedelta(days=30)
INTERVAL = timedelta(seconds=60)
"""Between two calls of CloseAccount: AWS takes one in 20 seconds."""
EXHAUSTED = timedelta(hours=6)
"""For how long AWS is not asked again once its quota of 30 days is used up."""
REFUSED = timedelta(days=1)
"""The same of an account against whose closing something stands."""
RELEARNED = timedelta(days=1)
"""How long an account waits at least that the ledger has lost."""
SHOWN = timedelta(minutes=30)
"""For how long AWS may go on showing an account as ACTIVE once it closes it: practitioners saw ten minutes.

https://github.com/hashicorp/terraform-provider-aws/issues/46284
"""
log = logging.getLogger("groundwork")


class Passed(Model):
    """The ids of the accounts for which CloseAccount was called, and that were seen to be closed."""

    closing: list[str] = Field(default_factory=list)
    closed: list[str] = Field(default_factory=list)


class DueAccounts:
    def __init__(
        self, declaration: Declaration, ledger: Ledger, organizations: Organizations, state_machine_arn: str
    ) -> None:
        self._declaration = declaration
        self._ledger = ledger
        self._organizations = organizations
        self._asked_by = execution_arn(state_machine_arn, "unknown")

    def close(self, now: datetime) -> Passed:
        """`now` is when the pass was due: the same clock says when accounts are."""
        if self._declaration.closing.unit is None:
            seen = self._ledger.closings.tally.seen()
            if seen is None:
                return Passed()  # nobody waits from the time when it was declared
            memory = self._ledger.recall_all(consistent=True)
            if all(each.closed_at for each in memory.closings.values()):
                self._ledger.closings.tally.note_gone(seen)
                return Passed()
        else:
            memory = self._ledger.recall_all()
        accounts = {each.id: each for each in self._organizations.accounts()}
        told = [
            each.account_id
            for each in memory.closings.values()
            if each.closed_at is None and self._has_ended(each, accounts.get(each.account_id), now)
        ]
        begun = self._close_one(memory, accounts, now)
        return Passed(closing=[begun] if begun else [], closed=told)

    # -- what has been closed ----------------------------------------------------------------------

    def _has_ended(self, record: ClosingRecord, listed: Listed | None, now: datetime) -> bool:
        """Whether it is closed, by whomever, and told. One that has left the organization open is another's affair."""
        if listed and not _is_closed(record, listed):
            return False
        if listed is None and self._organizations.has(record.account_id):
            return False  # AWS shows it late in its list
        if listed is None and record.called_at is None:
            self._ledger.closings.forget(record.account_id)
            return False
        send([closed(record)])
        self._ledger.closings.note_closed(record, int(now.timestamp()))
        return True

    # -- what is due -------------------------------------------------------------------------------

    def _close_one(self, memory: Memory, accounts: Mapping[str, Listed], now: datetime) -> str | None:
        due = [each for each in self._waiting(memory, accounts, now) if each.closes_at <= in_text(now)]
        due.sort(key=attrgetter("closes_at", "account_id"))
        if not due or not self._is_free(memory, list(accounts.values()), now):
            return None
        end = int((now + INTERVAL).timestamp())
        if not self._ledger.closings.take_slot(int(now.timestamp()), end):
            return None
        record = next((each for each in due if self._may_go(each, memory, now)), None)
        if record is None or not self._ledger.closings.note_call(record.account_id, int(now.timestamp())):
            return None
        return record.account_id if self._call(record, now) else None

    def _call(self, record: ClosingRecord, now: datetime) -> bool:
        """Whether AWS is closing it now."""
        try:
            answer = self._organizations.close(record.account_id)
        except OrganizationBusy as busy:
            log.info("AWS takes CloseAccount later: %s", busy)
            answer = "later"
        except Refused as refused:
            self._tell_refusal(record, refused, now)
            return False
        if answer == "begun" or (answer == "closing" and record.called_at):  # this call, or an earlier one
            self._ledger.closings.note_begun(record.account_id, int(now.timestamp()))
            return answer == "begun"
        self._ledger.closings.forget_call(record.account_id, record.begun_at)
        if answer == "exhausted":
            self._ledger.closings.pause(int((now + EXHAUSTED).timestamp()))
        return False

    def _tell_refusal(self, record: ClosingRecord, refused: GroundworkError, now: datetime) -> None:
        """Once: AWS is asked again every day."""
        if record.refused_at is None:
            send([not_closed(record, type(refused).__name__, str(refused), refused.remedy)])
        self._ledger.closings.note_refusal(record.account_id, int(now.timestamp()), record.begun_at)

    def _waiting(
        self, memory: Memory, accounts: Mapping[str, Listed], now: datetime
    ) -> Iterator[ClosingRecord]:
        """Accounts that are where they wait, as far as the list shows. One that somebody moved elsewhere stays there."""
        lately = int((now - REFUSED).timestamp())
        for record in memory.closings.values():
            listed = accounts.get(record.account_id)
            is_there = listed and listed.state == "ACTIVE" and listed.parent_id == record.unit
            if (
                is_there
                and not record.closed_at
                and not record.reopening
                and not _is_being_closed(record, now)
                and (record.refused_at or 0) <= lately
            ):
                yield record
        yield from self._relearned(memory, list(accounts.values()), now)

    def _relearned(
        self, memory: Memory, accounts: Sequence[Listed], now: datetime
    ) -> Iterator[ClosingRecord]:
        """What a lost ledger should know: the accounts in the unit say it themselves. None of them is closed at once."""
        unit, root = self._declaration.closing.unit, next(each.root_id for each in accounts if each.root_id)
        place = self._organizations.units(root, [unit]).get(unit) if unit else None
        for listed in accounts:
            if listed.parent_id != place or listed.state != "ACTIVE" or listed.id in memory.closings:
                continue
            closing = closing_in(self._organizations.tags(listed.id).get(STATE_TAG))
            if closing:
                soonest = max(closing.closes_at, in_text(now + RELEARNED))
                yield self._ledger.closings.open(
                    ClosingRecord(
                        **dict(closing.model_copy(update={"closes_at": soonest})),
                        account_id=listed.id,
                        account_name=listed.name,
                        email=listed.email,
                        execution=self._asked_by,
                    )
                )

    def _is_free(self, memory: Memory, accounts: Sequence[Listed], now: datetime) -> bool:
        """Whether AWS takes another one, as far as is known."""
        since = int((now - MONTH).timestamp())
        lately = sum((each.called_at or 0) > since for each in memory.closings.values())
        quota = min(max(FEWEST, (len(accounts) - 1) // SHARE), MOST)
        in_progress = sum(
            each.state == "PENDING_CLOSURE"
            or (each.state == "ACTIVE" and _is_being_closed(memory.closings.get(each.id), now))
            for each in accounts
        )
        return in_progress < AT_ONCE and lately < quota

    def _may_go(self, record: ClosingRecord, memory: Memory, now: datetime) -> bool:
        """The last look at an account: it is there still, its tag says that it is due, and nothing protects it."""
        try:
            listed, tags = self._organizations.shown(record.account_id)
            check_may_close(listed, tags, kind_of(listed, self._declaration, memory.pinned or {}))
        except (AccountProtected, AccountUnknown) as kept:
            log.warning("Account %s is left open: %s", record.account_id, kept)
            return False
        closing = closing_in(tags.get(STATE_TAG))
        if closing is None:  # a person took it off
            self._ledger.closings.forget(record.account_id)
            return False
        is_due = closing.closes_at <= in_text(now)
        return is_due and listed.state == "ACTIVE" and listed.parent_id == closing.unit


def _is_closed(record: ClosingRecord, listed: Listed) -> bool:
    """Whether AWS shows it as closed: CLOSED by the guide's page about states, SUSPENDED by CloseAccount's own page. By the
    first, SUSPENDED is an account that AWS has shut, over a bill that nobody paid, say, and may open again."""
    return listed.state == "CLOSED" or (listed.state == "SUSPENDED" and record.called_at is not None)


def _is_being_closed(record: ClosingRecord | None, now: datetime) -> bool:
    """Whether CloseAccount was called so lately that AWS may show it as open still. Not where AWS has opened it again."""
    if record is None or record.called_at is None or record.closed_at:
        return False
    return record.called_at > int((now - SHOWN).timestamp())
