"""What the report shows, gathered: the organization, the ledger, the last roll-out, and the newest executions.

However large the organization is, executions are asked for one by one only so often as is said here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from cli.connection import ROLL_OUT
from cli.executions.following import executions, now
from cli.executions.past import Past, open_failures, past
from cli.given import GIVEN
from cli.inventory import Entry, inventory
from groundwork.contracts import Account, Change, object_of
from groundwork.rendering import console_of
from groundwork.report import findings
from groundwork.report.doors import declared_doors
from groundwork.report.model import AccountRow, Door, Ended, FailureRow, Report, RollOutRow, Run
from groundwork.report.runs import state_times
from groundwork.side_by_side import side_by_side

if TYPE_CHECKING:
    from cli.connection import Connection
    from groundwork.declaration import Declaration
    from groundwork.ledger.records import LastRuns

RUNS, IN_WHOLE, FAILURES = 40, 12, 50
"""Executions that are described; those of them whose history is read, too; and failed ones that are looked at."""
ROLL_OUTS = 3
"""Roll-outs that are shown; of the newest of them that has written one, the summary is read."""
MOST_EVENTS = 1000
"""Of one execution: what GetExecutionHistory answers at once."""
ENDED: Mapping[str, Ended] = {"RUNNING": "running", "SUCCEEDED": "succeeded"}


@dataclass(frozen=True)
class Rolled:
    """A roll-out that has ended, with its summary."""

    started: datetime
    stopped: datetime
    summary: Mapping[str, Any]

    def covers(self, moment: str | None) -> bool:
        """Whether it was going on then."""
        return moment is not None and self.started <= datetime.fromisoformat(moment) <= self.stopped


def gathered(aws: Connection, declaration: Declaration | None) -> Report:
    entries, runs, rolled, roll_outs, newest = side_by_side(
        lambda: inventory(aws),
        lambda: aws.ledger().last_runs(),
        lambda: _last_roll_out(aws),
        lambda: _roll_outs(aws),
        lambda: list(past(aws, RUNS)),
    )
    organization = _organization(aws)
    failed = list(_failures(open_failures(aws, FAILURES), entries, rolled))
    version = str(rolled.summary["declaration"]) if rolled else declaration.version if declaration else None
    told = {each.arn: each.output for each in newest}
    rows = [_account(each, runs.get(each.account_id), rolled, told, version, declaration) for each in entries]
    return Report(
        organization=organization,
        made=now().isoformat(timespec="seconds"),
        by="groundwork report",
        version=version,
        units=list(declaration.organizational_units) if declaration else [],
        components=list(_components(declaration)),
        accounts=rows,
        doors=_doors(declaration, entries, organization) if declaration else None,
        notes=list(_notes(declaration, version)),
        runs=sorted([*roll_outs, *_runs(aws, newest)], key=lambda run: run.started, reverse=True),
        failures=failed,
        roll_out=_roll_out(rolled),
    )


def _organization(aws: Connection) -> str:
    return str(aws.client("organizations").describe_organization()["Organization"]["Id"])


def _components(declaration: Declaration | None) -> Iterator[str]:
    """Those of most accounts first."""
    its = declaration.baseline if declaration else {}
    yield from dict.fromkeys(
        name for kind in ("workload", "tooling", "security", "management") for name in its.get(kind, [])
    )


def _notes(declaration: Declaration | None, version: str | None) -> Iterator[str]:
    if declaration is None:
        yield "Doors are not shown: no declaration was given."
    elif version and declaration.version != version:
        yield (
            f"The doors are those of the declaration {declaration.version}; the one that is deployed is {version}."
        )


# -- accounts ----------------------------------------------------------------------------------------


def _account(
    entry: Entry,
    runs: LastRuns | None,
    rolled: Rolled | None,
    told: Mapping[str, Mapping[str, Any]],
    version: str | None,
    declaration: Declaration | None,
) -> AccountRow:
    last_run = runs.last_run_results if runs else []
    last_plan = runs.last_plan_results if runs and runs.last_plan_at >= runs.last_run_at else []
    declared = declaration.baseline.get(entry.kind, []) if declaration and entry.kind else []
    changes = _differences(entry, rolled, told, last_run)
    return AccountRow(
        id=entry.account_id,
        name=entry.name,
        kind=entry.kind,
        unit=entry.unit,
        state=entry.state,
        baseline=entry.baseline,
        behind=bool(entry.baseline and version and entry.baseline != version),
        components=findings.components(declared, last_run, last_plan),
        differences=findings.differences(changes)[: findings.MOST],
        more_differences=max(0, len(changes) - findings.MOST),
        last_run_at=entry.last_run_at,
        last_plan_at=entry.last_plan_at,
        closes_at=entry.closes_at,
        expires_on=entry.expires_on,
    )


def _differences(
    entry: Entry, rolled: Rolled | None, told: Mapping[str, Mapping[str, Any]], last_run: Iterable[Any]
) -> list[Change]:
    """What the last plan found, where its execution or its roll-out is known; else what the last run left to people."""
    found: list[Any] = []
    if entry.drift:
        output = told.get(entry.last_plan or "", {})
        found = [*output.get("changes", []), *output.get("reports", [])]
        if not found and rolled and rolled.covers(entry.last_plan_at):
            of = rolled.summary
            found = [
                *of.get("differences", {}).get(entry.account_id, []),
                *of.get("reports", {}).get(entry.account_id, []),
            ]
    else:
        found = [
            change for each in last_run for change in each.get("changes", []) if change["action"] == "report"
        ]
    return [Change.model_validate(each) for each in found]


def _doors(declaration: Declaration, entries: Iterable[Entry], organization: str) -> list[Door]:
    accounts = (
        Account(id=each.account_id, name=each.name, email=each.email, kind=each.kind, unit=each.unit)
        for each in entries
        if each.kind and each.is_open
    )
    return declared_doors(declaration, accounts, organization)


# -- roll-outs and runs ------------------------------------------------------------------------------


def _last_roll_out(aws: Connection) -> Rolled | None:
    """The newest that has written a summary."""
    states, s3 = aws.client("stepfunctions"), aws.client("s3")
    for each in islice(executions(states, aws.state_machine(ROLL_OUT)), ROLL_OUTS):
        if each["status"] == "RUNNING":
            continue
        key = f"{each['startDate'].astimezone(UTC):%Y-%m-%d}/{each['name']}/summary.json"
        try:
            body = s3.get_object(Bucket=aws.outputs["RollOutsBucketName"], Key=key)["Body"].read()
        except s3.exceptions.NoSuchKey:
            continue
        return Rolled(each["startDate"], each["stopDate"], json.loads(body))
    return None


def _roll_out(rolled: Rolled | None) -> RollOutRow | None:
    if rolled is None:
        return None
    of = rolled.summary
    return RollOutRow(
        name=str(of["results"]).split("/")[-2],
        mode=of["mode"],
        accounts=of["accounts"],
        results=of["results"],
    )


def _roll_outs(aws: Connection) -> list[Run]:
    states = aws.client("stepfunctions")
    listed = list(islice(executions(states, aws.state_machine(ROLL_OUT)), ROLL_OUTS))
    asked = [
        json.loads(states.describe_execution(executionArn=each["executionArn"])["input"]) for each in listed
    ]
    return [
        Run(
            name=each["name"],
            machine=ROLL_OUT,
            mode="plan" if object_of(given).get("mode") == "plan" else "apply",
            ended=ENDED.get(each["status"], "failed"),
            outcome=str(each["status"]).lower(),
            started=each["startDate"].isoformat(timespec="seconds"),
            seconds=_seconds(each["startDate"], each.get("stopDate")),
            states=_states(states, each["executionArn"]),
            link=_link(each["executionArn"]),
        )
        for each, given in zip(listed, asked, strict=True)
    ]


def _runs(aws: Connection, newest: list[Past]) -> Iterator[Run]:
    states = aws.client("stepfunctions")
    whole = newest[:IN_WHOLE]
    times = side_by_side(*(lambda each=each: _states(states, each.arn) for each in whole))
    for number, each in enumerate(newest):
        yield Run(
            name=each.arn.rpartition(":")[2],
            machine=each.arn.split(":")[-2],
            account_id=each.account_id or None,
            account_name=each.name,
            mode="plan" if each.mode == "plan" else "apply",
            ended=ENDED.get(each.status, "failed"),
            outcome=each.failure["error"] if each.failure else each.outcome,
            started=each.started.isoformat(timespec="seconds"),
            seconds=each.seconds,
            states=times[number] if number < len(times) else [],
            link=_link(each.arn),
        )


def _states(states: Any, arn: str) -> Any:
    answer = states.get_execution_history(
        executionArn=arn, maxResults=MOST_EVENTS, includeExecutionData=False
    )
    return state_times(answer["events"], now())


def _seconds(started: datetime, stopped: datetime | None) -> float | None:
    return (stopped - started).total_seconds() if stopped else None


def _link(arn: str) -> str | None:
    """None on the embedded AWS, of which there is no console."""
    return None if GIVEN.local or os.environ.get("AWS_ENDPOINT_URL") else console_of(arn)


# -- failures ----------------------------------------------------------------------------------------


def _failures(found: Iterable[Past], entries: Iterable[Entry], rolled: Rolled | None) -> Iterator[FailureRow]:
    """What failed and was not put right since: of the newest failed executions, and of the last roll-out besides."""
    by_id = {each.account_id: each for each in entries}
    told: set[str] = set()
    for each in found:
        told.add(each.account_id)
        name = by_id[each.account_id].name if each.account_id in by_id else each.name or each.email
        yield findings.failure(each.account_id or None, name, each.failure or {}, each.started.isoformat())
    for account_id, failure in (rolled.summary["failures"] if rolled else {}).items():
        entry = by_id.get(account_id)
        if entry and rolled and account_id not in told and not _is_mended(entry, rolled):
            yield findings.failure(account_id, entry.name, failure, rolled.stopped.isoformat())


def _is_mended(entry: Entry, rolled: Rolled) -> bool:
    """Whether it has been run, or planned, since the roll-out began: what fails is not noted as run."""
    last = entry.last_plan_at if rolled.summary["mode"] == "plan" else entry.last_run_at
    return last is not None and datetime.fromisoformat(last) >= rolled.started
