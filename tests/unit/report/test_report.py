"""The report's data: how it stands in the page, how large it is, what has changed, and where time went."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from groundwork.contracts import Change
from groundwork.declaration.loading import load
from groundwork.report.compare import compared
from groundwork.report.doors import AT_HOME, declared_doors
from groundwork.report.findings import MOST, components, differences, failure
from groundwork.report.model import Difference, Report
from groundwork.report.page import NoReport, packed, page, report_in, unpacked
from groundwork.report.runs import state_times
from tests.unit.report.invented import NOW, declared, five, many, row

MOST_BYTES = 3_000_000


def hostile(count: int) -> Report:
    """Whoever may write into accounts has written as much as there is room for, each time something else."""
    report = many(count)
    told = {"error": "BaselineFailed", "remedy": "Look."}
    accounts = [
        each.model_copy(
            update={
                "name": "\u202e" * 50,
                "differences": [
                    Difference(component="access", severity="high", words=f"{n}-{each.id}{'<ü' * 200}")
                    for n in range(MOST)
                ],
            }
        )
        for each in report.accounts
    ]
    failures = [failure(each.id, each.name, {**told, "cause": f"{each.id}{'<ü' * 900}"}) for each in accounts]
    return report.model_copy(update={"accounts": accounts, "failures": failures})


@pytest.mark.parametrize("made", [many, hostile])
def test_two_thousand_accounts_are_smaller_than_3_mb(made: Callable[[int], Report]) -> None:
    assert len(page(made(2000)).encode()) < MOST_BYTES


def test_what_there_was_no_room_for_is_counted() -> None:
    report = hostile(500)
    shown = report_in(page(report))
    assert all(len(each.differences) + each.more_differences == MOST for each in shown.accounts)
    assert len(shown.failures) + shown.more_failures == len(report.failures) > len(shown.failures) > 0


def test_a_page_is_read_back_as_it_was_written() -> None:
    assert report_in(page(five())) == five()
    assert unpacked(packed(many(50))) == many(50)


def test_data_ends_no_element() -> None:
    attack = "</script><!--<script>\u2028&\ud800"
    report = five().model_copy(update={"accounts": [row(1, attack, "workload", attack)]})
    text = page(report)
    text.encode()
    assert text.count("</script>") == 2, "of the data, and of the script"
    assert "<!--" not in text.partition('id="data">')[2]
    assert report_in(text).accounts[0].name == attack


@pytest.mark.parametrize(
    "text", ["", "<html>", '<script type="application/json" id="data">{"made": 1}</script>']
)
def test_what_is_no_report_is_said_to_be_none(text: str) -> None:
    with pytest.raises(NoReport):
        report_in(text)


# -- what has changed --------------------------------------------------------------------------------


def changes(before: Report, after: Report) -> list[tuple[str, bool | None]]:
    return [(each.words, each.better) for each in compared(before, after).changes or []]


def test_nothing_has_changed() -> None:
    assert changes(five(), five()) == []


def test_accounts_come_go_move_fail_and_differ() -> None:
    before, after = five(), five()
    dev, stage, prod = before.accounts[3:6]
    changed = [
        dev.model_copy(update={"components": dict.fromkeys(dev.components, "as declared")}),
        stage.model_copy(update={"state": "failed", "unit": "Workloads/Production"}),
        row(9, "new", "workload", "Workloads"),
    ]
    after = after.model_copy(update={"accounts": changed, "doors": None})
    before = before.model_copy(update={"accounts": [dev, stage, prod]})
    assert changes(before, after) == [
        ("dev no longer differs in access, trail", True),
        ("stage moved from Workloads/Staging to Workloads/Production", None),
        ("stage is failed; it was ready", False),
        ("new is new in Workloads", None),
        (f"prod ({prod.id}) is no longer there", None),
    ]


def test_a_door_that_opens_is_named_with_its_account() -> None:
    before, after = five(), five()
    (door,) = [each for each in before.doors or [] if each.principal == "dev-external-accounts"]
    prod = after.accounts[5]
    wider = door.model_copy(update={"accounts": [*door.accounts, prod.id]})
    after = after.model_copy(
        update={"doors": [wider if each == door else each for each in after.doors or []]}
    )
    opened = "dev-external-accounts as allow-dev-from-security-account (writes, with MFA) in prod"
    assert changes(before, after) == [(f"Opens: {opened}", False)]
    assert changes(after, before) == [(f"Closes: {opened}", True)]


# -- what was found ----------------------------------------------------------------------------------


def test_differences_are_told_the_worst_first_on_one_line() -> None:
    change = {
        "component": "trail",
        "resource": "trail groundwork",
        "action": "update",
        "reason": "is\nnot\tlogging",
    }
    report = {**change, "action": "report", "severity": "low"}
    found = differences(
        [Change.model_validate({**report}), Change.model_validate({**change, "severity": "high"})]
    )
    assert [(each.severity, each.words) for each in found] == [
        ("high", "trail groundwork: is not logging; will be put right"),
        ("note", "trail groundwork: is not logging"),
    ]


def test_a_later_look_stands_in_for_an_earlier_one() -> None:
    run = [{"component": "trail", "outcome": "changed"}, {"component": "cdk", "outcome": "skipped"}]
    plan = [{"component": "trail", "outcome": "differs"}]
    assert components(["access", "trail"], run, plan) == {"trail": "differs"}


def test_doors_are_those_of_the_declaration() -> None:
    accounts = [declared(each) for each in five().accounts if each.kind]
    names = {each.id: each.name for each in accounts}
    doors = {
        (door.principal, door.role): sorted(names[each] for each in door.accounts)
        for door in declared_doors(load(), accounts)
        if door.principal in ("dev-external-accounts", "ro-external-accounts")
    }
    assert doors == {
        ("dev-external-accounts", "allow-dev-from-security-account"): ["dev", "stage"],
        ("ro-external-accounts", AT_HOME): ["security"],
        ("ro-external-accounts", "allow-read-only-from-security-account"): [
            "dev",
            "mgmt",
            "payments",
            "prod",
            "stage",
        ],
    }


# -- where time went ---------------------------------------------------------------------------------


def event(number: int, after: int, kind: str, seconds: float, **details: str) -> dict[str, Any]:
    state = f"state{'Entered' if kind.endswith('Entered') else 'Exited'}EventDetails"
    moment = NOW + timedelta(seconds=seconds)
    return {"id": number, "previousEventId": after, "type": kind, "timestamp": moment, state: details}


def test_states_with_their_times_a_retry_a_catch_and_what_is_open() -> None:
    history = [
        event(1, 0, "ExecutionStarted", 0),
        event(2, 0, "TaskStateEntered", 0, name="ReadRequest"),
        event(3, 2, "TaskScheduled", 0),
        event(4, 3, "TaskFailed", 1),
        event(5, 4, "TaskScheduled", 2),
        event(6, 5, "TaskSucceeded", 3),
        event(7, 6, "TaskStateExited", 3, name="ReadRequest"),
        event(8, 7, "ParallelStateEntered", 3, name="Baseline"),
        event(9, 8, "TaskStateEntered", 3, name="Access"),
        event(10, 8, "TaskStateEntered", 3, name="Trail"),
        event(11, 10, "TaskScheduled", 3),
        event(12, 11, "TaskFailed", 5),
        event(13, 12, "TaskStateExited", 5, name="Trail"),
    ]
    times = [
        (each.name, each.ended, each.seconds) for each in state_times(history, NOW + timedelta(seconds=9))
    ]
    assert times == [
        ("ReadRequest", "succeeded", 3),
        ("Baseline", "running", 6),
        ("Access", "running", 6),
        ("Trail", "failed", 2),
    ]
    ended = [*history, event(14, 13, "ExecutionAborted", 8)]
    found = {each.name: (each.ended, each.seconds) for each in state_times(ended, NOW)}
    assert found["Access"] == found["Baseline"] == ("failed", 5)
