"""What one execution is for: the value that travels from state to state."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from groundwork.aws.organizations import Listed
from groundwork.contracts import Model
from groundwork.ledger.records import ClosingRecord
from groundwork.vending.work import Answer


class Closure(Model):
    """What an execution is for. `route` is `close`, `reopen`, or `done`, where nothing is left to do but to answer.
    `record` is of the account that is to be closed."""

    route: Literal["close", "reopen", "done"]
    execution: str
    request_id: str | None = None
    listed: Listed
    record: ClosingRecord | None = None
    answers: list[Answer] = Field(default_factory=list)

    @property
    def asker(self) -> str:
        """Whom the answer is for."""
        return asker_of(self.request_id, self.execution)


def asker_of(request_id: str | None, execution: str) -> str:
    """Whoever posted the event, which may be delivered twice, or started the execution."""
    return f"closing {request_id}" if request_id else execution
