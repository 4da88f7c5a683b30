"""Errors that pass are ones the state machine asks about again; and it waits for nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from checks.references import patience
from groundwork.baseline.components import COMPONENTS
from groundwork.errors import Pending, every_error

MACHINE = Path(__file__).parents[2] / "statemachines" / "vend_account.asl.json"
TEMPLATE: dict[str, Any] = yaml_parse((MACHINE.parents[1] / "template.yaml").read_text())
HOLDS_THE_ACCOUNT = ("ChangeAccount", "LeaseAccount", "ReadClosing", "ReopenAccount", "SuspendAccount")


def tasks(machine: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for state in machine["States"].values():
        if state["Type"] == "Task":
            yield state
        for inner in (
            *state.get("Branches", []),
            *([state["ItemProcessor"]] if "ItemProcessor" in state else []),
        ):
            yield from tasks(inner)


def retried(task: dict[str, Any]) -> set[str]:
    return {name for retry in task["Retry"] for name in retry["ErrorEquals"]}


def every_task() -> list[dict[str, Any]]:
    return list(tasks(json.loads(MACHINE.read_text())))


@pytest.mark.parametrize("name", COMPONENTS)
def test_what_passes_is_asked_again(name: str) -> None:
    component = next(
        task for task in every_task() if task["Arguments"].get("Payload", {}).get("component") == name
    )
    assert {"ComponentNotSettled", "OrganizationBusy"} <= retried(component)


def of_every_machine() -> list[tuple[str, dict[str, Any]]]:
    """Each function that a task of any machine invokes, and the task."""
    return [
        (function, task)
        for machine in MACHINE.parent.glob("*.asl.json")
        for task in tasks(json.loads(machine.read_text()))
        for function in re.findall(r"\$\{(\w+)\}", task["Arguments"].get("FunctionName", ""))
    ]


def asks_organizations(function: str) -> bool:
    policies = TEMPLATE["Resources"][function]["Properties"].get("Policies", [])
    return "organizations:" in json.dumps([each["Statement"] for each in policies])


def test_whoever_asks_organizations_comes_back_later_where_it_says_so() -> None:
    asking = [(name, task) for name, task in of_every_machine() if asks_organizations(name)]
    assert asking
    assert [name for name, task in asking if "OrganizationBusy" not in retried(task)] == []


@pytest.mark.parametrize("state", HOLDS_THE_ACCOUNT)
def test_whoever_holds_an_account_waits_for_who_has_it(state: str) -> None:
    (task,) = [task for name, task in of_every_machine() if name == f"{state}Function"]
    assert "AccountBusy" in retried(task)


def test_what_kms_shows_late_is_waited_for() -> None:
    """An alias may take five minutes: https://docs.aws.amazon.com/kms/latest/developerguide/accessing-kms.html"""
    assert patience()["ComponentNotSettled"] == "6 min"


NOT_LESS_THAN = {
    "AccountBeingEnrolled": 30 * 60,  # "up to half an hour", says Control Tower of its enrolment
    "AccountBusy": 60,
    "AccountNotCovered": 60,
    "AccountNotCreated": 30 * 60,
    "AccountNotUsable": 30 * 60,  # people have seen EC2 take seven minutes
    "BaselineNotVerified": 20,  # and then it is mended
    "BaselineUndone": 20,
    "ComponentNotSettled": 60,
    "CreationSlotsTaken": 60 * 60,
    "CreationUnanswered": 5 * 60,
    "EventBridge.EventBridgeException": 10 * 60,
    "EventBridge.FailedEntry": 10 * 60,
    "EventBridge.InternalException": 10 * 60,
    "EventBridge.SdkClientException": 10 * 60,
    "EventBridge.ThrottlingException": 10 * 60,
    "Lambda.AWSLambdaException": 30,
    "Lambda.ClientExecutionTimeoutException": 30,
    "Lambda.SdkClientException": 30,
    "Lambda.ServiceException": 30,
    "Lambda.TooManyRequestsException": 10 * 60,
    "Lambda.Unknown": 30,
    "IdentityCenterInProgress": 60 * 60,  # a permission set is provisioned in account after account
    "ManagementAccountNotReady": 5 * 60,
    "OrganizationBusy": 60
    * 60,  # "your organization is still initializing ... for up to an hour", says Organizations
    "RequestInProgress": 30 * 60,
    "Runtime.ExitError": 30,
    "Sandbox.Timedout": 30,
    "SecurityAccountAlmostReady": 30 * 60,
    "SecurityAccountMissing": 5 * 60,
    "SecurityAccountNotReady": 30 * 60,
    "Sfn.ExecutionLimitExceededException": 60,
    "Sfn.SdkClientException": 60,
    "Sfn.SfnException": 60,
    "Sfn.ThrottlingException": 60,
    "StackInProgress": 60 * 60,  # CloudFormation gives a resource so long, and more to some
    "States.ItemReaderFailed": 15,
    "States.TaskFailed": 30,
    "StepFunctions.AWSStepFunctionsException": 4 * 60,
    "StepFunctions.ExecutionLimitExceeded": 4 * 60,
    "StepFunctions.ExecutionLimitExceededException": 4 * 60,
    "StepFunctions.SdkClientException": 4 * 60,
    "StepFunctions.ThrottlingException": 4 * 60,
    "TemplateNotThere": 5 * 60,
}
"""Seconds: how long each error is waited for, on average, before it becomes a failure."""


def mean_wait(retry: dict[str, Any]) -> float:
    """The mean of all delays together: full jitter takes any part of each, and so halves it."""
    grown = (retry["IntervalSeconds"] * retry["BackoffRate"] ** n for n in range(retry["MaxAttempts"]))
    whole: float = sum(min(each, retry.get("MaxDelaySeconds", each)) for each in grown)
    return whole / 2 if retry.get("JitterStrategy") == "FULL" else whole


def retries(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        yield from part.get("Retry", [])
        part = list(part.values())
    if isinstance(part, list):
        for item in part:
            yield from retries(item)


def test_each_error_is_waited_for_as_long_as_is_declared() -> None:
    shortest: dict[str, float] = {}
    for machine in sorted(MACHINE.parent.glob("*.asl.json")):
        for retry in retries(json.loads(machine.read_text())):
            for name in retry["ErrorEquals"]:
                shortest[name] = min(mean_wait(retry), shortest.get(name, float("inf")))
    assert shortest.keys() == NOT_LESS_THAN.keys()
    assert {name: each for name, each in shortest.items() if each < NOT_LESS_THAN[name]} == {}


def test_only_what_passes_is_asked_again() -> None:
    refused = {kind.__name__ for kind in every_error() if not issubclass(kind, Pending)}
    waits = set().union(*(retried(task) for task in every_task()))
    assert waits & refused == {"BaselineUndone", "ComponentNotSettled"}


def test_every_function_waits_for_lambda_to_have_room() -> None:
    """A young account runs ten functions at once; five accounts being vended want more."""
    functions = [task for task in every_task() if "FunctionName" in task["Arguments"]]
    assert functions
    assert [task for task in functions if "Lambda.TooManyRequestsException" not in retried(task)] == []
