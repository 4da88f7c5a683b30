"""Which account of the organization has an e-mail, and which is of which kind: asked of the ledger, which has noted it,
and confirmed by AWS; never by listing every account for each request.

An account is its id. Its name and its root e-mail are labels, which people change:
https://docs.aws.amazon.com/accounts/latest/reference/API_PutAccountName.html
https://docs.aws.amazon.com/accounts/latest/reference/API_StartPrimaryEmailUpdate.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial

from groundwork.aws.organizations import Listed, Organizations
from groundwork.contracts import Kind
from groundwork.errors import AccountUnknown
from groundwork.ledger import Ledger
from groundwork.ledger.memory import Memory
from groundwork.side_by_side import side_by_side

PIN_TAGS: Mapping[Kind, str] = {"security": "groundwork:security", "tooling": "groundwork:tooling"}
"""On the management account: the ids of the accounts of these kinds, for a ledger that is lost."""


class Directory:
    def __init__(self, ledger: Ledger, organizations: Organizations) -> None:
        self._ledger = ledger
        self._organizations = organizations

    def recall(
        self,
        management: str,
        emails: Iterable[str],
        accounts: Iterable[str] = (),
        names: Iterable[str] = (),
        requests: Iterable[str] = (),
        closings: Iterable[str] = (),
    ) -> Memory:
        """One look into the ledger; and at the tags of the management account, where the ledger was lost."""
        memory = self._ledger.recall(emails, accounts, names, requests, closings)
        if memory.pinned is not None:
            return memory
        pinned = pinned_by(self._organizations.tags(management))
        self._ledger.pin_all(pinned)
        return memory.model_copy(update={"pinned": pinned})

    def holder(self, email: str, memory: Memory) -> Listed | None:
        """The account that has this e-mail. `memory` is a look into the ledger for it."""
        known = memory.ids.get(email.lower())
        if known is None and memory.every_email:
            return None
        if known and (listed := self.account(known)) and _has(listed, email):
            return listed
        accounts = self._organizations.accounts() if memory.every_email else self.note_all()
        found = next((listed for listed in accounts if _has(listed, email)), None)
        if found and memory.every_email:
            self._ledger.note_email(email, found.id)
        return found

    def account(self, account_id: str) -> Listed | None:
        """None when it has left the organization."""
        with suppress(AccountUnknown):
            return self._organizations.account(account_id)
        return None

    def note_all(self) -> list[Listed]:
        """One pass over the organization, after which the ledger knows every e-mail and every name: when it is new, or
        was lost."""
        accounts = list(self._organizations.accounts())
        self._note(accounts, Memory())
        self._ledger.note_every_email()
        return accounts

    def follow(self, memory: Memory, accounts: Sequence[Listed]) -> list[str]:
        """Make the ledger say what AWS says: `memory` is all that it said before AWS listed these accounts. The ids of
        those that are no longer in the organization, and that it has forgotten."""
        self._note(accounts, memory)
        ids = {each.id for each in accounts}
        emails = {each.email.lower(): each.id for each in accounts}
        names = {each.name.casefold() for each in accounts}
        for email, account_id in memory.ids.items():
            if email not in emails:
                self._ledger.forget_email(email, account_id)
        for name, bearer in memory.names.items():
            if name not in names and bearer.account_id:
                self._ledger.forget_name(name, bearer.account_id)
        for email, record in memory.requests.items():
            ended = record.state in ("ready", "failed")
            if record.account_id in ids and emails.get(email) != record.account_id and ended:
                self._ledger.forget_request(record)
        made = {each.account_id for each in memory.requests.values() if each.account_id}
        # AWS may show a new account late in its list.
        gone = [each for each in sorted((memory.accounts.keys() | made) - ids) if self.account(each) is None]
        return [each for each in gone if self._forget(each, memory)]

    def _note(self, accounts: Sequence[Listed], memory: Memory) -> None:
        """Each e-mail, and each name with the oldest of those that bear it."""
        bearers: dict[str, list[str]] = {}
        for each in sorted(accounts, key=lambda account: account.joined):
            bearers.setdefault(each.name.casefold(), []).append(each.id)
        emails = (
            partial(self._ledger.note_email, each.email, each.id)
            for each in accounts
            if memory.ids.get(each.email.lower()) != each.id
        )
        names = (
            partial(self._ledger.note_name, name, ids[0])
            for name, ids in bearers.items()
            if name not in memory.names or memory.names[name].account_id not in ids
        )
        side_by_side(*emails, *names)

    def _forget(self, account_id: str, memory: Memory) -> bool:
        """False while somebody works in it."""
        if account_id in memory.accounts and not self._ledger.forget_account(account_id):
            return False
        for record in memory.requests.values():
            if record.account_id == account_id:
                self._ledger.forget_request(record)
        for kind, pinned in (memory.pinned or {}).items():
            if pinned == account_id:
                self._ledger.unpin(kind, account_id)
        if account_id in memory.endings:
            self._ledger.endings.forget(account_id)
        return True


def pinned_by(tags: Mapping[str, str]) -> dict[Kind, str]:
    """Ids by kind, as the management account's tags have them."""
    return {kind: tags[key] for kind, key in PIN_TAGS.items() if key in tags}


def _has(listed: Listed, email: str) -> bool:
    return listed.email.lower() == email.lower()
