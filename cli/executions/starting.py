"""Executions started for accounts that are there: to plan them, or to bring them to their baseline."""

from __future__ import annotations

import json
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cli.connection import ROLL_OUT, VEND
from cli.executions.following import Follower, now
from cli.executions.runs import Run

if TYPE_CHECKING:
    from cli.connection import Connection
    from cli.inventory import Entry
    from groundwork.contracts import Change, Mode

MOST_ALONE = 10
"""Accounts that are started one by one; more go by a roll-out, which paces them."""


def run_each(
    aws: Connection,
    entries: Sequence[Entry],
    mode: Mode,
    components: Sequence[str],
    wish: Mapping[str, Any] | None = None,
) -> dict[str, Run]:
    """An execution of groundwork-vend-account for each, to its end, by the accounts' ids. They are shown by their names, and
    those that share one with their ids besides. `wish` is what the account itself is to be from now on, as its input has
    it."""
    states, machine = aws.client("stepfunctions"), aws.state_machine(VEND)
    names = Counter(each.name for each in entries)
    shown = {
        each.account_id: each.name if names[each.name] == 1 else f"{each.name} {each.account_id}"
        for each in entries
    }
    begun: dict[str, Run] = {}
    for each in entries:
        given = {"accountId": each.account_id, **_besides(mode, components), **(wish or {})}
        started = states.start_execution(
            stateMachineArn=machine,
            name=f"{each.account_id}-{mode}-{secrets.token_hex(4)}",
            input=json.dumps(given),
        )
        begun[shown[each.account_id]] = Run(started["executionArn"], started["startDate"], subject=each.name)
    ended = Follower(aws, begun).to_the_end()
    return {account_id: ended[name] for account_id, name in shown.items()}


def roll_out(
    aws: Connection, mode: Mode, entries: Sequence[Entry], components: Sequence[str], *, adopt: bool = False
) -> Run:
    """groundwork-roll-out over these accounts, or over all where none is named; to its end. It changes accounts that nobody
    has adopted where it is to `adopt` them."""
    given: dict[str, Any] = _besides(mode, components) | ({"adopt": True} if adopt else {})
    if entries:
        given["include"] = {"accountIds": [each.account_id for each in entries]}
    states = aws.client("stepfunctions")
    started = states.start_execution(
        stateMachineArn=aws.state_machine(ROLL_OUT),
        name=f"{mode}-{now():%Y%m%dT%H%M%S}-{secrets.token_hex(4)}",
        input=json.dumps(given),
    )
    run = Run(started["executionArn"], started["startDate"], subject="all accounts")
    return Follower(aws, {"all accounts": run}).to_the_end()["all accounts"]


def _besides(mode: Mode, components: Sequence[str]) -> dict[str, Any]:
    return {"mode": mode, **({"components": list(components)} if components else {})}


def changes_of(output: Mapping[str, Any]) -> list[Change]:
    """What an execution did or would do, and what it left to people."""
    from groundwork.contracts import Change

    return [Change.model_validate(each) for each in (*output.get("changes", []), *output.get("reports", []))]


def summary_of(aws: Connection, run: Run) -> Mapping[str, Any]:
    """The whole summary of a roll-out from S3; its output where that cannot be read."""
    results = str(run.output.get("results", ""))
    if not results.startswith("s3://"):
        return run.output
    bucket, _, key = results.removeprefix("s3://").partition("/")
    whole: Mapping[str, Any] = json.loads(aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
    return whole
