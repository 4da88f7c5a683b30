"""What is taken out of the declaration is told or removed, what comes back is laid down again, and a roll-out ends
finished."""

from __future__ import annotations

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
)
from tests.workflow.conftest import groundwork_of_ones_own as copied
from tests.workflow.many import deny_cloudtrail, notices, subscribe

FAR = "eu-central-1"
MORE: dict[str, Any] = {
    "regions": {"home": "us-east-1", "governed": ["us-east-1", FAR]},
    "organizationalUnits": [
        *("Security", "Infrastructure", "Experiments", "Experiments/Small"),
        *("Workloads/Development", "Workloads/Staging", "Workloads/Production"),
    ],
}
REMOVING = {"prune": {"config": "remove"}}


@dataclass
class World:
    cloud: Cloud
    folder: Path
    accounts: dict[str, str]
    heard: str
    _declared: int = 0

    def declare(self, **parts: Any) -> None:
        """Deploy the shipped declaration with these parts in place of its own."""
        self._declared += 1
        template = declaring(self.folder / str(self._declared), **parts)
        self.cloud.redeploy(template)
        self.told()

    def roll_out(self, **given: Any) -> Execution:
        ended = self.cloud.roll_out(**given)
        assert ended.status == "SUCCEEDED", str(ended)
        return ended

    def recording(self, region: str) -> set[str]:
        """The accounts in which a recorder records there."""
        found = set()
        for name, account in self.accounts.items():
            config = self.cloud.inside("config", account, region)
            statuses = config.describe_configuration_recorder_status()["ConfigurationRecordersStatus"]
            if any(status["recording"] for status in statuses):
                found.add(name)
        return found

    def units(self) -> set[str]:
        client = self.cloud.aws.client("organizations")
        root = client.list_roots()["Roots"][0]["Id"]
        listed = client.list_organizational_units_for_parent(ParentId=root)["OrganizationalUnits"]
        return {unit["Name"] for unit in listed}

    def told(self) -> list[str]:
        return [each["Message"] for each in notices(self.cloud, self.heard)]


def declaring(folder: Path, **parts: Any) -> Path:
    template = copied(folder)
    file = folder / "layers/baseline/baseline.yaml"
    file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | parts))
    return template


@pytest.fixture(scope="module")
def world(slot: Slot, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("declared")
    cloud = bootstrapped(deployed(slot.own(time_scale=TIME_SCALE), declaring(folder / "0", **MORE)))
    cloud.aws.client("events").disable_rule(Name=cloud.physical("DiscoverAccountsRule"))
    security = cloud.declared("security")
    dev = cloud.ask(
        accountName="dev", email="aws+dev@example.com", organizationalUnit="Workloads/Development"
    )
    cloud.all_ended()
    accounts = {
        "management": cloud.aws.management_account,
        "security": security,
        "dev": str(dev.output["accountId"]),
    }
    yield World(cloud, folder, accounts, subscribe(cloud))
    slot.close()


def test_what_is_no_longer_declared_is_told_until_somebody_decides(world: World) -> None:
    assert world.recording(FAR) == {"management", "security", "dev"}
    world.declare(prune={"organization": "report"})
    planned = world.roll_out(mode="plan")
    assert planned.output["differences"] == {}
    assert {
        name: {each["resource"] for each in planned.output["reports"][account]}
        for name, account in world.accounts.items()
    } == {
        "management": {
            f"recorder groundwork in {FAR}",
            *("organizational unit Experiments", "organizational unit Experiments/Small"),
        },
        "security": {f"recorder groundwork in {FAR}"},
        "dev": {f"recorder groundwork in {FAR}"},
    }
    (message,) = world.told()
    assert f"recorder groundwork in {FAR}: is ours and records" in message
    assert "set prune: {config: remove}; left to you" in message

    applied = world.roll_out()
    assert applied.output["reports"].keys() == set(world.accounts.values())
    assert applied.output["reportsByComponent"] == {"config": 3, "organization": 2}
    assert len(world.told()) == 1
    assert world.recording(FAR) == {"management", "security", "dev"}
    assert world.roll_out(mode="plan").output["behind"] == sorted(world.accounts.values())
    assert len(world.told()) == 1


def test_what_may_be_removed_is_and_the_rest_stays_told(world: World) -> None:
    world.declare(**REMOVING)
    planned = world.roll_out(mode="plan").output["differences"]
    done = world.roll_out().output["differences"]

    def in_words(differences: dict[str, Any]) -> set[tuple[str, ...]]:
        return {
            (account, each["action"], each["resource"], each["reason"])
            for account, its in differences.items()
            for each in its
        }

    # Deployment has brought the management account there already.
    assert in_words(done) == in_words(planned)
    assert {account for account, *_ in in_words(done)} == {world.accounts["security"], world.accounts["dev"]}
    assert "Experiments" not in world.units()
    assert world.recording(FAR) == {"management"}  # where whoever stole its function could stop it, too
    told = world.roll_out(mode="plan").output
    assert (told["differences"], told["behind"]) == ({}, [world.accounts["management"]])
    (report,) = told["reports"][world.accounts["management"]]
    assert "delete it by hand, or declare it again" in report["reason"]


def test_the_declaration_of_yesterday_brings_back_yesterday(world: World) -> None:
    world.declare(**MORE)
    world.roll_out()
    assert "Experiments" in world.units()
    assert world.recording(FAR) == world.recording("us-east-1") == {"management", "security", "dev"}
    world.told()
    planned = world.roll_out(mode="plan").output
    assert (planned["differences"], planned["reports"], planned["behind"]) == ({}, {}, [])
    assert world.told() == []


def test_what_only_a_failed_run_began_is_found_by_the_next_one(world: World) -> None:
    """The account was never brought to the declaration that laid it down."""
    cloud, dev = world.cloud, world.accounts["dev"]
    cloud.inside("cloudtrail", dev).delete_trail(Name="groundwork")
    policy = deny_cloudtrail(cloud, dev)
    nearer = {"regions": {"home": "us-east-1", "governed": ["us-east-1", FAR, "eu-west-1"]}}
    world.declare(**(MORE | nearer))
    assert cloud.start(accountId=dev).status == "FAILED"
    cloud.aws.client("organizations").detach_policy(PolicyId=policy, TargetId=dev)
    assert world.recording("eu-west-1") >= {"dev"}
    world.declare(**(MORE | {"prune": {"config": "remove"}}))
    assert cloud.start(accountId=dev).status == "SUCCEEDED"
    assert "dev" not in world.recording("eu-west-1")
    world.told()


def test_one_roll_out_ends_what_a_renamed_unit_began(world: World) -> None:
    """Management makes the unit, and security's groups name it: the one after the other."""
    world.declare(**MORE)
    world.roll_out()
    organizations = world.cloud.aws.client("organizations")
    root = organizations.list_roots()["Roots"][0]["Id"]

    def below(parent: str) -> dict[str, str]:
        listed = organizations.list_organizational_units_for_parent(ParentId=parent)["OrganizationalUnits"]
        return {unit["Name"]: unit["Id"] for unit in listed}

    unit = below(below(root)["Workloads"])["Development"]
    organizations.update_organizational_unit(OrganizationalUnitId=unit, Name="Former")
    ended = world.roll_out()
    assert ended.output["accounts"]["repaired"] >= 2, ended
    assert world.accounts["security"] in ended.output["differences"]
    planned = world.roll_out(mode="plan").output
    assert planned["differences"] == {}
    assert planned["reports"].keys() == {world.accounts["management"]}  # dev is in the unit that was ours


def test_a_roll_out_of_one_component_and_one_name(world: World) -> None:
    cloud, dev = world.cloud, world.accounts["dev"]
    cloud.inside("cloudtrail", dev).stop_logging(Name="groundwork")
    cloud.inside("iam", dev).delete_account_password_policy()
    ended = world.roll_out(include={"names": ["dev"]}, components=["trail", "guardrails"])
    (changes,) = ended.output["differences"].values()
    assert {change["component"] for change in changes} == {"trail"}
    rest = world.roll_out(include={"names": ["dev"]})
    assert rest.output["changesByComponent"] == {"account-settings": 1}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"include": {"names": ["deev"]}},
            "include.names 'deev' is no account of this organization; did you mean 'dev'?",
        ),
        ({"components": ["trial"]}, "components 'trial' is in the baseline of no kind of account"),
        ({"include": {"names": ["dev"]}, "components": ["guardrails"]}, "leave no account"),
        ({"include": {"names": ["dev"]}, "exclude": {"kinds": ["workload"]}}, "leave no account"),
        ({"components": []}, "components [] is empty"),
    ],
)
def test_a_roll_out_to_nobody_says_so(world: World, given: dict[str, Any], words: str) -> None:
    refused = world.cloud.roll_out(**given)
    assert (refused.status, refused.error) == ("FAILED", "InvalidRequest")
    assert words in refused.cause
