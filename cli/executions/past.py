"""Executions that were: whom each was about, what started it, how it ended.

Step Functions keeps them for 90 days, and its list says neither; so each is asked for, and only so many are.
https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from cli.bus.closings import CLOSE_ACCOUNT
from cli.connection import VEND
from cli.executions.differences import failure_of
from cli.executions.following import executions
from cli.executions.runs import input_of, subject_of
from groundwork.contracts import CHANGE_REQUESTED, object_of
from groundwork.fields import shown
from groundwork.side_by_side import side_by_side

if TYPE_CHECKING:
    from cli.connection import Connection

AT_ONCE = 8
"""DescribeExecution is paced at 15 a second."""


@dataclass
class Past:
    """One execution. `given` is its input, as it is; `account_id`, `name` and `email` are as far as its input and output tell.
    `wanted` is the id that a request names, which may say anything."""

    arn: str
    started: datetime
    stopped: datetime | None
    status: str
    trigger: str
    mode: str
    given: str
    account_id: str
    name: str
    email: str
    output: Mapping[str, Any]
    failure: Mapping[str, str] | None
    wanted: str = ""

    @property
    def subject(self) -> str:
        """Whom it is about, as it is called on the screen."""
        return self.name or self.account_id or self.email or self.wanted or "?"

    @property
    def outcome(self) -> str:
        return "failed" if self.failure else str(self.output.get("outcome", self.status.lower()))

    @property
    def seconds(self) -> float | None:
        return (self.stopped - self.started).total_seconds() if self.stopped else None

    def is_about(self, account_id: str, email: str) -> bool:
        return account_id == self.account_id or (bool(self.email) and email.lower() == self.email.lower())

    def to_json(self) -> dict[str, Any]:
        return {
            "execution": self.arn,
            "startedAt": self.started.isoformat(),
            "seconds": self.seconds,
            "trigger": self.trigger,
            "mode": self.mode,
            "outcome": self.outcome,
            "accountId": self.account_id,
            "accountName": self.name,
            "email": self.email,
            "changes": len(self.output.get("changes", [])),
            **({"failure": dict(self.failure)} if self.failure else {}),
        }


def past(aws: Connection, most: int, status: str | None = None, machine: str = VEND) -> Iterator[Past]:
    """Of one state machine, the newest first, `most` at most."""
    states = aws.client("stepfunctions")
    listed = islice(executions(states, aws.state_machine(machine), status), most)
    while some := list(islice(listed, AT_ONCE)):
        yield from side_by_side(
            *(lambda each=each: _described(states, each["executionArn"]) for each in some)
        )


def open_failures(aws: Connection, last: int) -> list[Past]:
    """The newest failure of each account that nothing has put right."""
    runs = aws.ledger().last_runs()
    newest: dict[str, Past] = {}
    for each in past(aws, last, "FAILED"):
        # A request may name any account: it hides no failure of that one.
        asked = f"asked {each.wanted}" if each.wanted else each.arn
        newest.setdefault(each.account_id or each.email.lower() or asked, each)
    requests = aws.ledger().recall(each.email for each in newest.values() if each.email).requests

    def is_open(each: Past) -> bool:
        request = requests.get(each.email.lower())
        account_id = each.account_id or (request.account_id if request else None) or each.wanted
        known = runs.get(account_id)
        ended = each.stopped.timestamp() if each.stopped else 0
        if known and each.mode == "plan":
            return known.last_plan_at < ended
        return not (known and known.last_run_at >= ended)

    return [each for each in newest.values() if is_open(each)]


def open_closings(aws: Connection, last: int) -> list[Past]:
    """The newest execution that was to close an account, or to have it back, of each account of which that one failed."""
    newest: dict[str, Past] = {}
    for each in past(aws, last, machine=CLOSE_ACCOUNT):
        newest.setdefault(each.account_id or each.wanted or each.arn, each)
    return [each for each in newest.values() if each.failure]


def _described(states: Any, arn: str) -> Past:
    found = states.describe_execution(executionArn=arn)
    given, output = input_of(found), json.loads(found.get("output") or "{}")
    detail = object_of(object_of(given).get("detail"))
    name, account_id = subject_of(given)
    renames = object_of(given).get("detail-type") == CHANGE_REQUESTED
    failed = found["status"] not in ("RUNNING", "SUCCEEDED")
    return Past(
        arn=arn,
        started=found["startDate"],
        stopped=found.get("stopDate"),
        status=found["status"],
        trigger=_trigger(object_of(given)),
        mode=str(object_of(given).get("mode", "apply")),
        given=found["input"],
        account_id=str(output.get("accountId") or account_id),
        name=str(output.get("accountName") or ("" if renames else name)),
        email=str(output.get("email") or detail.get("email") or ""),
        output=output,
        failure=failure_of(f"{found.get('error')}: {found.get('cause')}") if failed else None,
        wanted=shown(detail["accountId"]).strip("'") if "accountId" in detail else "",
    )


def _trigger(given: Mapping[str, Any]) -> str:
    detail = object_of(given.get("detail"))
    if "detail-type" in given:
        return str(detail.get("eventName") or given["detail-type"])
    return "roll-out" if ":groundwork-roll-out/" in json.dumps(given) else "by hand"
