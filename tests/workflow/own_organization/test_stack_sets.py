"""The owner's template in three accounts and two Regions by one StackSet: made, given to an account that comes, changed, failing,
removed. The accounts themselves are never asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from groundwork.baseline.components.stack_sets import PRINCIPAL
from tests.workflow.conftest import (
    TIME_SCALE,
    Cloud,
    Execution,
    Slot,
    bootstrapped,
    deployed,
    groundwork_of_ones_own,
    until,
)

REGIONS = ("us-east-1", "eu-west-1")
SET, ACCOUNTS = "StackSet groundwork-alerts", "StackSet groundwork-alerts: its accounts"
FIRST = """
Resources:
  Topic:
    Type: AWS::SNS::Topic
    Properties: {TopicName: alerts, DisplayName: !Ref AWS::AccountId}
"""
RENAMED = FIRST.replace("alerts", "alarms")
FAILING = (
    RENAMED
    + "  Taken:\n    Type: AWS::SSM::Parameter\n    Properties: {Name: /taken, Type: String, Value: x}\n"
)
STACK = {
    "name": "alerts",
    "mode": "stackSet",
    "template": "alerts.yaml",
    "where": {"organizationalUnits": ["Workloads"]},
    "regions": [*REGIONS],
}


def declaring(folder: Path, body: str, **parts: Any) -> Path:
    template = groundwork_of_ones_own(folder)
    home = folder / "layers" / "baseline"
    declared = yaml.safe_load((home / "baseline.yaml").read_text())
    declared["regions"]["governed"] = [*REGIONS]
    declared["baseline"]["workload"] = ["access"]
    declared["baseline"]["tooling"] = ["access", "stack-sets"]
    (home / "baseline.yaml").write_text(yaml.safe_dump({**declared, "stacks": [STACK], **parts}))
    (home / "templates").mkdir()
    (home / "templates" / "alerts.yaml").write_text(body)
    return template


@dataclass
class World:
    cloud: Cloud
    folder: Path
    tooling: str
    accounts: list[str]
    _declared: int = 0

    def declare(self, body: str, **parts: Any) -> None:
        """Deploy another declaration, and wait for the roll-out that the deployment starts."""
        self._declared += 1
        template = declaring(self.folder / str(self._declared), body, **parts)
        self.cloud.redeploy(template)

    def work(self, mode: str = "apply") -> Execution:
        return self.cloud.start(accountId=self.tooling, mode=mode, components=["stack-sets"])

    def told(self, mode: str = "apply") -> list[tuple[str, str]]:
        """What was done to the StackSet, or would be."""
        ended = self.work(mode)
        assert ended.status == "SUCCEEDED", str(ended)
        return [
            (each["resource"], each["action"])
            for each in ended.output["changes"]
            if each["component"] == "stack-sets"
        ]

    def topics(self) -> set[tuple[str, str, str]]:
        """By account and Region, the name."""
        return {
            (account, region, topic["TopicArn"].rpartition(":")[2])
            for account in self.accounts
            for region in REGIONS
            for topic in self.cloud.inside("sns", account, region).list_topics()["Topics"]
        }

    def everywhere(self, name: str) -> set[tuple[str, str, str]]:
        return {(account, region, name) for account in self.accounts for region in REGIONS}

    def vend(self) -> str:
        name, email = self.cloud.fresh()
        event = self.cloud.post(accountName=name, email=email, organizationalUnit="Workloads/Development")
        ended = self.cloud.ended(self.cloud.execution_of(event))
        assert ended.status == "SUCCEEDED", str(ended)
        account = str(ended.output["accountId"])
        self.accounts.append(account)
        return account


@pytest.fixture(scope="module")
def world(slot: Slot, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("declared")
    cloud = bootstrapped(deployed(slot.own(time_scale=TIME_SCALE), declaring(folder / "0", FIRST)))
    cloud.aws.client("events").disable_rule(Name=cloud.physical("DiscoverAccountsRule"))
    cloud.declared("security")
    made = World(cloud, folder, cloud.declared("mgmt"), [])
    for _ in range(3):
        made.vend()
    cloud.all_ended()
    yield made
    slot.close()


def test_until_a_person_delegates_it_the_plan_says_how(world: World) -> None:
    (told,) = [each for each in world.work("plan").output["reports"] if each["component"] == "stack-sets"]
    assert told["action"] == "report"
    assert f"--account-id {world.tooling}" in told["reason"]
    assert world.topics() == set()


def test_it_reaches_three_accounts_in_two_regions_without_a_call_of_ours_in_them(world: World) -> None:
    aws = world.cloud.aws
    aws.client("cloudformation").activate_organizations_access()
    aws.client("organizations").register_delegated_administrator(
        AccountId=world.tooling, ServicePrincipal=PRINCIPAL
    )
    assert world.told("plan") == [(SET, "create"), (ACCOUNTS, "create")]
    mark = len(aws.calls)
    assert world.told() == [(SET, "create"), (ACCOUNTS, "create")]
    assert world.topics() == world.everywhere("alerts")
    ours = [each for each in aws.calls[mark:] if "groundwork-stack-sets" in str(each.principal_arn)]
    assert {each.account for each in ours} == {world.tooling}
    assert world.told() == []


def test_an_account_that_comes_gets_it_by_itself(world: World) -> None:
    mark = len(world.cloud.aws.calls)
    account = world.vend()
    until(lambda: world.topics() == world.everywhere("alerts") or None, "its stacks")
    calls = world.cloud.aws.calls[mark:]
    assert not [each for each in calls if "groundwork-stack-sets" in str(each.principal_arn)]
    assert world.told("plan") == []
    role = world.cloud.inside("iam", account).list_roles()["Roles"]
    assert [each for each in role if each["RoleName"].startswith("stacksets-exec-")]


def test_a_change_is_planned_honestly_and_reaches_all(world: World) -> None:
    world.declare(RENAMED)
    (told,) = [each for each in world.work("plan").output["changes"] if each["component"] == "stack-sets"]
    assert told["reason"] == (
        "changes Topic (AWS::SNS::Topic); CloudFormation makes no change set of a StackSet, so that nobody knows before what is "
        "replaced"
    )
    assert world.topics() == world.everywhere("alerts")
    assert world.told() == [(SET, "update")]
    assert world.topics() == world.everywhere("alarms")
    assert world.told() == []


def test_one_that_fails_tells_account_region_and_reason(world: World) -> None:
    account = world.accounts[0]
    ssm = world.cloud.inside("ssm", account, REGIONS[0])
    ssm.put_parameter(Name="/taken", Value="others", Type="String")
    world.declare(FAILING)
    failed = world.work()
    assert (failed.status, failed.error) == ("FAILED", "BaselineFailed"), str(failed)
    said = f"StackFailed: {SET}: UPDATE failed: account {account} in {REGIONS[0]}: ResourceLogicalId:Taken"
    assert said in failed.cause
    assert "Cancelled" not in failed.cause
    ssm.delete_parameter(Name="/taken")
    assert world.told() == [(SET, "update")]
    assert world.told("plan") == []


def test_what_is_no_longer_declared_is_removed_where_prune_says_so(world: World) -> None:
    world.declare(FAILING, stacks=[], prune={"stacks": "remove"})
    assert world.told("plan") == [(ACCOUNTS, "delete"), (SET, "delete")]
    assert world.told() == [(ACCOUNTS, "delete"), (SET, "delete")]
    assert world.topics() == set()
    assert world.told() == []
