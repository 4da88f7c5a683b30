"""Every Region that an account has without opting in, governed, and one that is off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from bench.regions import SEVENTEEN, governing
from tests.workflow.conftest import TIME_SCALE, Cloud, Slot, bootstrapped, deployed

OFF = "ap-east-1"
FAR = "sa-east-1"
SKIPPED = (
    "is governed but not enabled in this account: skipped; enable it, or take it out of regions.governed"
)


@dataclass
class World:
    cloud: Cloud
    workload: str


@pytest.fixture(scope="module")
def world(slot: Slot, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    template = governing([*SEVENTEEN, OFF], tmp_path_factory.mktemp("governed"))
    cloud = bootstrapped(deployed(slot.own(time_scale=TIME_SCALE), template))
    cloud.declared("security")
    name, email = cloud.fresh()
    asked = cloud.ask(accountName=name, email=email)
    assert (asked.status, asked.output["outcome"]) == ("SUCCEEDED", "ready"), str(asked)
    cloud.all_ended()
    yield World(cloud, str(asked.output["accountId"]))
    slot.close()


def recording(world: World, account: str) -> list[str]:
    """The Regions where the recorder records, and delivers."""
    found = []
    for region in (*SEVENTEEN, OFF):
        config = world.cloud.inside("config", account, region)
        statuses = config.describe_configuration_recorder_status()["ConfigurationRecordersStatus"]
        channels = config.describe_delivery_channels()["DeliveryChannels"]
        if [status["recording"] for status in statuses] == [True] and len(channels) == 1:
            found.append(region)
    return found


def encrypting(world: World, account: str) -> list[str]:
    return [
        region
        for region in (*SEVENTEEN, OFF)
        if world.cloud.inside("ec2", account, region).get_ebs_encryption_by_default()[
            "EbsEncryptionByDefault"
        ]
    ]


@pytest.mark.parametrize("whose", ["management", "security", "workload"])
def test_every_region_that_is_on_is_laid_down(world: World, whose: str) -> None:
    accounts = {"management": world.cloud.aws.management_account, "workload": world.workload}
    account = accounts.get(whose) or world.cloud.declared(whose)
    assert recording(world, account) == list(SEVENTEEN)
    assert encrypting(world, account) == list(SEVENTEEN)


def test_the_one_that_is_off_is_skipped_and_said_and_no_drift(world: World) -> None:
    for given in ({"mode": "plan"}, {}):
        ended = world.cloud.start(accountId=world.workload, **given)
        assert (ended.status, ended.output["outcome"], ended.output["changes"]) == (
            "SUCCEEDED",
            "unchanged",
            [],
        ), ended
        said = [
            (each["component"], each["reason"]) for each in ended.output["reports"] if OFF in each["resource"]
        ]
        assert said == [("config", SKIPPED)]  # account-settings says the same


def test_what_drifts_far_away_is_planned_and_mended_there(world: World) -> None:
    cloud, account = world.cloud, world.workload
    cloud.inside("config", account, FAR).stop_configuration_recorder(ConfigurationRecorderName="groundwork")
    cloud.inside("ec2", account, FAR).disable_ebs_encryption_by_default()
    planned = cloud.start(accountId=account, mode="plan")
    assert planned.output["outcome"] == "drifted", planned
    calls = [each["call"] for each in planned.output["changes"]]
    assert sorted((call["operation"], call["region"]) for call in calls) == [
        ("EnableEbsEncryptionByDefault", FAR),
        ("StartConfigurationRecorder", FAR),
    ]
    assert FAR not in recording(world, account)
    assert cloud.start(accountId=account).output["outcome"] == "repaired"
    assert recording(world, account) == encrypting(world, account) == list(SEVENTEEN)
