"""The first step of an execution: turn any trigger into work on one account, and claim it.

Everything that can be refused is refused here, before anything is touched.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from groundwork.aws.organizations import Listed
from groundwork.contracts import ChangeRequested, Created, Requested, StartedByHand, read_trigger
from groundwork.errors import InvalidRequest, RequestInProgress
from groundwork.fields import shown
from groundwork.ledger.memory import Memory
from groundwork.ledger.records import RequestRecord
from groundwork.tags import REQUEST_TAG
from groundwork.vending.asked import AskedFor, not_adopted
from groundwork.vending.beginning import READY_ALREADY, done
from groundwork.vending.changes.asking import ChangeAsked
from groundwork.vending.kinds import is_adopted
from groundwork.vending.rules import Given, mistakes_of_new_account, mistakes_of_request
from groundwork.vending.work import Work, is_closing, is_ready, require_active


class Reader(AskedFor, ChangeAsked):
    def read(self, raw: Any, execution: str) -> Work:
        """Raises `InvalidRequest` and the other refusals of `errors`, and, while others are at work,
        `RequestInProgress`, `ManagementAccountNotReady` or `SecurityAccountMissing`."""
        match read_trigger(raw, self._mistakes):
            case Requested() as trigger:
                return self._requested(trigger, execution)
            case ChangeRequested() as trigger:
                return self._change_requested(trigger, execution)
            case Created() as trigger:
                return self._created(trigger, execution)
            case StartedByHand() as trigger:
                return self._started(trigger, execution)

    def _mistakes(self, given: Given) -> list[str]:
        """Of a request that has others."""
        rules = (mistakes_of_request, mistakes_of_new_account)
        return [mistake for rule in rules for mistake in rule(given, self._declaration)]

    def _created(self, trigger: Created, execution: str) -> Work:
        """`CreateAccountResult`: of our own making, then its execution is on it or has died; or somebody else's."""
        listed, tags = self._organizations.shown(trigger.account_id)
        memory = self._memory_of(listed)
        record = memory.requests.get(listed.email.lower())
        work = self._baseline(listed, tags, execution, trigger.request_id, memory)
        if note := is_closing(listed, tags):
            return done(work, "unchanged", note)
        if record and self._is_busy(record, execution):
            return done(work, "in-progress", f"{record.owner} is on it.")
        if unfinished := self._unfinished(listed, tags, record, execution):
            return unfinished
        if is_ready(tags):
            return done(work, "unchanged", READY_ALREADY)
        if not is_adopted(listed, tags, self._declaration, memory.pinned or {}, self._installed()):
            raise not_adopted(listed)
        return work

    def _started(self, trigger: StartedByHand, execution: str) -> Work:
        """A person's start adopts whatever account it names, and finishes what a dead execution left; one that plans
        does neither. One that asks for a change of an account that is to be closed raises `AccountClosing`."""
        listed, tags = self._organizations.shown(trigger.account_id)
        memory = self._memory_of(listed, [trigger.account_name] if trigger.account_name else [])
        record = memory.requests.get(listed.email.lower())
        if (note := is_closing(listed, tags)) and not trigger.asks_for_change:
            left = done(self._baseline(listed, tags, execution, None, memory), "unchanged", note)
            return left.model_copy(update={"mode": trigger.mode})
        # An owner that has brought its account to ready does nothing more in it.
        busy = record is not None and record.state != "ready" and self._is_busy(record, execution)
        if trigger.mode == "plan":
            return self._plan(trigger, listed, tags, memory, execution, busy=busy)
        if record and busy:
            raise RequestInProgress(f"{record.owner} works on the request that made account {listed.id}.")
        if trigger.asks_for_change:
            return self._changed_by_start(trigger, listed, tags, memory, execution)
        if not trigger.components and (work := self._unfinished(listed, tags, record, execution)):
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
            return done(work, "in-progress", note).model_copy(update={"mode": "plan"})
        if trigger.asks_for_change:
            return self._changed_by_start(trigger, listed, tags, memory, execution)
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

    def _unfinished(
        self, listed: Listed, tags: Mapping[str, str], record: RequestRecord | None, execution: str
    ) -> Work | None:
        """The work of a request that made this account and has not come to its end. One that merely named this e-mail,
        and was refused, has no say in an account that others made or invited later."""
        if not record or record.state == "ready":
            return None
        if record.account_id != listed.id and tags.get(REQUEST_TAG) != record.request_id:
            return None
        require_active(listed)
        taken_over = record.model_copy(update={"owner": execution, "state": "claimed"})
        return self._continue(taken_over, record, listed, execution)
