"""Where errands are run: an organization at rest, what can be done there, and what an execution that died left."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from local.organizations import organization_of
from local.stepfunctions.executions import are_running
from tests.workflow.conftest import Cloud, Execution, until
from tests.workflow.statements import physical, role_of

Job = Callable[[], str]
"""Does a piece of work, and tells what went wrong, in AWS's words, or nothing when it went well."""
UNIT = "Workloads/Sandbox"
"""Where the workload accounts here are; the declaration does not name it."""


@dataclass(frozen=True)
class Place:
    """An organization with its security account and one workload account, both ready."""

    cloud: Cloud
    security: str
    account: str
    email: str
    _given: dict[str, list[dict[str, Any]]] = field(default_factory=dict, repr=False)

    @property
    def management(self) -> str:
        return self.cloud.aws.management_account

    # -- running things ----------------------------------------------------------------------------

    def start(self, account_id: str) -> Job:
        return lambda: told(self.cloud.start(accountId=account_id))

    def vend(self, **more: Any) -> Job:
        """Ask for an account nobody has asked for; the second time the same again."""
        name, email = self.cloud.fresh()
        return lambda: told(
            self.cloud.ask(accountName=name, email=email, createOrganizationalUnit=True, **more)
        )

    def invoke(self, function: str, event: dict[str, Any]) -> str:
        answer = self.cloud.aws.client("lambda").invoke(
            FunctionName=physical(self.cloud, function), Payload=json.dumps(event).encode()
        )
        payload = json.loads(answer["Payload"].read())
        return f"{payload['errorType']}: {payload['errorMessage']}" if "FunctionError" in answer else ""

    def given(self, account_id: str, key: str, value: str | None = None) -> dict[str, Any]:
        """What a run of an account gave to the one function that gets a field, or gets it with this value. The lease
        is good for as long as it takes."""
        if account_id not in self._given:
            ended = self.cloud.start(accountId=account_id)
            history = self.cloud.aws.client("stepfunctions").get_paginator("get_execution_history")
            self._given[account_id] = [
                json.loads(event["taskScheduledEventDetails"]["parameters"])["Payload"]
                for page in history.paginate(executionArn=ended.arn)
                for event in page["events"]
                if event["type"] == "TaskScheduled"
            ]
        (payload,) = [each for each in self._given[account_id] if key in each and value in (None, each[key])]
        return payload | ({"leasedUntil": int(time.time()) + 900} if "leasedUntil" in payload else {})

    def component(self, function: str, account_id: str, component: str) -> Job:
        """A component's function, called as the state machine calls it."""
        payload = self.given(account_id, "component", component)
        return lambda: self.invoke(function, payload)

    def settle(self) -> None:
        """Wait until no execution runs."""
        until(lambda: not are_running(self.cloud.machine), "all executions to end")

    # -- what was there before ---------------------------------------------------------------------

    @property
    def forgotten_execution(self) -> str:
        """An execution that ended so long ago that Step Functions has forgotten it."""
        return f"{self.cloud.machine.replace(':stateMachine:', ':execution:')}:forgotten"

    def write(self, key: str, **values: str) -> None:
        """Write into an item of the ledger what an execution that died has left there."""
        self.cloud.aws.client("dynamodb").update_item(
            TableName=self.cloud.outputs["LedgerTable"],
            Key={"pk": {"S": key}},
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in values),
            ExpressionAttributeNames={f"#{name}": name for name in values},
            ExpressionAttributeValues={
                f":{name}": {"N" if value.isdigit() else "S": value} for name, value in values.items()
            },
        )

    def forget(self, account_id: str) -> None:
        """The ledger loses an account."""
        self.cloud.aws.client("dynamodb").delete_item(
            TableName=self.cloud.outputs["LedgerTable"], Key={"pk": {"S": f"account#{account_id}"}}
        )

    def lose_pinned(self) -> None:
        """The ledger loses which accounts are security's and tooling's."""
        self.cloud.aws.client("dynamodb").delete_item(
            TableName=self.cloud.outputs["LedgerTable"], Key={"pk": {"S": "pinned"}}
        )

    def abandon_request(self, email: str) -> None:
        self.write(f"request#{email}", state="claimed", owner=self.forgotten_execution)

    def abandon_lease(self, account_id: str) -> None:
        later = str(int(time.time()) + 900)
        self.write(f"account#{account_id}", leaseOwner=self.forgotten_execution, leaseUntil=later)

    def untag(self, account_id: str, key: str) -> None:
        self.cloud.aws.client("organizations").untag_resource(ResourceId=account_id, TagKeys=[key])

    def age(self, account_id: str) -> None:
        """The account is no longer so young that its entry role may be on its way."""
        organization = organization_of(account_id)
        assert organization is not None
        organization.account(account_id).create_time -= timedelta(hours=2)

    def spoil(self) -> None:
        """Something small to repair in the workload account."""
        self.cloud.inside("ec2", self.account).disable_ebs_encryption_by_default()

    # -- what was seen -----------------------------------------------------------------------------

    def denials(self, holder: str, since: int) -> list[str]:
        """The actions that the role of a resource was denied, from a place in the log of calls on."""
        session = f":assumed-role/{role_of(self.cloud, holder)}/"
        return [
            call.action
            for call in self.cloud.aws.calls[since:]
            if call.verdict == "denied" and session in (call.principal_arn or "")
        ]

    def undelivered(self) -> list[dict[str, str]]:
        """What came into the dead-letter queue: ids of the event and of the execution it is about, and why."""
        sqs, url = self.cloud.aws.client("sqs"), self.cloud.outputs["UndeliveredEventsUrl"]
        messages = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages", [])
        found = []
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            event, attributes = json.loads(message["Body"]), message["MessageAttributes"]
            detail = event["detail"]
            found.append(
                {
                    "event": event["id"],
                    "source": event["source"],
                    "execution": detail.get("executionArn") or detail.get("execution", ""),
                    "why": attributes["ERROR_MESSAGE"]["StringValue"],
                }
            )
        return found


def told(ended: Execution) -> str:
    return "" if ended.status == "SUCCEEDED" else f"{ended.error}: {ended.cause}"
