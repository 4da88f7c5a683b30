"""For each `Account Failed`, each account that is to be closed or was, and each roll-out that ended without a word: tells
people, by SNS."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from groundwork.contracts import Model
from groundwork.entry import entry
from groundwork.notifications.failures import notice_of
from groundwork.notifications.notices import Topic
from groundwork.settings import settings


class Input(Model):
    """The event as it was on the bus."""

    model_config = ConfigDict(extra="ignore")

    detail_type: str = Field(alias="detail-type")
    detail: dict[str, Any]


@entry(Input)
def handle(event: Input) -> None:
    environment = settings()
    topic = Topic(environment.notices_topic_arn, environment.notices_for_chat == "true")
    topic.tell(notice_of(event.detail_type, event.detail))
