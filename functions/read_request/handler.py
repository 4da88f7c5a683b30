"""State ReadRequest: any trigger becomes work on one account, claimed for this execution, or is refused."""

from __future__ import annotations

from typing import Any

from groundwork.aws.account_management import AccountManagement
from groundwork.aws.executions import Executions
from groundwork.aws.organizations import Organizations
from groundwork.baseline.components import COMPONENTS
from groundwork.contracts import Model
from groundwork.declaration.loading import check, load
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
        check(load(), COMPONENTS),
        Ledger(environment.ledger_table),
        Organizations(),
        Executions(),
        AccountManagement(),
        environment.management_account_id,
    )
    return reader.read(event.input, event.execution)
