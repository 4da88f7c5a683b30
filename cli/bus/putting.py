"""What people ask for, put on the bus of the management account as events in their own name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cli.executions.following import Asked, now
from cli.trouble import FAILED, Trouble

if TYPE_CHECKING:
    from cli.connection import Connection

ENTRIES_AT_ONCE = 10
"""Of one PutEvents: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html"""


def put(aws: Connection, detail_type: str, details: Mapping[str, Mapping[str, Any]]) -> dict[str, Asked]:
    """One event for each of the details, which are known by what they are about. Raises `Trouble` when the bus takes one of
    them not."""
    client, posted, about = aws.client("events"), dict[str, Asked](), list(details)
    for start in range(0, len(about), ENTRIES_AT_ONCE):
        some = about[start : start + ENTRIES_AT_ONCE]
        entries = [
            {"Source": aws.source, "DetailType": detail_type, "Detail": json.dumps(details[each])}
            for each in some
        ]
        for each, answer in zip(some, client.put_events(Entries=entries)["Entries"], strict=True):
            if "EventId" not in answer:
                raise Trouble(
                    f"EventBridge did not take the event for {each}: "
                    f"{answer.get('ErrorCode')}: {answer.get('ErrorMessage')}.",
                    "Repeat the command: nothing is done twice.",
                    FAILED,
                )
            posted[each] = Asked(answer["EventId"], now())
    return posted
