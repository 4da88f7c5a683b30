"""What people are told by SNS: plain text, and on request the form that Amazon Q Developer shows in Slack and Teams.

That form goes to subscriptions of the protocol https, by which Amazon Q Developer subscribes; every other gets plain text.
https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html
https://docs.aws.amazon.com/sns/latest/dg/sns-send-custom-platform-specific-payloads-mobile-devices.html
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from groundwork.aws.clients import own_client
from groundwork.contracts import Model
from groundwork.rendering import on_one_line

LONGEST_SUBJECT = 99
LONGEST_LINE = 16_000
"""Characters. Amazon SNS takes a subject of less than 100, in ASCII."""
LONGEST_IN_CHAT = 3_000
"""Characters: more is not read there, and the whole is in the plain text."""
STEPS = ("Remedy", "Approve", "Deny", "Keep", "Reopen")
"""The lines that say what to do."""


class Notice(Model):
    """An SNS message for the people who look after the organization. `error` is an attribute of it, by which a
    subscription may choose. `steps` is what to do; notices of one `thread` are shown together in a chat. `chat` is the
    form for it."""

    subject: str
    message: str
    error: str = ""
    steps: list[str] = Field(default_factory=list)
    thread: str = ""
    chat: str | None = None
    account_id: str = ""

    def of(self, account_id: str) -> Notice:
        """By the attribute `accountId` an account's owner subscribes to what is told of it alone."""
        return self.model_copy(update={"account_id": account_id})


def notice(what: str, error: str, lines: Mapping[str, str], thread: str = "") -> Notice:
    """A line for each thing there is to say."""
    told = {name: on_one_line(text, LONGEST_LINE) for name, text in lines.items() if text}
    return Notice(
        subject=f"Groundwork: {what}".encode("ascii", "replace").decode()[:LONGEST_SUBJECT],
        message="\n".join(f"{name + ':':<10} {text}" for name, text in told.items()),
        error=error,
        steps=[told[name] for name in STEPS if name in told],
        thread=thread,
    )


def with_chat(notice: Notice) -> Notice:
    """Also in the form for a chat. Whoever wrote what it quotes may not call people or hide an address there."""
    content: dict[str, Any] = {
        "textType": "client-markdown",
        "title": _harmless(notice.subject),
        "description": _harmless(notice.message),
        "nextSteps": [_harmless(each) for each in notice.steps],
        "keywords": [each for each in [notice.error] if each],
    }
    metadata = {"threadId": hashlib.sha256(notice.thread.encode()).hexdigest()[:32]} if notice.thread else {}
    said = {
        "version": "1.0",
        "source": "custom",
        "content": {name: value for name, value in content.items() if value},
        **({"metadata": metadata} if metadata else {}),
    }
    return notice.model_copy(update={"chat": json.dumps(said)})


def _harmless(text: str) -> str:
    """Without Slack's `<!channel>` and `<address|words>`, and without the `[words](address)` of Teams."""
    cut = text if len(text) <= LONGEST_IN_CHAT else f"{text[:LONGEST_IN_CHAT]}..."
    return cut.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("](", "] (")


@dataclass(frozen=True)
class Topic:
    """Where people are told. `for_chat` is whether a chat listens, too."""

    arn: str
    for_chat: bool = False

    def tell(self, notice: Notice) -> None:
        """https://docs.aws.amazon.com/sns/latest/api/API_Publish.html"""
        attributes: Any = {"error": {"DataType": "String", "StringValue": notice.error}}
        if notice.account_id:
            attributes["accountId"] = {"DataType": "String", "StringValue": notice.account_id}
        said: Any = {"Message": notice.message}
        if self.for_chat:
            forms = {"default": notice.message, "https": with_chat(notice).chat}
            said = {"Message": json.dumps(forms, ensure_ascii=False), "MessageStructure": "json"}
        own_client("sns").publish(
            TopicArn=self.arn, Subject=notice.subject, MessageAttributes=attributes, **said
        )
