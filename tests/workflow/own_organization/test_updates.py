"""What a deployment does by itself: it plans the management account, unless it is told to apply."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from tests.workflow.conftest import ROOT, Cloud, Slot, bootstrapped, deployed, until


@pytest.fixture(scope="module")
def cloud(slot: Slot) -> Iterator[Cloud]:
    yield bootstrapped(deployed(slot.own(time_scale=0.005)))
    slot.close()


def updated(cloud: Cloud, **parameters: str) -> dict[str, object]:
    """What a deployment with other parameters has started, once it has ended."""
    sfn, machine = cloud.aws.client("stepfunctions"), cloud.outputs["RollOutStateMachineArn"]

    def is_by_update(arn: str) -> bool:
        """The daily plan looks at all accounts."""
        given = json.loads(sfn.describe_execution(executionArn=arn)["input"])
        return bool(given.get("include") == {"kinds": ["management"]})

    def started() -> set[str]:
        listed = sfn.list_executions(stateMachineArn=machine)["executions"]
        return {each["executionArn"] for each in listed if is_by_update(each["executionArn"])}

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
    planned = updated(cloud, LogRetentionDays="180", PlanEvery="off", ApplyOnDeployment="false")
    assert json.loads(str(planned["output"]))["accounts"] == {"drifted": 1}
    assert not logging(cloud)
    applied = updated(cloud, ApplyOnDeployment="true")
    assert json.loads(str(applied["output"]))["accounts"] == {"repaired": 1}
    assert logging(cloud)


def test_the_first_deployment_plans_and_changes_nothing_until_a_person_says_yes(slot: Slot) -> None:
    aws = slot.own(time_scale=0.005)
    iam = aws.client("iam")
    iam.create_account_alias(AccountAlias="known-to-all")
    cloud = Cloud(aws, aws.deploy(ROOT / "template.yaml"), "")
    until(cloud.executions, "the execution that deployment starts")
    plan = cloud.all_ended()[0]
    assert (plan.status, plan.output["outcome"]) == ("SUCCEEDED", "drifted")
    assert {"organization", "trail", "account-settings"} <= {
        each["component"] for each in plan.output["changes"]
    }
    for call in (iam.get_account_password_policy, aws.client("cloudtrail").get_trail):
        given = {} if call == iam.get_account_password_policy else {"Name": "groundwork"}
        with pytest.raises(ClientError):
            call(**given)
    assert cloud.invoke("DiscoverAccountsFunction")["started"] in ([], [aws.management_account])
    assert {each.output["outcome"] for each in cloud.all_ended()} == {"drifted"}
    started = cloud.start(accountId=aws.management_account)
    assert (started.status, started.output["outcome"]) == ("SUCCEEDED", "ready"), str(started)
    assert iam.list_account_aliases()["AccountAliases"] == ["known-to-all"]
    slot.close()
