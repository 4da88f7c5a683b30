"""The first step of an execution: turn any trigger into work on one account, and claim it.

Everything that can be refused is refused here, before anything is touched.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from groundwork.contracts import (
    AccountRequest,
    Created,
    Kind,
    Outcome,
    Requested,
    StartedByHand,
    read_trigger,
)
from groundwork.declaration import Declaration
from groundwork.enrolment import INSTALLED_TAG, REQUEST_TAG, STATE_TAG, unit_of
from groundwork.errors import (
    AccountNotActive,
    AccountNotAdopted,
    EmailBelongsToAnotherAccount,
    ManagementAccountNotReady,
    RequestInProgress,
    SecurityAccountMissing,
)
from groundwork.executions import Executions
from groundwork.kinds import KIND_TAG, granted, is_declared, kind_of
from groundwork.ledger import Ledger, RequestRecord
from groundwork.organizations import Listed, Organizations
from groundwork.work import Work


class Reader:
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

    def read(self, raw: Any, execution: str) -> Work:
        """Raises `InvalidRequest` and the other refusals of `errors`, and, while others are at work,
        `RequestInProgress`, `ManagementAccountNotReady` or `SecurityAccountMissing`."""
        match read_trigger(raw):
            case Requested() as trigger:
                return self._requested(trigger, execution)
            case Created() as trigger:
                return self._created(trigger, execution)
            case StartedByHand() as trigger:
                return self._started(trigger, execution)

    # -- Account Requested -------------------------------------------------------------------------

    def _requested(self, trigger: Requested, execution: str) -> Work:
        asked = trigger.asked
        kind, unit = granted(asked, self._declaration)
        record = self._ledger.request(asked.email)
        if record:
            busy = record.owner != execution and self._executions.is_running(record.owner)
            if not record.same_account(asked.account_name) and (record.begun or busy):
                raise EmailBelongsToAnotherAccount(
                    f"email {asked.email!r} is that of {record.account_name!r}"
                    f"{f', account {record.account_id}' if record.account_id else ''}; it was asked for as {asked.account_name!r}."
                )
            if record.state == "ready" and record.account_id:
                _active(self._organizations.account(record.account_id))
                return _done(
                    record,
                    execution,
                    trigger.request_id,
                    record.account_id,
                    "unchanged",
                    "It is ready already.",
                )
            if busy:
                raise RequestInProgress(f"{record.owner} works on the same request for {record.email}.")
        existing = self._organizations.by_email(asked.email)
        if existing:
            ours = {trigger.request_id, record.request_id if record else trigger.request_id}
            if not self._made_for(existing, asked, ours):
                return self._in_place(existing, execution, trigger.request_id)
        else:
            self._check_prerequisites(kind)
        fresh = RequestRecord(
            email=asked.email,
            account_name=asked.account_name,
            kind=kind,
            organizational_unit=unit,
            tags=asked.tags,
            request_id=trigger.request_id,
            owner=execution,
        )
        if record and (existing or record.begun):
            # What the first request asked for holds: a later one neither moves nor re-tags its account.
            fresh = record.model_copy(update={"owner": execution, "state": "claimed"})
        return self._continue(fresh, record, existing, execution)

    def _made_for(self, existing: Listed, asked: AccountRequest, requests: set[str]) -> bool:
        """Whether one of these requests made the account that has this e-mail."""
        if existing.name != asked.account_name or existing.id == self._management:
            raise EmailBelongsToAnotherAccount(
                f"email {asked.email!r} is that of the account {existing.name!r} ({existing.id}); "
                f"it stays what and where it is, and {asked.account_name!r} was not created."
            )
        return self._organizations.tags(existing.id).get(REQUEST_TAG) in requests

    def _in_place(self, existing: Listed, execution: str, request_id: str) -> Work:
        """An account that somebody else made gets its baseline where and what it is, if it may be touched at all."""
        tags = self._organizations.tags(existing.id)
        work = self._baseline(existing, tags, execution, request_id)
        if tags.get(STATE_TAG) == "ready":
            return work.model_copy(
                update={"route": "done", "outcome": "unchanged", "note": "It is ready already."}
            )
        adopted = KIND_TAG in tags or any(is_declared(existing, each) for each in self._declaration.accounts)
        installed = self._organizations.tags(self._management).get(INSTALLED_TAG)
        if not adopted and (installed is None or existing.joined < datetime.fromisoformat(installed)):
            raise AccountNotAdopted(
                f"Account {existing.id} ({existing.name!r}, {existing.email}) was there before Groundwork."
            )
        return work

    def _check_prerequisites(self, kind: Kind) -> None:
        """No account before the management account is ready, and none but security's before that is on its way."""
        if not self._is_ready(self._management):
            raise ManagementAccountNotReady(
                f"The management account {self._management} has not reached its baseline."
            )
        if kind == "security":
            return
        security = self._declaration.security
        record = self._ledger.request(security.email)
        if record and (record.account_id or record.creation_id or self._executions.is_running(record.owner)):
            return
        if not self._organizations.by_email(security.email):
            raise SecurityAccountMissing(
                f"There is no security account: nobody has asked for {security.name!r} with {security.email!r}."
            )

    def _is_ready(self, account_id: str) -> bool:
        record = self._ledger.account(account_id)
        return (
            record.state == "ready"
            if record
            else self._organizations.tags(account_id).get(STATE_TAG) == "ready"
        )

    # -- an account that is there ------------------------------------------------------------------

    def _created(self, trigger: Created, execution: str) -> Work:
        """`CreateAccountResult`: of our own making, then its execution is on it or has died; or somebody else's."""
        listed = self._organizations.account(trigger.account_id)
        record = self._ledger.request(listed.email)
        if record and record.owner != execution and self._executions.is_running(record.owner):
            note = f"{record.owner} is on it."
            return _done(record, execution, record.request_id, listed.id, "in-progress", note)
        return self._unfinished(listed, record, execution) or self._in_place(
            listed, execution, trigger.request_id
        )

    def _started(self, trigger: StartedByHand, execution: str) -> Work:
        """A person's start adopts whatever account it names, and finishes what a dead execution left."""
        listed = self._organizations.account(trigger.account_id)
        record = self._ledger.request(listed.email)
        if record and record.owner != execution and self._executions.is_running(record.owner):
            raise RequestInProgress(f"{record.owner} works on the request that made account {listed.id}.")
        return self._unfinished(listed, record, execution) or self._baseline(
            listed, self._organizations.tags(listed.id), execution, None
        )

    def _unfinished(self, listed: Listed, record: RequestRecord | None, execution: str) -> Work | None:
        """The work of a request that made this account and has not come to its end. One that merely named this e-mail,
        and was refused, has no say in an account that others made or invited later."""
        if not record or record.state == "ready" or not record.same_account(listed.name):
            return None
        mine = record.account_id == listed.id
        if not mine and self._organizations.tags(listed.id).get(REQUEST_TAG) != record.request_id:
            return None
        _active(listed)
        taken_over = record.model_copy(update={"owner": execution, "state": "claimed"})
        return self._continue(taken_over, record, listed, execution)

    def _continue(
        self, record: RequestRecord, previous: RequestRecord | None, existing: Listed | None, execution: str
    ) -> Work:
        if existing:
            _active(existing)
            record = record.model_copy(update={"account_id": existing.id})
        if not self._ledger.claim(record, previous):
            raise RequestInProgress(f"Another execution has just claimed the request for {record.email}.")
        return Work(
            route="create",
            execution=execution,
            request_id=record.request_id,
            account_name=record.account_name,
            email=record.email,
            kind=record.kind,
            account_id=record.account_id,
        )

    def _baseline(
        self, listed: Listed, tags: Mapping[str, str], execution: str, request_id: str | None
    ) -> Work:
        _active(listed)
        unit = unit_of(listed, self._declaration, self._organizations)
        return Work(
            route="baseline",
            execution=execution,
            request_id=request_id,
            account_name=listed.name,
            email=listed.email,
            kind=kind_of(listed, tags, unit, self._declaration),
            account_id=listed.id,
        )


def _active(listed: Listed) -> None:
    if listed.state != "ACTIVE":
        raise AccountNotActive(
            f"Account {listed.id} ({listed.name!r}) is {listed.state}; only ACTIVE accounts are worked on."
        )


def _done(
    record: RequestRecord, execution: str, request_id: str, account_id: str, outcome: Outcome, note: str
) -> Work:
    """Nothing is left to do for what was asked; `note` says why."""
    return Work(
        route="done",
        execution=execution,
        request_id=request_id,
        account_name=record.account_name,
        email=record.email,
        kind=record.kind,
        account_id=account_id,
        outcome=outcome,
        note=note,
    )
