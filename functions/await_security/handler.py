"""State AwaitSecurity: asks whether the security account is ready, by failing with SecurityAccountNotReady while it
is not."""

from __future__ import annotations

from groundwork.contracts import Account, Model, Organization
from groundwork.declaration import load
from groundwork.entry import entry
from groundwork.executions import Executions
from groundwork.ledger import Ledger
from groundwork.organizations import Organizations
from groundwork.readiness import SecurityWatch
from groundwork.settings import settings


class Input(Model):
    account: Account
    organization: Organization
    execution: str


@entry(Input)
def handle(event: Input) -> Organization:
    watch = SecurityWatch(load(), Ledger(settings().ledger_table), Organizations(), Executions())
    return watch.wait(event.account, event.organization)
