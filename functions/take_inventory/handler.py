"""State TakeInventory: writes down what is in an account that is to be closed, and says what to answer."""

from __future__ import annotations

from groundwork.closing.inventory import take_inventory
from groundwork.closing.telling import Ending
from groundwork.closing.work import Closure
from groundwork.contracts import Model
from groundwork.declaration.loading import load
from groundwork.entry import entry
from groundwork.ledger import Ledger
from groundwork.settings import settings


class Input(Model):
    work: Closure


@entry(Input)
def handle(event: Input) -> Ending:
    environment = settings()
    return take_inventory(event.work, load(), Ledger(environment.ledger_table), environment.roll_outs_bucket)
