"""An application that is not Groundwork: deployed, asked by an event, and heard on the bus (`examples/users`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from local.engine import Engine
from local.identity.credentials import Credentials
from tests.engine.support import eventually
from tests.queues import listen

TEMPLATE = Path(__file__).parents[2] / "examples" / "users" / "template.yaml"


def test_the_users_of_each_account_are_counted() -> None:
    with Engine(time_scale=0.02) as aws:
        aws.creation.entry_delay = aws.creation.service_delay = 0
        machine = aws.deploy(TEMPLATE, "application")["StateMachine"]
        names = ("one", "two")
        accounts = [account_of(aws, name) for name in names]
        in_account(aws, accounts[1], "iam").create_user(UserName="ada")
        heard = listen(aws, "heard", {"detail-type": ["Users Counted"]})
        asked = {"Source": "survey", "DetailType": "Survey Requested", "Detail": "{}"}
        aws.client("events").put_events(Entries=[asked])
        told = eventually(lambda: aws.client("sqs").receive_message(QueueUrl=heard).get("Messages"))
        counted = json.loads(told[0]["Body"])["detail"]["accounts"]
        assert counted == [{"account": "one", "users": 0}, {"account": "two", "users": 1}]
        executions = aws.client("stepfunctions").list_executions(stateMachineArn=machine)["executions"]
        assert [each["status"] for each in executions] == ["SUCCEEDED"]
        entered = [
            call
            for call in aws.calls
            if call.action == "sts:AssumeRole" and "CountUsers" in str(call.principal_arn)
        ]
        assert {call.resource.split(":")[4] for call in entered} == set(accounts)


def account_of(aws: Engine, name: str) -> str:
    """A new account."""
    organizations = aws.client("organizations")
    made = organizations.create_account(AccountName=name, Email=f"{name}@example.com")["CreateAccountStatus"]

    def ended() -> Any:
        return organizations.describe_create_account_status(CreateAccountRequestId=made["Id"])[
            "CreateAccountStatus"
        ].get("AccountId")

    return str(eventually(ended))


def in_account(aws: Engine, account: str, service: str) -> Any:
    role = f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole"
    key = aws.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    own = Credentials(key["AccessKeyId"], key["SecretAccessKey"], key["SessionToken"])
    return aws.client(service, credentials=own)
