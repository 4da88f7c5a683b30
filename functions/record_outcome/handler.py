"""State RecordOutcome: remembers what was done, and says what to answer and who goes next."""

from __future__ import annotations

from typing import Any

from groundwork.aws.organizations import Organizations
from groundwork.contracts import Model, Organization
from groundwork.declaration.loading import load
from groundwork.entry import entry
from groundwork.ledger import Ledger
from groundwork.notifications.metrics import count_success
from groundwork.settings import settings
from groundwork.vending.enrolment import Enrolled
from groundwork.vending.outcome import Ending, Recorder
from groundwork.vending.work import Work


class Input(Model):
    work: Work
    enrolled: Enrolled
    organization: Organization
    results: list[Any]
    started: str


@entry(Input)
def handle(event: Input) -> Ending:
    recorder = Recorder(load(), Ledger(settings().ledger_table), Organizations())
    ending = recorder.succeeded(event.work, event.enrolled, event.organization, event.results)
    count_success(ending.output["outcome"], event.started)
    return ending
