"""State ReadRequest: any trigger becomes work on one account, claimed for this execution, or is refused."""

from __future__ import annotations

from typing import Any

from groundwork.aws.executions import Executions
from groundwork.aws.organizations import Organizations
from groundwork.contracts import Model
from groundwork.declaration import load
from groundwork.entry import entry
from groundwork.ledger import Ledger
from groundwork.settings import settings
from groundwork.vending.requests import Reader
from groundwork.vending.work import Work


class Input(Model):
    execution: str
    input: Any


@entry(Input)
def handle(event: Input) -> Work:
    environment = settings()
    reader = Reader(
        load(),
        Ledger(environment.ledger_table),
        Organizations(),
        Executions(),
        environment.management_account_id,
    )
    return reader.read(event.input, event.execution)
