"""With `cdk` in the line of workloads, an account is born with what the CDK deploys by."""

from __future__ import annotations

from pathlib import Path

import yaml

from groundwork.baseline.components.cdk.names import Names
from tests.workflow.conftest import (
    TIME_SCALE,
    Cloud,
    Slot,
    bootstrapped,
    deployed,
    groundwork_of_ones_own,
    until,
)

DECLARATION = Path("layers/baseline/baseline.yaml")


def at_rest(cloud: Cloud) -> None:
    """The roll-out that follows the tooling account is over, and with it what it started."""

    def over() -> bool:
        listed = cloud.aws.client("stepfunctions").list_executions(
            stateMachineArn=cloud.outputs["RollOutStateMachineArn"]
        )["executions"]
        return bool(listed) and all(each["status"] == "SUCCEEDED" for each in listed)

    until(over, "the end of the roll-out")
    cloud.all_ended()


def test_an_account_is_vended_kept_and_repaired_with_it(slot: Slot, tmp_path: Path) -> None:
    template = groundwork_of_ones_own(tmp_path)
    declared = yaml.safe_load((tmp_path / DECLARATION).read_text())
    declared["baseline"]["workload"].append("cdk")
    declared["cdk"] = {"qualifier": "apps"}
    (tmp_path / DECLARATION).write_text(yaml.safe_dump(declared))
    cloud = bootstrapped(deployed(slot.own(time_scale=TIME_SCALE), template))
    cloud.declared("security")
    cloud.declared("mgmt")
    at_rest(cloud)
    name, email = cloud.fresh()
    vended = cloud.ask(accountName=name, email=email)
    assert (vended.status, vended.output["outcome"]) == ("SUCCEEDED", "ready"), str(vended)
    account = str(vended.output["accountId"])
    its = Names("apps", "aws", account, "us-east-1")
    made = {role["RoleName"] for role in cloud.inside("iam", account).list_roles()["Roles"]}
    assert set(its.roles) <= made
    assert cloud.start(accountId=account).output["outcome"] == "unchanged"

    cloud.inside("ssm", account).delete_parameter(Name=its.parameter)
    planned = cloud.start(accountId=account, mode="plan", components=["cdk"])
    assert [each["resource"] for each in planned.output["changes"]] == [
        f"parameter {its.parameter} in us-east-1"
    ]
    assert cloud.start(accountId=account).output["outcome"] == "repaired"
    assert cloud.inside("ssm", account).get_parameter(Name=its.parameter)["Parameter"]["Value"]
