"""Sixty accounts: seven sabotaged are found and mended, and three that fail stop nobody."""

from __future__ import annotations

from collections.abc import Callable

from prove.chapter import Chapter, Say
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
    delete_alias,
    delete_recorder,
    delete_role,
    widen_trust,
)

MANY = 60
AGAIN = "make prove ONLY=sixty_accounts"

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
    (delete_alias, "does not exist"),
)
"""Ways to sabotage an account, and the words that must name each."""


def prove(_seed: int, say: Say, many: int = MANY) -> Chapter:
    chapter = Chapter(f"A roll-out over {many} accounts", "statements")
    slot = Slot()
    try:
        say(f"{many} accounts are made")
        organization = with_accounts(slot, many)
        for part in (_seven_are_reported, _they_are_mended, _three_that_fail_stop_nobody):
            say((part.__doc__ or "").rstrip("."))
            part(organization, chapter)
    finally:
        slot.close()
    return chapter


def _seven_are_reported(organization: Organization, chapter: Chapter) -> None:
    """Those that were sabotaged are reported, and only those."""
    cloud, victims, many = organization.cloud, organization.ids[: len(SEVEN)], len(organization.ids)
    for victim, (sabotage, _) in zip(victims, SEVEN, strict=True):
        sabotage(Inside(cloud, victim))
    heard, mark = len(cloud.answers()), len(cloud.aws.calls)
    planned = cloud.roll_out(mode="plan", exclude={"accountIds": [organization.stranger]})
    chapter.expect("how the plan ended", planned.status, "SUCCEEDED", AGAIN)
    calls = cloud.aws.calls[mark:]
    chapter.expect("what the plan wrote", writes(cloud, calls), [], AGAIN)
    passes = sum(call.operation == "ListAccounts" for call in calls)
    chapter.expect("more than one pass over the list", passes > -(-(many + 5) // 20), False, AGAIN)
    counted = {"drifted": 7, "skipped": 1, "unchanged": many - 5}
    chapter.expect("the plan's accounts", planned.output["accounts"], counted, AGAIN)
    chapter.expect("whom it skipped", planned.output["skipped"], {organization.suspended: "CLOSED"}, AGAIN)
    chapter.expect("its failures", (planned.output["failures"], planned.output["behind"]), ({}, []), AGAIN)
    differences = planned.output["differences"]
    chapter.expect("who differs", sorted(differences), sorted(victims), AGAIN)
    for victim, (_, words) in zip(victims, SEVEN, strict=True):
        reasons = " ".join(each["reason"] for each in differences.get(victim, []))
        chapter.expect(f"{words!r} in {reasons!r}", words in reasons, True, AGAIN)
    until(lambda: len(organization.drifted(heard)) >= 7, "seven times Account Drifted")
    chapter.expect("Account Drifted", organization.drifted(heard), sorted(victims), AGAIN)
    notices = organization.told()
    subject = f"Groundwork: 7 of {many + 2} accounts differ from their baseline"
    chapter.expect("the notices", [each["Subject"] for each in notices], [subject], AGAIN)
    message = notices[0]["Message"] if notices else ""
    unnamed = [word for word in [*victims, "HIGH"] if word not in message]
    chapter.expect("what the notice leaves out", unnamed, [], AGAIN)


def _they_are_mended(organization: Organization, chapter: Chapter) -> None:
    """They are mended, and a second run finds nothing left."""
    cloud, victims, many = organization.cloud, organization.ids[: len(SEVEN)], len(organization.ids)
    good = portrait(cloud, organization.ids[-1])
    applied = cloud.roll_out(exclude={"accountIds": [organization.stranger]}).output
    counted = {"repaired": 7, "skipped": 1, "unchanged": many - 5}
    chapter.expect("the repair's accounts", applied["accounts"], counted, AGAIN)
    chapter.expect("who was repaired", sorted(applied["differences"]), sorted(victims), AGAIN)
    chapter.expect("notices of the repair", organization.told(), [], AGAIN)
    for victim in victims:
        chapter.expect(f"what {victim} has", portrait(cloud, victim).keys(), good.keys(), AGAIN)
    mark = len(cloud.aws.calls)
    again = cloud.roll_out(include={"accountIds": victims}).output
    found = (again["accounts"], again["differences"])
    chapter.expect("the second repair's accounts", found, ({"unchanged": 7}, {}), AGAIN)
    chapter.expect("what it wrote", writes(cloud, cloud.aws.calls[mark:]), [], AGAIN)


def _three_that_fail_stop_nobody(organization: Organization, chapter: Chapter) -> None:
    """Three that fail stop none of the others."""
    cloud, many = organization.cloud, len(organization.ids)
    locked, occupied, denied, *rest = organization.ids
    lock_out(cloud, locked)
    occupy_recorder(cloud, occupied)
    deny_cloudtrail(cloud, denied)
    for victim in rest[:5]:
        cloud.inside("cloudtrail", victim).stop_logging(Name="groundwork")
    applied = cloud.roll_out(include={"kinds": ["workload"]}, exclude={"accountIds": [organization.stranger]})
    chapter.expect("how it ended", applied.status, "SUCCEEDED", AGAIN)
    counted = {"failed": 3, "repaired": 5, "skipped": 1, "unchanged": many - 8}
    chapter.expect("accounts when three fail", applied.output["accounts"], counted, AGAIN)
    failures = applied.output["failures"]
    chapter.expect("who failed", sorted(failures), sorted([locked, occupied, denied]), AGAIN)
    causes = {account: failure["cause"].lower() for account, failure in failures.items()}
    for account, words in (
        (locked, "no entry role"),
        (occupied, "made by somebody else"),
        (denied, "cloudtrail"),
    ):
        chapter.expect(f"{words!r} in the cause", words in causes.get(account, ""), True, AGAIN)
    helped = all(failure["error"] and failure["remedy"] for failure in failures.values())
    chapter.expect("each failure with its error and remedy", helped, True, AGAIN)
    subjects = [each["Subject"] for each in organization.told()]
    chapter.expect("the notices", subjects, [f"Groundwork: 3 of {many} accounts failed"], AGAIN)
