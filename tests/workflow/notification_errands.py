"""The smallest real work for every statement of who tells people, and of who delivers again. See `errands`."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from tests.workflow.listening import listening, put_again
from tests.workflow.place import Job, Place
from tests.workflow.statements import physical

MACHINE_RULE = "AccountRequestedRule"


def tell_of_failure(place: Place) -> Job:
    """What the function gets from its rule."""
    detail = {
        "error": "InvalidRequest",
        "cause": "a test",
        "remedy": "none",
        "execution": place.forgotten_execution,
    }
    event = {"detail-type": "Account Failed", "detail": detail}
    return lambda: place.invoke("NotifyPeopleFunction", event)


def replay(message: Callable[[Place], dict[str, Any]], place: Place) -> Job:
    """An event in the queue: well when it is delivered."""
    put_again(place.cloud, message(place))

    def job() -> str:
        answer = place.cloud.aws.client("lambda").invoke(
            FunctionName=physical(place.cloud, "ReplayEventsFunction"), Payload=b"{}"
        )
        replayed = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            return str(replayed["errorMessage"])
        return " ".join(replayed["left"].values())

    return job


def request(place: Place) -> dict[str, Any]:
    """A request, for an account that is there, which its rule could not deliver."""
    events = place.cloud.aws.client("events")
    rule = events.describe_rule(Name=physical(place.cloud, MACHINE_RULE))["Arn"]
    account = place.cloud.aws.client("organizations").describe_account(AccountId=place.account)["Account"]
    detail = {"accountName": account["Name"], "email": place.email}
    body = {
        "id": str(uuid.uuid4()),
        "source": "groundwork",
        "detail-type": "Account Requested",
        "account": place.management,
        "detail": detail,
    }
    attributes = {"RULE_ARN": {"StringValue": rule}, "TARGET_ARN": {"StringValue": place.cloud.machine}}
    return {"Body": json.dumps(body), "MessageAttributes": attributes}


def invocation(place: Place) -> dict[str, Any]:
    """What a function failed on."""
    client, name = place.cloud.aws.client("lambda"), physical(place.cloud, "DiscoverAccountsFunction")
    arn = client.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    about = {"requestId": str(uuid.uuid4()), "functionArn": f"{arn}:$LATEST"}
    return {"Body": json.dumps({"requestContext": about, "requestPayload": {}})}


def raise_alarm(place: Place) -> Job:
    """An alarm that comes into the state in which it tells people."""
    people, cloudwatch = listening(place.cloud), place.cloud.aws.client("cloudwatch")
    name = physical(place.cloud, "RollOutFailedAlarm")

    def job() -> str:
        known = len(people.notices(name))
        for state in ("ALARM", "OK"):
            cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="an errand")
        return "" if len(people.notices(name)) > known else "nobody was told"

    return job


OF_WHO_TELLS: dict[str, Callable[[Place], Job]] = {
    "NotifyPeopleFunction.SendNotices": tell_of_failure,
    "NotifyPeopleFunction.EncryptNotices": tell_of_failure,
    "ReplayEventsFunction.EmptyTheQueue": partial(replay, request),
    "ReplayEventsFunction.SeeWhatRulesSend": partial(replay, request),
    "ReplayEventsFunction.StartTheMachines": partial(replay, request),
    "ReplayEventsFunction.InvokeTheFunctions": partial(replay, invocation),
}
