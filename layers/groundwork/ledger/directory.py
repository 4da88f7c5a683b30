"""Which account of the organization has an e-mail: asked of the ledger, which has noted them all, never by listing
every account for each request."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

from groundwork.aws.organizations import Listed, Organizations
from groundwork.errors import AccountUnknown
from groundwork.ledger import Ledger
from groundwork.ledger.records import Memory
from groundwork.side_by_side import side_by_side


class Directory:
    def __init__(self, ledger: Ledger, organizations: Organizations) -> None:
        self._ledger = ledger
        self._organizations = organizations

    def holder(self, email: str, memory: Memory) -> Listed | None:
        """The account that has this e-mail. `memory` is a look into the ledger for it."""
        known = memory.ids.get(email.lower())
        if known is None and memory.every_email:
            return None
        if known and (listed := self._account(known)) and _has(listed, email):
            return listed
        # Nobody has noted them all, or this one has gone to another account since.
        return next((listed for listed in self.note_all() if _has(listed, email)), None)

    def _account(self, account_id: str) -> Listed | None:
        """None when it has left the organization."""
        with suppress(AccountUnknown):
            return self._organizations.account(account_id)
        return None

    def note_all(self) -> list[Listed]:
        """One pass over the organization, after which the ledger knows every e-mail: when it is new, or was lost."""
        accounts = list(self._organizations.accounts())
        side_by_side(*(partial(self._ledger.note_email, each.email, each.id) for each in accounts))
        self._ledger.note_every_email()
        return accounts


def _has(listed: Listed, email: str) -> bool:
    return listed.email.lower() == email.lower()
