"""State CheckCreation: asks whether the account is there, by failing with AccountNotCreated while it is not."""

from __future__ import annotations

from groundwork.contracts import AccountId, Model
from groundwork.creation import Creating, Creator
from groundwork.declaration import load
from groundwork.entry import entry
from groundwork.ledger import Ledger
from groundwork.organizations import Organizations
from groundwork.settings import settings
from groundwork.work import Work


class Input(Model):
    work: Work
    creating: Creating


class Output(Model):
    account_id: AccountId


@entry(Input)
def handle(event: Input) -> Output:
    creator = Creator(load(), Ledger(settings().ledger_table), Organizations())
    return Output(account_id=creator.check(event.work, event.creating))
