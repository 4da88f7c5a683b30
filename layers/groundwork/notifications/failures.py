"""What people are told by SNS, of what ends by `endings`, and when something has failed: what, why, what to do, and where to look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ConfigDict

from groundwork.aws.executions import Ended
from groundwork.contracts import Model
from groundwork.errors import RollOutFailed
from groundwork.notifications.endings import ENDINGS, notice_of_ending
from groundwork.notifications.notices import Notice, notice
from groundwork.rendering import console_of, on_one_line

HOW_IT_ENDED = {"FAILED": "failed", "TIMED_OUT": "timed out", "ABORTED": "was stopped"}
AGAIN = '"New execution" on that page starts it again with the same input, which you may correct.'


class AccountFailed(Model):
    """The detail of `Account Failed`."""

    model_config = ConfigDict(extra="ignore")

    account_name: str = ""
    email: str = ""
    account_id: str = ""
    request_id: str = ""
    error: str
    cause: str
    remedy: str
    execution: str

    @property
    def who(self) -> str:
        return on_one_line(self.account_name or self.email or self.account_id) or "a request"


def notice_of(detail_type: str, detail: Mapping[str, Any]) -> Notice:
    """What to tell of an event: of `Account Failed`, of an account that ends, or of the end of a roll-out."""
    if detail_type in ENDINGS:
        return notice_of_ending(detail_type, detail)
    if detail_type == "Account Failed":
        return _of_account(AccountFailed.model_validate(detail))
    return _of_roll_out(Ended.model_validate(detail))


def _of_account(failed: AccountFailed) -> Notice:
    named = [each for each in (failed.account_name, failed.email, failed.account_id) if each]
    lines = {
        "Account": ", ".join(named) or "not named",
        "Error": failed.error,
        "Cause": failed.cause,
        "Remedy": failed.remedy,
        "Execution": console_of(failed.execution),
        "Again": AGAIN,
        "Request": failed.request_id,
    }
    return _notice(f"{failed.who} failed", failed.error, lines)


def _of_roll_out(ended: Ended) -> Notice:
    """Of a roll-out that could not tell of its end itself."""
    how = HOW_IT_ENDED[ended.status]
    lines = {
        "Error": ended.name_of_error,
        "Cause": ended.cause
        or f"It {how}, and accounts that were being worked on may have been left half-way.",
        "Remedy": RollOutFailed.remedy,
        "Execution": console_of(ended.execution_arn),
        "Again": AGAIN,
    }
    return _notice(f"a roll-out {how}", ended.name_of_error, lines)


def _notice(what: str, error: str, lines: Mapping[str, str]) -> Notice:
    return notice(f"{what}: {on_one_line(error)}", error, lines, thread=lines["Execution"])
