"""The bus: where an answer goes that the state machine can no longer send itself."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from groundwork.aws.clients import own_client
from groundwork.callers import SOURCE
from groundwork.errors import AnswerNotSent
from groundwork.vending.work import Answer

if TYPE_CHECKING:
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef


def send(answers: Sequence[Answer]) -> None:
    """Raises `AnswerNotSent`, so that Lambda tries again.

    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
    """
    entries: list[PutEventsRequestEntryTypeDef] = [
        {"Source": SOURCE, "DetailType": answer.detail_type, "Detail": json.dumps(answer.detail)}
        for answer in answers
    ]
    result = own_client("events").put_events(Entries=entries)
    if result["FailedEntryCount"]:
        raise AnswerNotSent(f"EventBridge did not take the answer: {result['Entries']}")
