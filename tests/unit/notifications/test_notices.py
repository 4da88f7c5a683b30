"""The form in which a chat shows a notice."""

from __future__ import annotations

import json
from typing import Any

from groundwork.notifications.notices import LONGEST_IN_CHAT, Notice, notice, with_chat

LINES = {"Account": "payments", "Cause": "taken", "Remedy": "Ask with another e-mail."}


def chat(of: Notice) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(with_chat(of).chat or "")
    return found


def test_it_is_a_custom_notification_of_amazon_q_developer() -> None:
    said = chat(notice("payments failed", "AccountRefused", LINES, thread="arn:1"))
    assert (said["version"], said["source"]) == ("1.0", "custom")
    assert said["content"] == {
        "textType": "client-markdown",
        "title": "Groundwork: payments failed",
        "description": "Account:   payments\nCause:     taken\nRemedy:    Ask with another e-mail.",
        "nextSteps": ["Ask with another e-mail."],
        "keywords": ["AccountRefused"],
    }
    again = chat(notice("payments waits", "ApprovalNeeded", LINES, thread="arn:1"))
    assert said["metadata"] == again["metadata"]


def test_nobody_who_is_quoted_calls_people_or_hides_an_address() -> None:
    said = chat(notice("x", "E", {"Cause": "<!channel> <https://evil|here> [here](https://evil)"}))
    for sign in ("<", ">", "]("):
        assert sign not in said["content"]["description"]


def test_what_is_too_long_for_a_chat_is_cut() -> None:
    said = chat(Notice(subject="s", message="x" * 50_000))
    assert len(said["content"]["description"]) == LONGEST_IN_CHAT + len("...")
    assert "metadata" not in said and "nextSteps" not in said["content"]
