"""What people are told by SNS when an account expires, waits to be closed, was closed, or is had back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ConfigDict, Field

from groundwork.contracts import Model
from groundwork.notifications.notices import Notice, notice
from groundwork.rendering import console_of

ENDINGS: Mapping[str, str] = {
    "Account Expiring": "is going to be closed",
    "Account Closing": "is suspended, and waits to be closed",
    "Account Closed": "was closed",
    "Account Reopened": "is had back",
}
"""The events that people are told of, and what has become of the account."""


class AccountEnding(Model):
    """The detail of one of these events; each has some of it."""

    model_config = ConfigDict(extra="ignore")

    account_id: str
    account_name: str
    email: str
    reason: str = ""
    suspended_at: str = ""
    closes_at: str = ""
    keep: str = ""
    reopen: str = ""
    inventory: dict[str, Any] = Field(default_factory=dict)
    execution: str = ""
    request_id: str = ""
    notice_id: str = ""


def notice_of_ending(detail_type: str, detail: Mapping[str, Any]) -> Notice:
    """What to tell of one of `ENDINGS`. One that is sent twice has the same notice id, or request."""
    told = AccountEnding.model_validate(detail)
    what = ENDINGS[detail_type]
    lines = {
        "Account": ", ".join([told.account_name, told.email, told.account_id]),
        "What": f"It {what}.",
        "Why": told.reason,
        "Suspended": f"at {told.suspended_at}, when nobody can do anything in it any more"
        if told.suspended_at
        else "",
        "Closed": f"at {told.closes_at} at the earliest" if told.closes_at else "",
        "Keep": told.keep,
        "Reopen": told.reopen,
        "Inventory": str(told.inventory.get("file", "")),
        "Execution": console_of(told.execution) if told.execution else "",
        "Request": told.request_id,
        "Notice": told.notice_id,
    }
    if detail_type == "Account Closed":
        lines["Closed"] = ""
    error = detail_type.replace(" ", "")
    return notice(f"{told.account_name} {what}", error, lines, thread=told.account_id).of(told.account_id)
