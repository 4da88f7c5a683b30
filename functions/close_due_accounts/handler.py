"""On a schedule: closes an account that is due, where AWS takes it, and tells of those that are closed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field

from groundwork.aws.organizations import Organizations
from groundwork.closing.due import DueAccounts, Passed
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
def handle(event: Input) -> Passed:
    environment = settings()
    ledger, machine = Ledger(environment.ledger_table), environment.state_machine_arn
    return DueAccounts(load(), ledger, Organizations(), machine).close(event.time)
