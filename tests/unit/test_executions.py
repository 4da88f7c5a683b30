"""What an execution's history says: whether it has answered."""

from __future__ import annotations

from typing import Any

import pytest

from groundwork.aws.executions import PROGRESSING, Executions


class StepFunctions:
    """One history, shown backwards from its end, a page of it."""

    def __init__(self, events: list[dict[str, Any]]) -> None:
        self.events = events

    def get_execution_history(self, **_: Any) -> dict[str, Any]:
        return {"events": self.events[::-1]}


def put(first: int, detail_type: str) -> list[dict[str, Any]]:
    """A task that puts an event on the bus, from its beginning to its end."""
    parameters = f'{{"Entries": [{{"DetailType": "{detail_type}"}}]}}'
    return [
        {"id": first, "previousEventId": first - 1, "taskScheduledEventDetails": {"parameters": parameters}},
        {"id": first + 1, "previousEventId": first, "taskStartedEventDetails": {"resourceType": "events"}},
        {
            "id": first + 2,
            "previousEventId": first + 1,
            "taskSucceededEventDetails": {"resourceType": "events"},
        },
    ]


@pytest.mark.parametrize(
    ("events", "answered"),
    [
        ([], False),
        (put(1, "Account Ready"), True),
        (put(1, PROGRESSING), False),
        ([*put(1, PROGRESSING), *put(4, "Account Failed")], True),
        (put(1, PROGRESSING)[1:], False),  # its beginning is on another page, and longer ago than an answer
    ],
)
def test_how_far_a_request_is_is_no_answer(events: list[dict[str, Any]], answered: bool) -> None:
    client: Any = StepFunctions(events)
    assert Executions(client).has_answered("arn") == answered
