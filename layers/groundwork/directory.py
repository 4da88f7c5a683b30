"""Which account of the organization has an e-mail: asked of the ledger, which has noted them all, never by listing
every account for each request."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from groundwork.errors import AccountUnknown
from groundwork.ledger import Ledger, Memory
from groundwork.organizations import Listed, Organizations

AT_ONCE = 16


class Directory:
    def __init__(self, ledger: Ledger, organizations: Organizations) -> None:
        self._ledger = ledger
        self._organizations = organizations

    def holder(self, email: str, memory: Memory) -> Listed | None:
        """The account that has this e-mail. `memory` is a look into the ledger for it."""
        known = memory.ids.get(email.lower())
        if known:
            try:
                listed = self._organizations.account(known)
            except AccountUnknown:  # it has left the organization
                return None
            return listed if listed.email.lower() == email.lower() else None
        if memory.every_email:
            return None
        return next((listed for listed in self.note_all() if listed.email.lower() == email.lower()), None)

    def note_all(self) -> list[Listed]:
        """One pass over the organization, after which the ledger knows every e-mail: when it is new, or was lost."""
        accounts = list(self._organizations.accounts())
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for noted in [pool.submit(self._ledger.note_email, each.email, each.id) for each in accounts]:
                noted.result()
        self._ledger.note_every_email()
        return accounts
