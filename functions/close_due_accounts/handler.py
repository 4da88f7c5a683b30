"""On a schedule: closes an account that is due, where AWS takes it, and tells of those that are closed."""

from __future__ import annotations

from groundwork.aws.organizations import Organizations
from groundwork.closing.due import DueAccounts, Passed
from groundwork.declaration.loading import load
from groundwork.entry import Scheduled, entry
from groundwork.ledger import Ledger
from groundwork.settings import settings


@entry(Scheduled)
def handle(event: Scheduled) -> Passed:
    environment = settings()
    ledger, machine = Ledger(environment.ledger_table), environment.state_machine_arn
    return DueAccounts(load(), ledger, Organizations(), machine).close(event.time)
