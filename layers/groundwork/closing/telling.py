"""What is answered about the closing of accounts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from groundwork.closing.work import Closure
from groundwork.contracts import Model
from groundwork.ledger.records import ClosingRecord
from groundwork.vending.work import Answer

SUPPORT = "AWS Support can reopen it within 90 days of its closure, and nobody after that."


class Ending(Model):
    """The output of an execution, and the events that tell of it."""

    output: dict[str, Any]
    answers: list[Answer] = Field(default_factory=list)


def ending(work: Closure, outcome: str, answer: Answer | None, **more: Any) -> Ending:
    return Ending(output={**_account(work), "outcome": outcome, **more}, answers=[answer] if answer else [])


def closing(work: Closure, record: ClosingRecord, inventory: Mapping[str, Any]) -> Answer:
    """`Account Closing`: it is suspended, and until when it can be had back."""
    detail = {
        **_account(work),
        "closesAt": record.closes_at,
        **({"reason": record.reason} if record.reason else {}),
        "inventory": dict(inventory),
        "reopen": f"Until {record.closes_at}: groundwork reopen {record.account_id}, or the event Account Reopen Requested with "
        f'{{"accountId": "{record.account_id}"}}.',
        **({"again": True} if work.again else {}),
        **_asked(work.execution, work.request_id),
    }
    return Answer(detail_type="Account Closing", detail=detail)


def reopened(work: Closure, note: str = "") -> Answer:
    """`Account Reopened`: it is where it was, or it was not to be closed."""
    said = {"outcome": "unchanged", "note": note} if note else {"outcome": "reopened"}
    detail = {**_account(work), **said, **_asked(work.execution, work.request_id)}
    return Answer(detail_type="Account Reopened", detail=detail)


def closed(record: ClosingRecord) -> Answer:
    """`Account Closed`."""
    return Answer(detail_type="Account Closed", detail={**_of(record), "reopen": SUPPORT})


def not_closed(record: ClosingRecord, error: str, cause: str, remedy: str) -> Answer:
    """`Account Failed`, of an account that AWS does not close."""
    said = {"error": error, "cause": cause, "remedy": remedy}
    return Answer(detail_type="Account Failed", detail={**_of(record), **said})


def _account(work: Closure) -> dict[str, str]:
    return {
        "accountId": work.listed.id,
        "accountName": work.listed.name,
        "email": work.listed.email,
    }


def _of(record: ClosingRecord) -> dict[str, Any]:
    return {
        "accountId": record.account_id,
        "accountName": record.account_name,
        "email": record.email,
        "closesAt": record.closes_at,
        **_asked(record.execution, record.request_id),
    }


def _asked(execution: str, request_id: str | None) -> dict[str, str]:
    return {"execution": execution, **({"requestId": request_id} if request_id else {})}
