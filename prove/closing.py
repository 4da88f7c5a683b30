"""The work that is struck: an account that is suspended, had back, suspended again, and closed when it is due."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

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
        cloud, organizations = self._world.cloud, self._world.aws.client("organizations")
        if self._account:  # Groundwork keeps to the quota of 30 days, which many runs would use up
            cloud.aws.client("dynamodb").delete_item(
                TableName=cloud.outputs["LedgerTable"], Key={"pk": {"S": f"closing#{self._account}"}}
            )
        name, self._email = cloud.fresh()
        until(lambda: organizations.create_account(AccountName=name, Email=self._email), "a request")
        made = until(lambda: cloud.accounts().get(self._email), f"the account {name}")
        self._account = str(made["Id"])
        until(self._enters, f"the way into {name}")

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
        if self._closings.state(self._account) != "SUSPENDED":
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

    def _enters(self) -> bool:
        """Its entry role comes a moment later."""
        with suppress(ClientError):
            return bool(self._world.cloud.entry(self._account))
        return False
