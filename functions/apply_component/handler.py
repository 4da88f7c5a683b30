"""The states of the baseline in a member account: brings one component to what is declared."""

from __future__ import annotations

from groundwork.baseline.run import Result, Work, apply_inside
from groundwork.declaration import load
from groundwork.entry import entry
from groundwork.executions import Executions
from groundwork.ledger import Ledger
from groundwork.settings import settings


@entry(Work)
def handle(work: Work) -> Result:
    Ledger(settings().ledger_table).lease(work.account.id, work.execution, Executions().is_running)
    return apply_inside(work, load())
