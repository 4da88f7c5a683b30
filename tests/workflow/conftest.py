"""The whole product on the embedded AWS: the real template deployed, the management account bootstrapped.

One organization per worker process, `cloud`; tests ask for accounts of their own and never look at each other's.
A test that needs an organization in another state opens one of its own in its `slot`.
"""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest
from botocore.exceptions import ClientError

from groundwork.declaration import Declaration
from groundwork.declaration.loading import load
from local import waiting
from local.engine import Engine
from local.identity.credentials import Credentials
from local.stepfunctions.executions import are_running, is_running
from tests.queues import listen

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SHIPPED = ("functions", "layers", "statemachines")
TIME_SCALE = 0.02
ANSWERS = {"source": ["groundwork"], "detail-type": [{"anything-but": "Account Requested"}]}
T = TypeVar("T")


def until(probe: Callable[[], T | None], what: str) -> T:
    """What `probe` finds, as soon as it finds something; fails naming `what` when nothing happens any more.

    Organizations' quotas hold for tests, too: a probe that comes too often is made again.
    """

    def patient() -> T | None:
        try:
            return probe()
        except ClientError as error:
            if error.response["Error"]["Code"] != "TooManyRequestsException":
                raise
            return None

    return waiting.until(patient, what)


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
    _ended: dict[str, Execution] = field(default_factory=dict)
    _inputs: dict[str, str] = field(default_factory=dict)
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
        return self._put("Account Requested", detail)

    def post_change(self, **detail: Any) -> str:
        """Post `Account Change Requested`; the event's id."""
        return self._put("Account Change Requested", detail)

    def _put(self, detail_type: str, detail: Any) -> str:
        entry = {"Source": "groundwork", "DetailType": detail_type, "Detail": json.dumps(detail)}
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

    def roll_out(self, **given: Any) -> Execution:
        """Start the roll-out as a person does, and wait for its end."""
        started = self.aws.client("stepfunctions").start_execution(
            stateMachineArn=self.outputs["RollOutStateMachineArn"], input=json.dumps(given)
        )
        return self.ended(str(started["executionArn"]))

    def redeploy(self, template: Path) -> None:
        """Another version, and the roll-out that the deployment starts, to its end."""
        before = self._roll_outs()
        self.outputs.update(self.aws.deploy(template, parameters=APPLYING))
        until(lambda: self._roll_outs() - before or None, "the roll-out that the deployment starts")
        until(lambda: not self._roll_outs("RUNNING") or None, "its end")

    def _roll_outs(self, status: str | None = None) -> set[str]:
        asked = {"stateMachineArn": self.outputs["RollOutStateMachineArn"]}
        filtered = {"statusFilter": status} if status else {}
        listed = self.aws.client("stepfunctions").list_executions(**asked, **filtered)
        return {each["executionArn"] for each in listed["executions"]}

    # -- seeing ------------------------------------------------------------------------------------

    def executions(self) -> list[str]:
        pages = (
            self.aws.client("stepfunctions")
            .get_paginator("list_executions")
            .paginate(stateMachineArn=self.machine)
        )
        return [execution["executionArn"] for page in pages for execution in page["executions"]]

    def executions_about(self, text: str) -> list[str]:
        """The executions whose input holds this text: the id of an event, of an account, of a CreateAccount request."""
        return [arn for arn in self.executions() if text in self._input(arn)]

    def execution_of(self, event_id: str) -> str:
        """The execution that a rule started for an event, or for what else its input names."""

        def find() -> str | None:
            newest = self.aws.client("stepfunctions").list_executions(
                stateMachineArn=self.machine, maxResults=50
            )
            arns = (execution["executionArn"] for execution in newest["executions"])
            return next((arn for arn in arns if event_id in self._input(arn)), None)

        return until(find, f"an execution for {event_id}")

    def input_of(self, arn: str) -> dict[str, Any]:
        """With which a second start continues."""
        return dict(json.loads(self._input(arn)))

    def _input(self, arn: str) -> str:
        if arn not in self._inputs:
            described = self.aws.client("stepfunctions").describe_execution(executionArn=arn)
            self._inputs[arn] = described["input"]
        return self._inputs[arn]

    def ended(self, arn: str) -> Execution:
        if arn in self._ended:
            return self._ended[arn]

        until(lambda: not is_running(arn), f"the end of {arn}")
        found = self.aws.client("stepfunctions").describe_execution(executionArn=arn)
        self._ended[arn] = Execution(
            arn,
            found["status"],
            json.loads(found.get("output") or "{}"),
            found.get("error", ""),
            found.get("cause", ""),
        )
        return self._ended[arn]

    def all_ended(self) -> list[Execution]:
        """Every execution, once none is running: follow-ups included, and the roll-out that the tooling account starts once."""
        machines = (self.machine, self.outputs["RollOutStateMachineArn"])
        until(lambda: not any(map(are_running, machines)), "all executions to end")
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

    def news(self, **wanted: str) -> list[dict[str, Any]]:
        """The answers with these details that are not for somebody who asked again."""
        return [event for event in self.answers(**wanted) if "again" not in event["detail"]]

    def answered(self, detail_type: str, **wanted: str) -> int:
        """How many of these of this type there are so far."""
        return sum(event["detail-type"] == detail_type for event in self.news(**wanted))

    def accounts(self) -> dict[str, dict[str, Any]]:
        """Accounts of the organization by e-mail."""
        paginator = self.aws.client("organizations").get_paginator("list_accounts")
        pages = until(lambda: list(paginator.paginate()), "the list of accounts")
        return {account["Email"]: account for page in pages for account in page["Accounts"]}

    def unit_of(self, email: str) -> str:
        """The path of names of the unit an account is in."""
        organizations, (path,) = self.aws.client("organizations"), self.accounts()[email]["Paths"]

        def name(unit: str) -> str:
            described = organizations.describe_organizational_unit(OrganizationalUnitId=unit)
            return str(described["OrganizationalUnit"]["Name"])

        units = path.strip("/").split("/")[2:-1]
        return "/".join(until(partial(name, unit), f"the name of {unit}") for unit in units)

    def tags_of(self, account_id: str) -> dict[str, str]:
        listed = self.aws.client("organizations").list_tags_for_resource(ResourceId=account_id)
        return {tag["Key"]: tag["Value"] for tag in listed["Tags"]}

    def ledger_item(self, key: str) -> dict[str, Any]:
        table = self.outputs["LedgerTable"]
        found = self.aws.client("dynamodb").get_item(TableName=table, Key={"pk": {"S": key}})
        return dict(found.get("Item", {}))

    # -- getting in --------------------------------------------------------------------------------

    def entry(self, account_id: str) -> Credentials:
        """An administrator's session in a member account, through the entry role."""
        entered = self.aws.client("sts").assume_role(
            RoleArn=f"arn:aws:iam::{account_id}:role/OrganizationAccountAccessRole", RoleSessionName="test"
        )["Credentials"]
        return Credentials(entered["AccessKeyId"], entered["SecretAccessKey"], entered["SessionToken"])

    def inside(self, service: str, account_id: str, region: str | None = None) -> Any:
        """A client of an administrator who came through the entry role."""
        if account_id == self.aws.management_account:
            return self.aws.client(service, region=region)
        return self.aws.client(service, region=region, credentials=self.entry(account_id))

    def physical(self, name: str) -> str:
        """What a resource of the template is called in AWS."""
        described = self.aws.client("cloudformation").describe_stack_resource(
            StackName="groundwork", LogicalResourceId=name
        )
        return str(described["StackResourceDetail"]["PhysicalResourceId"])

    def invoke(self, function: str, event: dict[str, Any] | None = None) -> Any:
        """What a deployed function, known by its name in the template, answers."""
        answer = self.aws.client("lambda").invoke(
            FunctionName=self.physical(function), Payload=json.dumps(event or {}).encode()
        )
        payload = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, payload
        return payload

    # -- having ------------------------------------------------------------------------------------

    def declared(self, name: str) -> str:
        """The id of a declared account, asked for if it is not there."""
        account = next(each for each in self.declaration.accounts if each.name == name)
        if account.email not in self.accounts():
            ended = self.ask(accountName=account.name, email=account.email, kind=account.kind)
            assert ended.status == "SUCCEEDED", str(ended)
            self.all_ended()
        return str(self.accounts()[account.email]["Id"])


APPLYING = {"ApplyOnDeployment": "true"}
"""A deployment that brings the management account to its baseline by itself."""


def deployed(aws: Engine, template: Path = ROOT / "template.yaml") -> Cloud:
    """Deploy. The execution that deployment starts is still on its way."""
    aws.creation.account_limit = 500
    cloud = Cloud(aws, {}, listen(aws, "heard", ANSWERS))
    cloud.outputs.update(aws.deploy(template, parameters=APPLYING))
    return cloud


def groundwork_of_ones_own(to: Path) -> Path:
    """The template of a copy that may be changed."""
    for folder in SHIPPED:
        shutil.copytree(ROOT / folder, to / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return Path(shutil.copy(ROOT / "template.yaml", to))


def bootstrapped(cloud: Cloud) -> Cloud:
    """Wait until the management account has its baseline."""
    until(cloud.executions, "the execution that deployment starts")
    bootstrap = cloud.all_ended()
    assert {execution.status for execution in bootstrap} == {"SUCCEEDED"}, (
        bootstrap
    )  # the schedule may come first
    return cloud


class Slot:
    """The place for one engine: moto's state is one per process."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._shared: Cloud | None = None

    def shared(self) -> Cloud:
        """The organization that tests share; deployed anew when another one took its place meanwhile."""
        if self._shared is None:
            self._shared = bootstrapped(deployed(self.own(time_scale=TIME_SCALE)))
        return self._shared

    def own(self, **settings: Any) -> Engine:
        """An engine of one's own, in place of the one that was there."""
        self.close()
        return self._open.enter_context(Engine(**settings))

    def close(self) -> None:
        self._shared = None
        self._open.close()


@pytest.fixture(scope="package")
def slot() -> Iterator[Slot]:
    place = Slot()
    yield place
    place.close()


@pytest.fixture(scope="module")
def cloud(slot: Slot) -> Cloud:
    return slot.shared()


SCHEDULES = ("DiscoverAccountsRule", "PlanRule", "CloseDueAccountsRule")


@contextmanager
def unscheduled(cloud: Cloud) -> Iterator[None]:
    """Without the schedules, and without what they started before: at the scale of tests, the daily plan comes at any time."""
    events = cloud.aws.client("events")
    rules = [cloud.physical(rule) for rule in SCHEDULES]
    for rule in rules:
        events.disable_rule(Name=rule)
    cloud.all_ended()
    yield
    for rule in rules:
        events.enable_rule(Name=rule)


@contextmanager
def nothing_by_itself(cloud: Cloud) -> Iterator[None]:
    """Without CreateAccountResult, and without the schedules."""
    creation = cloud.aws.creation
    copies, creation.event_copies = creation.event_copies, 0
    with unscheduled(cloud):
        yield
    creation.event_copies = copies


@pytest.fixture
def no_pass(cloud: Cloud) -> Iterator[None]:
    """Without the scheduled pass, which finds any account sooner or later."""
    events, rule = cloud.aws.client("events"), cloud.physical("DiscoverAccountsRule")
    events.disable_rule(Name=rule)
    yield
    events.enable_rule(Name=rule)
