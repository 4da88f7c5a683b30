"""One word in the declaration turns the accounts' trails into one organization trail, and back; alarms follow it."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import yaml

from tests.workflow.conftest import (
    APPLYING,
    TIME_SCALE,
    Cloud,
    Slot,
    bootstrapped,
    deployed,
    groundwork_of_ones_own,
    until,
)
from tests.workflow.test_secrets import histories, items, log_lines

ADA = "ada@private.example"


def copied(to: Path, mode: str) -> Path:
    """The template of a Groundwork whose owner has declared this trail mode, and alarms by it."""
    template = groundwork_of_ones_own(to)
    file = to / "layers/baseline/baseline.yaml"
    declared = yaml.safe_load(file.read_text())
    declared["trail"] = {"mode": mode, "cloudWatchLogs": {"retentionDays": 90}}
    declared["alarms"] = {"by": mode, "notify": [ADA]}
    watched = declared["baseline"] if mode == "account" else ("management", "security")
    for kind in watched:
        declared["baseline"][kind].append("alarms")
    file.write_text(yaml.safe_dump(declared))
    return template


def ringing(cloud: Cloud, account: str) -> set[str]:
    alarms = cloud.inside("cloudwatch", account).describe_alarms(AlarmNamePrefix="groundwork-cis-")
    return {each["MetricName"] for each in alarms["MetricAlarms"] if each["StateValue"] == "ALARM"}


def doom_a_key(cloud: Cloud, account: str) -> None:
    kms = cloud.inside("kms", account)
    kms.schedule_key_deletion(KeyId=kms.create_key()["KeyMetadata"]["KeyId"])


def deploy(cloud: Cloud, template: Path) -> None:
    """Deploy again, and wait for what that makes the management account do."""
    before = len(cloud.executions())
    cloud.outputs.update(cloud.aws.deploy(template, parameters=APPLYING))
    until(lambda: len(cloud.executions()) > before, "the execution that deployment starts")
    assert {execution.status for execution in cloud.all_ended()} == {"SUCCEEDED"}


def trails(cloud: Cloud, account: str) -> dict[str, str]:
    """Whose trails an account sees, by name, of those that log into the archive."""
    bucket = f"groundwork-trail-{cloud.declared('security')}"
    cloudtrail = cloud.inside("cloudtrail", account)
    return {
        trail["Name"]: "the organization's" if trail["IsOrganizationTrail"] else "its own"
        for trail in cloudtrail.describe_trails(includeShadowTrails=True)["trailList"]
        if trail["S3BucketName"] == bucket
        and cloudtrail.get_trail_status(Name=trail["TrailARN"])["IsLogging"]
    }


def test_both_ways(slot: Slot, tmp_path: Path) -> None:
    by_account = copied(tmp_path / "account", "account")
    by_organization = copied(tmp_path / "organization", "organization")
    cloud = bootstrapped(deployed(slot.own(time_scale=TIME_SCALE), by_organization))
    security = cloud.declared("security")
    name, email = cloud.fresh()
    dev = str(cloud.ask(accountName=name, email=email).output["accountId"])
    for account in (cloud.aws.management_account, security, dev):
        assert trails(cloud, account) == {"groundwork": "the organization's"}
    doom_a_key(cloud, dev)
    assert "DisableOrDeleteCMK" in ringing(cloud, cloud.aws.management_account)
    assert ringing(cloud, dev) == set()

    deploy(cloud, by_account)
    again = cloud.start(accountId=dev)
    assert (again.status, again.output["outcome"]) == ("SUCCEEDED", "repaired"), again
    assert {change["component"] for change in again.output["changes"]} == {"trail", "alarms"}
    assert trails(cloud, dev) == {"groundwork": "its own"}
    doom_a_key(cloud, dev)
    assert "DisableOrDeleteCMK" in ringing(cloud, dev)
    assert cloud.start(accountId=dev).output["outcome"] == "unchanged"
    assert trails(cloud, cloud.aws.management_account) == {"groundwork": "its own"}

    deploy(cloud, by_organization)
    again = cloud.start(accountId=dev)
    assert (again.status, again.output["outcome"]) == ("SUCCEEDED", "repaired"), again
    done = [(change["component"], change["action"]) for change in again.output["changes"]]
    assert done == [("trail", "delete")]
    assert "alarms" in {each["component"] for each in again.output["reports"]}
    assert trails(cloud, dev) == {"groundwork": "the organization's"}
    assert cloud.start(accountId=dev).output["outcome"] == "unchanged"
    kept = chain(histories(cloud), log_lines(cloud), items(cloud))
    assert [where for where, text in kept if ADA in text] == []
