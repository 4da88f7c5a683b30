"""What is answered about the closing of accounts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from groundwork.aws.organizations import Listed
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


def closing(work: Closure, record: ClosingRecord, inventory: Mapping[str, Any], *, again: bool) -> Answer:
    """`Account Closing`: it is suspended, and until when it can be had back; `again` where somebody else was told so before."""
    detail = {
        **_account(work),
        "closesAt": record.closes_at,
        **({"reason": record.reason} if record.reason else {}),
        "inventory": dict(inventory),
        "reopen": _how_to_reopen(record),
        **({"again": True} if again else {}),
        **_asked(work.execution, work.request_id),
    }
    return Answer(detail_type="Account Closing", detail=detail)


def expiring(listed: Listed, notice_id: str, why: str, suspended_at: str, keep: str) -> Answer:
    """`Account Expiring`: it is going to be closed, for that reason, if nobody does what `keep` says. A notice that is sent
    twice has the same id."""
    detail = {
        "accountId": listed.id,
        "accountName": listed.name,
        "email": listed.email,
        "noticeId": notice_id,
        "reason": why,
        "suspendedAt": suspended_at,
        "keep": keep,
    }
    return Answer(detail_type="Account Expiring", detail=detail)


def closing_all_the_same(record: ClosingRecord, notice_id: str) -> Answer:
    """`Account Closing`, of an account that the declaration no longer names, and that is suspended: it stays so."""
    reason = "closing.accounts in baseline.yaml names it no more; it is closed all the same, unless it is reopened."
    detail = {**_of(record), "noticeId": notice_id, "reason": reason, "reopen": _how_to_reopen(record)}
    return Answer(detail_type="Account Closing", detail=detail)


def _how_to_reopen(record: ClosingRecord) -> str:
    return (
        f"Until {record.closes_at}: groundwork reopen {record.account_id}, or the event Account Reopen Requested with "
        f'{{"accountId": "{record.account_id}"}}.'
    )


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
