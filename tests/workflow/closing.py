"""Accounts that are to be closed, in a deployed Groundwork: asked for, looked at, and what AWS says of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from groundwork.callers import source_of
from local.identity.credentials import Credentials
from tests.workflow.conftest import Cloud, Execution, until


@dataclass(frozen=True)
class Closings:
    cloud: Cloud

    def post(self, what: str, who: Credentials | None = None, **detail: Any) -> str:
        """`Account Close Requested` or `Account Reopen Requested`; the event's id."""
        aws = self.cloud.aws
        identity = aws.client("sts", credentials=who).get_caller_identity()["UserId"]
        entry = {
            "Source": source_of(str(identity)),
            "DetailType": f"Account {what} Requested",
            "Detail": json.dumps(detail),
        }
        (answer,) = aws.client("events", credentials=who).put_events(Entries=[entry])["Entries"]
        return str(answer["EventId"])

    @property
    def machine(self) -> str:
        return self.cloud.outputs["CloseAccountStateMachineArn"]

    def start(self, **given: Any) -> Execution:
        """As a person does."""
        started = self.cloud.aws.client("stepfunctions").start_execution(
            stateMachineArn=self.machine, input=json.dumps(given)
        )
        return self.cloud.ended(str(started["executionArn"]))

    def ended(self, event_id: str) -> Execution:
        """The execution of an event, once it has ended."""
        states = self.cloud.aws.client("stepfunctions")

        def find() -> str | None:
            listed = states.list_executions(stateMachineArn=self.machine)["executions"]
            return next((each["executionArn"] for each in listed if event_id in each["name"]), None)

        return self.cloud.ended(until(find, f"an execution for {event_id}"))

    def look(self, when: datetime) -> dict[str, list[str]]:
        """The pass that is due at this time: whose closing it began, and who has been closed."""
        found: dict[str, list[str]] = self.cloud.invoke(
            "CloseDueAccountsFunction", {"time": f"{when:%Y-%m-%dT%H:%M:%SZ}"}
        )
        return found

    def look_ahead(self, when: datetime) -> dict[str, list[str]]:
        """The pass of this time over accounts that expire: of whom it told people, and whose closing it began."""
        found: dict[str, list[str]] = self.cloud.invoke(
            "RequestClosingsFunction", {"time": f"{when:%Y-%m-%dT%H:%M:%SZ}"}
        )
        return found

    def begun(self, name: str) -> Execution:
        """The execution that was started under this name, once it has ended."""
        return self.cloud.ended(f"{self.machine.replace(':stateMachine:', ':execution:')}:{name}")

    def file(self, address: str) -> dict[str, Any]:
        bucket, _, key = address.removeprefix("s3://").partition("/")
        read = self.cloud.aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        return dict(json.loads(read))

    def shown(self, account: str) -> dict[str, Any]:
        organizations = self.cloud.aws.client("organizations")
        return dict(organizations.describe_account(AccountId=account)["Account"])

    def state(self, account: str) -> str:
        return str(self.shown(account)["State"])

    def unit_of(self, account: str) -> str:
        return self.cloud.unit_of(str(self.shown(account)["Email"]))
