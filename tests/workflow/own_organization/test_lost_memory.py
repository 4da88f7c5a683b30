"""Some of the moments at which `make prove` empties the ledger."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from prove.lost_memory import AFTERWARDS, Forgetting
from prove.moments import Moment
from prove.world import TIME_SCALE, World
from tests.workflow.conftest import Slot, until


@pytest.fixture(scope="module")
def run(slot: Slot) -> Iterator[Forgetting]:
    run = Forgetting(World.deployed(slot.own(time_scale=TIME_SCALE)))
    run.moments()
    yield run
    slot.close()


@pytest.mark.parametrize(
    "moment",
    [
        ("CreateAccountFunction", 1),
        ("CheckCreationFunction", 1),
        ("EnrollAccountFunction", 1),
        ("RecordOutcomeFunction", 1),
        AFTERWARDS,
    ],
    ids=lambda moment: moment[0] or "afterwards",
)
def test_the_ledger_is_rebuilt_and_there_is_one_account(run: Forgetting, moment: Moment) -> None:
    assert run.at(moment) == []


def test_a_failure_that_has_been_answered_is_not_answered_again(run: Forgetting) -> None:
    cloud = run.world.cloud
    event = cloud.post(accountName="", email="")
    answer = cloud.answer("Account Failed", requestId=event)["detail"]
    failed = cloud.ended(answer["execution"])
    run.memory.lose()
    told = {"executionArn": failed.arn, "status": "FAILED", "error": failed.error, "cause": failed.cause}
    cloud.invoke("AnswerLostExecutionFunction", {"detail": told})
    assert cloud.answered("Account Failed", requestId=event) == 1


@pytest.mark.parametrize("by_hand", [False, True], ids=["asked for again", "started by hand"])
def test_what_a_dead_execution_and_a_lost_ledger_left_is_finished(
    run: Forgetting, monkeypatch: pytest.MonkeyPatch, by_hand: bool
) -> None:
    cloud = run.world.cloud
    name, email = cloud.fresh()
    detail = {"accountName": name, "email": email, "organizationalUnit": "Workloads/Staging"}
    monkeypatch.setattr(cloud.aws.creation, "seconds", 120)
    dead = cloud.execution_of(cloud.post(**detail))
    until(lambda: "creationId" in cloud.ledger_item(f"request#{email}"), "the request for the account")
    cloud.aws.client("stepfunctions").stop_execution(executionArn=dead)
    account = until(lambda: str(cloud.accounts().get(email, {}).get("Id", "")), "the account")
    run.memory.lose()
    ended = cloud.start(accountId=account) if by_hand else cloud.ask(**detail)
    assert (ended.status, ended.output["accountId"]) == ("SUCCEEDED", account), ended
    assert cloud.unit_of(email) == ("" if by_hand else "Workloads/Staging")
    assert cloud.answer("Account Ready", accountId=account)
    assert cloud.answered("Account Ready", accountId=account) == 1
