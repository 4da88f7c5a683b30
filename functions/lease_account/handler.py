"""State LeaseAccount: holds the account for this execution, so that two never work in it at once."""

from __future__ import annotations

from groundwork.aws.executions import Executions
from groundwork.aws.organizations import Organizations
from groundwork.contracts import Account, Model, Organization
from groundwork.declaration.loading import load
from groundwork.entry import entry
from groundwork.fields import Whole
from groundwork.ledger import Ledger
from groundwork.settings import settings
from groundwork.vending.beginning import Leased, lease


class Input(Model):
    account: Account
    organization: Organization
    execution: str
    leases: Whole


@entry(Input)
def handle(event: Input) -> Leased:
    of_account = event.account, event.organization, event.leases
    ledger = Ledger(settings().ledger_table)
    return lease(*of_account, event.execution, load(), ledger, Organizations(), Executions())
