"""The owner's StackSets in a test: a topic in the accounts of workloads, by way of the tooling account."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from groundwork.baseline import loop
from groundwork.baseline.components.stack_sets import PRINCIPAL, StackSets
from groundwork.contracts import Account, Change
from groundwork.declaration import Declaration
from groundwork.declaration.stacks import Stack
from groundwork.declaration.stacks.templates import Template, parsed
from groundwork.errors import StackInProgress
from tests.component.conftest import World
from tests.engine.support import eventually

SETS = StackSets()
HERE, ABROAD = "us-east-1", "eu-west-1"
TOPIC = """
Parameters:
  Shown: {Type: String, Default: plain}
Resources:
  Topic:
    Type: AWS::SNS::Topic
    Properties: {TopicName: alerts, DisplayName: !Ref Shown}
"""
QUEUE = TOPIC + "  Queue: {Type: AWS::SQS::Queue}\n"
WANTING = (
    TOPIC
    + "  Taken:\n    Type: AWS::SSM::Parameter\n    Properties: {Name: /taken, Type: String, Value: x}\n"
)
SET, ACCOUNTS = "StackSet groundwork-alerts", "StackSet groundwork-alerts: its accounts"
TRIES = 12
DELEGATED = {"CallAs": "DELEGATED_ADMIN"}


def stack_set(*units: str, **given: Any) -> Stack:
    where = {"organizationalUnits": [*units] or ["Workloads"]}
    made = {"name": "alerts", "template": "topic.yaml", "mode": "stackSet", "where": where}
    return Stack.model_validate({**made, **given})


def declaring(
    declaration: Declaration,
    *declared: Stack,
    governed: Sequence[str] = (HERE, ABROAD),
    prune: bool = False,
    topic: str = TOPIC,
) -> Declaration:
    baseline = {**declaration.baseline, "tooling": [*declaration.baseline["tooling"], "stack-sets"]}
    regions = declaration.regions.model_copy(update={"governed": [*governed]})
    changes = {
        "baseline": baseline,
        "regions": regions,
        "stacks": [*declared],
        "prune": {"stacks": "remove"} if prune else {},
    }
    made = declaration.model_copy(update=changes)
    made._templates = {"topic.yaml": Template(topic, parsed(topic))}
    return made


@dataclass
class Sets:
    """What the tooling account administers; each execution of its own is a name."""

    world: World
    executions: int = 0

    @property
    def account(self) -> Account:
        return self.world.tooling

    def delegate(self) -> None:
        aws = self.world.aws
        aws.client("cloudformation").activate_organizations_access()
        aws.client("organizations").register_delegated_administrator(
            AccountId=self.account.id, ServicePrincipal=PRINCIPAL
        )

    def one_try(self, declared: Declaration, execution: str) -> list[Change]:
        target = replace(self.world.target(SETS, self.account, declared), execution=execution)
        return loop.apply(SETS, target)

    def declaring(self, *declared: Stack, **given: Any) -> Declaration:
        return declaring(self.world.declaration, *declared, **given)

    def remove(self) -> None:
        """All that is ours."""
        self.apply(self.declaring(prune=True), account=self.world.before(self.account))

    def dying(self, declared: Declaration, execution: str, death: type[Exception]) -> None:
        """A try that dies as soon as AWS has answered its first write."""
        target = replace(self.world.target(SETS, self.account, declared), execution=execution)

        class Dying(list[Any]):
            def append(self, _: Any) -> None:
                raise death

        object.__setattr__(target, "made", Dying())
        loop.apply(SETS, target)

    def apply(
        self, declared: Declaration, execution: str = "", account: Account | None = None
    ) -> list[Change]:
        """As an execution does it: again, once CloudFormation is at work no more. What all tries made."""
        self.executions += 1
        execution = execution or f"execution-{self.executions}"
        account, made = account or self.account, list[Change]()
        for _ in range(TRIES):
            target = replace(self.world.target(SETS, account, declared), execution=execution)
            try:
                done = loop.apply(SETS, target, made)
            except StackInProgress:
                made += loop.made(SETS, target)
                self.rest()
                continue
            loop.verify(SETS, self.world.target(SETS, account, declared))
            return done
        raise AssertionError(f"in progress after {TRIES} tries")

    def rest(self) -> None:
        """CloudFormation is at work no more."""
        eventually(lambda: self.world.aws.is_at_rest or None)

    @property
    def client(self) -> Any:
        return self.world.client("cloudformation", self.account)

    def names(self) -> set[str]:
        listed = self.client.list_stack_sets(Status="ACTIVE", **DELEGATED)["Summaries"]
        return {each["StackSetName"] for each in listed}

    def described(self, name: str = "alerts") -> dict[str, Any]:
        told: dict[str, Any] = self.client.describe_stack_set(StackSetName=f"groundwork-{name}", **DELEGATED)
        found: dict[str, Any] = told["StackSet"]
        return found

    def instances(self) -> dict[tuple[str, str], str]:
        listed = self.client.list_stack_instances(StackSetName="groundwork-alerts", **DELEGATED)
        return {(each["Account"], each["Region"]): each["Status"] for each in listed["Summaries"]}

    def topics(self, account: Account, regions: Iterable[str] = (HERE, ABROAD)) -> dict[str, str]:
        """The display name of the one called alerts, by Region."""
        found = {}
        for region in regions:
            sns = self.world.client("sns", account, region)
            for topic in sns.list_topics()["Topics"]:
                if topic["TopicArn"].endswith(":alerts"):
                    told = sns.get_topic_attributes(TopicArn=topic["TopicArn"])["Attributes"]
                    found[region] = told["DisplayName"]
        return found

    def move(self, account: Account, to: str) -> None:
        organizations, units = self.world.aws.client("organizations"), self.world.organization.units
        parent = organizations.list_parents(ChildId=account.id)["Parents"][0]["Id"]
        destination = units[to].split("/")[-2] if to else self.world.organization.root_id
        organizations.move_account(
            AccountId=account.id, SourceParentId=parent, DestinationParentId=destination
        )
