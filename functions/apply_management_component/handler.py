"""The states of the baseline in the management account. Its role may administer the organization, and enter no
account."""

from __future__ import annotations

from groundwork.aws.executions import Executions
from groundwork.baseline.component import Installation
from groundwork.baseline.run import ComponentTask, Result, is_wanted, skipped, work_in_management
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
    trail = (environment.bootstrap_trail_bucket, environment.bootstrap_trail_key_arn)
    return work_in_management(
        task, declaration, Installation(bootstrap_trail=trail), ledger.notes(task.execution)
    )
