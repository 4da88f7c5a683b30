"""The whole organization looked at: groundwork-roll-out in plan mode, and what it found as a table."""

from __future__ import annotations

import json
import time
from typing import Any

from rich.table import Table
from rich.text import Text

from demo.progress import PROBE_SECONDS, ExecutionFailed
from groundwork.contracts import Account, Change
from groundwork.rendering import sentence, worst_first
from local.engine import Engine

COLOURS = {"HIGH": "bold red", "MEDIUM": "yellow", "LOW": "dim"}


def roll_out(aws: Engine, machine_arn: str, **given: Any) -> dict[str, Any]:
    """The output of a roll-out."""
    states = aws.client("stepfunctions")
    arn = states.start_execution(stateMachineArn=machine_arn, input=json.dumps(given))["executionArn"]
    while (described := states.describe_execution(executionArn=arn))["status"] == "RUNNING":
        time.sleep(PROBE_SECONDS)
    if described["status"] != "SUCCEEDED":
        raise ExecutionFailed(f"the roll-out: {described.get('error')}: {described.get('cause')}")
    output: dict[str, Any] = json.loads(described["output"])
    return output


def findings(output: dict[str, Any], accounts: list[Account]) -> Table:
    """An account a line, and below it what differs there."""
    table = Table(box=None, show_header=False, padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column()
    for account in accounts:
        changes = [Change.model_validate(each) for each in output["differences"].get(account.id, [])]
        table.add_row(account.name, Text("as declared", style="green") if not changes else _lines(changes))
    return table


def _lines(changes: list[Change]) -> Text:
    lines = [sentence(change) for change in worst_first(changes)]
    return Text("\n").join(Text(line, style=COLOURS[line.split()[0]]) for line in lines)
