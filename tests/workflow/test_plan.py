"""A plan: the same machine, which stops before it writes. In words, as data, and on the bus."""

from __future__ import annotations

import json
from collections.abc import Iterable

import pytest

from local.calls import CallRecord
from tests.workflow.conftest import Cloud
from tests.workflow.looking import portrait
from tests.workflow.test_repair import WORKLOAD_FIRST, WORKLOAD_THEN, Inside, Sabotage, stop_rotation

OWN_TABLES = {"dynamodb", "sts", "states", "stepfunctions", "lambda", "events", "logs", "sqs", "s3", "sns"}
"""Services in the management account by which Groundwork remembers, tells, and goes from state to state."""


def writes(cloud: Cloud, calls: Iterable[CallRecord]) -> list[str]:
    """The calls that changed something in a member account or in Organizations. Entering an account is none."""
    return [
        f"{call.account} {call.service}:{call.operation}"
        for call in calls
        if call.mutating
        and call.service != "sts"
        and (call.account != cloud.aws.management_account or call.service not in OWN_TABLES)
    ]


def writes_in(cloud: Cloud, account: str, calls: Iterable[CallRecord]) -> list[str]:
    """Those for one account: a discovery pass may have started an execution for another meanwhile."""
    places = (account, cloud.aws.management_account)
    its = [
        call
        for call in calls
        if call.account in places and (":account/" not in call.resource or call.resource.endswith(account))
    ]
    return writes(cloud, its)


@pytest.fixture(scope="module")
def account(cloud: Cloud) -> str:
    cloud.declared("security")
    name, email = cloud.fresh()
    ended = cloud.ask(accountName=name, email=email, organizationalUnit="Workloads/Development")
    assert ended.status == "SUCCEEDED", str(ended)
    cloud.all_ended()
    return str(ended.output["accountId"])


@pytest.mark.parametrize("kinds", [WORKLOAD_FIRST, WORKLOAD_THEN], ids=["first", "then"])
def test_a_plan_names_what_apply_then_does_and_writes_nothing(
    cloud: Cloud, account: str, kinds: tuple[Sabotage, ...]
) -> None:
    inside = Inside(cloud, account)
    for sabotage in kinds:
        sabotage.do(inside)
    before, mark = portrait(cloud, account), len(cloud.aws.calls)
    planned = cloud.start(accountId=account, mode="plan")
    assert writes_in(cloud, account, cloud.aws.calls[mark:]) == []
    assert portrait(cloud, account) == before
    assert (planned.status, planned.output["outcome"]) == ("SUCCEEDED", "drifted"), planned
    for sabotage in kinds:
        told = [each for each in planned.output["changes"] if each["resource"].startswith(sabotage.resource)]
        assert sabotage.words in " ".join(each["reason"] for each in told), sabotage
    done = cloud.start(accountId=account)
    assert done.output["changes"] == [
        {key: value for key, value in change.items() if key not in ("call", "breaks")}
        for change in planned.output["changes"]
    ]
    again = cloud.start(accountId=account, mode="plan")
    assert (again.output["outcome"], again.output["changes"]) == ("unchanged", [])


def test_a_stranger_reads_what_is_wrong_how_bad_it_is_and_what_will_be_done(
    cloud: Cloud, account: str
) -> None:
    cloud.inside("cloudtrail", account).stop_logging(Name="groundwork")
    cloud.inside("ec2", account).disable_ebs_encryption_by_default()
    execution = cloud.start(accountId=account, mode="plan")
    planned = execution.output
    assert [line for line in planned["plan"] if not line.startswith("NOTE")] == [
        "HIGH    trail groundwork: is not logging; will be put right by cloudtrail StartLogging",
        "MEDIUM  EBS encryption in us-east-1: new volumes are not encrypted; will be put right by ec2 EnableEbsEncryptionByDefault",
    ]
    (trail,) = [change for change in planned["changes"] if change["component"] == "trail"]
    assert trail["call"] == {
        "service": "cloudtrail",
        "operation": "StartLogging",
        "region": "us-east-1",
        "parameters": {"Name": f"arn:aws:cloudtrail:us-east-1:{account}:trail/groundwork"},
    }
    drifted = cloud.answer("Account Drifted", execution=execution.arn)["detail"]
    assert [change["resource"] for change in drifted["changes"]] == [
        change["resource"] for change in planned["changes"]
    ]
    cloud.start(accountId=account)


def test_a_plan_tells_who_gets_in_from_outside(cloud: Cloud, account: str) -> None:
    """A role beside the baseline; an account of the organization is no stranger."""
    iam = cloud.inside("iam", account)
    for name, who in (("homemade", "999999999999"), ("neighbour", cloud.declared("security"))):
        statement = {"Effect": "Allow", "Principal": {"AWS": who}, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    try:
        planned = cloud.start(accountId=account, mode="plan").output
        (change,) = (each for each in planned["reports"] if "lets in" in each["reason"])
        assert planned["changes"] == []
        assert (change["resource"], change["action"], change["severity"]) == (
            "role/homemade",
            "report",
            "high",
        )
        assert change["reason"].startswith("lets in account 999999999999, from outside of the organization")
        assert any(line.startswith("HIGH") and "role/homemade" in line for line in planned["plan"])
        assert cloud.start(accountId=account).output["changes"] == []
    finally:
        for name in ("homemade", "neighbour"):
            iam.delete_role(RoleName=name)


def test_an_account_that_is_as_declared_raises_nothing(cloud: Cloud, account: str) -> None:
    planned = cloud.start(accountId=account, mode="plan")
    assert (planned.status, planned.output["outcome"], planned.output["changes"]) == (
        "SUCCEEDED",
        "unchanged",
        [],
    )
    assert planned.output["declaration"] == {
        "version": cloud.declaration.version,
        "account": cloud.declaration.version,
        "behind": False,
    }
    assert cloud.answered("Account Drifted", execution=planned.arn) == 0


def test_the_security_and_the_management_account_are_planned_too(cloud: Cloud, account: str) -> None:
    security = cloud.declared("security")
    stop_rotation(Inside(cloud, security))
    cloud.aws.client("iam").delete_account_password_policy()
    for account_id, resource in (
        (security, "key alias/groundwork-logs"),
        (cloud.aws.management_account, "password policy"),
    ):
        mark = len(cloud.aws.calls)
        planned = cloud.start(accountId=account_id, mode="plan")
        assert writes_in(cloud, account_id, cloud.aws.calls[mark:]) == []
        assert [change["resource"] for change in planned.output["changes"]] == [resource], planned
        assert cloud.start(accountId=account_id).output["outcome"] == "repaired"
        assert cloud.start(accountId=account_id, mode="plan").output["changes"] == []


def test_only_the_chosen_components_are_planned_or_applied(cloud: Cloud, account: str) -> None:
    cloud.inside("cloudtrail", account).stop_logging(Name="groundwork")
    cloud.inside("ec2", account).disable_ebs_encryption_by_default()
    planned = cloud.start(accountId=account, mode="plan", components=["account-settings"])
    assert [change["component"] for change in planned.output["changes"]] == ["account-settings"]
    mended = cloud.start(accountId=account, components=["trail"])
    assert (mended.output["outcome"], [change["component"] for change in mended.output["changes"]]) == (
        "repaired",
        ["trail"],
    )
    left = cloud.start(accountId=account, mode="plan")
    assert [change["component"] for change in left.output["changes"]] == ["account-settings"]
    cloud.start(accountId=account)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"mode": "look"}, "mode 'look' is unknown; it must be 'apply' or 'plan'."),
        ({"components": []}, "components [] is empty; name some, or leave it out to have all."),
        (
            {"components": ["trial"]},
            "components 'trial' is not in the baseline of",
        ),
        (
            {"components": ["log-archive"]},
            "an account of kind workload; it has access, trail, config, account-settings.",
        ),
        ({"modus": "plan"}, "modus is an unknown field; known are accountName, newEmail, "),
    ],
)
def test_what_nobody_can_mean_is_refused_in_words(
    cloud: Cloud, account: str, given: dict[str, object], words: str
) -> None:
    mark = len(cloud.aws.calls)
    refused = cloud.start(accountId=account, **given)
    assert (refused.status, refused.error) == ("FAILED", "InvalidRequest")
    assert words in refused.cause
    assert writes_in(cloud, account, cloud.aws.calls[mark:]) == []


def test_an_account_that_is_being_worked_in_shows_no_drift(
    cloud: Cloud, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What somebody is just changing is theirs to answer for."""
    cloud.inside("cloudtrail", account).stop_logging(Name="groundwork")
    monkeypatch.setattr(cloud.aws.creation, "seconds", 250)
    name, email = cloud.fresh()
    running = cloud.execution_of(cloud.post(accountName=name, email=email))
    cloud.aws.client("dynamodb").update_item(
        TableName=cloud.outputs["LedgerTable"],
        Key={"pk": {"S": f"account#{account}"}},
        UpdateExpression="SET leaseOwner = :owner, leaseUntil = :until",
        ExpressionAttributeValues={":owner": {"S": running}, ":until": {"N": "99999999999"}},
    )
    planned = cloud.start(accountId=account, mode="plan")
    assert (planned.output["outcome"], planned.output["changes"]) == ("in-progress", []), planned
    assert running in planned.output["note"]
    cloud.ended(running)
    assert cloud.start(accountId=account, mode="plan").output["outcome"] == "drifted"
    assert cloud.start(accountId=account).output["outcome"] == "repaired"
