"""The call log as the console shows it: who did what, and why not. The console's own calls are left out."""

from __future__ import annotations

import threading
from dataclasses import asdict
from itertools import islice
from typing import TYPE_CHECKING, Any

from botocore.config import Config

from local.calls import CallRecord
from local.clients import DEFAULT

if TYPE_CHECKING:
    from local.engine import Engine

AGENT = "groundwork-console"
OWN = DEFAULT.merge(Config(user_agent_extra=AGENT))
"""With which the console makes its clients."""


def client(engine: Engine, service: str, credentials: Any = None) -> Any:
    """A client for the console's own calls, which its log leaves out; the administrator's unless credentials are given."""
    return engine.clients.get(service, engine.region, credentials or engine.administrator, OWN)


class CallLog:
    """Reads on where it stopped."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.about_accounts = 0
        """How many of them changed the organization."""
        self._read = 0
        self._others: list[tuple[int, CallRecord]] = []
        self._lock = threading.Lock()

    def count(self) -> int:
        """How many calls others made."""
        with self._lock:
            known = len(self._engine.calls)
            for number in range(self._read, known):
                record = self._engine.calls[number]
                if AGENT not in record.agent:
                    self._others.append((number, record))
                    self.about_accounts += record.mutating and record.service == "organizations"
            self._read = known
            return len(self._others)

    def newest(self, most: int, account: str = "", principal: str = "", *, denied: bool = False) -> Any:
        """The newest first, of one account, of principals whose ARN has a text in it, only those denied; and how many
        there are of them."""
        self.count()
        with self._lock:
            wanted = [
                (number, record)
                for number, record in self._others
                if account in ("", record.account)
                and principal.lower() in (record.principal_arn or "").lower()
                and (not denied or record.verdict == "denied")
            ]
        rows = [{"number": number, **asdict(record)} for number, record in islice(reversed(wanted), most)]
        return {"calls": rows, "count": len(wanted)}
