"""Control Tower makes an account: Groundwork waits until it is enrolled, leaves what is Control Tower's, and adds the rest.

The engine plays Control Tower's order of calls: CreateAccount with its own role alone, then by that role Config's
recorder, its channel and its start, then the lifecycle event.
https://docs.aws.amazon.com/controltower/latest/userguide/roles-how.html
https://docs.aws.amazon.com/controltower/latest/userguide/lifecycle-events.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.identity.credentials import Credentials
from tests.engine.services.test_config import bucket_for
from tests.workflow.conftest import Cloud, Execution, until
from tests.workflow.test_triggers import created

ROLE = "AWSControlTowerExecution"
RECORDER = "aws-controltower-BaselineConfigRecorder"
CHANNEL = "aws-controltower-BaselineConfigDeliveryChannel"


class ControlTower:
    """Control Tower in one account."""

    def __init__(self, cloud: Cloud, account: str) -> None:
        self._aws, self._account = cloud.aws, account

    def client(self, service: str) -> Any:
        role = f"arn:aws:iam::{self._account}:role/{ROLE}"
        session = self._aws.client("sts").assume_role(RoleArn=role, RoleSessionName="tower")["Credentials"]
        inside = Credentials(session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
        return self._aws.client(service, credentials=inside)

    def make_recorder(self) -> None:
        role = self.client("iam").create_service_linked_role(AWSServiceName="config.amazonaws.com")["Role"]
        group = {"allSupported": True, "includeGlobalResourceTypes": True}
        self.client("config").put_configuration_recorder(
            ConfigurationRecorder={"name": RECORDER, "roleARN": role["Arn"], "recordingGroup": group}
        )

    def make_channel(self) -> None:
        channel = {"name": CHANNEL, "s3BucketName": bucket_for(self._aws, "AWSLogs/*")}
        self.client("config").put_delivery_channel(DeliveryChannel=channel)

    def start(self) -> None:
        self.client("config").start_configuration_recorder(ConfigurationRecorderName=RECORDER)

    def tell(self, state: str = "SUCCEEDED") -> None:
        status = {
            "organizationalUnit": {
                "organizationalUnitName": "Sandbox",
                "organizationalUnitId": "ou-abcd-12345678",
            },
            "account": {"accountName": "made by Control Tower", "accountId": self._account},
            "state": state,
            "message": "AWS Control Tower successfully created an enrolled account.",
        }
        detail = {
            "eventSource": "controltower.amazonaws.com",
            "eventName": "CreateManagedAccount",
            "eventType": "AwsServiceEvent",
            "serviceEventDetails": {"createManagedAccountStatus": status},
        }
        self._aws.emit("aws.controltower", "AWS Service Event via CloudTrail", detail)


def errors_of(cloud: Cloud, arn: str) -> list[str]:
    """What failed in an execution so far, state by state."""
    pages = (
        cloud.aws.client("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=arn)
    )
    return [
        event["taskFailedEventDetails"]["error"]
        for page in pages
        for event in page["events"]
        if event["type"] == "TaskFailed"
    ]


def waits(cloud: Cloud, arn: str) -> None:
    """It looks once more, and goes on waiting."""
    waited = errors_of(cloud, arn).count("AccountBeingEnrolled")
    until(
        lambda: errors_of(cloud, arn).count("AccountBeingEnrolled") > waited or None,
        f"{arn} to wait for Control Tower",
    )


@pytest.fixture
def security(cloud: Cloud) -> str:
    return cloud.declared("security")


def test_an_account_of_control_tower_is_waited_for_and_completed(cloud: Cloud, security: str) -> None:
    name, email = cloud.fresh()
    account = created(cloud, name, email, RoleName=ROLE)["AccountId"]
    tower = ControlTower(cloud, account)
    first = until(lambda: next(iter(cloud.executions_about(account)), None), "the execution of the account")
    waits(cloud, first)
    tower.make_recorder()
    waits(cloud, first)
    tower.make_channel()
    waits(cloud, first)
    written = [
        call.operation
        for call in cloud.aws.calls
        if call.account == account and call.mutating and "/groundwork-" in (call.principal_arn or "")
    ]
    assert written == []
    tower.start()
    tower.tell()
    ended = both_ended(cloud, account)
    assert {each.status for each in ended} == {"SUCCEEDED"}, ended
    assert {"ready"} <= {each.output["outcome"] for each in ended}
    (ready,) = [each for each in ended if each.output["outcome"] == "ready"]
    assert f"covered by recorder '{RECORDER}'" in json.dumps(ready.output)
    config = tower.client("config")
    (recorder,) = config.describe_configuration_recorders()["ConfigurationRecorders"]
    (channel,) = config.describe_delivery_channels()["DeliveryChannels"]
    assert (recorder["name"], channel["name"]) == (RECORDER, CHANNEL)
    assert [each["Name"] for each in tower.client("cloudtrail").describe_trails()["trailList"]] == [
        "groundwork"
    ]


def both_ended(cloud: Cloud, account: str) -> list[Execution]:
    """The execution of CreateAccountResult, and that of the lifecycle event."""
    arns = until(
        lambda: found if len(found := cloud.executions_about(account)) >= 2 else None,
        "the execution that the lifecycle event starts",
    )
    return [cloud.ended(arn) for arn in arns]
