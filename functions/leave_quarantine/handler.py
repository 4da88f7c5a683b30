"""State LeaveQuarantine: puts an account that waited there in its own unit, once its baseline is verified."""

from __future__ import annotations

from groundwork.aws.organizations import Organizations
from groundwork.contracts import Account, Model
from groundwork.declaration.loading import load
from groundwork.entry import entry
from groundwork.ledger import Ledger
from groundwork.settings import settings
from groundwork.vending.enrolment import Enroller
from groundwork.vending.work import Waiting


class Input(Model):
    account: Account
    waiting: Waiting
    execution: str


@entry(Input)
def handle(event: Input) -> None:
    enroller = Enroller(load(), Ledger(settings().ledger_table), Organizations())
    enroller.release(event.account.id, event.waiting)
