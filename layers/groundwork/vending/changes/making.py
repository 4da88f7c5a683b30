"""Read, compare, act: an account becomes what was asked for, under its lease, and the ledger follows.

Each call is repeated without harm, so that a run that died anywhere is simply run again. What the account was before the
first call stands in the ledger: whoever finishes the change tells all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from groundwork.aws.account_management import AccountManagement
from groundwork.aws.organizations import Listed, Organizations, unit_gone
from groundwork.contacts import PRIMARY, AsAwsHasIt
from groundwork.contracts import Account
from groundwork.fields import NEVER, ancestors
from groundwork.ledger import Ledger
from groundwork.ledger.directory import Directory
from groundwork.ledger.memory import Memory
from groundwork.ledger.records import AccountRecord, CodeSent, EndingRecord
from groundwork.tags import EXPIRES_TAG, OWN_TAGS
from groundwork.vending.changes.approval import as_it_is, guarded, require_approved
from groundwork.vending.changes.codes import is_old, waiting_for
from groundwork.vending.changes.difference import (
    Condition,
    changed,
    code_was_sent,
    condition_of,
    contacts_of,
    in_words,
)
from groundwork.vending.enrolment import asked_of_ledger
from groundwork.vending.kinds import declared_as
from groundwork.vending.work import Seen, WaitsForCode, Wish, Work, require_staying

if TYPE_CHECKING:
    from groundwork.declaration import Declaration


class Changer:
    def __init__(
        self,
        declaration: Declaration,
        ledger: Ledger,
        organizations: Organizations,
        management: AccountManagement,
        is_running: Callable[[str], bool],
    ) -> None:
        self._declaration = declaration
        self._ledger = ledger
        self._organizations = organizations
        self._management = management
        self._is_running = is_running

    def change(self, work: Work, account_id: str, wish: Wish) -> Work:
        """The work of bringing the account to the baseline of what it is now. In plan mode nothing is written, and it is
        the baseline of what the account would be. Raises `AccountBusy` while another execution works in the account, and
        `AccountClosing` where one has suspended it meanwhile."""
        plans = work.mode == "plan"
        if not plans:
            self._ledger.leases.take(account_id, work.execution, self._is_running)
        listed, tags = self._organizations.shown(account_id)
        if not plans:
            require_staying(listed, tags)
        memory = Directory(self._ledger, self._organizations).recall(
            listed.management_account_id, *asked_of_ledger(listed, self._declaration)
        )
        listed = self._management.by_now(listed, name=bool(wish.account_name), email=bool(wish.new_email))
        there = {name: self._management.contact(account_id, name) for name in wish.contacts}
        unit = self._organizations.path_of(listed.unit_ids, memory.units)
        now = condition_of(listed, unit, tags, memory).model_copy(
            update={"contacts": contacts_of(there, wish)}
        )
        before, becomes, waits = now, now.after(wish), None
        if plans:
            listed, becomes = self._foreseen(listed, now, becomes)
            memory = _as_noted(self._account(work, listed, becomes, memory), memory)
        else:
            code = self._ledger.changes.code_of(account_id) if wish.new_email else None
            self._require_approved(work, listed, now, wish, code)
            begun_by = work.request_id or work.execution
            was = _as_it_was(now, wish, code, memory.accounts.get(account_id))
            begun = self._ledger.changes.begin(begun_by, was.to_json())
            before = now.as_begun(Condition.model_validate(begun.before), wish)
            if begun.acted:
                waits = waiting_for(account_id, code) if code and _is_of(code, begun_by, now, wish) else None
                becomes = now
            else:
                waits = self._ask_for_code(listed, becomes, wish, code, begun_by)
                listed = self._act(listed, now, becomes, wish, there)
                account = self._account(work, listed, becomes, memory)
                self._note(account, before, code)
                memory = _as_noted(account, self._expire(account_id, wish, memory))
                self._ledger.changes.note_acted(begun_by)
        account = self._account(work, listed, becomes, memory)
        tags = {key: value for key, value in tags.items() if key in (*OWN_TAGS, EXPIRES_TAG)} | becomes.tags
        asked = now.after(wish)
        if waits:
            asked = asked.model_copy(update={"email": before.email})
        return work.model_copy(
            update={
                "account_name": listed.name,
                "email": listed.email,
                "seen": Seen(listed=listed, tags=tags, memory=memory),
                "changed": changed(before, asked),
                "changes": [
                    *in_words(account, before, asked, self._declaration),
                    *([code_was_sent(account, waits)] if waits else []),
                ],
                "waits_for_code": waits,
            }
        )

    def _require_approved(
        self, work: Work, listed: Listed, now: Condition, wish: Wish, code: CodeSent | None
    ) -> None:
        """Whoever waited for the account may find another one than was shown. What was begun is finished. Raises
        `InvalidRequest`."""
        account = as_it_is(listed, work.kind, now.organizational_unit)
        change = guarded(account, now, wish, code, self._declaration) if work.request_id else None
        if change and work.request_id and not self._ledger.changes.is_begun(work.request_id):
            require_approved(account, self._ledger.approvals.of(work.request_id), change)

    def _ask_for_code(
        self, listed: Listed, wanted: Condition, wish: Wish, code: CodeSent | None, begun_by: str
    ) -> WaitsForCode | None:
        """The first of all calls, since AWS may refuse the address. One code is sent for a change, however often it is
        carried out; whoever asks again soon has the one that was sent. None where the address is the account's already."""
        if wanted.email == listed.email:
            return None
        if code is None or not code.is_for(wanted.email):
            sent = None
        elif code.sent_by == begun_by:
            sent = code
        else:
            sent = None if wish.send_again or is_old(code) else code
        if sent is None:
            self._management.send_code(listed.id, wanted.email)
            sent = self._ledger.changes.note_code(listed.id, listed.email, wanted.email, begun_by)
        return waiting_for(listed.id, sent)

    def _act(
        self,
        listed: Listed,
        now: Condition,
        wanted: Condition,
        wish: Wish,
        there: Mapping[str, AsAwsHasIt | None],
    ) -> Listed:
        """The name first, which AWS may refuse; the unit, with its guard rails, last. The account as it is then."""
        if wanted.account_name != now.account_name:
            self._management.put_name(listed.id, wanted.account_name)
        for name in now.contacts:
            if not wish.contacts[name]:
                self._management.delete_contact(listed.id, name)
                continue
            stays = (there[name] or {}) if name == PRIMARY else {}
            self._management.put_contact(listed.id, name, {**stays, **wish.contacts[name]})
        off = sorted(now.tags.keys() & set(wish.untag))
        on = {key: value for key, value in wish.tags.items() if now.tags.get(key) != value}
        if off:
            self._organizations.untag(listed.id, off)
        if on:
            self._organizations.tag(listed.id, on)
        listed = listed.model_copy(update={"name": wanted.account_name})
        if wanted.organizational_unit == now.organizational_unit:
            return listed
        ids = self._organizations.ensure_units(listed.root_id, wanted.organizational_unit)
        try:
            self._organizations.move(listed.id, listed.parent_id, ids[-1])
        except ClientError as error:
            if error.response["Error"]["Code"] != "DestinationParentNotFoundException":
                raise
            raise unit_gone(ids[-1]) from error
        return listed.model_copy(update={"unit_ids": ids})

    def _foreseen(self, listed: Listed, now: Condition, wanted: Condition) -> tuple[Listed, Condition]:
        """As it would be, but for its place where the unit is not there yet: the baseline is then that of the account's own."""
        listed = listed.model_copy(update={"name": wanted.account_name})
        path = wanted.organizational_unit
        known = self._organizations.units(listed.root_id, [path]) if path else {}
        if path and path not in known:
            return listed, now.model_copy(update={"account_name": wanted.account_name, "tags": wanted.tags})
        ids = tuple(known[above] for above in ancestors(path)) if path else ()
        return listed.model_copy(update={"unit_ids": ids}), wanted

    def _account(self, work: Work, listed: Listed, wanted: Condition, memory: Memory) -> Account:
        own = declared_as(listed, self._declaration, memory.pinned or {})
        return Account(
            id=listed.id,
            name=own.name if own else listed.name,
            email=listed.email,
            kind=work.kind,
            unit=wanted.organizational_unit,
        )

    def _expire(self, account_id: str, wish: Wish, memory: Memory) -> Memory:
        """The ledger says when; the run that follows writes it in the tag."""
        if wish.expires is None:
            return memory
        day = None if wish.expires == NEVER else wish.expires
        self._ledger.endings.expire(account_id, day)
        ending = EndingRecord(account_id=account_id, expires_on=day)
        return memory.model_copy(update={"endings": memory.endings | {account_id: ending}})

    def _note(self, account: Account, before: Condition, code: CodeSent | None) -> None:
        """What the account was put into, and is called: anything else is drift from now on. An e-mail address that it gave
        up is nobody's."""
        self._ledger.enroll(account, True)
        if before.email.lower() != account.email.lower():
            self._ledger.note_email(account.email, account.id)
            self._ledger.forget_email(before.email, account.id)
            record = self._ledger.request(before.email)
            if record and record.account_id == account.id:
                self._ledger.forget_request(record)
        if code and code.is_for(account.email):
            self._ledger.changes.note_accepted(account.id, code.new_email)
        if before.account_name.casefold() != account.name.casefold():
            self._ledger.forget_name(before.account_name, account.id)


def _as_noted(account: Account, memory: Memory) -> Memory:
    """As the ledger has it now, or would: where the account was asked to be is no drift."""
    known = memory.accounts.get(account.id) or AccountRecord(
        account_id=account.id, name=account.name, email=account.email, kind=account.kind, state="ready"
    )
    now = known.model_copy(update={"name": account.name, "email": account.email, "unit": account.unit})
    return memory.model_copy(update={"accounts": memory.accounts | {account.id: now}})


def _is_of(code: CodeSent, begun_by: str, now: Condition, wish: Wish) -> bool:
    """Whether it was sent for this change, which waits for it."""
    return code.sent_by == begun_by and code.is_for(wish.new_email) and not now.has_email(wish.new_email)


def _as_it_was(now: Condition, wish: Wish, code: CodeSent | None, known: AccountRecord | None) -> Condition:
    """With the e-mail address that it had, where somebody has given AWS the code meanwhile."""
    if wish.new_email is None or not now.has_email(wish.new_email):
        return now
    former = code.was if code and code.is_for(now.email) else known.email if known else now.email
    return now.model_copy(update={"email": former})
