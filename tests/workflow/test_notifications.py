"""Every failure is told: once on the bus, once to people, and by an alarm."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from tests.workflow.conftest import Cloud, until
from tests.workflow.listening import (
    People,
    failure_heard_once,
    listening,
    message_of,
    metric,
    statement,
)
from tests.workflow.many import lock_out
from tests.workflow.statements import taken_out

CONSOLE = "https://us-east-1.console.aws.amazon.com/states/home?region=us-east-1#/v2/executions/details/"
ALARMS = {
    "groundwork-account-failed",
    "groundwork-events-lost",
    "groundwork-notices-lost",
    "groundwork-roll-out-failed",
    "groundwork-undelivered-events",
}


@pytest.fixture(scope="module", autouse=True)
def leaves_no_account_on_its_way(cloud: Cloud) -> Iterator[None]:
    """Who was stopped has asked for an account, which comes all the same: not in the middle of another module."""
    yield
    organizations = cloud.aws.client("organizations")
    until(
        lambda: not organizations.list_create_account_status(States=["IN_PROGRESS"])["CreateAccountStatuses"],
        "the accounts that were asked for",
    )


@pytest.fixture(scope="module")
def people(cloud: Cloud) -> People:
    cloud.declared("security")
    return listening(cloud)


@pytest.fixture
def slow(cloud: Cloud, no_pass: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """CreateAccount takes so long that there is time to stop who waits for it, and nobody takes over."""
    monkeypatch.setattr(cloud.aws.creation, "seconds", 600)
    monkeypatch.setattr(cloud.aws.creation, "event_copies", 0)


def waiting(cloud: Cloud) -> str:
    """An execution that has asked for an account and waits for it."""
    name, email = cloud.fresh()
    execution = cloud.execution_of(cloud.post(accountName=name, email=email))
    until(lambda: cloud.ledger_item(f"request#{email}").get("creationId"), "CreateAccount")
    return execution


def stop(cloud: Cloud, execution: str, **why: str) -> None:
    cloud.aws.client("stepfunctions").stop_execution(executionArn=execution, **why)


# -- ways to fail ----------------------------------------------------------------------------------


def bad_request(cloud: Cloud) -> str:
    return cloud.ask(accountName="refused", email="aws+refused@example.com", kind="toaster").arn


def bad_start(cloud: Cloud) -> str:
    return cloud.start(accountId="12").arn


def refused_by_aws(cloud: Cloud) -> str:
    cloud.aws.creation.failures.append("INVALID_EMAIL")
    name, email = cloud.fresh()
    return cloud.ask(accountName=name, email=email).arn


def locked_out(cloud: Cloud) -> str:
    name, email = cloud.fresh()
    account = cloud.ask(accountName=name, email=email).output["accountId"]
    lock_out(cloud, account)
    return cloud.start(accountId=account).arn


WAYS: dict[str, tuple[Callable[[Cloud], str], str]] = {
    "a requester's mistake": (bad_request, "InvalidRequest"),
    "a person's mistake": (bad_start, "InvalidRequest"),
    "AWS makes no account": (refused_by_aws, "AccountRefused"),
    "the account lets nobody in": (locked_out, "BaselineFailed"),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_failure_is_heard_once_on_the_bus_and_by_people(cloud: Cloud, people: People, way: str) -> None:
    fail, error = WAYS[way]
    before = metric(cloud, "AccountsFailed")
    execution = fail(cloud)
    failed, notice = failure_heard_once(cloud, people, execution)
    assert failed["error"] == error
    assert metric(cloud, "AccountsFailed") == before + 1
    named = failed.get("accountName") or failed.get("accountId")
    assert notice["Subject"] == f"Groundwork: {named} failed: {error}"[:99]
    assert notice["MessageAttributes"]["error"]["Value"] == error
    lines = dict(line.split(":", 1) for line in notice["Message"].splitlines())
    assert {name: lines[name].strip() for name in ("Error", "Remedy", "Execution")} == {
        "Error": error,
        "Remedy": failed["remedy"],
        "Execution": CONSOLE + execution,
    }
    assert lines["Cause"].strip() == " ".join(failed["cause"].split("\n"))
    assert named in lines["Account"]


def test_a_stopped_execution_is_heard_once(cloud: Cloud, people: People, slow: None) -> None:
    execution = waiting(cloud)
    stop(cloud, execution, error="Stopped", cause="by a person in a hurry")
    failed, notice = failure_heard_once(cloud, people, execution)
    assert (failed["error"], failed["cause"]) == ("Stopped", "by a person in a hurry")
    assert "by a person in a hurry" in notice["Message"]


@pytest.mark.parametrize("who", ["record-outcome", "record-failure"])
def test_who_is_stopped_with_the_answer_in_hand_is_answered_for(
    cloud: Cloud, people: People, slow: None, who: str
) -> None:
    execution = waiting(cloud)
    cloud.aws.client("dynamodb").put_item(
        TableName=cloud.outputs["LedgerTable"],
        Item={"pk": {"S": f"execution#{execution}"}, "answeredBy": {"S": who}},
    )
    stop(cloud, execution)
    failed, _ = failure_heard_once(cloud, people, execution)
    assert failed["error"] == "ExecutionAborted"


def test_an_execution_that_runs_out_of_time_is_heard_once(cloud: Cloud, people: People, slow: None) -> None:
    client = cloud.aws.client("stepfunctions")
    definition = client.describe_state_machine(stateMachineArn=cloud.machine)["definition"]
    hurried = json.dumps(json.loads(definition) | {"TimeoutSeconds": 3})
    client.update_state_machine(stateMachineArn=cloud.machine, definition=hurried)
    name, email = cloud.fresh()
    try:
        execution = cloud.execution_of(cloud.post(accountName=name, email=email))
    finally:
        client.update_state_machine(stateMachineArn=cloud.machine, definition=definition)
    assert cloud.ended(execution).status == "TIMED_OUT"
    failed, _ = failure_heard_once(cloud, people, execution)
    assert failed["error"] == "ExecutionTimedOut"


def test_a_failure_that_could_not_be_recorded_is_heard_once(cloud: Cloud, people: People) -> None:
    with taken_out(cloud, statement("RecordFailureFunction.UseTheLedger")):
        execution = bad_start(cloud)
    failed, _ = failure_heard_once(cloud, people, execution)
    assert failed["error"] != "InvalidRequest" and "dynamodb" in failed["cause"]


def test_a_success_is_told_to_nobody(cloud: Cloud, people: People) -> None:
    name, email = cloud.fresh()
    ready, seconds = metric(cloud, "AccountsReady"), metric(cloud, "TimeToReady")
    vended = cloud.ask(accountName=name, email=email)
    cloud.answer("Account Ready", execution=vended.arn)
    assert metric(cloud, "AccountsReady") == ready + 1
    assert metric(cloud, "TimeToReady") > seconds
    assert people.notices(vended.arn) == []


def test_nobody_writes_lines_of_a_notice_for_us(cloud: Cloud, people: People) -> None:
    posted = cloud.ask(accountName="x\n\nURGENT: click\u202e", email="aws+urgent@example.com")
    _, notice = failure_heard_once(cloud, people, posted.arn)
    assert notice["Subject"].isascii() and notice["Subject"].isprintable()
    assert [line.partition(":")[0] for line in notice["Message"].splitlines()] == [
        "Account",
        "Error",
        "Cause",
        "Remedy",
        "Execution",
        "Again",
        "Request",
    ]


# -- roll-outs -------------------------------------------------------------------------------------


def begin_roll_out(cloud: Cloud) -> str:
    started = cloud.aws.client("stepfunctions").start_execution(
        stateMachineArn=cloud.outputs["RollOutStateMachineArn"], input='{"mode": "plan"}'
    )
    return str(started["executionArn"])


def test_a_roll_out_that_was_stopped_is_heard_of(cloud: Cloud, people: People) -> None:
    execution = begin_roll_out(cloud)
    stop(cloud, execution, cause="by a person in a hurry")
    notice = people.notice(execution)
    assert notice["Subject"] == "Groundwork: a roll-out was stopped: ExecutionAborted"
    assert "by a person in a hurry" in notice["Message"] and CONSOLE + execution in notice["Message"]
    cloud.all_ended()


def test_a_roll_out_whose_notice_could_not_be_sent_is_heard_of(cloud: Cloud, people: People) -> None:
    with taken_out(cloud, statement("RollOutStateMachine.SendNotices")):
        refused = cloud.roll_out(mode="repair")
    assert refused.error.startswith("SNS.")
    assert refused.error in people.notice(refused.arn)["Message"]


def test_a_roll_out_that_told_of_its_end_is_not_told_of_again(cloud: Cloud, people: People) -> None:
    refused = cloud.roll_out(mode="repair")
    assert refused.error == "InvalidRequest"
    assert people.notice("mode 'repair' is unknown")["Subject"] == "Groundwork: the roll-out failed"
    assert people.notices(refused.arn) == []


# -- alarms ----------------------------------------------------------------------------------------


def test_every_alarm_is_heard_by_people_and_says_what_to_do(cloud: Cloud, people: People) -> None:
    cloudwatch = cloud.aws.client("cloudwatch")
    alarms = cloudwatch.describe_alarms()["MetricAlarms"]
    assert {alarm["AlarmName"] for alarm in alarms} == ALARMS
    for alarm in alarms:
        name = alarm["AlarmName"]
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a test")
        (notice,) = people.notices(f'"{name}"')
        assert message_of(notice)["AlarmDescription"] == alarm["AlarmDescription"]
        assert len(alarm["AlarmDescription"]) > 100
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="a test")
        assert len(people.notices(f'"{name}"')) == 1
