"""State AwaitSecurity: asks whether the security account is ready, by failing with SecurityAccountNotReady, or
SecurityAccountAlmostReady, while it is not."""

from __future__ import annotations

from groundwork.aws.executions import Executions
from groundwork.aws.organizations import Organizations
from groundwork.contracts import Account, Model, Organization
from groundwork.declaration.loading import load
from groundwork.entry import entry
from groundwork.ledger import Ledger
from groundwork.settings import settings
from groundwork.vending.readiness import SecurityWatch


class Input(Model):
    account: Account
    organization: Organization
    execution: str


@entry(Input)
def handle(event: Input) -> Organization:
    watch = SecurityWatch(load(), Ledger(settings().ledger_table), Organizations(), Executions())
    return watch.wait(event.account, event.organization)
