"""The owner's template in five accounts and two Regions, by roll-outs: made, changed, drifted, failing, removed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.workflow.conftest import (
    TIME_SCALE,
    Cloud,
    Execution,
    Slot,
    bootstrapped,
    deployed,
    groundwork_of_ones_own,
)

MANY, REGIONS = 5, ("us-east-1", "eu-west-1")
NAMED = "stack groundwork-alerts in {}".format
BODY = """
Parameters:
  Shown: {Type: String}
Resources:
  Topic:
    Type: AWS::SNS::Topic
    Properties: {TopicName: %s, DisplayName: !Ref Shown}
"""
FIRST, RENAMED = BODY % "alerts", BODY % "alarms" + f"# {'x' * 60_000}\n"
"""The second is too large to be sent along, and so is what is made of it."""
FAILING = RENAMED + "  Queue: {Type: AWS::SQS::Queue}\n"
MAY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sns:*", "Resource": "arn:<partition>:sns:*:<account>:al*"}],
}
STACK = {
    "name": "alerts",
    "template": "alerts.yaml",
    "where": {"kinds": ["workload"]},
    "regions": [*REGIONS],
    "parameters": {"Shown": "<tag:team>"},
    "policies": ["alerts"],
    "driftDetection": True,
    "driftReads": ["sns:Get*", "sns:List*"],
}


def declaring(folder: Path, body: str, **parts: Any) -> Path:
    template = groundwork_of_ones_own(folder)
    home = folder / "layers" / "baseline"
    declared = yaml.safe_load((home / "baseline.yaml").read_text())
    declared["regions"]["governed"] = [*REGIONS]
    declared["baseline"]["workload"] = ["access", "stacks"]
    (home / "baseline.yaml").write_text(yaml.safe_dump({**declared, "stacks": [STACK], **parts}))
    (home / "templates").mkdir()
    (home / "templates" / "alerts.yaml").write_text(body)
    (home / "policies" / "alerts.json").write_text(json.dumps(MAY))
    return template


@dataclass
class World:
    cloud: Cloud
    folder: Path
    accounts: dict[str, str]
    """By their names."""
    _declared: int = 0

    @property
    def ids(self) -> set[str]:
        return set(self.accounts.values())

    def declare(self, body: str, **parts: Any) -> None:
        """Deploy another declaration, and wait for the roll-out that the deployment starts."""
        self._declared += 1
        template = declaring(self.folder / str(self._declared), body, **parts)
        self.cloud.redeploy(template)
        ended = self.cloud.roll_out(include={"kinds": ["security"]})
        assert (ended.status, ended.output["failures"]) == ("SUCCEEDED", {}), str(ended)

    def roll_out(self, mode: str = "apply") -> Execution:
        ended = self.cloud.roll_out(mode=mode, include={"accountIds": sorted(self.ids)})
        assert ended.status == "SUCCEEDED", str(ended)
        return ended

    def told(self, mode: str, part: str = "differences") -> dict[str, dict[str, tuple[str, str, str]]]:
        """By account and Region: action, severity and reason."""
        found: dict[str, dict[str, tuple[str, str, str]]] = {}
        regions = {NAMED(region): region for region in REGIONS}
        for account, changes in self.roll_out(mode).output[part].items():
            for each in changes:
                stack = each["resource"].partition(": ")[0]
                if stack in regions:
                    said = (each["action"], each["severity"], each["reason"])
                    found.setdefault(account, {})[regions[stack]] = said
        return found

    def stacks(self) -> dict[tuple[str, str], str]:
        """The status of each, by account and Region."""
        return {
            (account, region): stack["StackStatus"]
            for account in self.ids
            for region in REGIONS
            for stack in self.cloud.inside("cloudformation", account, region).describe_stacks()["Stacks"]
            if stack["StackName"] == "groundwork-alerts"
        }

    def topics(self) -> set[tuple[str, str]]:
        """The names and the display names of all."""
        found = set()
        for account in self.ids:
            for region in REGIONS:
                sns = self.cloud.inside("sns", account, region)
                for topic in sns.list_topics()["Topics"]:
                    shown = sns.get_topic_attributes(TopicArn=topic["TopicArn"])["Attributes"]["DisplayName"]
                    found.add((topic["TopicArn"].rpartition(":")[2], shown))
        return found


@pytest.fixture(scope="module")
def world(slot: Slot, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("declared")
    cloud = bootstrapped(deployed(slot.own(time_scale=TIME_SCALE), declaring(folder / "0", FIRST)))
    cloud.aws.client("events").disable_rule(Name=cloud.physical("DiscoverAccountsRule"))
    cloud.declared("security")
    asked = [cloud.fresh() for _ in range(MANY)]
    events = [cloud.post(accountName=name, email=email, tags={"team": name}) for name, email in asked]
    vended = [cloud.ended(cloud.execution_of(event)) for event in events]
    assert [each.output["outcome"] for each in vended] == ["ready"] * MANY
    cloud.all_ended()
    names = [name for name, _ in asked]
    accounts = [str(each.output["accountId"]) for each in vended]
    yield World(cloud, folder, dict(zip(names, accounts, strict=True)))
    slot.close()


def everywhere(world: World, what: Any) -> dict[str, dict[str, Any]]:
    return {account: dict.fromkeys(REGIONS, what) for account in world.ids}


def test_it_is_made_when_an_account_is(world: World) -> None:
    assert world.stacks() == dict.fromkeys(
        [(account, region) for account in world.ids for region in REGIONS], "CREATE_COMPLETE"
    )
    assert world.topics() == {("alerts", name) for name in world.accounts}
    assert world.told("plan") == {}


def test_a_change_is_planned_with_what_it_replaces_and_that_is_what_is_done(world: World) -> None:
    world.declare(RENAMED)
    before = world.topics()
    expected = ("update", "high", "replaces Topic (AWS::SNS::Topic): TopicName")
    mark = len(world.cloud.aws.calls)
    assert world.told("plan") == everywhere(world, expected)
    assert world.topics() == before
    written = [
        call.operation
        for call in world.cloud.aws.calls[mark:]
        if call.mutating and call.account in world.ids and "/groundwork-" in str(call.principal_arn)
    ]
    assert sorted(written) == sorted(["CreateChangeSet", "DeleteChangeSet"] * MANY * len(REGIONS))
    assert world.told("apply") == everywhere(world, expected)
    assert world.topics() == {("alarms", name) for name in world.accounts}
    assert world.told("apply") == {}


def test_what_drifted_in_one_place_is_told_and_mended_there(world: World) -> None:
    name, account = next(iter(world.accounts.items()))
    world.cloud.inside("cloudformation", account, REGIONS[1]).update_stack(
        StackName="groundwork-alerts",
        UsePreviousTemplate=True,
        Parameters=[{"ParameterKey": "Shown", "ParameterValue": "by hand"}],
    )
    words = f"changes Topic (AWS::SNS::Topic): DisplayName; parameter Shown is 'by hand'; expected '{name}'"
    expected = {account: {REGIONS[1]: ("update", "medium", words)}}
    assert world.told("plan") == expected
    assert ("alarms", "by hand") in world.topics()
    assert world.told("apply") == expected
    assert world.topics() == {("alarms", each) for each in world.accounts}


def test_what_was_changed_behind_cloudformations_back_is_told_and_left_alone(world: World) -> None:
    name, account = next(iter(world.accounts.items()))
    sns = world.cloud.inside("sns", account, REGIONS[1])
    (topic,) = [each["TopicArn"] for each in sns.list_topics()["Topics"]]
    shown = {"TopicArn": topic, "AttributeName": "DisplayName"}
    sns.set_topic_attributes(**shown, AttributeValue="by hand")
    words = "was changed outside of CloudFormation: DisplayName has another value; undo it, or take it into templates/alerts.yaml"
    mark = len(world.cloud.aws.calls)
    assert world.told("plan", "reports") == {account: {REGIONS[1]: ("report", "high", words)}}
    asked = [call.operation for call in world.cloud.aws.calls[mark:] if call.operation == "DetectStackDrift"]
    assert len(asked) == MANY * len(REGIONS), "each execution asks once, and waits by what it remembers"
    assert world.told("apply", "reports") == {}
    assert ("alarms", "by hand") in world.topics()
    sns.set_topic_attributes(**shown, AttributeValue=name)
    assert world.told("plan", "reports") == {}


def test_one_that_fails_tells_cloudformations_own_first_failed_event(world: World) -> None:
    world.declare(FAILING)
    failed = world.cloud.roll_out(include={"accountIds": sorted(world.ids)})
    failures = failed.output["failures"] if failed.status == "SUCCEEDED" else {}
    assert failures.keys() == world.ids, str(failed)
    for failure in failures.values():
        assert "StackFailed" in json.dumps(failure)
        for region in REGIONS:
            said = f"{NAMED(region)}: its update failed and was rolled back (UPDATE_ROLLBACK_COMPLETE): Queue (AWS::SQS::Queue): "
            assert said in failure["cause"]
        assert "sqs:CreateQueue" in failure["cause"] or "AccessDenied" in failure["cause"]
    assert set(world.stacks().values()) == {"UPDATE_ROLLBACK_COMPLETE"}
    assert world.topics() == {("alarms", name) for name in world.accounts}


def test_what_is_no_longer_declared_is_told_and_then_removed(world: World) -> None:
    world.declare(RENAMED, stacks=[], prune={"stacks": "remove"})
    expected = everywhere(world, ("delete", "medium", "is no longer declared"))
    assert world.told("plan") == expected
    assert world.told("apply") == expected
    assert world.stacks() == {}
    assert world.topics() == set()
    for account in world.ids:
        roles = world.cloud.inside("iam", account).list_roles()["Roles"]
        assert [each["RoleName"] for each in roles if each["RoleName"].startswith("groundwork-stack-")] == []
    assert world.roll_out("plan").output["differences"] == {}
