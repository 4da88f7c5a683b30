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
from groundwork.vending.enrolment import Enroller


class Input(Model):
    account: Account
    organization: Organization
    execution: str
    leases: Whole


class Output(Model):
    leased_until: int
    organization: Organization


@entry(Input)
def handle(event: Input) -> Output:
    ledger = Ledger(settings().ledger_table)
    lease = ledger.leases.take(event.account.id, event.execution, Executions().is_running)
    organization = event.organization
    if lease.number != event.leases + 1:  # somebody worked here since, and perhaps knew more than we do
        organization = Enroller(load(), ledger, Organizations()).organization(event.account)
    return Output(leased_until=lease.until, organization=organization)
