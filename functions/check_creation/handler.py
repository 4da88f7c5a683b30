"""State CheckCreation: asks whether the account is there, by failing with AccountNotCreated while it is not."""

from __future__ import annotations

from groundwork.aws.organizations import Organizations
from groundwork.contracts import Model
from groundwork.declaration.loading import load
from groundwork.entry import entry
from groundwork.ledger import Ledger
from groundwork.settings import settings
from groundwork.vending.creation import CreatedAccount, Creator, PendingCreation
from groundwork.vending.work import Work


class Input(Model):
    work: Work
    creating: PendingCreation


@entry(Input)
def handle(event: Input) -> CreatedAccount:
    creator = Creator(load(), Ledger(settings().ledger_table), Organizations())
    return creator.check(event.work, event.creating)
