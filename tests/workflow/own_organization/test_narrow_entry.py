"""An entry role with a narrow trust: Groundwork goes in and out, its owner only as an emergency."""

from __future__ import annotations

from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.workflow.conftest import TIME_SCALE, Slot, bootstrapped, deployed, groundwork_of_ones_own

ENTRY_ROLE = "OrganizationAccountAccessRole"


def narrowed(to: Path) -> Path:
    template = groundwork_of_ones_own(to)
    declaration = to / "layers/baseline/baseline.yaml"
    text = declaration.read_text()
    wide = f"entryRoles: [{ENTRY_ROLE}, AWSControlTowerExecution]"
    assert wide in text
    narrow = f"entryRoles: [{{name: {ENTRY_ROLE}, trust: narrow, breakGlass: [user/break-glass]}}]"
    declaration.write_text(text.replace(wide, narrow))
    return template


def test_groundwork_vends_and_runs_again_where_only_it_gets_in(slot: Slot, tmp_path: Path) -> None:
    cloud = bootstrapped(deployed(slot.own(time_scale=TIME_SCALE), narrowed(tmp_path)))
    cloud.declared("security")
    name, email = cloud.fresh()
    asked = cloud.ask(accountName=name, email=email)
    assert asked.status == "SUCCEEDED", str(asked)
    account = str(asked.output["accountId"])
    assert cloud.start(accountId=account).output["outcome"] == "unchanged"
    plan = cloud.start(accountId=account, mode="plan").output
    assert plan["outcome"] == "unchanged"
    assert plan["entryRoles"] == {ENTRY_ROLE: "narrow: Groundwork, and with MFA user/break-glass"}
    door = f"arn:aws:iam::{account}:role/{ENTRY_ROLE}"
    with pytest.raises(ClientError, match="no role trust policy allows"):
        cloud.aws.client("sts").assume_role(RoleArn=door, RoleSessionName="administrator")
