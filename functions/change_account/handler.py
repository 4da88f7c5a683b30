"""State ChangeAccount: gives an account the name, the unit, the tags and the contacts that were asked for, and has AWS send
a code to another root e-mail address. In plan mode it only looks."""

from __future__ import annotations

from groundwork.aws.account_management import AccountManagement
from groundwork.aws.executions import Executions
from groundwork.aws.organizations import Organizations
from groundwork.contracts import Model
from groundwork.declaration.loading import load
from groundwork.entry import entry
from groundwork.fields import AccountId
from groundwork.ledger import Ledger
from groundwork.settings import settings
from groundwork.vending.changes.making import Changer
from groundwork.vending.work import Wish, Work


class Input(Model):
    work: Work
    account_id: AccountId
    wish: Wish


@entry(Input)
def handle(event: Input) -> Work:
    ledger = Ledger(settings().ledger_table)
    changer = Changer(load(), ledger, Organizations(), AccountManagement(), Executions().is_running)
    return changer.change(event.work, event.account_id, event.wish)
