"""Read, compare, act: an account becomes what was asked for, under its lease, and the ledger follows.

Each call is repeated without harm, so that a run that died anywhere is simply run again. What the account was before the
first call stands in the ledger: whoever finishes the change tells all of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from groundwork.aws.account_names import AccountNames
from groundwork.aws.organizations import Listed, Organizations, unit_gone
from groundwork.contracts import Account
from groundwork.fields import EXPIRES_TAG, NEVER, OWN_TAGS, ancestors
from groundwork.ledger import Ledger
from groundwork.ledger.directory import Directory
from groundwork.ledger.records import AccountRecord, EndingRecord, Memory
from groundwork.vending.changes.difference import Condition, changed, in_words
from groundwork.vending.enrolment import asked_of_ledger
from groundwork.vending.kinds import declared_as
from groundwork.vending.work import Seen, Wish, Work

if TYPE_CHECKING:
    from groundwork.declaration import Declaration


class Changer:
    def __init__(
        self,
        declaration: Declaration,
        ledger: Ledger,
        organizations: Organizations,
        names: AccountNames,
        is_running: Callable[[str], bool],
    ) -> None:
        self._declaration = declaration
        self._ledger = ledger
        self._organizations = organizations
        self._names = names
        self._is_running = is_running

    def change(self, work: Work, account_id: str, wish: Wish) -> Work:
        """The work of bringing the account to the baseline of what it is now. In plan mode nothing is written, and it is
        the baseline of what the account would be. Raises `AccountBusy` while another execution works in the account."""
        plans = work.mode == "plan"
        if not plans:
            self._ledger.leases.take(account_id, work.execution, self._is_running)
        listed, tags = self._organizations.shown(account_id)
        memory = Directory(self._ledger, self._organizations).recall(
            listed.management_account_id, *asked_of_ledger(listed, self._declaration)
        )
        now = Condition(
            account_name=listed.name,
            organizational_unit=self._organizations.path_of(listed.unit_ids, memory.units),
            tags={key: value for key, value in tags.items() if key not in (*OWN_TAGS, EXPIRES_TAG)},
            expires=(known.expires_on or NEVER) if (known := memory.endings.get(account_id)) else NEVER,
        )
        wanted, before = now.after(wish), now
        if not plans:
            begun = self._ledger.changes.begin(work.request_id or work.execution, now.to_json())
            before = now.as_begun(Condition.model_validate(begun), wish)
            listed = self._act(listed, now, wanted, wish)
        elif ids := self._foreseen(listed, wanted):
            listed = listed.model_copy(update={"unit_ids": ids})
        else:  # a unit that is not there yet: the baseline is that of the account's own
            wanted = now.model_copy(update={"account_name": wanted.account_name, "tags": wanted.tags})
        listed = listed.model_copy(update={"name": wanted.account_name})
        account = self._account(work, listed, wanted, memory)
        if not plans:
            self._note(account, before)
            memory = self._expire(account_id, wish, memory)
        tags = {key: value for key, value in tags.items() if key in (*OWN_TAGS, EXPIRES_TAG)} | wanted.tags
        seen = Seen(listed=listed, tags=tags, memory=_known(account, memory))
        wanted = now.after(wish)
        return work.model_copy(
            update={
                "account_name": listed.name,
                "seen": seen,
                "changed": changed(before, wanted),
                "changes": [*in_words(account, before, wanted, self._declaration)],
            }
        )

    def _act(self, listed: Listed, now: Condition, wanted: Condition, wish: Wish) -> Listed:
        """The name first, which AWS may refuse; the unit, with its guard rails, last."""
        if wanted.account_name != now.account_name:
            self._names.put(listed.id, wanted.account_name)
        off = sorted(now.tags.keys() & set(wish.untag))
        on = {key: value for key, value in wish.tags.items() if now.tags.get(key) != value}
        if off:
            self._organizations.untag(listed.id, off)
        if on:
            self._organizations.tag(listed.id, on)
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

    def _foreseen(self, listed: Listed, wanted: Condition) -> tuple[str, ...] | None:
        """The ids of the units in which it would be; None where they are not there yet."""
        path = wanted.organizational_unit
        known = self._organizations.units(listed.root_id, [path]) if path else {}
        if path not in known:
            return None if path else ()
        return tuple(known[above] for above in ancestors(path))

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

    def _note(self, account: Account, before: Condition) -> None:
        """What the account was put into, and is called: anything else is drift from now on."""
        self._ledger.enroll(account, True)
        if before.account_name.casefold() != account.name.casefold():
            self._ledger.forget_name(before.account_name, account.id)


def _known(account: Account, memory: Memory) -> Memory:
    """As the ledger has it now, or would: where the account was asked to be is no drift."""
    known = memory.accounts.get(account.id) or AccountRecord(
        account_id=account.id, name=account.name, email=account.email, kind=account.kind, state="ready"
    )
    now = known.model_copy(update={"name": account.name, "unit": account.unit})
    return memory.model_copy(update={"accounts": memory.accounts | {account.id: now}})
