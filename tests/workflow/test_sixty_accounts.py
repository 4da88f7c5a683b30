"""Sixty accounts: seven sabotaged are found and mended, and three that fail stop nobody."""

from __future__ import annotations

from collections.abc import Callable

from tests.workflow.conftest import Slot, until
from tests.workflow.looking import portrait
from tests.workflow.many import Organization, deny_cloudtrail, lock_out, occupy_recorder, with_accounts
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


def test_sixty_accounts_are_looked_at_mended_and_survive_three_that_fail(slot: Slot) -> None:
    organization = with_accounts(slot, MANY)
    _reports_the_seven_that_were_sabotaged_and_only_those(organization)
    _mends_them_and_a_second_run_finds_nothing_left(organization)
    _three_that_fail_stop_none_of_the_others(organization)
    slot.close()


def _reports_the_seven_that_were_sabotaged_and_only_those(organization: Organization) -> None:
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


def _mends_them_and_a_second_run_finds_nothing_left(organization: Organization) -> None:
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


def _three_that_fail_stop_none_of_the_others(organization: Organization) -> None:
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
