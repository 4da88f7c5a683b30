"""What a deployment does by itself: the first brings the management account to its baseline, a later one plans it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.workflow.conftest import ROOT, Cloud, Slot, bootstrapped, deployed, until


@pytest.fixture(scope="module")
def cloud(slot: Slot) -> Iterator[Cloud]:
    yield bootstrapped(deployed(slot.own(time_scale=0.005)))
    slot.close()


def updated(cloud: Cloud, **parameters: str) -> dict[str, object]:
    """What a deployment with other parameters has started, once it has ended."""
    sfn, machine = cloud.aws.client("stepfunctions"), cloud.outputs["RollOutStateMachineArn"]

    def started() -> set[str]:
        return {each["executionArn"] for each in sfn.list_executions(stateMachineArn=machine)["executions"]}

    before = started()
    cloud.aws.deploy(ROOT / "template.yaml", parameters=parameters)
    (execution,) = until(lambda: started() - before, "the execution that an update starts")

    def ended() -> dict[str, object] | None:
        described = sfn.describe_execution(executionArn=execution)
        return dict(described) if described["status"] != "RUNNING" else None

    return until(ended, execution)


def logging(cloud: Cloud) -> bool:
    return bool(cloud.aws.client("cloudtrail").get_trail_status(Name="groundwork")["IsLogging"])


def test_an_update_plans_the_management_account_unless_it_is_told_to_apply(cloud: Cloud) -> None:
    cloud.aws.client("cloudtrail").stop_logging(Name="groundwork")
    planned = updated(cloud, LogRetentionDays="180", PlanEvery="off")
    assert json.loads(str(planned["output"]))["accounts"] == {"drifted": 1}
    assert not logging(cloud)
    applied = updated(cloud, ApplyOnUpdate="true")
    assert json.loads(str(applied["output"]))["accounts"] == {"repaired": 1}
    assert logging(cloud)
