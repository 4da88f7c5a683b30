"""What people are told by SNS when something has failed: what, why, what to do, and where to look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ConfigDict

from groundwork.aws.clients import own_client
from groundwork.aws.executions import Ended
from groundwork.contracts import Model
from groundwork.errors import RollOutFailed
from groundwork.rendering import console_of, on_one_line

LONGEST_SUBJECT = 99
LONGEST_LINE = 16_000
"""Characters. Amazon SNS takes a subject of less than 100, in ASCII."""
HOW_IT_ENDED = {"FAILED": "failed", "TIMED_OUT": "timed out", "ABORTED": "was stopped"}
AGAIN = '"New execution" on that page starts it again with the same input, which you may correct.'


class Notice(Model):
    """An SNS message for the people who look after the organization. `error` is an attribute of it, by which a
    subscription may choose."""

    subject: str
    message: str
    error: str = ""


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
    """What to tell of an event: of `Account Failed`, or of the end of a roll-out."""
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
    return notice(f"{what}: {on_one_line(error)}", error, lines)


def notice(what: str, error: str, lines: Mapping[str, str]) -> Notice:
    """A line for each thing there is to say."""
    subject = f"Groundwork: {what}"
    told = {name: on_one_line(text, LONGEST_LINE) for name, text in lines.items() if text}
    return Notice(
        subject=subject.encode("ascii", "replace").decode()[:LONGEST_SUBJECT],
        message="\n".join(f"{name + ':':<10} {text}" for name, text in told.items()),
        error=error,
    )


def tell(topic_arn: str, notice: Notice) -> None:
    """https://docs.aws.amazon.com/sns/latest/api/API_Publish.html"""
    attributes: dict[str, Any] = {"error": {"DataType": "String", "StringValue": notice.error}}
    own_client("sns").publish(
        TopicArn=topic_arn, Subject=notice.subject, Message=notice.message, MessageAttributes=attributes
    )
