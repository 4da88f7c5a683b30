"""On a schedule: tells of accounts that expire, or that the declaration has closed, and has them closed when their time comes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field

from groundwork.aws.executions import Executions
from groundwork.aws.organizations import Organizations
from groundwork.closing.requesting import Ahead, ClosingRequests
from groundwork.contracts import Model
from groundwork.declaration.loading import load
from groundwork.entry import entry
from groundwork.ledger import Ledger
from groundwork.settings import settings


class Input(Model):
    """The scheduled event: `time` is when it was due."""

    model_config = ConfigDict(extra="ignore")

    time: Annotated[datetime, Field(strict=False)]


@entry(Input)
def handle(event: Input) -> Ahead:
    environment = settings()
    ledger, machine = Ledger(environment.ledger_table), environment.closing_machine_arn
    return ClosingRequests(load(), ledger, Organizations(), Executions(), machine).look(event.time)
