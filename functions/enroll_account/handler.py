"""State EnrollAccount: puts the account in its unit, tags it and makes it known to the ledger. In plan
mode it only looks. State LeaveQuarantine, of an account that waits there: puts it in its unit once its baseline is verified."""

from __future__ import annotations

from groundwork.vending.quarantine import Waiting

from groundwork.aws.organizations import Organizations
from groundwork.contracts import Model
from groundwork.declaration.loading import load
from groundwork.entry import entry
from groundwork.fields import AccountId
from groundwork.ledger import Ledger
from groundwork.settings import settings
from groundwork.vending.enrolment import Enrolled, Enroller
from groundwork.vending.work import Work


class Input(Model):
    work: Work
    account_id: AccountId
    waiting: Waiting | None = None


@entry(Input)
def handle(event: Input) -> Enrolled | None:
    enroller = Enroller(load(), Ledger(settings().ledger_table), Organizations())
    if event.waiting:
        enroller.release(event.account_id, event.waiting)
        return None
    do = enroller.look if event.work.mode == "plan" else enroller.enroll
    return do(event.work, event.account_id)
