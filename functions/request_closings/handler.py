"""On a schedule: tells of accounts that expire, or that the declaration has closed, and has them closed when their time comes."""

from __future__ import annotations

from groundwork.aws.executions import Executions
from groundwork.aws.organizations import Organizations
from groundwork.closing.requesting import Ahead, ClosingRequests
from groundwork.declaration.loading import load
from groundwork.entry import Scheduled, entry
from groundwork.ledger import Ledger
from groundwork.settings import settings


@entry(Scheduled)
def handle(event: Scheduled) -> Ahead:
    environment = settings()
    ledger, machine = Ledger(environment.ledger_table), environment.closing_machine_arn
    return ClosingRequests(load(), ledger, Organizations(), Executions(), machine).look(event.time)
