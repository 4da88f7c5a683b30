"""`Account Requested`: what becomes of it. An account is its id: whether there is one that has the e-mail asked for, AWS
says, and what the ledger remembers of an e-mail is history where AWS says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from groundwork.aws.organizations import Listed
from groundwork.contracts import WAITS_FOR_APPROVAL, AccountRequest, Requested
from groundwork.errors import (
    AccountNotAdopted,
    ApprovalPending,
    EmailBelongsToAnotherAccount,
    InvalidRequest,
    ManagementAccountNotReady,
    RequestInProgress,
    SecurityAccountMissing,
)
from groundwork.ledger.memory import Memory
from groundwork.ledger.records import AccountOfEvent, ApprovalRecord, RequestRecord
from groundwork.tags import CREATING, EXPIRES_TAG, REQUEST_TAG, STATE_TAG
from groundwork.vending.approval import (
    approval_needed,
    approver_in_words,
    check_approved,
)
from groundwork.vending.asked_again import answered_again, asked_by
from groundwork.vending.beginning import READY_ALREADY, Beginning, done
from groundwork.vending.kinds import is_adopted, known_id
from groundwork.vending.rules import granted, mistakes_of_new_account, mistakes_of_request, same_name
from groundwork.vending.work import Work, is_ready, require_active, require_staying


class AskedFor(Beginning):
    """What becomes of a request, that no mistake in its fields has stopped."""

    def _requested(self, trigger: Requested, execution: str) -> Work:
        asked = trigger.asked
        self._check_granted(asked)
        memory = self._directory.recall(
            self._management,
            [asked.email, self._declaration.security.email],
            [self._management],
            [asked.account_name],
            [trigger.request_id],
        )
        record = memory.requests.get(asked.email.lower())
        if renewed := self._got_before(trigger, record, memory):
            tags = self._organizations.tags(renewed.id)
            require_staying(renewed, tags)
            return self._in_place(trigger, renewed, tags, execution, memory)
        waits = record is not None and record.state == "waiting" and record.request_id == trigger.request_id
        if record and record.state != "ready" and not waits and self._is_busy(record, execution):
            self._refuse_busy(asked, record)
        existing = self._pinned(asked, self._directory.holder(asked.email, memory), memory)
        holds = record if record and _holds(record, existing) else None
        if existing:
            self._check_name(asked, existing, holds)
            tags = self._organizations.tags(existing.id)
            require_staying(existing, tags)
            if holds and holds.state == "ready" and holds.account_id:
                return self._there_already(trigger, existing, execution, memory, holds)
            if not _made_for(trigger, tags, holds):
                return self._in_place(trigger, existing, tags, execution, memory)
        elif holds and holds.begun:
            if not holds.same_account(asked.account_name):
                raise _of_another(asked, f"{holds.account_name!r}, which may be on its way")
        else:
            holds = None
            self._check_new(asked, memory)
        return self._made(trigger, existing, record, holds, execution, memory)

    def _made(
        self,
        trigger: Requested,
        existing: Listed | None,
        record: RequestRecord | None,
        holds: RequestRecord | None,
        execution: str,
        memory: Memory,
    ) -> Work:
        """The work of making the account, or of going on with it. What the first request asked for holds: a later one
        neither moves nor re-tags its account."""
        asked = trigger.asked
        if holds:
            wanted = holds.model_copy(update={"owner": execution, "state": "claimed"})
        else:
            kind, unit = granted(asked.given, self._declaration)
            wanted = RequestRecord(
                email=asked.email,
                account_name=asked.account_name,
                kind=kind,
                organizational_unit=unit,
                tags=asked.tags | ({EXPIRES_TAG: asked.expires} if asked.expires else {}),
                request_id=trigger.request_id,
                owner=execution,
                requester=trigger.requester,
            )
        approval: ApprovalRecord | None = None
        if not existing and not wanted.begun:
            approval = self._approval(trigger, wanted, memory)
            if approval and approval.decision is None:
                return self._wait(asked, wanted, approval, record, execution, memory)
            wanted = wanted.model_copy(update=_approved(approval) if approval else {})
        work = self._continue(wanted, record, existing, execution)
        if approval:
            check_approved(approval)  # after the claim, so that the failure closes the request
        if not existing and not wanted.begun:
            self._claim_name(asked, memory)
        there = {
            "accountName": wanted.account_name,
            "kind": wanted.kind,
            "organizationalUnit": wanted.organizational_unit or "",
            "tags": wanted.tags,
            "expires": wanted.tags.get(EXPIRES_TAG),
        }
        progress = self._declaration.requests.progress
        return work.model_copy(update={"asked_by": asked_by(trigger, there), "progress": progress})

    # -- what waits for an approval ----------------------------------------------------------------

    def _approval(self, trigger: Requested, wanted: RequestRecord, memory: Memory) -> ApprovalRecord | None:
        """What became of it, or None where none is needed. When the wait is over nothing is undecided."""
        known = memory.approvals.get(trigger.request_id)
        if known is None:
            return approval_needed(trigger, wanted, self._declaration, self._ledger)
        if not known.is_for(
            wanted
        ):  # an event has an id of its own; who starts the machine by hand may give it any
            raise InvalidRequest(
                f"id {trigger.request_id!r} is that of the request for {known.account_name!r} with {known.email!r}, which was "
                "to be approved as it was; post an event, which gets an id of its own."
            )
        if known.decision is None and trigger.waited:
            return self._ledger.approvals.end(trigger.request_id)
        return known

    def _wait(
        self,
        asked: AccountRequest,
        wanted: RequestRecord,
        approval: ApprovalRecord,
        record: RequestRecord | None,
        execution: str,
        memory: Memory,
    ) -> Work:
        """The request is its who waits: as long as that execution runs, nobody else makes the account."""
        owner = self._waits(execution, approval.request_id)
        waiting = wanted.model_copy(update={"owner": owner, "state": "waiting"})
        work = self._continue(waiting, record, None, execution)
        self._claim_name(asked, memory)
        self._ledger.approvals.open(approval)
        note = f"{WAITS_FOR_APPROVAL}: {approval.why}. Whoever may approve it: groundwork approve {approval.request_id}."
        progress = self._declaration.requests.progress
        return done(work, "in-progress", note).model_copy(update={"route": "approval", "progress": progress})

    # -- an event that comes again -----------------------------------------------------------------

    def _got_before(self, trigger: Requested, record: RequestRecord | None, memory: Memory) -> Listed | None:
        """The account that this very event got, where it has another e-mail by now: EventBridge delivers an event more than
        once, and an archive or a queue delivers it again as late as its owner likes."""
        got = memory.events.get(trigger.request_id)
        if record and record.request_id == trigger.request_id and record.account_id:
            got = AccountOfEvent(account_id=record.account_id, email=record.email.lower())
        if got is None or not got.is_for(trigger.asked.email):
            return None
        listed = self._directory.account(got.account_id)
        if listed is None:
            raise InvalidRequest(
                f"id {trigger.request_id!r} is that of an event that got the account {got.account_id}, which is no longer in this "
                "organization; post an event, which gets an id of its own."
            )
        return None if listed.email.lower() == trigger.asked.email.lower() else listed

    # -- what is refused ---------------------------------------------------------------------------

    def _refuse_busy(self, asked: AccountRequest, record: RequestRecord) -> None:
        if not record.same_account(asked.account_name):
            raise _of_another(asked, f"{record.account_name!r}, which is being made")
        if record.state == "waiting":
            raise ApprovalPending(
                f"The request {record.request_id} for {record.email} waits for an approval."
            )
        raise RequestInProgress(f"{record.owner} works on the same request for {record.email}.")

    def _check_granted(self, asked: AccountRequest) -> None:
        if mistakes := mistakes_of_request(asked.given, self._declaration):
            also = mistakes_of_new_account(asked.given, self._declaration)
            raise InvalidRequest(" ".join(mistakes + also))

    def _pinned(self, asked: AccountRequest, existing: Listed | None, memory: Memory) -> Listed | None:
        """The account that is there. There is one of kind security, and one of kind tooling at most, whatever they are
        called by now; one that has left the organization may be replaced."""
        kind, _ = granted(asked.given, self._declaration)
        declared = next(
            (each for each in self._declaration.accounts if each.kind == kind != "workload"), None
        )
        known = known_id(declared, memory.pinned or {}) if declared else None
        if declared is None or known is None or (existing and existing.id == known):
            return existing
        there = self._directory.account(known)
        if there and there.email.lower() == asked.email.lower():
            return there
        if there:
            raise InvalidRequest(
                f"email {asked.email!r} is declared for the {kind} account, and that is {known} ({there.name!r}, "
                f"{there.email}); correct its name and e-mail in baseline.yaml."
            )
        if declared.id:
            raise InvalidRequest(
                f"email {asked.email!r} is declared for the account {known}, which is not in this organization; "
                "correct its id in baseline.yaml, or take the id out."
            )
        self._ledger.unpin(kind, known)
        return existing

    def _check_name(self, asked: AccountRequest, existing: Listed, holds: RequestRecord | None) -> None:
        """An account may be asked for by the name that it has, and by the one with which it was asked for first."""
        known_as = {existing.name, *([holds.account_name] if holds and holds.account_id else [])}
        if asked.account_name not in known_as or existing.id == self._management:
            raise _of_another(
                asked,
                f"the account {existing.name!r} ({existing.id}); it stays what and where it is, and "
                f"{asked.account_name!r} was not created",
            )

    def _check_new(self, asked: AccountRequest, memory: Memory) -> None:
        """No account before the management account is ready, and none but security's before that is on its way."""
        mistakes = mistakes_of_new_account(asked.given, self._declaration)
        its_own = {each.email.lower() for each in self._declaration.accounts}
        named = asked.same_name or asked.email.lower() in its_own
        if not named and (bearer := self._bearer(asked.account_name, asked.email, memory)):
            mistakes.append(same_name(asked.account_name, bearer))
        if mistakes:
            raise InvalidRequest(" ".join(mistakes))
        if not self._is_ready(self._management, memory):
            raise ManagementAccountNotReady(
                f"The management account {self._management} has not reached its baseline."
            )
        security = self._declaration.security
        if granted(asked.given, self._declaration)[0] == "security":
            return
        record = memory.requests.get(security.email.lower())
        if record and (record.account_id or record.creation_id or self._executions.is_running(record.owner)):
            return
        if not ((memory.pinned or {}).get("security") or self._directory.holder(security.email, memory)):
            raise SecurityAccountMissing(
                f"There is no security account: nobody has asked for {security.name!r} with {security.email!r}."
            )

    def _is_ready(self, account_id: str, memory: Memory) -> bool:
        record = memory.accounts.get(account_id)
        return record.state == "ready" if record else is_ready(self._organizations.tags(account_id))

    # -- names -------------------------------------------------------------------------------------

    def _claim_name(self, asked: AccountRequest, memory: Memory) -> None:
        """After the request is claimed, so that of two requests for one name each sees who is on the other."""
        noted = memory.names.get(asked.account_name.casefold())
        if not asked.same_name and not self._ledger.claim_name(asked.account_name, asked.email, noted):
            raise RequestInProgress(
                f"Another execution has just asked for an account of the name {asked.account_name!r}."
            )

    # -- an account that is there ------------------------------------------------------------------

    def _in_place(
        self,
        trigger: Requested,
        existing: Listed,
        tags: Mapping[str, str],
        execution: str,
        memory: Memory,
    ) -> Work:
        """An account that somebody else made gets its baseline where and what it is, if it may be touched at all."""
        if is_ready(tags):
            return self._there_already(trigger, existing, execution, memory, None)
        if not is_adopted(existing, tags, self._declaration, memory.pinned or {}, self._installed()):
            raise not_adopted(existing)
        asker = asked_by(trigger, self._shown(trigger, existing, memory))
        work = self._baseline(existing, tags, execution, trigger.request_id, self._memory_of(existing))
        return work.model_copy(update={"asked_by": asker})

    def _there_already(
        self,
        trigger: Requested,
        listed: Listed,
        execution: str,
        memory: Memory,
        record: RequestRecord | None,
    ) -> Work:
        """The account is ready. Whoever asks is answered, but for the first event, delivered a second time."""
        require_active(listed)
        work = done(
            Work(
                route="done",
                execution=execution,
                request_id=trigger.request_id,
                account_name=listed.name,
                email=listed.email,
                kind=self._kind(listed, memory),
                account_id=listed.id,
            ),
            "unchanged",
            READY_ALREADY,
        )
        if record and record.request_id == trigger.request_id:
            return work
        if trigger.request_id not in memory.events:
            self._ledger.note_event(trigger.request_id, listed.id, trigger.asked.email)
        return answered_again(work, asked_by(trigger, self._shown(trigger, listed, memory)))

    def _shown(self, trigger: Requested, listed: Listed, memory: Memory) -> dict[str, Any]:
        """What the account is in Organizations, as far as the request asked for it."""
        there: dict[str, Any] = {"accountName": listed.name, "kind": self._kind(listed, memory)}
        if listed.email.lower() != trigger.asked.email.lower():
            there["email"] = listed.email
        if trigger.asked.organizational_unit:
            there["organizationalUnit"] = self._organizations.path_of(listed.unit_ids, memory.units)
        if trigger.asked.tags or trigger.asked.expires:
            there["tags"] = self._organizations.tags(listed.id)
            there["expires"] = there["tags"].get(EXPIRES_TAG)
        return there


def _made_for(trigger: Requested, tags: Mapping[str, str], holds: RequestRecord | None) -> bool:
    """Whether this request, or the one that is remembered, made the account with these tags. If none is remembered, one
    that was never enrolled is what a lost request left: this one is the same."""
    if holds is None and tags.get(STATE_TAG) == CREATING:
        return True
    return tags.get(REQUEST_TAG) in {trigger.request_id, holds.request_id if holds else ""}


def _holds(record: RequestRecord, existing: Listed | None) -> bool:
    """Whether what is remembered of an e-mail is true still: the account that was made with it has it."""
    return record.account_id is None or (existing is not None and existing.id == record.account_id)


def _approved(approval: ApprovalRecord) -> dict[str, str]:
    if approval.decision != "approve":
        return {}
    return {"approved_by": approver_in_words(approval), "approval_reason": approval.decided_reason}


def _of_another(asked: AccountRequest, whose: str) -> EmailBelongsToAnotherAccount:
    return EmailBelongsToAnotherAccount(f"email {asked.email!r} is that of {whose}.")


def not_adopted(listed: Listed) -> AccountNotAdopted:
    return AccountNotAdopted(
        f"Account {listed.id} ({listed.name!r}, {listed.email}) was there before Groundwork."
    )
