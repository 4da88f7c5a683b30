"""The work that is struck: an account that is suspended, had back, suspended again, and closed when it is due; and one that
expires."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime, time, timedelta
from typing import Any

from botocore.exceptions import ClientError

from groundwork.ledger import Ledger
from prove.world import World
from tests.workflow.closing import Closings
from tests.workflow.conftest import Execution, until

UNIT = "Suspended"
CLOSING = (
    "organizationalUnits:\n",
    f"closing: {{unit: {UNIT}, graceDays: 7}}\n\norganizationalUnits:\n  - {UNIT}\n",
)
"""What stands in `baseline.yaml`, in place of what."""
MOST_PASSES = 20
BETWEEN = timedelta(minutes=15)


class Closing:
    """An account that somebody else made, to its `Account Closed`; by a second event where the first one fails."""

    def __init__(self, world: World) -> None:
        self._world, self._closings = world, Closings(world.cloud)
        self._account = ""
        self._ends: list[Execution] = []
        world.aws.creation.closings_in_30_days = 100_000

    def prepare(self) -> None:
        cloud = self._world.cloud
        if self._account:  # Groundwork keeps to the quota of 30 days, which many runs would use up
            cloud.aws.client("dynamodb").delete_item(
                TableName=cloud.outputs["LedgerTable"], Key={"pk": {"S": f"closing#{self._account}"}}
            )
        self._account, self._email = made_elsewhere(self._world)

    def go(self) -> None:
        self._ends = []
        for what in ("Close", "Reopen", "Close"):
            self._ask(what)
        tag = self._world.cloud.tags_of(self._account).get("groundwork:state", "")
        if not tag.startswith("closing "):
            return
        due = datetime.fromisoformat(tag.split()[1])
        for number in range(MOST_PASSES):
            self._pass(due + number * BETWEEN)
            until(lambda: self._closings.state(self._account) != "PENDING_CLOSURE", "the closure")
            if "closedAt" in self._known():
                return

    @property
    def starts(self) -> int:
        return len(self._ends) - 2

    def wrong(self) -> list[str]:
        cloud = self._world.cloud
        if self._ends[-1].status != "SUCCEEDED":
            return [f"{end.error}: {end.cause}" for end in self._ends]
        wrong = []
        if self._closings.state(self._account) != "CLOSED":
            wrong.append(f"it is {self._closings.state(self._account)}")
        if cloud.unit_of(self._email) != UNIT:
            wrong.append(f"it is in {cloud.unit_of(self._email)}")
        if "closedAt" not in self._known():
            wrong.append(f"the ledger says {self._known()}")
        until(lambda: cloud.answered("Account Closed", accountId=self._account), "Account Closed")
        # EventBridge takes no key that would tell a repeated answer: one may come twice, and is the same then.
        said = {
            json.dumps(event["detail"], sort_keys=True): event["detail-type"]
            for event in cloud.news(accountId=self._account)
        }
        failed = ["Account Failed"] * (len(self._ends) - 3)
        wanted = ["Account Closing", "Account Reopened", "Account Closing", "Account Closed"]
        if sorted(said.values()) != sorted(failed + wanted):
            wrong.append(f"it was answered {said}")
        return wrong

    def _ask(self, what: str) -> None:
        for _ in range(2):
            ended = self._closings.ended(self._closings.post(what, accountId=self._account))
            self._ends.append(ended)
            if ended.status == "SUCCEEDED":
                return

    def _pass(self, when: datetime) -> None:
        """It may die: the next one comes."""
        cloud = self._world.cloud
        cloud.aws.client("lambda").invoke(
            FunctionName=cloud.physical("CloseDueAccountsFunction"),
            Payload=json.dumps({"time": when.isoformat()}).encode(),
        )

    def _known(self) -> dict[str, Any]:
        return self._world.cloud.ledger_item(f"closing#{self._account}")


class Expiry:
    """An account that expires, told and suspended by passes, each of which may die; the next one comes."""

    def __init__(self, world: World) -> None:
        self._world, self._closings = world, Closings(world.cloud)
        self._account, self._email = "", ""
        self._day = datetime.combine(datetime.now(UTC).date() + timedelta(days=30), time(), UTC)

    def prepare(self) -> None:
        cloud = self._world.cloud
        if self._account:  # which waits to be closed
            cloud.aws.client("dynamodb").delete_item(
                TableName=cloud.outputs["LedgerTable"], Key={"pk": {"S": f"ending#{self._account}"}}
            )
        self._account, self._email = made_elsewhere(self._world)
        tag = {"Key": "groundwork:expires", "Value": f"{self._day:%Y-%m-%d}"}
        cloud.aws.client("organizations").tag_resource(ResourceId=self._account, Tags=[tag])
        ledger = Ledger(cloud.outputs["LedgerTable"], client=cloud.aws.client("dynamodb"))
        ledger.endings.expire(self._account, f"{self._day:%Y-%m-%d}")

    def go(self) -> None:
        for days in (14, 3, 0):
            for number in range(3):
                self._pass(self._day - timedelta(days=days) + number * BETWEEN)
        for days in (1, 2):
            if all(each.status == "SUCCEEDED" for each in self._ends()) and self._ends():
                return
            self._pass(self._day + timedelta(days=days))

    @property
    def starts(self) -> int:
        return len(self._ends())

    def wrong(self) -> list[str]:
        cloud, wrong = self._world.cloud, list[str]()
        if not self._ends() or self._ends()[-1].status != "SUCCEEDED":
            return [f"{each.error}: {each.cause}" for each in self._ends()] or ["nobody closed it"]
        if cloud.unit_of(self._email) != UNIT:
            wrong.append(f"it is in {cloud.unit_of(self._email)}")
        until(lambda: cloud.answered("Account Closing", accountId=self._account), "Account Closing")
        told = [
            each["detail"] for each in cloud.answers(accountId=self._account) if "noticeId" in each["detail"]
        ]
        ids = [f"{self._account}/{self._day:%Y-%m-%d}/{days}" for days in (14, 3)]
        if sorted({each["noticeId"] for each in told}) != sorted(ids) or len(told) > len(ids) + 1:
            wrong.append(f"people were told {told}")
        return wrong

    def _ends(self) -> list[Execution]:
        """In the order in which they were started."""
        states = self._world.aws.client("stepfunctions")
        listed = states.list_executions(stateMachineArn=self._closings.machine)["executions"]
        mine = sorted(
            each["executionArn"] for each in listed if f":expired-{self._account}-" in each["executionArn"]
        )
        return [self._world.cloud.ended(each) for each in mine]

    def _pass(self, when: datetime) -> None:
        cloud = self._world.cloud
        cloud.aws.client("lambda").invoke(
            FunctionName=cloud.physical("RequestClosingsFunction"),
            Payload=json.dumps({"time": when.isoformat()}).encode(),
        )


def made_elsewhere(world: World) -> tuple[str, str]:
    """Id and e-mail of an account that somebody else made, once its entry role is there, which comes a moment later."""
    cloud, organizations = world.cloud, world.aws.client("organizations")
    name, email = cloud.fresh()
    until(lambda: organizations.create_account(AccountName=name, Email=email), "a request")
    account = str(until(lambda: cloud.accounts().get(email), f"the account {name}")["Id"])

    def enters() -> bool:
        with suppress(ClientError):
            return bool(cloud.entry(account))
        return False

    until(enters, f"the way into {name}")
    return account, email
