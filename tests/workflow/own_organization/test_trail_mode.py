"""One word in the declaration turns the accounts' trails into one organization trail, and back."""

from __future__ import annotations

from pathlib import Path

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


def copied(to: Path, mode: str) -> Path:
    """The template of a Groundwork whose owner has declared this trail mode."""
    template = groundwork_of_ones_own(to)
    declaration = to / "layers/baseline/baseline.yaml"
    text = declaration.read_text()
    assert "trail: {mode: account}" in text
    declaration.write_text(text.replace("trail: {mode: account}", f"trail: {{mode: {mode}}}"))
    return template


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

    deploy(cloud, by_account)
    again = cloud.start(accountId=dev)
    assert (again.status, again.output["outcome"]) == ("SUCCEEDED", "repaired"), again
    assert {change["component"] for change in again.output["changes"]} == {"trail"}
    assert trails(cloud, dev) == {"groundwork": "its own"}
    assert trails(cloud, cloud.aws.management_account) == {"groundwork": "its own"}

    deploy(cloud, by_organization)
    again = cloud.start(accountId=dev)
    assert (again.status, again.output["outcome"]) == ("SUCCEEDED", "repaired"), again
    assert [(change["component"], change["action"]) for change in again.output["changes"]] == [
        ("trail", "delete")
    ]
    assert trails(cloud, dev) == {"groundwork": "the organization's"}
    assert cloud.start(accountId=dev).output["outcome"] == "unchanged"
