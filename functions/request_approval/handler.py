"""State RequestApproval: tells people that a request waits, and remembers how to wake the execution that waits."""

from __future__ import annotations

from groundwork.contracts import Model
from groundwork.entry import entry
from groundwork.fields import EventId
from groundwork.ledger import Ledger
from groundwork.notifications.approvals import ask_people
from groundwork.notifications.notices import Topic
from groundwork.settings import settings


class Input(Model):
    request_id: EventId
    token: str


@entry(Input)
def handle(event: Input) -> None:
    environment = settings()
    ask_people(
        Ledger(environment.ledger_table),
        event.request_id,
        event.token,
        Topic(environment.notices_topic_arn, environment.notices_for_chat == "true"),
    )
