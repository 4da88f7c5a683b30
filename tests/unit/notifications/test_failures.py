"""What people are told of a failure."""

from __future__ import annotations

from typing import Any

import pytest

from groundwork.notifications.failures import notice_of
from groundwork.notifications.notices import LONGEST_SUBJECT
from groundwork.rendering import console_of

EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:groundwork-vend-account:abc"


def failed(**changed: Any) -> dict[str, Any]:
    detail = {
        "accountName": "payments",
        "email": "aws+payments@example.com",
        "accountId": "211047650761",
        "error": "BaselineFailed",
        "cause": "trail: ConflictingSetup: somebody's",
        "remedy": "Mend it.",
        "execution": EXECUTION,
    }
    return {key: value for key, value in {**detail, **changed}.items() if value is not None}


def test_a_notice_says_what_why_and_what_to_do() -> None:
    notice = notice_of("Account Failed", failed())
    assert notice.subject == "Groundwork: payments failed: BaselineFailed"
    assert notice.message.splitlines() == [
        "Account:   payments, aws+payments@example.com, 211047650761",
        "Error:     BaselineFailed",
        "Cause:     trail: ConflictingSetup: somebody's",
        "Remedy:    Mend it.",
        f"Execution: {console_of(EXECUTION)}",
        'Again:     "New execution" on that page starts it again with the same input, which you may correct.',
    ]


def test_a_request_is_named_by_its_event() -> None:
    notice = notice_of("Account Failed", failed(accountId=None, requestId="7efc1a3f"))
    assert notice.message.endswith("Request:   7efc1a3f")


def test_a_request_that_names_nobody_is_told_of_all_the_same() -> None:
    notice = notice_of("Account Failed", failed(accountName=None, email=None, accountId=None))
    assert notice.subject == "Groundwork: a request failed: BaselineFailed"
    assert "Account:   not named" in notice.message


def test_a_subject_is_one_that_sns_takes() -> None:
    subject = notice_of("Account Failed", failed(accountName="é\n\u202e" + "x" * 256)).subject
    assert subject.isascii() and subject.isprintable() and len(subject) == LONGEST_SUBJECT


@pytest.mark.parametrize(
    ("partition", "region", "host"),
    [
        ("aws", "us-east-1", "us-east-1.console.aws.amazon.com"),
        ("aws-cn", "cn-north-1", "cn-north-1.console.amazonaws.cn"),
        ("aws-us-gov", "us-gov-west-1", "us-gov-west-1.console.amazonaws-us-gov.com"),
    ],
)
def test_an_execution_is_seen_in_the_console_of_its_partition(partition: str, region: str, host: str) -> None:
    arn = EXECUTION.replace("arn:aws:", f"arn:{partition}:").replace("us-east-1", region)
    assert console_of(arn) == f"https://{host}/states/home?region={region}#/v2/executions/details/{arn}"


def test_an_account_that_expires_is_told_with_what_keeps_it() -> None:
    detail = {
        "accountId": "211047650761",
        "accountName": "sandbox",
        "email": "aws+sandbox@example.com",
        "noticeId": "211047650761/2026-12-31/14",
        "reason": "It expires on 2026-12-31.",
        "suspendedAt": "2026-12-31T00:00:00Z",
        "keep": "groundwork change 211047650761 --expires DATE, or --expires never",
    }
    told = notice_of("Account Expiring", detail)
    assert told.subject == "Groundwork: sandbox is going to be closed"
    assert told.message.splitlines() == [
        "Account:   sandbox, aws+sandbox@example.com, 211047650761",
        "What:      It is going to be closed.",
        "Why:       It expires on 2026-12-31.",
        "Suspended: at 2026-12-31T00:00:00Z, when nobody can do anything in it any more",
        "Keep:      groundwork change 211047650761 --expires DATE, or --expires never",
        "Notice:    211047650761/2026-12-31/14",
    ]
    assert (told.error, told.account_id) == ("AccountExpiring", "211047650761")


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("Account Closing", "Closed:    at 2027-01-30T00:00:00Z at the earliest"),
        ("Account Closed", "Reopen:    AWS Support can"),
        ("Account Reopened", "What:      It is had back."),
    ],
)
def test_an_account_that_ends_is_told(what: str, words: str) -> None:
    detail = {
        "accountId": "211047650761",
        "accountName": "sandbox",
        "email": "aws+sandbox@example.com",
        "closesAt": "2027-01-30T00:00:00Z",
        "reopen": "AWS Support can reopen it.",
        "execution": EXECUTION.replace("vend", "close"),
    }
    assert words in notice_of(what, detail).message
