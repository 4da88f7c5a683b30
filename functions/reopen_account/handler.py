"""State ReopenAccount: puts an account that was to be closed back where it was, and has it brought to its baseline."""

from __future__ import annotations

from groundwork.aws.executions import Executions
from groundwork.aws.organizations import Organizations
from groundwork.closing.suspension import reopen
from groundwork.closing.telling import Ending
from groundwork.closing.work import Closure
from groundwork.contracts import Model
from groundwork.entry import entry
from groundwork.ledger import Ledger
from groundwork.settings import settings


class Input(Model):
    work: Closure


@entry(Input)
def handle(event: Input) -> Ending:
    environment = settings()
    ledger, machine = Ledger(environment.ledger_table), environment.state_machine_arn
    return reopen(event.work, ledger, Organizations(), Executions(), machine)
