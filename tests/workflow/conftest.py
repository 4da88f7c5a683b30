"""The whole product on the embedded AWS: the real template deployed, the management account bootstrapped.

One organization per worker process; tests ask for accounts of their own and never look at each other's.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest

from groundwork.declaration import Declaration, load
from local.credentials import Credentials
from local.engine import Engine

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
"""Real seconds after which a test gives up on something that should have happened long before."""

T = TypeVar("T")


def until(probe: Callable[[], T | None], what: str) -> T:
    """What `probe` finds, as soon as it finds something; fails naming `what` after a generous time."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := probe():
            return found
        time.sleep(0.05)
    raise AssertionError(f"gave up waiting for {what}")


@dataclass(frozen=True)
class Execution:
    """An execution that has ended."""

    arn: str
    status: str
    output: dict[str, Any]
    error: str
    cause: str


@dataclass
class Cloud:
    """A deployed Groundwork, and the ways its users use it."""

    aws: Engine
    outputs: dict[str, str]
    answers_url: str
    declaration: Declaration = field(default_factory=load)
    _heard: list[dict[str, Any]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    # -- asking ------------------------------------------------------------------------------------

    @property
    def machine(self) -> str:
        return self.outputs["StateMachineArn"]

    def fresh(self) -> tuple[str, str]:
        """A name and an e-mail nobody has used."""
        number = next(self._numbers)
        return f"account-{number}", f"aws+{number}@example.com"

    def post(self, **detail: Any) -> str:
        """Post `Account Requested`; the event's id."""
        entry = {"Source": "groundwork", "DetailType": "Account Requested", "Detail": json.dumps(detail)}
        result = self.aws.client("events").put_events(Entries=[entry])
        assert result["FailedEntryCount"] == 0, result
        return str(result["Entries"][0]["EventId"])

    def ask(self, **detail: Any) -> Execution:
        """Post `Account Requested` and wait for the end of its execution."""
        return self.ended(self.execution_of(self.post(**detail)))

    def start(self, **given: Any) -> Execution:
        """Start the machine as a person does, and wait for its end."""
        return self.ended(self.begin(**given))

    def begin(self, **given: Any) -> str:
        started = self.aws.client("stepfunctions").start_execution(
            stateMachineArn=self.machine, input=json.dumps(given)
        )
        return str(started["executionArn"])

    # -- seeing ------------------------------------------------------------------------------------

    def executions(self) -> list[str]:
        pages = (
            self.aws.client("stepfunctions")
            .get_paginator("list_executions")
            .paginate(stateMachineArn=self.machine)
        )
        return [execution["executionArn"] for page in pages for execution in page["executions"]]

    def execution_of(self, event_id: str) -> str:
        """The execution that the rule started for an event."""

        def find() -> str | None:
            sfn = self.aws.client("stepfunctions")
            for arn in self.executions():
                if event_id in sfn.describe_execution(executionArn=arn)["input"]:
                    return arn
            return None

        return until(find, f"an execution for the event {event_id}")

    def ended(self, arn: str) -> Execution:
        def look() -> Execution | None:
            found = self.aws.client("stepfunctions").describe_execution(executionArn=arn)
            if found["status"] == "RUNNING":
                return None
            return Execution(
                arn,
                found["status"],
                json.loads(found.get("output") or "{}"),
                found.get("error", ""),
                found.get("cause", ""),
            )

        return until(look, f"the end of {arn}")

    def all_ended(self) -> list[Execution]:
        """Every execution, once none is running (follow-ups included)."""

        def quiet() -> bool:
            listed = self.aws.client("stepfunctions").list_executions(
                stateMachineArn=self.machine, statusFilter="RUNNING"
            )
            return not listed["executions"]

        until(quiet, "all executions to end")
        return [self.ended(arn) for arn in self.executions()]

    def answers(self, **wanted: str) -> list[dict[str, Any]]:
        """The events Groundwork has put on the bus so far whose detail holds all of `wanted`."""
        sqs = self.aws.client("sqs")
        while messages := sqs.receive_message(QueueUrl=self.answers_url, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for message in messages:
                self._heard.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=self.answers_url, ReceiptHandle=message["ReceiptHandle"])
        return [event for event in self._heard if wanted.items() <= event["detail"].items()]

    def answer(self, detail_type: str, **wanted: str) -> dict[str, Any]:
        """The one answer of this type with these details; waits for it."""

        def find() -> dict[str, Any] | None:
            return next(
                (event for event in self.answers(**wanted) if event["detail-type"] == detail_type), None
            )

        return until(find, f"{detail_type} with {wanted}")

    def accounts(self) -> dict[str, dict[str, Any]]:
        """Accounts of the organization by e-mail."""
        pages = self.aws.client("organizations").get_paginator("list_accounts").paginate()
        return {account["Email"]: account for page in pages for account in page["Accounts"]}

    def inside(self, service: str, account_id: str, region: str | None = None) -> Any:
        """A client of an administrator who came through the entry role."""
        entered = self.aws.client("sts").assume_role(
            RoleArn=f"arn:aws:iam::{account_id}:role/OrganizationAccountAccessRole", RoleSessionName="test"
        )["Credentials"]
        keys = Credentials(entered["AccessKeyId"], entered["SecretAccessKey"], entered["SessionToken"])
        return self.aws.client(service, region=region, credentials=keys)

    # -- having ------------------------------------------------------------------------------------

    def declared(self, name: str) -> str:
        """The id of a declared account, asked for if it is not there."""
        account = next(each for each in self.declaration.accounts if each.name == name)
        if account.email not in self.accounts():
            ended = self.ask(accountName=account.name, email=account.email, kind=account.kind)
            assert ended.status == "SUCCEEDED", ended
            self.all_ended()
        return str(self.accounts()[account.email]["Id"])


def listen(aws: Engine) -> str:
    """A queue that hears everything Groundwork says on the bus; its URL."""
    sqs, events = aws.client("sqs"), aws.client("events")
    url = str(sqs.create_queue(QueueName="heard")["QueueUrl"])
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    rule = events.put_rule(
        Name="heard",
        EventPattern=json.dumps(
            {"source": ["groundwork"], "detail-type": [{"anything-but": "Account Requested"}]}
        ),
    )["RuleArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    events.put_targets(Rule="heard", Targets=[{"Id": "queue", "Arn": arn}])
    return url


def deployed(aws: Engine, template: Path = ROOT / "template.yaml") -> Cloud:
    """Deploy, and wait until the management account has its baseline."""
    aws.creation.account_limit = 500
    cloud = Cloud(aws, {}, listen(aws))
    cloud.outputs.update(aws.deploy(template))
    until(cloud.executions, "the execution that deployment starts")
    bootstrap = cloud.all_ended()
    assert [execution.status for execution in bootstrap] == ["SUCCEEDED"], bootstrap
    return cloud


@pytest.fixture(scope="session")
def cloud() -> Iterator[Cloud]:
    with Engine(time_scale=0.02) as aws:
        yield deployed(aws)
