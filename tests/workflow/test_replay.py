"""What could not be delivered is kept, with why, and delivered when a person asks for it: nothing is lost, nothing is
done twice."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.workflow.conftest import Cloud
from tests.workflow.listening import (
    failure_heard_once,
    listening,
    lying,
    put_again,
    statement,
    undelivered,
)
from tests.workflow.statements import taken_out

REPLAY = "ReplayEventsFunction"
NONE = {"delivered": 0, "left": {}}


@pytest.fixture(scope="module", autouse=True)
def security(cloud: Cloud) -> str:
    return cloud.declared("security")


@pytest.fixture(autouse=True)
def empty(cloud: Cloud) -> Iterator[None]:
    yield
    assert undelivered(cloud) == 0


def test_a_request_that_could_not_be_delivered_is_kept_and_makes_one_account(cloud: Cloud) -> None:
    name, email = cloud.fresh()
    with taken_out(cloud, statement("RulesRole.StartTheMachines")):
        event = cloud.post(accountName=name, email=email)
        message = lying(cloud, event)
    why = {key: each["StringValue"] for key, each in message["MessageAttributes"].items()}
    assert why["ERROR_CODE"] == "NO_PERMISSIONS" and "states:StartExecution" in why["ERROR_MESSAGE"]
    assert cloud.executions_about(event) == []

    assert cloud.invoke(REPLAY) == {"delivered": 1, "left": {}}
    ended = cloud.ended(cloud.execution_of(event))
    assert (ended.status, ended.output["outcome"]) == ("SUCCEEDED", "ready"), str(ended)
    assert cloud.answer("Account Ready", requestId=event)["detail"]["email"] == email
    assert cloud.invoke(REPLAY) == NONE

    put_again(cloud, message)
    assert cloud.invoke(REPLAY) == {"delivered": 1, "left": {}}
    assert len(cloud.executions_about(event)) == 1
    assert [each["Name"] for each in cloud.accounts().values()].count(name) == 1


def test_a_failure_that_nobody_could_be_told_of_is_told_later(cloud: Cloud) -> None:
    people = listening(cloud)
    with taken_out(cloud, statement("AccountFailedPermission")):
        refused = cloud.start(accountId="12")
        lying(cloud, refused.arn)
    assert people.notices(refused.arn) == []
    assert cloud.invoke(REPLAY) == {"delivered": 1, "left": {}}
    failure_heard_once(cloud, people, refused.arn)


def test_an_answer_that_its_function_could_not_send_is_sent_later(cloud: Cloud) -> None:
    """The function fails again and again, and Lambda gives up on it."""
    people = listening(cloud)
    with taken_out(cloud, statement("AnswerLostExecutionFunction.SendAnswers")):
        stopped = cloud.begin(source="groundwork", detail={"email": "aws+stopped@example.com"})
        cloud.aws.client("stepfunctions").stop_execution(executionArn=stopped)
        record = json.loads(lying(cloud, stopped)["Body"])
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert "events:PutEvents" in record["responsePayload"]["errorMessage"]
    assert cloud.invoke(REPLAY) == {"delivered": 1, "left": {}}
    failure_heard_once(cloud, people, stopped)


def test_a_plan_that_could_not_be_started_is_started_as_its_rule_says(cloud: Cloud) -> None:
    """The rule's own input, not the event's."""
    states, machine = cloud.aws.client("stepfunctions"), cloud.outputs["RollOutStateMachineArn"]
    events, rule = cloud.aws.client("events"), cloud.physical("PlanRule")
    described = events.describe_rule(Name=rule)
    with taken_out(cloud, statement("RulesRole.StartTheMachines")):
        events.put_rule(Name=rule, ScheduleExpression="rate(1 minute)", State="ENABLED")
        message = lying(cloud, rule)
        events.put_rule(Name=rule, ScheduleExpression=described["ScheduleExpression"], State="DISABLED")
    event = json.loads(message["Body"])["id"]
    assert cloud.invoke(REPLAY)["left"] == {}
    execution = f"{machine.replace(':stateMachine:', ':execution:')}:{event}"
    assert json.loads(states.describe_execution(executionArn=execution)["input"]) == {"mode": "plan"}
    assert cloud.ended(execution).status == "SUCCEEDED"


def test_what_still_cannot_be_delivered_stays_and_it_is_said_why(cloud: Cloud) -> None:
    name, email = cloud.fresh()
    with taken_out(cloud, statement("RulesRole.StartTheMachines")):
        event = cloud.post(accountName=name, email=email)
        message = lying(cloud, event)
    with taken_out(cloud, statement("ReplayEventsFunction.StartTheMachines")):
        replayed = cloud.invoke(REPLAY)
    assert replayed["delivered"] == 0
    assert "states:StartExecution" in replayed["left"][message["MessageId"]]
    assert undelivered(cloud) == 1
    assert cloud.invoke(REPLAY) == {"delivered": 1, "left": {}}
    assert cloud.ended(cloud.execution_of(event)).status == "SUCCEEDED"


def test_a_message_that_is_no_event_is_delivered_under_its_own_id(cloud: Cloud) -> None:
    """As a rule's constant input would be, were it kept in place of the event."""
    machine = cloud.outputs["StateMachineArn"]
    events = cloud.aws.client("events")
    (rule,) = [
        each
        for each in events.list_rules()["Rules"]
        if "This stack was created" in each.get("Description", "")
    ]
    attributes = {"RULE_ARN": {"StringValue": rule["Arn"]}, "TARGET_ARN": {"StringValue": machine}}
    before = set(cloud.executions())
    constant = json.dumps({"accountId": cloud.aws.management_account})
    put_again(cloud, {"Body": constant, "MessageAttributes": attributes})
    assert cloud.invoke(REPLAY) == {"delivered": 1, "left": {}}
    (started,) = set(cloud.executions()) - before
    assert cloud.ended(started).status == "SUCCEEDED"
