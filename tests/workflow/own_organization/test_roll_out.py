"""The roll-out: whom it goes to, what it refuses, what it keeps, when it stops. (`make prove`: over sixty accounts.)

Each test leaves the organization as it should be.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.workflow.conftest import Slot, until
from tests.workflow.listening import seen_to
from tests.workflow.many import Organization, deny_cloudtrail, lock_out, with_accounts
from tests.workflow.test_plan import writes

MANY = 6


@pytest.fixture(scope="module")
def organization(slot: Slot) -> Iterator[Organization]:
    yield with_accounts(slot, MANY)
    slot.close()


def test_all_that_was_planned_is_kept_as_data(organization: Organization) -> None:
    cloud, victim = organization.cloud, organization.ids[0]
    cloud.inside("cloudtrail", victim).stop_logging(Name="groundwork")
    planned = cloud.roll_out(mode="plan", include={"accountIds": organization.ids[:2]})
    bucket, _, key = planned.output["results"].removeprefix("s3://").partition("/")
    kept = json.loads(cloud.aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
    ((change,),) = kept["differences"].values()
    assert change["call"]["operation"] == "StartLogging"
    assert {name: value for name, value in change.items() if name != "call"} == (
        planned.output["differences"][victim][0]
    )
    cloud.roll_out(include={"accountIds": [victim]})
    assert [each["Subject"] for each in organization.told()] == [
        "Groundwork: 1 of 2 accounts differ from their baseline"
    ]


def test_an_account_from_before_groundwork_is_planned_and_never_changed(organization: Organization) -> None:
    cloud, stranger = organization.cloud, organization.stranger
    mark = len(cloud.aws.calls)
    applied = cloud.roll_out(include={"accountIds": [stranger]})
    assert applied.output["accounts"] == {"not-adopted": 1}
    assert "role/allow-admin-from-security-account" in {
        each["resource"] for each in applied.output["differences"][stranger]
    }
    assert writes(cloud, cloud.aws.calls[mark:]) == []
    assert "groundwork:kind" not in cloud.tags_of(stranger)
    organization.told()


def test_too_many_failures_stop_it_and_it_says_so(organization: Organization) -> None:
    cloud, joined = organization.cloud, organization.cloud.accounts().values()
    first = next(
        str(each["Id"])
        for each in sorted(joined, key=lambda each: each["JoinedTimestamp"])
        if each["Id"] in organization.ids
    )
    policy = deny_cloudtrail(cloud, first)
    limits = {"concurrency": 1, "toleratedFailurePercentage": 1}
    stopped = cloud.roll_out(mode="plan", include={"accountIds": organization.ids}, **limits)
    cloud.aws.client("organizations").detach_policy(PolicyId=policy, TargetId=first)
    assert (stopped.status, stopped.error) == ("FAILED", "RollOutStopped")
    assert f"1 of the 1 accounts done so far failed ({first})" in stopped.cause
    assert f"{MANY - 1} accounts were not done" in stopped.cause
    assert "start the roll-out again" in stopped.cause
    failed = cloud.answer("Account Failed", accountId=first)["detail"]
    assert ":groundwork-roll-out/" in failed["rollOut"]
    (notice,) = organization.told()
    assert "were not done" in notice["Message"]
    again = cloud.roll_out(mode="plan", include={"accountIds": organization.ids}, **limits)
    assert again.output["accounts"] == {"unchanged": MANY}


@pytest.mark.parametrize(
    ("include", "exclude", "expected"),
    [
        ({"organizationalUnits": ["Workloads/Staging"]}, {}, MANY // 3),
        (
            {"organizationalUnits": ["Workloads"]},
            {"organizationalUnits": ["Workloads/Production"]},
            2 * MANY // 3,
        ),
        ({"kinds": ["security", "management"]}, {}, 2),
        ({"kinds": ["workload"], "tags": {"wave": "first"}}, {}, 1),
        ({"organizationalUnits": ["Workloads"]}, {"tags": {"wave": "first"}}, MANY - 1),
        ({}, {"kinds": ["workload"], "tags": {"wave": "first"}}, 2),
        ({"names": ["security", "management"], "kinds": ["security"]}, {}, 1),
        ({"organizationalUnits": ["Workloads"]}, {"names": ["account-1"]}, MANY - 1),
        ({}, {}, MANY + 3),
    ],
    ids=[
        *("unit", "but a unit", "kinds", "a tag", "but a tag", "any key excludes"),
        *("names", "but a name", "everybody"),
    ],
)
def test_filters_choose_accounts(
    organization: Organization, include: dict[str, Any], exclude: dict[str, Any], expected: int
) -> None:
    cloud = organization.cloud
    given = {"execution": "test", "name": "test", "input": {"include": include, "exclude": exclude}}
    chosen = cloud.invoke("SelectAccountsFunction", given)
    s3, lists = cloud.aws.client("s3"), [stage["accountsKey"] for stage in chosen["stages"]]
    bodies = [s3.get_object(Bucket=chosen["bucket"], Key=key)["Body"] for key in lists]
    items = [item for body in bodies for item in json.loads(body.read())]
    assert len(items) == expected
    assert {item["accountId"] for item in items if not item["adopted"]} <= {organization.stranger}
    assert organization.suspended not in {item["accountId"] for item in items}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"mode": "repair"}, "mode 'repair' is unknown; it must be 'apply' or 'plan'."),
        ({"accountId": "123456789012"}, "accountId is an unknown field; known are mode, include, exclude"),
        ({"include": {"unit": ["x"]}}, "include.unit is an unknown field; known are accountIds"),
        (
            {"include": {"accountIds": ["999999999999"]}},
            "is no account of this organization; correct the id.",
        ),
        (
            {"exclude": {"organizationalUnits": ["Nowhere"]}},
            "exclude.organizationalUnits 'Nowhere' does not exist",
        ),
        ({"include": {"kinds": ["toaster"]}}, "'toaster' is unknown; it must be"),
        ({"concurrency": 0}, "concurrency 0 is too small; it must be 1 or more"),
        (
            {"include": {"accountIds": []}},
            "include.accountIds [] is empty; name some, or leave it out to have all.",
        ),
        ({"exclude": {"tags": {}}}, "exclude.tags {} is empty; name some"),
        ({"exclude": {"tags": {"wave": "frist"}}}, "are on none of the"),
    ],
)
def test_what_nobody_can_mean_is_refused_before_anything_is_begun(
    organization: Organization, given: dict[str, Any], words: str
) -> None:
    cloud = organization.cloud
    before = len(cloud.executions())
    refused = cloud.roll_out(**given)
    assert (refused.status, refused.error) == ("FAILED", "InvalidRequest")
    assert words in refused.cause
    assert len(cloud.executions()) == before
    (notice,) = organization.told()
    assert words in notice["Message"]


def test_who_is_behind_the_declaration_is_named_until_it_has_been_applied(organization: Organization) -> None:
    cloud, late = organization.cloud, organization.ids[-1]
    organizations = cloud.aws.client("organizations")
    organizations.tag_resource(
        ResourceId=late, Tags=[{"Key": "groundwork:baseline", "Value": "0123456789ab"}]
    )
    include = {"accountIds": organization.ids[-3:]}
    planned = cloud.roll_out(mode="plan", include=include)
    assert (planned.output["behind"], planned.output["differences"]) == ([late], {})
    assert planned.output["declaration"] == cloud.declaration.version
    cloud.roll_out(include=include)
    assert cloud.roll_out(mode="plan", include=include).output["behind"] == []


def test_the_schedule_starts_it_in_plan_mode(organization: Organization) -> None:
    cloud = organization.cloud
    events, states = cloud.aws.client("events"), cloud.aws.client("stepfunctions")
    machine, rule = cloud.outputs["RollOutStateMachineArn"], cloud.physical("PlanRule")
    described = events.describe_rule(Name=rule)
    assert (described["ScheduleExpression"], described["State"]) == ("cron(0 5 * * ? *)", "ENABLED")
    known = {each["executionArn"] for each in states.list_executions(stateMachineArn=machine)["executions"]}
    events.put_rule(Name=rule, ScheduleExpression="rate(1 minute)", State="ENABLED")

    def scheduled() -> str | None:
        listed = states.list_executions(stateMachineArn=machine)["executions"]
        return next((each["executionArn"] for each in listed if each["executionArn"] not in known), None)

    arn = until(scheduled, "the scheduled roll-out")
    events.put_rule(Name=rule, ScheduleExpression=described["ScheduleExpression"], State="DISABLED")
    assert json.loads(states.describe_execution(executionArn=arn)["input"]) == {"mode": "plan"}
    states.stop_execution(executionArn=arn)


def test_an_account_from_before_groundwork_that_lets_nobody_in_is_no_failure_every_day(
    organization: Organization,
) -> None:
    cloud, stranger = organization.cloud, organization.stranger
    known = set(cloud.executions_about(stranger))
    lock_out(cloud, stranger)
    planned = cloud.roll_out(mode="plan", include={"accountIds": [stranger]})
    assert planned.output["accounts"] == {"not-adopted": 1}
    (plan,) = set(cloud.executions_about(stranger)) - known
    assert cloud.ended(plan).status == "FAILED"
    seen_to(cloud, plan)
    by_hand = cloud.start(accountId=stranger, mode="plan")
    assert by_hand.status == "FAILED"
    cloud.answer("Account Failed", execution=by_hand.arn)
    assert cloud.answered("Account Failed", accountId=stranger) == 1
