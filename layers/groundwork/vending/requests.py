"""The first step of an execution: turn any trigger into work on one account, and claim it.

Everything that can be refused is refused here, before anything is touched.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from groundwork.aws.executions import Executions
from groundwork.aws.organizations import Listed, Organizations
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
from groundwork.errors import (
    AccountNotActive,
    AccountNotAdopted,
    EmailBelongsToAnotherAccount,
    InvalidRequest,
    ManagementAccountNotReady,
    RequestInProgress,
    SecurityAccountMissing,
)
from groundwork.fields import ancestors, shown
from groundwork.ledger import Ledger
from groundwork.ledger.directory import Directory
from groundwork.ledger.records import Memory, RequestRecord
from groundwork.vending.enrolment import (
    INSTALLED_TAG,
    REQUEST_TAG,
    STATE_TAG,
    asked_of_ledger,
)
from groundwork.vending.kinds import granted, is_adopted, kind_of
from groundwork.vending.work import Seen, Work


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
        self._directory = Directory(ledger, organizations)
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
        memory = self._ledger.recall([asked.email, self._declaration.security.email], [self._management])
        record = memory.requests.get(asked.email.lower())
        if record:
            busy = self._is_busy(record, execution)
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
        existing = self._directory.holder(asked.email, memory)
        if existing:
            if not self._made_for(existing, asked, trigger, record):
                return self._in_place(existing, execution, trigger.request_id)
        else:
            self._check_prerequisites(kind, memory)
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

    def _is_busy(self, record: RequestRecord, execution: str) -> bool:
        """Whether another execution is on this request."""
        return record.owner != execution and self._executions.is_running(record.owner)

    def _made_for(
        self, existing: Listed, asked: AccountRequest, trigger: Requested, record: RequestRecord | None
    ) -> bool:
        """Whether this request, or the one that is remembered, made the account that has this e-mail. If none is, one
        that was never enrolled is what a lost request left: this one is the same."""
        if existing.name != asked.account_name or existing.id == self._management:
            raise EmailBelongsToAnotherAccount(
                f"email {asked.email!r} is that of the account {existing.name!r} ({existing.id}); "
                f"it stays what and where it is, and {asked.account_name!r} was not created."
            )
        tags = self._organizations.tags(existing.id)
        if record is None and tags.get(STATE_TAG) == "creating":
            return True
        return tags.get(REQUEST_TAG) in {trigger.request_id, record.request_id if record else ""}

    def _in_place(self, existing: Listed, execution: str, request_id: str) -> Work:
        """An account that somebody else made gets its baseline where and what it is, if it may be touched at all."""
        tags = self._organizations.tags(existing.id)
        work = self._baseline(existing, tags, execution, request_id)
        if tags.get(STATE_TAG) == "ready":
            return work.model_copy(
                update={"route": "done", "outcome": "unchanged", "note": "It is ready already."}
            )
        if not is_adopted(existing, tags, self._declaration, self._installed()):
            raise AccountNotAdopted(
                f"Account {existing.id} ({existing.name!r}, {existing.email}) was there before Groundwork."
            )
        return work

    def _installed(self) -> str | None:
        return self._organizations.tags(self._management).get(INSTALLED_TAG)

    def _check_prerequisites(self, kind: Kind, memory: Memory) -> None:
        """No account before the management account is ready, and none but security's before that is on its way."""
        if not self._is_ready(self._management, memory):
            raise ManagementAccountNotReady(
                f"The management account {self._management} has not reached its baseline."
            )
        if kind == "security":
            return
        security = self._declaration.security
        record = memory.requests.get(security.email.lower())
        if record and (record.account_id or record.creation_id or self._executions.is_running(record.owner)):
            return
        if not self._directory.holder(security.email, memory):
            raise SecurityAccountMissing(
                f"There is no security account: nobody has asked for {security.name!r} with {security.email!r}."
            )

    def _is_ready(self, account_id: str, memory: Memory) -> bool:
        record = memory.accounts.get(account_id)
        return (
            record.state == "ready"
            if record
            else self._organizations.tags(account_id).get(STATE_TAG) == "ready"
        )

    # -- an account that is there ------------------------------------------------------------------

    def _created(self, trigger: Created, execution: str) -> Work:
        """`CreateAccountResult`: of our own making, then its execution is on it or has died; or somebody else's."""
        listed = self._organizations.account(trigger.account_id)
        memory = self._memory_of(listed)
        record = memory.requests.get(listed.email.lower())
        if record and self._is_busy(record, execution):
            note = f"{record.owner} is on it."
            return _done(record, execution, record.request_id, listed.id, "in-progress", note)
        return self._unfinished(listed, record, execution) or self._in_place(
            listed, execution, trigger.request_id
        )

    def _started(self, trigger: StartedByHand, execution: str) -> Work:
        """A person's start adopts whatever account it names, and finishes what a dead execution left; one that plans
        does neither."""
        listed, tags = self._organizations.shown(trigger.account_id)
        memory = self._memory_of(listed)
        record = memory.requests.get(listed.email.lower())
        # An owner that has brought its account to ready does nothing more in it.
        busy = record is not None and record.state != "ready" and self._is_busy(record, execution)
        if trigger.mode == "plan":
            return self._plan(trigger, listed, tags, memory, execution, busy=busy)
        if record and busy:
            raise RequestInProgress(f"{record.owner} works on the request that made account {listed.id}.")
        if not trigger.components and (work := self._unfinished(listed, record, execution)):
            return work
        return self._chosen(trigger, self._baseline(listed, tags, execution, None, memory))

    def _plan(
        self,
        trigger: StartedByHand,
        listed: Listed,
        tags: Mapping[str, str],
        memory: Memory,
        execution: str,
        *,
        busy: bool,
    ) -> Work:
        """What somebody is just changing shows no drift: whoever works there answers for it."""
        work = self._baseline(listed, tags, execution, None, memory)
        holder = memory.holders.get(listed.id)
        if busy or (holder and self._executions.is_running(holder)):
            note = f"{holder or 'Another execution'} is working in the account; plan again when it has ended."
            return work.model_copy(
                update={"mode": "plan", "route": "done", "outcome": "in-progress", "note": note}
            )
        return self._chosen(trigger, work)

    def _chosen(self, trigger: StartedByHand, work: Work) -> Work:
        """Raises `InvalidRequest` for a component that accounts of this kind do not have."""
        declared = self._declaration.baseline.get(work.kind, [])
        unknown = [name for name in trigger.components if name not in declared]
        if unknown:
            raise InvalidRequest(
                f"components {shown(unknown[0])} is not in the baseline of {work.account_name!r}, an account of kind "
                f"{work.kind}; it has {', '.join(declared)}."
            )
        return work.model_copy(update={"mode": trigger.mode, "components": trigger.components})

    def _memory_of(self, listed: Listed) -> Memory:
        """What the ledger knows of the account; from here on it knows whose the e-mail is."""
        memory = self._ledger.recall(*asked_of_ledger(listed, self._declaration))
        if memory.ids.get(listed.email.lower()) != listed.id:
            self._ledger.note_email(listed.email, listed.id)
        return memory

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
            creation_id=record.creation_id,
            organizational_unit=record.organizational_unit,
            tags=record.tags,
        )

    def _baseline(
        self,
        listed: Listed,
        tags: Mapping[str, str],
        execution: str,
        request_id: str | None,
        memory: Memory | None = None,
    ) -> Work:
        _active(listed)
        return Work(
            route="baseline",
            execution=execution,
            request_id=request_id,
            account_name=listed.name,
            email=listed.email,
            kind=kind_of(listed, self._declaration),
            account_id=listed.id,
            seen=Seen(listed=listed, tags=dict(tags), memory=memory and self._near(listed, memory)),
        )

    def _near(self, listed: Listed, memory: Memory) -> Memory:
        """Without the units of other accounts: it travels through the state machine."""
        declared = {unit for path in self._declaration.organizational_units for unit in ancestors(path)}
        units = {
            path: unit for path, unit in memory.units.items() if path in declared or unit in listed.unit_ids
        }
        return memory.model_copy(update={"units": units})


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
