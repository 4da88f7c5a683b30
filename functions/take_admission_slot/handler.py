"""State TakeAdmissionSlot: when this execution may call CreateAccount."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from groundwork.contracts import Model
from groundwork.entry import entry
from groundwork.ledger import Ledger
from groundwork.settings import settings
from groundwork.vending.admission import AdmissionSlot, take_admission_slot
from groundwork.vending.work import Work


class Input(Model):
    work: Work
    now: Annotated[datetime, Field(strict=False)]
    refused: bool


@entry(Input)
def handle(event: Input) -> AdmissionSlot:
    return take_admission_slot(event.work, Ledger(settings().ledger_table), event.now, refused=event.refused)
