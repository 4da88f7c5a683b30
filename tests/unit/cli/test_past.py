"""What failed and is not put right: of whom, and of which machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from cli.executions.past import open_closings, open_failures, past

MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:groundwork-close-account"
MOMENT = datetime(2026, 11, 30, tzinfo=UTC)


class StepFunctions:
    """A client that knows these executions, each an input and how it ended; the newest first."""

    def __init__(self, *known: tuple[Any, str]) -> None:
        self._known = {f"{MACHINE}:{number}": each for number, each in enumerate(known)}

    def get_paginator(self, _: str) -> StepFunctions:
        return self

    def paginate(self, stateMachineArn: str, statusFilter: str = "") -> Iterator[dict[str, Any]]:  # noqa: N803
        assert stateMachineArn == MACHINE
        arns = [arn for arn, (_, status) in self._known.items() if statusFilter in ("", status)]
        yield {"executions": [{"executionArn": arn} for arn in arns]}

    def describe_execution(self, executionArn: str) -> dict[str, Any]:  # noqa: N803
        given, status = self._known[executionArn]
        output = {"output": json.dumps({"accountId": given["detail"].get("accountId")})}
        cause = {"error": "AccountProtected", "cause": "It is never closed. Remedy: Leave it open."}
        ended = output if status == "SUCCEEDED" else cause
        return {
            "status": status,
            "startDate": MOMENT,
            "stopDate": MOMENT,
            "input": json.dumps(given),
            **ended,
        }


class Aws:
    """A connection."""

    def __init__(self, states: StepFunctions) -> None:
        self._states = states

    def client(self, _: str) -> StepFunctions:
        return self._states

    def state_machine(self, name: str) -> str:
        return MACHINE.replace("groundwork-close-account", name)


def asked(account: Any) -> dict[str, Any]:
    return {
        "source": "groundwork.by.X",
        "detail-type": "Account Close Requested",
        "detail": {"accountId": account},
    }


def closings(*known: tuple[Any, str]) -> list[Any]:
    return open_closings(Aws(StepFunctions(*known)), 100)  # type: ignore[arg-type]


def test_a_refused_closing_is_told_with_the_account_that_it_names() -> None:
    (found,) = closings((asked("211047650761"), "FAILED"), (asked("211047650761"), "FAILED"))
    assert (found.subject, found.failure) == (
        "211047650761",
        {"error": "AccountProtected", "cause": "It is never closed.", "remedy": "Leave it open."},
    )
    assert found.trigger == "Account Close Requested"


def test_one_that_went_well_later_is_told_no_more() -> None:
    assert closings((asked("211047650761"), "SUCCEEDED"), (asked("211047650761"), "FAILED")) == []
    assert closings((asked("211047650761"), "RUNNING")) == []


@pytest.mark.parametrize("account", [7, None, {"a": "b"}, "\x1b[2J"])
def test_whatever_a_request_names_is_shown_as_text(account: Any) -> None:
    (found,) = closings((asked(account), "FAILED"))
    assert found.subject.isprintable() and found.subject


def test_what_a_request_names_is_not_taken_for_the_account() -> None:
    aws = Aws(StepFunctions((asked("211047650761"), "FAILED")))
    (found,) = past(aws, 10, "FAILED", "groundwork-close-account")  # type: ignore[arg-type]
    assert found.account_id == ""


def change_of(account: str, name: str) -> dict[str, Any]:
    return {
        "source": "groundwork.by.X",
        "detail-type": "Account Change Requested",
        "detail": {"accountId": account, "accountName": name},
    }


class Ledger:
    """That knows when runs of an account went well, in seconds after the failures."""

    def __init__(self, **ran: int) -> None:
        self._ran = {
            account.strip("_"): SimpleNamespace(last_plan_at=0, last_run_at=MOMENT.timestamp() + seconds)
            for account, seconds in ran.items()
        }

    def last_runs(self) -> dict[str, Any]:
        return self._ran

    def recall(self, _: Any) -> Any:
        return SimpleNamespace(requests={})


def failing(ledger: Ledger, *known: tuple[Any, str]) -> list[Any]:
    aws: Any = Aws(StepFunctions(*known))
    aws.state_machine = lambda _: MACHINE
    aws.ledger = lambda: ledger
    return open_failures(aws, 100)


def test_refused_changes_of_an_account_are_one_row_that_hides_no_failure_of_it() -> None:
    account = "211047650761"
    refused, failed = (change_of(account, "zzz"), "FAILED"), ({"accountId": account, "detail": {}}, "FAILED")
    rows = failing(Ledger(), refused, refused, failed)
    assert [(each.subject, each.account_id) for each in rows] == [(account, ""), (account, account)]
    assert failing(Ledger(_211047650761=1), refused, failed) == []
    assert len(failing(Ledger(_211047650761=-1), refused, failed)) == 2
