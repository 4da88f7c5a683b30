"""State LeaseAccount: holds the account for this execution, so that two never work in it at once."""

from __future__ import annotations

from groundwork.contracts import Account, Model
from groundwork.entry import entry
from groundwork.executions import Executions
from groundwork.ledger import Ledger
from groundwork.settings import settings


class Input(Model):
    account: Account
    execution: str


class Output(Model):
    leased_until: int


@entry(Input)
def handle(event: Input) -> Output:
    ledger = Ledger(settings().ledger_table)
    return Output(leased_until=ledger.lease(event.account.id, event.execution, Executions().is_running))
