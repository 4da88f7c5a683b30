"""A few of the hostile inputs of `make prove`, through the whole machine."""

from __future__ import annotations

import json
from typing import Any

import pytest

from prove.chapter import Chapter
from prove.poison import Machine, ill_ended
from tests.workflow.conftest import Cloud


def test_hostile_inputs_touch_nothing_and_are_answered(cloud: Cloud) -> None:
    cloud.all_ended()
    chapter = Chapter("Poison", "hostile inputs")
    with Machine(cloud, chapter, seed=4) as machine:
        machine.everything(12, lambda _: None)
    assert chapter.failures == []
    assert machine.begun > 12


@pytest.mark.parametrize(
    ("detail", "words"),
    [
        (
            {"accountName": "dev", "email": "a\nb\x1b[31m@example.com"},
            "is no e-mail address that AWS accepts",
        ),
        ({"accountName": "dev", "email": "e" * 200_000}, "characters, more than fit; ask for less"),
    ],
    ids=["two lines and colours", "almost as large as an event may be"],
)
def test_the_answer_names_who_asked_on_one_line(cloud: Cloud, detail: dict[str, Any], words: str) -> None:
    entry = {"Source": "groundwork", "DetailType": "Account Requested", "Detail": json.dumps(detail)}
    event = cloud.aws.client("events").put_events(Entries=[entry])["Entries"][0]["EventId"]
    answer = cloud.answer("Account Failed", requestId=event)["detail"]
    assert answer["error"] == "InvalidRequest"
    assert words in answer["cause"]
    assert ill_ended(cloud.ended(answer["execution"]), answer) == ""


@pytest.mark.parametrize("number", [10**400, -(10**4000)], ids=["400 digits", "4,000 digits, and negative"])
@pytest.mark.parametrize("where", ["alone", "inside"])
def test_a_number_that_no_double_holds_is_answered_as_unreadable(
    cloud: Cloud, number: int, where: str
) -> None:
    given = number if where == "alone" else {"accountId": "211047650761", "mode": [number]}
    started = cloud.aws.client("stepfunctions").start_execution(
        stateMachineArn=cloud.machine, input=json.dumps(given)
    )
    answer = cloud.answer("Account Failed", execution=started["executionArn"])["detail"]
    assert (answer["error"], "longer numbers, than can be read" in answer["cause"]) == (
        "InvalidRequest",
        True,
    )
    assert ill_ended(cloud.ended(started["executionArn"]), answer) == ""
