"""Amazon Macie, declared: on in every account as it is vended, without a call in it; the management account's own as well."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.workflow.conftest import TIME_SCALE, Cloud, Slot, bootstrapped, deployed, groundwork_of_ones_own

UNIT = "Workloads/Development"


def declaring(to: Path) -> Path:
    """The template of a Groundwork whose owner has declared it."""
    template = groundwork_of_ones_own(to)
    file = to / "layers/baseline/baseline.yaml"
    declared = yaml.safe_load(file.read_text())
    for kind in ("management", "security"):
        declared["baseline"][kind].append("sensitive-data")
    file.write_text(yaml.safe_dump(declared))
    return template


def status(cloud: Cloud, account: str) -> str:
    client = cloud.inside("macie2", account) if account != cloud.aws.management_account else None
    client = client or cloud.aws.client("macie2")
    return str(client.get_macie_session()["status"])


def members(cloud: Cloud, security: str) -> dict[str, str]:
    found = cloud.inside("macie2", security).list_members(onlyAssociated="false")["members"]
    return {each["accountId"]: each["relationshipStatus"] for each in found}


def test_every_account_has_it_and_a_suspended_one_gets_it_back(slot: Slot, tmp_path: Path) -> None:
    cloud = bootstrapped(deployed(slot.own(time_scale=TIME_SCALE), declaring(tmp_path / "groundwork")))
    management, security = cloud.aws.management_account, cloud.declared("security")
    mark = len(cloud.aws.calls)
    ended = cloud.ask(accountName="shop", email="shop@example.com", organizationalUnit=UNIT)
    assert ended.status == "SUCCEEDED", str(ended)
    shop = ended.output["accountId"]
    called = [call for call in cloud.aws.calls[mark:] if call.service == "macie2" and call.account == shop]
    assert called == []
    assert {status(cloud, each) for each in (management, security, shop)} == {"ENABLED"}

    again = cloud.start(accountId=security)
    assert (again.status, again.output["outcome"]) == ("SUCCEEDED", "unchanged"), str(again)
    assert members(cloud, security) == {management: "Enabled", shop: "Enabled"}
    found = cloud.inside("macie2", security).get_automated_discovery_configuration()
    assert found["status"] == "DISABLED"

    cloud.inside("macie2", security).update_member_session(id=shop, status="PAUSED")
    mended = cloud.start(accountId=security)
    assert [change["resource"] for change in mended.output["changes"]] == [
        f"Macie of account {shop} in us-east-1"
    ]
    assert members(cloud, security)[shop] == "Enabled"
