"""State SelectAccounts: writes down which accounts the roll-out goes to, and in which mode."""

from __future__ import annotations

from typing import Any

from groundwork.aws.organizations import Organizations
from groundwork.baseline.components import COMPONENTS
from groundwork.contracts import Model
from groundwork.declaration.loading import check, load
from groundwork.entry import entry
from groundwork.ledger import Ledger
from groundwork.roll_out.selection import AccountSelector, Selection
from groundwork.roll_out.store import Store
from groundwork.settings import settings


class Input(Model):
    execution: str
    name: str
    input: Any


@entry(Input)
def handle(event: Input) -> Selection:
    environment = settings()
    ledger, management = Ledger(environment.ledger_table), environment.management_account_id
    selector = AccountSelector(check(load(), COMPONENTS), ledger, Organizations(), management)
    return selector.select(event.input, Store(environment.roll_outs_bucket, event.name))
