"""The roll-out over an organization of sixty workload accounts: it looks, it mends, it names what failed, it stops.

The tests build on each other: each leaves the organization as the next one finds it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from local.organizations import organization_of
from tests.workflow.conftest import TIME_SCALE, Cloud, Slot, bootstrapped, deployed, until
from tests.workflow.looking import portrait
from tests.workflow.test_plan import writes
from tests.workflow.test_repair import (
    ADMIN,
    DEV,
    READ_ONLY,
    STRANGER,
    Inside,
    change_trail,
    delete_recorder,
    delete_role,
    unblock,
    widen_trust,
)

MANY = 60
UNITS = ("Workloads/Development", "Workloads/Staging", "Workloads/Production")

SEVEN: tuple[tuple[Callable[[Inside], object], str], ...] = (
    (lambda inside: delete_role(inside, ADMIN), "the role does not exist"),
    (
        lambda inside: widen_trust(inside, DEV, f"arn:aws:iam::{STRANGER}:root"),
        f"lets account {STRANGER} in",
    ),
    (
        lambda inside: inside("iam").attach_role_policy(
            RoleName=READ_ONLY, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
        ),
        "has AdministratorAccess attached",
    ),
    (lambda inside: inside("cloudtrail").stop_logging(Name="groundwork"), "is not logging"),
    (lambda inside: change_trail(inside, EnableLogFileValidation=False), "does not validate log files"),
    (delete_recorder, "does not exist"),
    (unblock, "does not exist"),
)
"""Ways to sabotage an account, and the words that must name each."""


@dataclass
class Organization:
    cloud: Cloud
    ids: list[str]
    stranger: str
    """An account that was there before Groundwork."""
    suspended: str
    notices: str
    """A queue that hears the topic."""

    def told(self) -> list[dict[str, str]]:
        """The SNS messages since it was last asked."""
        sqs, heard = self.cloud.aws.client("sqs"), []
        while messages := sqs.receive_message(QueueUrl=self.notices, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                heard.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=self.notices, ReceiptHandle=message["ReceiptHandle"])
        return heard

    def drifted(self, since: int) -> list[str]:
        """The accounts that `Account Drifted` named from the given answer on."""
        return sorted(
            event["detail"]["accountId"]
            for event in self.cloud.answers()[since:]
            if event["detail-type"] == "Account Drifted"
        )


@pytest.fixture(scope="module")
def organization(slot: Slot) -> Iterator[Organization]:
    aws = slot.own(time_scale=TIME_SCALE)
    organizations = aws.client("organizations")
    organizations.create_account(AccountName="before", Email="aws+before@example.com")
    cloud = bootstrapped(deployed(aws))
    aws.client("events").disable_rule(Name=cloud.physical("FindAccountsRule"))
    cloud.declared("security")
    asked = [cloud.fresh() for _ in range(MANY + 1)]
    for number, (name, email) in enumerate(asked):
        cloud.post(accountName=name, email=email, organizationalUnit=UNITS[number % len(UNITS)])
    emails = {email for _, email in asked}
    until(lambda: emails <= cloud.accounts().keys(), "all accounts")
    failed = [each for each in cloud.all_ended() if each.status != "SUCCEEDED"]
    assert failed == []
    accounts = cloud.accounts()
    suspended, *ids = (str(accounts[email]["Id"]) for _, email in asked)
    organizations.close_account(AccountId=suspended)
    organizations.tag_resource(ResourceId=ids[0], Tags=[{"Key": "wave", "Value": "first"}])
    yield Organization(
        cloud,
        ids,
        str(accounts["aws+before@example.com"]["Id"]),
        suspended,
        _subscribe(cloud),
    )
    slot.close()


def _subscribe(cloud: Cloud) -> str:
    sqs, topic = cloud.aws.client("sqs"), cloud.outputs["NoticesTopicArn"]
    url = str(sqs.create_queue(QueueName="notices")["QueueUrl"])
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    cloud.aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return url


def test_it_reports_the_seven_that_were_sabotaged_and_only_those(organization: Organization) -> None:
    cloud, victims = organization.cloud, organization.ids[: len(SEVEN)]
    for victim, (sabotage, _) in zip(victims, SEVEN, strict=True):
        sabotage(Inside(cloud, victim))
    heard, mark = len(cloud.answers()), len(cloud.aws.calls)
    planned = cloud.roll_out(mode="plan", exclude={"accountIds": [organization.stranger]})
    assert planned.status == "SUCCEEDED", planned
    calls = cloud.aws.calls[mark:]
    assert writes(cloud, calls) == []
    assert sum(call.operation == "ListAccounts" for call in calls) <= -(-(MANY + 5) // 20), "one pass"
    assert planned.output["accounts"] == {"drifted": 7, "skipped": 1, "unchanged": MANY - 5}
    assert planned.output["skipped"] == {organization.suspended: "SUSPENDED"}
    assert (planned.output["failures"], planned.output["behind"]) == ({}, [])
    assert sorted(planned.output["differences"]) == sorted(victims)
    for victim, (_, words) in zip(victims, SEVEN, strict=True):
        reasons = " ".join(each["reason"] for each in planned.output["differences"][victim])
        assert words in reasons, victim
    until(lambda: len(organization.drifted(heard)) >= 7, "seven times Account Drifted")
    assert organization.drifted(heard) == sorted(victims)
    (notice,) = organization.told()
    assert notice["Subject"] == f"Groundwork: 7 of {MANY + 2} accounts differ from their baseline"
    for victim in victims:
        assert victim in notice["Message"]
    assert "HIGH" in notice["Message"]


def test_it_mends_them_and_a_second_run_finds_nothing_left(organization: Organization) -> None:
    cloud, victims = organization.cloud, organization.ids[: len(SEVEN)]
    good = portrait(cloud, organization.ids[-1])
    applied = cloud.roll_out(exclude={"accountIds": [organization.stranger]})
    assert applied.output["accounts"] == {"repaired": 7, "skipped": 1, "unchanged": MANY - 5}
    assert sorted(applied.output["differences"]) == sorted(victims)
    assert organization.told() == []
    for victim in victims:
        assert portrait(cloud, victim).keys() == good.keys()
    mark = len(cloud.aws.calls)
    again = cloud.roll_out(include={"accountIds": victims})
    assert (again.output["accounts"], again.output["differences"]) == ({"unchanged": 7}, {})
    assert writes(cloud, cloud.aws.calls[mark:]) == []


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
    assert len(organization.told()) == 1


def test_an_account_from_before_groundwork_is_planned_and_never_changed(organization: Organization) -> None:
    cloud, stranger = organization.cloud, organization.stranger
    mark = len(cloud.aws.calls)
    applied = organization.cloud.roll_out(include={"accountIds": [stranger]})
    assert applied.output["accounts"] == {"not-adopted": 1}
    assert "role/allow-admin-from-security-account" in {
        each["resource"] for each in applied.output["differences"][stranger]
    }
    assert writes(cloud, cloud.aws.calls[mark:]) == []
    assert "groundwork:kind" not in cloud.tags_of(stranger)
    organization.told()


def test_three_that_fail_stop_none_of_the_others(organization: Organization) -> None:
    cloud = organization.cloud
    locked, occupied, denied, *rest = organization.ids
    lock_out(cloud, locked)
    occupy_recorder(cloud, occupied)
    deny_cloudtrail(cloud, denied)
    for victim in rest[:5]:
        cloud.inside("cloudtrail", victim).stop_logging(Name="groundwork")
    applied = organization.cloud.roll_out(
        include={"kinds": ["workload"]}, exclude={"accountIds": [organization.stranger]}
    )
    assert applied.status == "SUCCEEDED", applied
    assert applied.output["accounts"] == {"failed": 3, "repaired": 5, "skipped": 1, "unchanged": MANY - 8}
    failures = applied.output["failures"]
    assert sorted(failures) == sorted([locked, occupied, denied])
    assert "No entry role" in failures[locked]["cause"]
    assert "made by somebody else" in failures[occupied]["cause"]
    assert "cloudtrail" in failures[denied]["cause"].lower()
    assert all(failure["error"] and failure["remedy"] for failure in failures.values())
    (notice,) = organization.told()
    assert notice["Subject"] == f"Groundwork: 3 of {MANY} accounts failed"


def test_too_many_failures_stop_it_and_it_says_so(organization: Organization) -> None:
    some = {"accountIds": organization.ids[:20]}
    stopped = organization.cloud.roll_out(
        mode="plan", include=some, concurrency=2, toleratedFailurePercentage=1
    )
    assert (stopped.status, stopped.error) == ("FAILED", "RollOutStopped")
    assert (
        "more than is tolerated" in stopped.cause or "larger share of all than is tolerated" in stopped.cause
    )
    assert "were not done" in stopped.cause
    assert "start the roll-out again" in stopped.cause
    (notice,) = organization.told()
    assert "were not done" in notice["Message"]


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
        ({}, {}, MANY + 3),
    ],
    ids=["unit", "but a unit", "kinds", "a tag", "but a tag", "any key excludes", "everybody"],
)
def test_filters_choose_accounts(
    organization: Organization, include: dict[str, Any], exclude: dict[str, Any], expected: int
) -> None:
    cloud = organization.cloud
    given = {"execution": "test", "name": "test", "input": {"include": include, "exclude": exclude}}
    chosen = cloud.invoke("ListAccountsFunction", given)
    body = cloud.aws.client("s3").get_object(Bucket=chosen["bucket"], Key=chosen["accountsKey"])["Body"]
    items = json.loads(body.read())
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
        ({"concurrency": 0}, "concurrency 0 is not right"),
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
    before = len(organization.cloud.executions())
    refused = organization.cloud.roll_out(**given)
    assert (refused.status, refused.error) == ("FAILED", "InvalidRequest")
    assert words in refused.cause
    assert len(organization.cloud.executions()) == before
    assert organization.told() == []


def test_who_is_behind_the_declaration_is_named_until_it_has_been_applied(organization: Organization) -> None:
    cloud, late = organization.cloud, organization.ids[-1]
    organizations = cloud.aws.client("organizations")
    organizations.tag_resource(
        ResourceId=late, Tags=[{"Key": "groundwork:baseline", "Value": "0123456789ab"}]
    )
    include = {"accountIds": organization.ids[-3:]}
    planned = organization.cloud.roll_out(mode="plan", include=include)
    assert (planned.output["behind"], planned.output["differences"]) == ([late], {})
    assert planned.output["declaration"] == cloud.declaration.version
    organization.cloud.roll_out(include=include)
    assert organization.cloud.roll_out(mode="plan", include=include).output["behind"] == []


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


# -- ways to make an account fail ------------------------------------------------------------------


def lock_out(cloud: Cloud, account: str) -> None:
    """Its entry role trusts nobody of us any more, and it is too old for that to pass."""
    found = organization_of(account)
    assert found is not None
    found.account(account).create_time -= timedelta(hours=2)
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    cloud.inside("iam", account).update_assume_role_policy(
        RoleName="OrganizationAccountAccessRole", PolicyDocument=json.dumps(trust)
    )


def occupy_recorder(cloud: Cloud, account: str) -> None:
    """Somebody else's recorder stands where ours was, and does not cover."""
    delete_recorder(Inside(cloud, account))
    role = f"arn:aws:iam::{account}:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"
    cloud.inside("config", account).put_configuration_recorder(
        ConfigurationRecorder={"name": "theirs", "roleARN": role}
    )


def deny_cloudtrail(cloud: Cloud, account: str) -> None:
    """A policy of the owner's own keeps even the entry role from CloudTrail."""
    organizations = cloud.aws.client("organizations")
    deny = {"Effect": "Deny", "Action": "cloudtrail:*", "Resource": "*"}
    policy = organizations.create_policy(
        Name="no-cloudtrail",
        Description="",
        Type="SERVICE_CONTROL_POLICY",
        Content=json.dumps({"Version": "2012-10-17", "Statement": [deny]}),
    )["Policy"]["PolicySummary"]["Id"]
    organizations.attach_policy(PolicyId=policy, TargetId=account)
