"""What is new, as server-sent events: the page asks again only for what has changed."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from local.authorization.state import organization_backend
from local.console.calls import CallLog
from local.console.heard import Heard
from local.stepfunctions.executions import events_so_far

if TYPE_CHECKING:
    from local.engine import Engine

LOOK_SECONDS = 0.25
ALIVE_SECONDS = 15.0
Versions = dict[str, int]
"""By what is shown, a number that grows when there is more of it."""


class Changes:
    """Knows of everything that is shown how far it is."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._closed = threading.Event()
        self.calls = CallLog(engine)
        self.heard = Heard(engine)

    def close(self) -> None:
        self._closed.set()

    def versions(self) -> Versions:
        return {
            "accounts": self.about_accounts(),
            "executions": self.heard.about_executions,
            "histories": events_so_far(self._engine.management_account, self._engine.region),
            "events": self.heard.count,
            "calls": self.calls.count(),
        }

    def about_accounts(self) -> int:
        """Without a trail no event tells of an account that was made."""
        organization = organization_backend(self._engine.management_account)
        there = len(organization.accounts) if organization else 0
        self.calls.count()
        return there + self.heard.about_accounts + self.calls.about_accounts

    def stream(self) -> Iterator[str]:
        """Until the engine closes. Now and then a comment, by which the server learns that the page has gone."""
        told: Versions = {}
        quiet = 0.0
        while not self._closed.is_set():
            now = self.versions()
            if now != told:
                told, quiet = now, 0.0
                yield f"data: {json.dumps(now)}\n\n"
            elif quiet >= ALIVE_SECONDS:
                quiet = 0.0
                yield ": still here\n\n"
            self._closed.wait(LOOK_SECONDS)
            quiet += LOOK_SECONDS
