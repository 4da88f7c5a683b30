"""State EnrollAccount: puts the account in its unit, tags it and makes it known to the ledger. In plan
mode it only looks."""

from __future__ import annotations

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


@entry(Input)
def handle(event: Input) -> Enrolled:
    enroller = Enroller(load(), Ledger(settings().ledger_table), Organizations())
    do = enroller.look if event.work.mode == "plan" else enroller.enroll
    return do(event.work, event.account_id)
