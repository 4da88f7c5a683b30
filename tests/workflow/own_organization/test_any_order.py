"""Whoever asks in any order gets all accounts."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from tests.workflow.conftest import Cloud, Slot, bootstrapped, deployed, until
from tests.workflow.looking import lacks

FIVE = {
    "security": ("security", "Security"),
    "mgmt": ("tooling", "Infrastructure"),
    "dev": ("workload", "Workloads/Development"),
    "stage": ("workload", "Workloads/Staging"),
    "prod": ("workload", "Workloads/Production"),
}
ORDERS = (("mgmt", "security", "prod"),)
"""The demo asks for all five, in another."""


def roll_out_after_tooling(cloud: Cloud) -> str:
    """How the one execution ended that reaches all workload accounts when the tooling account is ready."""
    sfn = cloud.aws.client("stepfunctions")
    machine = cloud.outputs["RollOutStateMachineArn"]
    (started,) = sfn.list_executions(stateMachineArn=machine)["executions"]
    assert started["name"].startswith("after-tooling-")

    def ended() -> dict[str, Any] | None:
        described = dict(sfn.describe_execution(executionArn=started["executionArn"]))
        return described if described["status"] != "RUNNING" else None

    described = until(ended, started["executionArn"])
    assert json.loads(described["input"]) == {"include": {"kinds": ["workload"]}}
    return str(described["status"])


@pytest.mark.parametrize("order", ORDERS, ids=" ".join)
def test_accounts_in_any_order(slot: Slot, order: tuple[str, ...]) -> None:
    cloud = bootstrapped(deployed(slot.own(time_scale=0.02)))
    events = []
    for name in order:
        kind, unit = FIVE[name]
        email = f"aws+{name}@example.com"
        events.append(cloud.post(accountName=name, email=email, kind=kind, organizationalUnit=unit))
    executions = [cloud.ended(cloud.execution_of(event)) for event in events]
    assert Counter(execution.status for execution in executions) == {"SUCCEEDED": len(order)}, executions
    assert roll_out_after_tooling(cloud) == "SUCCEEDED"
    accounts = {account["Name"]: account for account in cloud.accounts().values() if account["Name"] in FIVE}
    assert {account["State"] for account in accounts.values()} == {"ACTIVE"}
    assert {name: cloud.unit_of(account["Email"]) for name, account in accounts.items()} == {
        name: FIVE[name][1] for name in order
    }
    assert {execution.status for execution in cloud.all_ended()} == {"SUCCEEDED"}
    for name in {"dev", "stage", "prod"}.intersection(order):
        account = accounts[name]["Id"]
        assert lacks(cloud, account, accounts["security"]["Id"]) == []
        deploy = cloud.inside("iam", account).get_role(RoleName="allow-deploy-from-mgmt-account")["Role"]
        (statement,) = deploy["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Principal"] == {"AWS": f"arn:aws:iam::{accounts['mgmt']['Id']}:root"}
    for account in accounts.values():
        cloud.answer("Account Ready", accountId=account["Id"])
        assert cloud.answered("Account Ready", accountId=account["Id"]) == 1
