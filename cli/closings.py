"""Accounts that are closed, and had back: asked for by an event, and followed to its answer."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Literal

from cli.executions.following import executions
from cli.trouble import FAILED, Trouble

if TYPE_CHECKING:
    from cli.connection import Connection

CLOSE_ACCOUNT = "groundwork-close-account"
LOOK_SECONDS = 1.0


def id_of(aws: Connection, account: str) -> str:
    """The id itself needs no look at the organization. Raises `Trouble` for a name or an e-mail that nobody has."""
    from cli.selection import selected

    if account.isdigit():
        return account
    (entry,) = selected(aws, [account], every=False)
    return entry.account_id


def post(aws: Connection, what: Literal["close", "reopen"], detail: dict[str, Any]) -> str:
    """The event's id. Raises `Trouble` for a mistake in it, and when the bus does not take it."""
    from groundwork.closing.asked import CLOSE, REOPEN, read_asked
    from groundwork.errors import InvalidRequest

    detail_type = CLOSE if what == "close" else REOPEN
    entry = {"Source": aws.source, "DetailType": detail_type, "Detail": json.dumps(detail)}
    try:
        read_asked({"source": aws.source, "detail-type": detail_type, "detail": detail})
    except InvalidRequest as wrong:
        raise Trouble(str(wrong), f"`groundwork {what} --help` shows what to give.") from None
    (answer,) = aws.client("events").put_events(Entries=[entry])["Entries"]
    if "EventId" not in answer:
        raise Trouble(
            f"EventBridge did not take the request: {answer.get('ErrorCode')}: {answer.get('ErrorMessage')}.",
            "Repeat the command: nothing is done twice.",
            FAILED,
        )
    return str(answer["EventId"])


def outcome(aws: Connection, event_id: str) -> dict[str, Any]:
    """What became of the event: the output of its execution, once that has ended. Raises `Trouble` where it failed."""
    states = aws.client("stepfunctions")
    machine, arn = aws.state_machine(CLOSE_ACCOUNT), ""
    while True:
        if not arn:
            started = (each for each in executions(states, machine) if each["name"].startswith(event_id))
            arn = next((each["executionArn"] for each in started), "")
        if arn:
            found = states.describe_execution(executionArn=arn)
            if found["status"] == "SUCCEEDED":
                return dict(json.loads(found["output"]))
            if found["status"] != "RUNNING":
                cause, _, remedy = str(found.get("cause", "")).partition(" Remedy: ")
                raise Trouble(cause or f"{arn} ended as {found['status']}.", remedy, FAILED)
        time.sleep(LOOK_SECONDS)
