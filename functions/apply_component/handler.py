"""The states of the baseline in a member account: brings one component to what is declared, or plans that."""

from __future__ import annotations

from groundwork.aws.executions import Executions
from groundwork.baseline.component import Installation
from groundwork.baseline.run import ComponentTask, Result, is_wanted, skipped, work_inside
from groundwork.declaration.loading import load
from groundwork.entry import entry
from groundwork.ledger import Ledger
from groundwork.settings import settings


@entry(ComponentTask)
def handle(task: ComponentTask) -> Result:
    declaration, environment = load(), settings()
    if not is_wanted(task, declaration):
        return skipped(task)
    ledger = Ledger(environment.ledger_table)
    if task.mode == "apply":
        ledger.leases.keep(task.account.id, task.execution, task.leased_until, Executions().is_running)
    return work_inside(
        task,
        declaration,
        Installation(archive_writer=environment.archive_writer, entering=environment.entering),
        ledger.notes(task.execution),
    )
