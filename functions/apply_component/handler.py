"""The states of the baseline in a member account: brings one component to what is declared, or plans that."""

from __future__ import annotations

from groundwork.aws.executions import Executions
from groundwork.baseline.run import Result, Work, is_wanted, skipped, work_inside
from groundwork.declaration.loading import load
from groundwork.entry import entry
from groundwork.ledger import Ledger
from groundwork.settings import settings


@entry(Work)
def handle(work: Work) -> Result:
    declaration = load()
    if not is_wanted(work, declaration):
        return skipped(work)
    if work.mode == "apply":
        ledger = Ledger(settings().ledger_table)
        ledger.keep(work.account.id, work.execution, work.leased_until, Executions().is_running)
    return work_inside(work, declaration)
