"""Groundwork on an embedded AWS where nothing depends on time, so that the same work makes the same calls."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import yaml

from bench.tally import Tally, tally
from local.engine import Engine
from local.organizations.backend import Organizations

TEMPLATE = Path(__file__).parent.parent / "template.yaml"
DECLARATION = TEMPLATE.parent / "layers" / "baseline" / "baseline.yaml"
TIME_SCALE = 0.02
UNIT = "Workloads/Development"
ENTRY_ROLE = "OrganizationAccountAccessRole"
VEND, ROLL_OUT = "StateMachineArn", "RollOutStateMachineArn"
APPLYING = "ApplyOnDeployment"
LOOK_SECONDS = 0.05
PATIENCE_SECONDS = 180.0

Found = TypeVar("Found")


class NothingHappens(Exception):
    """What was waited for did not come; the message says what it was."""


class ExecutionFailed(Exception):
    """An execution did not succeed; the message has its error and cause."""


@dataclass(frozen=True)
class Measured:
    """What one execution has cost, with what it set off. `seconds`: from the event or the start to its end."""

    tally: Tally
    seconds: float
    output: dict[str, Any]
    execution: str


class Deployment:
    """The real template, deployed; with `accounts`, the security and the tooling account ready, and one workload
    account.

    `workloads` are the workload accounts asked for so far; the first is the one to work on.
    """

    def __init__(self, aws: Engine, template: Path = TEMPLATE, *, accounts: bool = True) -> None:
        self.aws = aws
        self.workloads: list[str] = []
        self._states = aws.client("stepfunctions")
        self._numbers: Iterator[int] = count()
        self._outputs: dict[str, str] = {}
        self._inputs: dict[str, str] = {}
        _hold_still(aws)
        self.deploy(template)
        if accounts:
            self.security, self.tooling = [
                str(self._request(each["name"], each["email"], kind=each["kind"]).output["accountId"])
                for each in yaml.safe_load(DECLARATION.read_text())["accounts"]
            ]
            self.ask()

    @property
    def good(self) -> str:
        return self.workloads[0]

    def deploy(self, template: Path) -> None:
        """Deploy, again or for the first time, and wait for what that makes the management account do."""
        known = self._newest(VEND) if self._outputs else []
        self._outputs = self.aws.deploy(
            template, parameters={APPLYING: "true"} if APPLYING in template.read_text() else {}
        )
        events = self.aws.client("events")
        for rule in events.list_rules()["Rules"]:
            if "ScheduleExpression" in rule:  # a pass amid a measurement would count
                events.disable_rule(Name=rule["Name"])
        self._end_of(self._one_about("", known))
        self._settle()

    # -- what is measured --------------------------------------------------------------------------

    def ask(self) -> Measured:
        """A new workload account, from `Account Requested` to `Account Ready`."""
        name = f"account-{next(self._numbers)}"
        asked = self._request(name, f"aws+{name}@example.com", organizationalUnit=UNIT)
        self.workloads.append(str(asked.output["accountId"]))
        return asked

    def hear_of(self, account: str) -> Measured:
        """What the event CreateAccountResult sets off."""
        status = {"id": f"car-{account}", "state": "SUCCEEDED", "accountName": "****", "accountId": account}
        detail = {"eventName": "CreateAccountResult", "serviceEventDetails": {"createAccountStatus": status}}

        def start() -> str:
            known = self._newest(VEND)
            self.aws.emit("aws.organizations", "AWS Service Event via CloudTrail", detail)
            return self._one_about(account, known)

        return self._measured(start)

    def run(self, account: str, **given: Any) -> Measured:
        """groundwork-vend-account, started by hand."""
        return self._measured(lambda: self._start(VEND, accountId=account, **given))

    def roll_out(self, accounts: list[str], **given: Any) -> Measured:
        """groundwork-roll-out over some accounts."""
        include = {"accountIds": accounts}
        return self._measured(lambda: self._start(ROLL_OUT, include=include, **given))

    def post_all(self, entries: Sequence[Mapping[str, Any]]) -> tuple[float, list[str]]:
        """All that some events set off: seconds to the end of the last execution, and every one of them."""
        known, began = self._newest(VEND), datetime.now(UTC)
        events = [
            self.aws.client("events").put_events(Entries=[each])["Entries"][0]["EventId"] for each in entries
        ]
        for event in events:
            self._end_of(self._one_about(event, known))
        self._settle()
        started = [arn for arn in self._newest(VEND) if arn not in known]
        return max((self._end_of(arn)["stopDate"] - began).total_seconds() for arn in started), started

    def history(self, execution: str) -> list[Any]:
        """The events of an execution."""
        pages = self._states.get_paginator("get_execution_history").paginate(
            executionArn=execution, includeExecutionData=True
        )
        return [event for page in pages for event in page["events"]]

    # -- what is there before ----------------------------------------------------------------------

    def ask_for(self, number: int) -> None:
        """So many more workload accounts, asked for at once."""
        names = [f"account-{next(self._numbers)}" for _ in range(number)]
        events = [self._post(name, f"aws+{name}@example.com", organizationalUnit=UNIT) for name in names]
        for ended in [self._end_of(self._one_about(event)) for event in events]:
            self.workloads.append(str(json.loads(ended["output"])["accountId"]))
        self._settle()

    def accounts(self) -> int:
        """How many the organization has."""
        pages = self.aws.client("organizations").get_paginator("list_accounts").paginate()
        return sum(len(page["Accounts"]) for page in pages)

    def fill_up(self, number: int) -> None:
        """Accounts that Groundwork has not heard of, until the organization has so many."""
        for other in range(number - self.accounts()):
            self.aws.client("organizations").create_account(
                AccountName=f"other-{other}", Email=f"aws+other-{other}@example.com"
            )

    def inside(self, account: str, service: str) -> Any:
        """A client of an administrator who came through the entry role."""
        entered = self.aws.client("sts").assume_role(
            RoleArn=f"arn:{self.aws.partition}:iam::{account}:role/{ENTRY_ROLE}", RoleSessionName="bench"
        )["Credentials"]
        given = (entered["AccessKeyId"], entered["SecretAccessKey"], entered["SessionToken"])
        return self.aws.client(service, credentials=type(self.aws.administrator)(*given))

    # ----------------------------------------------------------------------------------------------

    def _request(self, name: str, email: str, **detail: Any) -> Measured:
        return self._measured(lambda: self._one_about(self._post(name, email, **detail)))

    def _post(self, name: str, email: str, **detail: Any) -> str:
        entry = {
            "Source": "groundwork",
            "DetailType": "Account Requested",
            "Detail": json.dumps({"accountName": name, "email": email, **detail}),
        }
        return str(self.aws.client("events").put_events(Entries=[entry])["Entries"][0]["EventId"])

    def _start(self, machine: str, **given: Any) -> str:
        started = self._states.start_execution(
            stateMachineArn=self._outputs[machine], input=json.dumps(given)
        )
        return str(started["executionArn"])

    def _measured(self, start: Callable[[], str]) -> Measured:
        self._settle()
        mark, began = len(self.aws.calls), datetime.now(UTC)
        execution = start()
        ended = self._end_of(execution)
        self._settle()
        seconds = (ended["stopDate"] - began).total_seconds()
        return Measured(tally(self.aws.calls[mark:]), seconds, json.loads(ended["output"]), execution)

    def _newest(self, machine: str, **chosen: str) -> list[str]:
        listed = self._states.list_executions(
            stateMachineArn=self._outputs[machine], maxResults=100, **chosen
        )
        return [str(execution["executionArn"]) for execution in listed["executions"]]

    def _one_about(self, text: str, known: Collection[str] = ()) -> str:
        """The execution whose input holds a text, an event's or an account's id, as soon as it has been started."""

        def look() -> str | None:
            new = (arn for arn in self._newest(VEND) if arn not in known)
            return next((arn for arn in new if text in self._input(arn)), None)

        return _until(look, f"an execution about {text}")

    def _input(self, arn: str) -> str:
        if arn not in self._inputs:
            self._inputs[arn] = self._states.describe_execution(executionArn=arn)["input"]
        return self._inputs[arn]

    def _end_of(self, arn: str) -> Any:
        def look() -> Any:
            found = self._states.describe_execution(executionArn=arn)
            return None if found["status"] == "RUNNING" else found

        ended = _until(look, f"the end of {arn}")
        if ended["status"] != "SUCCEEDED":
            raise ExecutionFailed(f"{arn}: {ended['status']}: {ended.get('error')}: {ended.get('cause')}")
        return ended

    def _settle(self) -> None:
        """Wait until no execution is running."""
        for machine in (VEND, ROLL_OUT):
            _until(partial(self._is_quiet, machine), "all executions to end")

    def _is_quiet(self, machine: str) -> bool:
        return not self._newest(machine, statusFilter="RUNNING")


def _hold_still(aws: Engine) -> None:
    """No quotas, no waiting, and an account that is there when CreateAccount answers: one poll finds it."""
    aws.creation.throttle.enforced = False
    aws.creation.account_limit = 1000
    aws.creation.seconds = aws.creation.entry_delay = aws.creation.service_delay = 0
    aws.creation.event_copies = 0  # CreateAccountResult is measured by itself
    later = Organizations.later

    def at_once(backend: Any, aws_seconds: float, action: Callable[..., None], *arguments: Any) -> None:
        if aws_seconds:
            later(backend, aws_seconds, action, *arguments)
        else:
            action(*arguments)

    aws.patch(Organizations, "later", at_once)


def _until(probe: Callable[[], Found | None], what: str) -> Found:
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        if found := probe():
            return found
        time.sleep(LOOK_SECONDS)
    raise NothingHappens(f"{what}: not within {PATIENCE_SECONDS:.0f} seconds")
