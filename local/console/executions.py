"""The executions of all state machines: listed, one in whole, and started."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from cli.executions.runs import input_of, subject_of
from groundwork.contracts import object_of
from local.console.calls import client
from local.console.diagram.picture import picture
from local.console.history import Visit, visits

if TYPE_CHECKING:
    from local.engine import Engine

RUNNING = "RUNNING"
MOST = 200
"""Of each state machine, the newest."""
HISTORY_PAGE = 1000
STYLE = re.compile("<style>.*?</style>", re.DOTALL)


class Executions:
    """What has ended is asked for once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._ended: dict[str, dict[str, Any]] = {}
        self._inputs: dict[str, str] = {}
        self._lock = threading.Lock()

    @property
    def _states(self) -> Any:
        return client(self._engine, "stepfunctions")

    def machines(self) -> list[dict[str, str]]:
        listed = self._states.list_state_machines()["stateMachines"]
        return [{"arn": each["stateMachineArn"], "name": each["name"]} for each in listed]

    def listed(self) -> list[dict[str, Any]]:
        """The newest first."""
        rows = [self._row(each) for machine in self.machines() for each in self._of_machine(machine["arn"])]
        return sorted(rows, key=lambda row: row["start"], reverse=True)

    def children(self, map_run: str) -> list[dict[str, Any]]:
        """The executions of a Map Run."""
        pages = self._states.get_paginator("list_executions").paginate(mapRunArn=map_run)
        return [self._row(each) for page in pages for each in page["executions"]]

    def one(self, arn: str) -> dict[str, Any]:
        """An execution with its states."""
        described = self._states.describe_execution(executionArn=arn)
        states = [visit.shown() for visit in self._visits(arn)]
        children = [child for each in states if each["mapRun"] for child in self.children(each["mapRun"])]
        texts = {"input": described["input"], "output": described.get("output", "")}
        return {**_row(described), **texts, "states": states, "children": children}

    def state(self, arn: str, number: int) -> dict[str, Any] | None:
        """One state of an execution, with all that went in and out."""
        return next((visit.whole() for visit in self._visits(arn) if visit.id == number), None)

    def picture(self, machine: str) -> str | None:
        """The drawing of a state machine, for the page's own style; None for one in JSONPath, whose conditions are not read."""
        arn = machine.partition("/")[0]
        definition = json.loads(self._states.describe_state_machine(stateMachineArn=arn)["definition"])
        if definition.get("QueryLanguage") != "JSONata":
            return None
        return STYLE.sub("", picture(definition))

    def start(self, machine: str, text: str) -> str:
        """Its ARN. Raises ClientError, as AWS refuses it."""
        return str(self._states.start_execution(stateMachineArn=machine, input=text)["executionArn"])

    def _of_machine(self, machine: str) -> Iterator[dict[str, Any]]:
        pages = self._states.get_paginator("list_executions").paginate(
            stateMachineArn=machine, PaginationConfig={"MaxItems": MOST}
        )
        return (each for page in pages for each in page["executions"])

    def _row(self, listed: dict[str, Any]) -> dict[str, Any]:
        arn = listed["executionArn"]
        with self._lock:
            if arn in self._ended:
                return self._ended[arn]
        if listed["status"] == RUNNING and arn in self._inputs:
            return _row({**listed, "input": self._inputs[arn]})
        described = self._states.describe_execution(executionArn=arn)
        row = _row(described)
        with self._lock:
            self._inputs[arn] = described["input"]
            if row["status"] != RUNNING:
                self._ended[arn] = row
        return row

    def _visits(self, arn: str) -> list[Visit]:
        pages = self._states.get_paginator("get_execution_history").paginate(
            executionArn=arn, PaginationConfig={"PageSize": HISTORY_PAGE}
        )
        return visits(event for page in pages for event in page["events"])


def _row(described: dict[str, Any]) -> dict[str, Any]:
    given, output = object_of(input_of(described)), object_of(json.loads(described.get("output") or "null"))
    return {
        "arn": described["executionArn"],
        "name": described["name"],
        "machine": described["stateMachineArn"],
        "machineName": described["stateMachineArn"].rsplit(":", 1)[1],
        "status": described["status"],
        "start": described["startDate"].isoformat(),
        "stop": described["stopDate"].isoformat() if described.get("stopDate") else None,
        "error": described.get("error", ""),
        "cause": described.get("cause", ""),
        "outcome": output.get("outcome", ""),
        "plan": output.get("plan", []),
        "mode": given.get("mode", "apply"),
        **_subject(given, output),
    }


def _subject(given: Mapping[str, Any], output: Mapping[str, Any]) -> dict[str, str]:
    """Which account it is about, and what started it. Given may be anything."""
    detail = object_of(given.get("detail"))
    name, account_id = subject_of(given)
    return {
        "accountId": account_id or str(output.get("accountId") or ""),
        "accountName": str(output.get("accountName") or name),
        "trigger": str(detail.get("eventName") or given.get("detail-type", ""))
        if detail
        else "StartExecution",
    }
