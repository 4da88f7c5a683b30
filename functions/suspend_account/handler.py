"""State SuspendAccount: puts an account that is to be closed where nobody but Groundwork does anything in it."""

from __future__ import annotations

from groundwork.aws.executions import Executions
from groundwork.aws.organizations import Organizations
from groundwork.closing.suspension import suspend
from groundwork.closing.work import Closure
from groundwork.contracts import Model
from groundwork.entry import entry
from groundwork.ledger import Ledger
from groundwork.settings import settings


class Input(Model):
    work: Closure


@entry(Input)
def handle(event: Input) -> Closure:
    return suspend(event.work, Ledger(settings().ledger_table), Organizations(), Executions())
