"""For each `Account Request Decided`: writes down the decision, and wakes the execution that waits for it."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict

from groundwork.aws.executions import Executions
from groundwork.contracts import Model
from groundwork.entry import entry
from groundwork.ledger import Ledger
from groundwork.notifications.approvals import take_decision
from groundwork.notifications.notices import Topic
from groundwork.settings import settings


class Input(Model):
    """The event as it was on the bus."""

    model_config = ConfigDict(extra="ignore")

    id: str
    source: str
    detail: dict[str, Any]


@entry(Input)
def handle(event: Input) -> None:
    environment = settings()
    ledger = Ledger(environment.ledger_table)
    take_decision(
        event.detail,
        event.source,
        event.id,
        ledger,
        Executions(),
        Topic(environment.notices_topic_arn, environment.notices_for_chat == "true"),
        environment.state_machine_arn,
    )
