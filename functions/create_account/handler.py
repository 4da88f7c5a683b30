"""State CreateAccount: asks Organizations for the account, unless that has been done."""

from __future__ import annotations

from groundwork.aws.organizations import Organizations
from groundwork.contracts import Model
from groundwork.declaration.loading import load
from groundwork.entry import entry
from groundwork.ledger import Ledger
from groundwork.settings import settings
from groundwork.vending.creation import Creator, PendingCreation
from groundwork.vending.work import Work


class Input(Model):
    work: Work


@entry(Input)
def handle(event: Input) -> PendingCreation:
    return Creator(load(), Ledger(settings().ledger_table), Organizations()).create(event.work)
