"""What may be asked about the closing of an account, by an event or by a person's start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from groundwork.callers import BY, caller_in
from groundwork.contracts import Model, object_of
from groundwork.errors import InvalidRequest
from groundwork.fields import AccountId, Day, EventId, Whole, shown
from groundwork.parsing import check_length, parsed

CLOSE = "Account Close Requested"
REOPEN = "Account Reopen Requested"
LONGEST_REASON = 256


def _reason(value: str) -> str:
    if len(value) > LONGEST_REASON:
        raise ValueError(f"has {len(value)} characters; give at most {LONGEST_REASON}")
    if not value.isprintable():
        raise ValueError("has unprintable characters; write it on one line")
    return value


Reason = Annotated[str, AfterValidator(_reason)]
GraceDays = Annotated[Whole | None, Field(ge=1, le=365)]


class CloseRequest(Model):
    """The detail of `Account Close Requested`."""

    account_id: AccountId
    reason: Reason = ""
    grace_days: GraceDays = None


class ReopenRequest(Model):
    """The detail of `Account Reopen Requested`."""

    account_id: AccountId


class Start(CloseRequest):
    """What a person starts the machine with, or `RequestClosings`: that one says why, and the account is left open where it
    is not so any more: it expires on the day `expired_on`, or the declaration names it under `closing.accounts`."""

    reopen: bool = False
    expired_on: Day | None = None
    declared: bool = False


class Asked(Start):
    """What is asked, and by which event."""

    request_id: EventId | None = None


def read_asked(raw: Any) -> Asked:
    """Raises `InvalidRequest`, naming field, value and remedy."""
    if not isinstance(raw, Mapping):
        raise InvalidRequest(f'The input is {shown(raw)}; start with {{"accountId": "<12 digits>"}}.')
    check_length(raw)
    if "detail-type" not in raw:
        return parsed(Asked, parsed(Start, raw).to_json())
    asks_for, requester = raw["detail-type"], caller_in(raw.get("source"))
    if asks_for not in (CLOSE, REOPEN) or requester is None:
        raise InvalidRequest(
            f"The event {shown(asks_for)} of source {shown(raw.get('source'))} closes and reopens nothing; Groundwork takes "
            f"{CLOSE!r} and {REOPEN!r} of source '{BY}<your UserId>'."
        )
    detail, reopen = object_of(raw.get("detail")), asks_for == REOPEN
    asked = parsed(ReopenRequest, detail) if reopen else parsed(CloseRequest, detail)
    return parsed(Asked, {**asked.to_json(), "reopen": reopen, "requestId": raw.get("id")})
