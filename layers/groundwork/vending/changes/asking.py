"""What becomes of a request to change an account: refused before anything is touched, or claimed by one execution."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from groundwork.aws.organizations import Listed
from groundwork.contracts import (
    WAITS_FOR_APPROVAL,
    Account,
    ChangeRequest,
    ChangeRequested,
    Changes,
    StartedByHand,
)
from groundwork.errors import AccountNotReady, InvalidRequest, RequestInProgress
from groundwork.fields import MOST_TAGS, NEVER, shown
from groundwork.ledger.memory import Memory
from groundwork.ledger.records import ApprovalRecord
from groundwork.tags import EXPIRES_TAG, OWN_TAGS, PROTECTED_TAG
from groundwork.vending.approval import check_approved
from groundwork.vending.beginning import Beginning, done
from groundwork.vending.changes.approval import (
    Guarded,
    approval_of_change,
    as_it_is,
    guarded,
    require_approved,
    require_same_request,
)
from groundwork.vending.changes.contacts import contacts_in, mistakes_of_contacts
from groundwork.vending.changes.difference import condition_of
from groundwork.vending.kinds import declared_as
from groundwork.vending.rules import mistakes_of_day, mistakes_of_unit, name_of_another
from groundwork.vending.work import Wish, Work, is_ready, require_active, require_staying

if TYPE_CHECKING:
    from groundwork.declaration import DeclaredAccount

MOST_LETTERS = 4_000
"""Of the tags of one change, which travel through the state machine and are told in words, too."""
SHOWN_LATE_SECONDS = 4 * 3600
"""For which AWS may show an account's former name.

https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-update-acct-name.html
"""


class ChangeAsked(Beginning):
    """What becomes of `Account Change Requested`, and of a start that says the same."""

    def _change_requested(self, trigger: ChangeRequested, execution: str) -> Work:
        """An event that is carried out, or has been, is not judged once more: the account may be another by then."""
        asked, is_running = trigger.asked, self._executions.is_running
        listed, tags, memory = self._meant(asked, trigger.request_id)
        if other := self._ledger.changes.carried_out_by(trigger.request_id, execution, is_running):
            work = self._baseline(listed, tags, execution, trigger.request_id, memory, whatever_state=True)
            return _carried_out(work, other)
        self._check_allowed()
        listed = self._by_now(asked, listed)
        work = self._change(asked, listed, tags, memory, execution, trigger.request_id)
        account, needed = self._needed_approval(work, listed, tags, memory)
        approval = memory.approvals.get(trigger.request_id)
        if approval:
            require_same_request(approval, trigger, listed.id)
            if approval.decision is None and trigger.waited:
                approval = self._ledger.approvals.end(trigger.request_id)
        if approval is None and needed:
            approval = approval_of_change(trigger, account, needed, self._declaration)
        if approval and approval.decision is None:
            return self._wait_for_approval(work, approval)
        if approval:
            check_approved(approval)
        if other := self._ledger.changes.take(trigger.request_id, execution, is_running):
            return _carried_out(work, other)
        if needed and not self._ledger.changes.is_begun(trigger.request_id):
            require_approved(account, approval, needed)
        self._claim_new_name(asked, listed, memory)
        return work

    def _by_now(self, asked: Changes, listed: Listed) -> Listed:
        """With the name and the root e-mail address that it has by now, where it may get another."""
        changes = self._declaration.changes
        if listed.state != "ACTIVE" or listed.id == self._management:
            return listed
        return self._account_management.by_now(
            listed,
            name=changes.renaming and asked.account_name is not None,
            email=changes.email and asked.new_email is not None,
        )

    # -- what waits for an approval ----------------------------------------------------------------

    def _needed_approval(
        self, work: Work, listed: Listed, tags: Mapping[str, str], memory: Memory
    ) -> tuple[Account, Guarded | None]:
        """Of the account as it is by now."""
        unit = self._organizations.path_of(listed.unit_ids, memory.units)
        account = as_it_is(listed, work.kind, unit)
        approved = self._declaration.changes.approvals or self._declaration.approvals.organizational_units
        if not (approved and work.wish):
            return account, None
        now = condition_of(listed, unit, tags, memory)
        code = self._ledger.changes.code_of(listed.id) if work.wish.new_email else None
        return account, guarded(account, now, work.wish, code, self._declaration)

    def _wait_for_approval(self, work: Work, approval: ApprovalRecord) -> Work:
        """Nothing is claimed meanwhile: the account may be worked in, and changed by others."""
        self._waits(work.execution, approval.request_id)
        self._ledger.approvals.open(approval)
        note = f"{WAITS_FOR_APPROVAL}: {approval.why}. Whoever may approve it: groundwork approve {approval.request_id}."
        progress = self._declaration.requests.progress
        return done(work, "in-progress", note).model_copy(update={"route": "approval", "progress": progress})

    def _meant(self, asked: ChangeRequest, request_id: str) -> tuple[Listed, Mapping[str, str], Memory]:
        account_id = asked.account_id
        if account_id is None and asked.email is None:
            raise InvalidRequest("accountId is missing; say which account, by accountId or by email.")
        if account_id is None:
            memory = self._directory.recall(self._management, [asked.email or ""])
            holder = self._directory.holder(asked.email or "", memory) or self._renewed(asked)
            if holder is None:
                raise InvalidRequest(
                    f"email {shown(asked.email)} is that of no account of this organization."
                )
            account_id = holder.id
        listed, tags = self._organizations.shown(account_id)
        if asked.email and asked.email.lower() != listed.email.lower() and not self._had(asked, listed):
            raise InvalidRequest(
                f"email {shown(asked.email)} is not that of account {listed.id}, which has {listed.email!r}; an account is its "
                "id: leave email out, or correct one of the two."
            )
        names = [asked.account_name] if asked.account_name else []
        return listed, tags, self._memory_of(listed, names, [request_id])

    def _renewed(self, asked: ChangeRequest) -> Listed | None:
        """The account that has the new address by now, and had the other one when AWS sent its code there: the same event,
        posted anew, still names it by that."""
        if asked.new_email is None:
            return None
        holder = self._directory.holder(
            asked.new_email, self._directory.recall(self._management, [asked.new_email])
        )
        return holder if holder and self._had(asked, holder) else None

    def _had(self, asked: ChangeRequest, listed: Listed) -> bool:
        code = self._ledger.changes.code_of(listed.id) if asked.new_email else None
        return code is not None and (code.was.lower(), code.new_email.lower(), listed.email.lower()) == (
            str(asked.email).lower(),
            str(asked.new_email).lower(),
            str(asked.new_email).lower(),
        )

    def _change(
        self,
        asked: Changes,
        listed: Listed,
        tags: Mapping[str, str],
        memory: Memory,
        execution: str,
        request_id: str | None,
    ) -> Work:
        """The work, where nothing stands against it; nothing is claimed yet."""
        require_active(listed)
        require_staying(listed, tags)
        record = memory.requests.get(listed.email.lower())
        if record and record.state != "ready" and self._is_busy(record, execution):
            raise RequestInProgress(f"{record.owner} works on the request that made account {listed.id}.")
        if mistakes := [*self._mistaken_change(asked, listed, tags, memory)]:
            raise InvalidRequest(" ".join(mistakes))
        if not is_ready(tags):
            raise AccountNotReady(f"Account {listed.id} ({listed.name!r}) has not reached its baseline yet.")
        changes = self._declaration.changes
        wish = Wish(
            account_name=asked.account_name if changes.renaming else None,
            new_email=asked.new_email if changes.email else None,
            send_again=asked.send_again,
            organizational_unit=asked.organizational_unit,
            contacts={name: dict(each) for name, each in contacts_in(asked).items()},
            tags={key: value for key, value in asked.tags.items() if value is not None},
            untag=[key for key, value in asked.tags.items() if value is None],
            expires=asked.expires,
        )
        work = self._baseline(listed, tags, execution, request_id, memory)
        return work.model_copy(update={"route": "change", "wish": wish, "seen": None})

    def _changed_by_start(
        self, trigger: StartedByHand, listed: Listed, tags: Mapping[str, str], memory: Memory, execution: str
    ) -> Work:
        if trigger.components:
            raise InvalidRequest(
                "components stands beside a change, which is followed by the whole baseline; leave it out."
            )
        if trigger.mode == "apply":
            self._check_allowed()
        listed = self._by_now(trigger, listed)
        work = self._change(trigger, listed, tags, memory, execution, None)
        if trigger.mode == "apply":
            self._claim_new_name(trigger, listed, memory)
        return work.model_copy(update={"mode": trigger.mode})

    # -- what is refused ---------------------------------------------------------------------------

    def _check_allowed(self) -> None:
        if not self._declaration.changes.allowed:
            raise InvalidRequest(
                "Accounts are not changed here; baseline.yaml must say changes: {allowed: true}. A start with mode: plan tells "
                "what would be changed."
            )

    def _mistaken_change(
        self, asked: Changes, listed: Listed, tags: Mapping[str, str], memory: Memory
    ) -> Iterator[str]:
        kind, who = self._kind(listed, memory), f"{listed.name!r} ({listed.id})"
        if kind == "management":
            yield f"accountId {listed.id} is the management account, which is never changed; name another."
            return
        if not asked.some:
            yield (
                "Nothing is to be changed; give accountName, newEmail, organizationalUnit, tags, contacts or expires."
            )
        if asked.kind and asked.kind != kind:
            yield (
                f"kind {asked.kind!r} is not that of {who}, which is {kind!r}: baseline.yaml alone says of which kind an account "
                "is; leave kind out."
            )
        letters = sum(len(key) + len(value or "") for key, value in asked.tags.items())
        if letters > MOST_LETTERS:
            yield f"tags hold {letters} characters, keys and values together; ask for at most {MOST_LETTERS} at once."
        if asked.send_again and not asked.new_email:
            yield "sendAgain stands without newEmail; give the address to which AWS is to send another code."
        yield from self._mistaken_name(asked, listed, memory)
        yield from self._mistaken_email(asked, listed, memory)
        yield from mistakes_of_contacts(asked, kind, self._declaration)
        yield from self._mistaken_place(asked, listed, memory)
        if asked.expires and asked.expires != NEVER:
            yield from mistakes_of_day(asked.expires, kind, self._declaration)
            if PROTECTED_TAG in tags:
                yield f"expires {shown(asked.expires)} is not for {who}: it has the tag {PROTECTED_TAG}, and is never closed; leave expires out."
        own = {key for key in tags if key not in OWN_TAGS} | asked.tags.keys()
        own |= {EXPIRES_TAG} if asked.expires else set()
        left = own - {key for key, value in asked.tags.items() if value is None}
        if len(left) > MOST_TAGS:
            yield f"tags leave {who} with {len(left)} tags of its own; AWS allows 50 and Groundwork sets {len(OWN_TAGS)}: take some off."

    def _mistaken_name(self, asked: Changes, listed: Listed, memory: Memory) -> Iterator[str]:
        name = asked.account_name
        if name is None or name == listed.name:
            return
        if not self._declaration.changes.renaming:
            yield (
                f"accountName {name!r} is not that of account {listed.id}; accounts are renamed where baseline.yaml says "
                "changes: {renaming: true}."
            )
            return
        own = declared_as(listed, self._declaration, memory.pinned or {})
        if own and own.name != name:
            yield f"accountName {name!r} is not that of {own.name!r} in baseline.yaml; change it there first."
        elif not own and (mistake := name_of_another(name, self._declaration)):
            yield mistake
        elif bearer := self._bearer(name, listed.email, memory):
            yield f"accountName {name!r} is that of {bearer}; choose another name."

    def _mistaken_email(self, asked: Changes, listed: Listed, memory: Memory) -> Iterator[str]:
        email = asked.new_email
        if email is None or email.lower() == listed.email.lower():
            return
        if not self._declaration.changes.email:
            yield (
                f"newEmail {email!r} is not that of account {listed.id}; root e-mail addresses are changed where baseline.yaml says "
                "changes: {email: true}."
            )
            return
        own = declared_as(listed, self._declaration, memory.pinned or {})
        declared = next(
            (each for each in self._declaration.accounts if each.email.lower() == email.lower()), None
        )
        if own and declared is not own:
            yield f"newEmail {email!r} is not that of {own.name!r} in baseline.yaml; change it there first."
        elif declared and declared is not own and not _means(declared, listed):
            yield f"newEmail {email!r} is that of {declared.name!r} in baseline.yaml; choose another address."
        else:
            its = self._directory.recall(self._management, [email])
            holder, record = self._directory.holder(email, its), its.requests.get(email.lower())
            if holder and holder.id != listed.id:
                yield f"newEmail {email!r} is that of account {holder.id} ({holder.name!r}); choose another address."
            elif (
                record
                and record.account_id is None
                and (record.begun or self._executions.is_running(record.owner))
            ):
                yield f"newEmail {email!r} is that of an account that is being made; choose another address."

    def _mistaken_place(self, asked: Changes, listed: Listed, memory: Memory) -> Iterator[str]:
        unit = asked.organizational_unit
        own = declared_as(listed, self._declaration, memory.pinned or {})
        home = own.organizational_unit if own else None
        if unit and home and unit != home:
            yield (
                f"organizationalUnit {unit!r} is not that of {listed.name!r}; baseline.yaml declares {home!r}: change it there "
                "first."
            )
        elif unit:
            given = {"organizationalUnit": unit, "createOrganizationalUnit": asked.create_organizational_unit}
            yield from mistakes_of_unit(given, self._declaration)

    def _claim_new_name(self, asked: Changes, listed: Listed, memory: Memory) -> None:
        name = asked.account_name
        if name is None or name == listed.name:
            return
        noted = memory.names.get(name.casefold())
        if not self._ledger.claim_name(name, listed.email, noted, SHOWN_LATE_SECONDS):
            raise RequestInProgress(f"Another execution has just asked for an account of the name {name!r}.")


def _carried_out(work: Work, other: str) -> Work:
    return done(work, "in-progress", f"{other} carries out this event, or has.")


def _means(declared: DeclaredAccount, listed: Listed) -> bool:
    """Whether the declaration names a workload by the address that it is to have. Security and tooling have an id."""
    return declared.kind == "workload" and declared.id is None and declared.name == listed.name
