"""State ReadClosing: what is asked about the closing of an account becomes work on it, or is refused."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from groundwork.aws.executions import Executions
from groundwork.aws.organizations import Organizations
from groundwork.closing.reading import ClosingReader
from groundwork.closing.work import Closure
from groundwork.contracts import Model
from groundwork.declaration.loading import load
from groundwork.entry import entry
from groundwork.ledger import Ledger
from groundwork.settings import settings


class Input(Model):
    execution: str
    input: Any
    now: Annotated[datetime, Field(strict=False)]


@entry(Input)
def handle(event: Input) -> Closure:
    environment = settings()
    ledger, management = Ledger(environment.ledger_table), environment.management_account_id
    reader = ClosingReader(load(), ledger, Organizations(), Executions(), management)
    return reader.read(event.input, event.execution, event.now)
