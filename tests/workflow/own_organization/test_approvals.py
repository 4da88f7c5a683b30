"""Requests that wait for an approval: who may give it, what becomes of them, and that nothing is made meanwhile."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from groundwork.aws.executions import execution_arn
from groundwork.callers import source_of
from local.identity.credentials import Credentials
from prove.crash_points import Point
from prove.moments import ahead_of
from tests.workflow.conftest import (
    ROOT,
    TIME_SCALE,
    Cloud,
    Execution,
    Slot,
    bootstrapped,
    deployed,
    groundwork_of_ones_own,
    until,
)
from tests.workflow.listening import listening
from tests.workflow.people import keys
from tests.workflow.test_requesters import entry, put

APPROVALS = """
approvals: {kinds: [security], organizationalUnits: [Workloads/Production], morePerDay: 1}
requests: {progress: true}
"""
PRODUCTION = "Workloads/Production"


class Office:
    """An organization where accounts in production are approved, and the people who ask and approve."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud, self.people = cloud, listening(cloud)
        self.asker, self.approver = self.join("asker", "Requester"), self.join("approver", "Approver")

    def join(self, name: str, *policies: str) -> Credentials:
        iam = self.cloud.aws.client("iam")
        iam.create_user(UserName=name)
        for policy in policies:
            iam.attach_user_policy(UserName=name, PolicyArn=self.cloud.outputs[f"{policy}PolicyArn"])
        return keys(iam.create_access_key(UserName=name)["AccessKey"])

    def name_of(self, who: Credentials) -> str:
        identity = self.cloud.aws.client("sts", credentials=who).get_caller_identity()
        return str(identity["UserId"])

    def ask(self, who: Credentials | None = None, **detail: Any) -> tuple[str, str]:
        """A request by somebody who says who they are: the event's id and the account's e-mail."""
        name, email = self.cloud.fresh()
        asking = {"accountName": name, "email": email, "organizationalUnit": PRODUCTION} | detail
        source = source_of(self.name_of(who or self.asker))
        (event_id,) = put(self.cloud, who or self.asker, entry(asking, Source=source))
        return event_id, asking["email"]

    def waiting(self, **detail: Any) -> tuple[str, str]:
        """A request of which people have been told."""
        request, email = self.ask(**detail)
        self.people.notice(f"groundwork approve {request}")
        return request, email

    def decide(self, request: str, decision: str, who: Credentials, reason: str = "") -> str:
        detail = {"requestId": request, "decision": decision, "reason": reason}
        source = source_of(self.name_of(who))
        (event_id,) = put(self.cloud, who, entry(detail, Source=source, DetailType="Account Request Decided"))
        return event_id

    def refusals(self, request: str) -> list[str]:
        """Why decisions on a request were not taken, as far as people have been told."""
        about = self.people.notices(request)
        return [each["Message"] for each in about if "a decision was not taken" in each["Subject"]]

    def refused(self, request: str) -> str:
        """Why the decision on a request was not taken."""
        return until(lambda: self.refusals(request), f"a refused decision on {request}")[-1]

    def failed(self, request: str) -> dict[str, Any]:
        return dict(self.cloud.answer("Account Failed", requestId=request)["detail"])

    def waits(self, request: str) -> str:
        """The execution that waits for the approval."""
        machine = self.cloud.physical("RequestApprovalStateMachine")
        return f"{machine.replace(':stateMachine:', ':execution:')}:{request}"

    def first(self, request: str) -> Execution:
        """The execution of the event, which ends while the request waits: the only one about it until then."""
        return self.cloud.ended(self.cloud.execution_of(request))


@pytest.fixture(scope="module")
def office(slot: Slot, tmp_path_factory: pytest.TempPathFactory) -> Office:
    folder: Path = tmp_path_factory.mktemp("approvals")
    template = groundwork_of_ones_own(folder)
    declaration = folder / "layers/baseline/baseline.yaml"
    declaration.write_text(declaration.read_text() + APPROVALS)
    cloud = bootstrapped(deployed(slot.own(time_scale=TIME_SCALE), template))
    cloud.aws.client("events").disable_rule(Name=cloud.physical("DiscoverAccountsRule"))
    return Office(cloud)


@pytest.fixture(scope="module")
def approved(office: Office) -> str:
    """The request for the security account, which no other account can be made before; approved from the command line."""
    email = "aws+security@example.com"
    request, _ = office.waiting(
        accountName="security", email=email, kind="security", organizationalUnit="Security"
    )
    first = office.first(request).output
    assert (first["outcome"], first["note"].endswith(f"groundwork approve {request}.")) == (
        "in-progress",
        True,
    )
    assert email not in office.cloud.accounts()
    given = office.cloud.aws.endpoint_variables() | office.approver.for_environment()
    command = [sys.executable, "-m", "cli", "approve", request, "--reason", "planned\n for long"]
    done = subprocess.run(
        command, check=False, env={**os.environ, **given}, capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    office.cloud.answer("Account Ready", requestId=request)
    office.cloud.all_ended()
    return request


def test_what_somebody_else_approves_is_made_and_shows_who(office: Office, approved: str) -> None:
    cloud, email = office.cloud, "aws+security@example.com"
    asker, approver = office.name_of(office.asker), office.name_of(office.approver)
    notice = office.people.notice(f"groundwork approve {approved}")
    assert f"{email}, of kind security" in notice["Message"] and "dollars a month" in notice["Message"]
    week = datetime.now(UTC) + timedelta(days=7)
    assert f"Until:     {week:%Y-%m-}" in notice["Message"]
    token = cloud.ledger_item(f"approval#{approved}")["token"]["S"]
    assert token not in json.dumps(notice) and token not in json.dumps(cloud.answers())
    assert cloud.tags_of(cloud.accounts()[email]["Id"])["groundwork:approved-by"] == approver
    record = cloud.ledger_item(f"request#{email}")
    assert (record["requester"]["S"], record["approvedBy"]["S"]) == (asker, approver)
    assert record["approvalReason"]["S"] == "planned  for long"


def test_an_approval_is_for_what_was_asked_and_for_nothing_else(office: Office, approved: str) -> None:
    """Who may start the machine by hand may give an event any id, also that of a request which was approved."""
    name, email = office.cloud.fresh()
    detail = {"accountName": name, "email": email, "organizationalUnit": PRODUCTION}
    about = {"source": source_of(office.name_of(office.asker)), "detail-type": "Account Requested"}
    ended = office.cloud.start(id=approved, detail=detail, **about)
    assert ended.error == "InvalidRequest" and "is that of the request for 'security'" in ended.cause
    assert email not in office.cloud.accounts()


def test_how_far_a_request_is_can_be_heard(office: Office, approved: str) -> None:
    heard = office.cloud.answers(requestId=approved, email="aws+security@example.com")
    told = [(each["detail-type"], each["detail"].get("step")) for each in heard]
    steps = [("Account Progressing", step) for step in ("waiting", "creating", "created")]
    assert told == [*steps, ("Account Ready", None)]
    assert {each["detail"]["accountName"] for each in heard} == {"security"}


def test_who_was_told_how_far_a_request_is_is_answered_when_it_is_stopped(
    office: Office, approved: str
) -> None:
    cloud, stopped = office.cloud, list[str]()
    request, email = office.waiting(organizationalUnit=PRODUCTION)

    def stop(function: str) -> None:
        if function == "CheckAccessFunction" and not stopped:
            stopped.append(execution_arn(cloud.machine, f"{request}-decided"))
            cloud.aws.client("stepfunctions").stop_execution(executionArn=stopped[0])

    with ahead_of(cloud.aws, stop):
        office.decide(request, "approve", office.approver)
        failed = office.failed(request)
    assert (failed["error"], [failed["execution"]]) == ("ExecutionAborted", stopped)
    assert cloud.ledger_item(f"request#{email}")["state"] == {"S": "failed"}


def test_what_is_decided_stands(office: Office, approved: str) -> None:
    approver = office.name_of(office.approver)
    event = office.cloud.ledger_item(f"approval#{approved}")["decidedEvent"]["S"]
    again = {"requestId": approved, "decision": "approve"}
    twice = {"id": event, "source": source_of(approver), "detail": again}
    office.cloud.invoke("DecideRequestFunction", twice)  # the same event, delivered twice
    office.decide(approved, "deny", office.approver)
    assert f"It was approved by {approver} before" in office.refused(approved)
    assert len(office.refusals(approved)) == 1


def test_a_request_that_needs_an_approval_says_who_asks(office: Office, approved: str) -> None:
    name, email = office.cloud.fresh()
    ended = office.cloud.ask(accountName=name, email=email, organizationalUnit=PRODUCTION)
    assert ended.error == "InvalidRequest"
    assert "an account in 'Workloads/Production' needs an approval" in ended.cause
    assert "groundwork.by.<UserId>" in ended.cause and "get-caller-identity" in ended.cause


def test_what_is_denied_is_answered_with_the_reason(office: Office, approved: str) -> None:
    request, email = office.waiting(tags={"cost-center": "42"})
    assert "Tags:      cost-center=42" in office.people.notice(f"groundwork approve {request}")["Message"]
    office.decide(request, "deny", office.approver, "use staging")
    failed = office.failed(request)
    assert failed["error"] == "RequestDenied"
    assert f"was denied by {office.name_of(office.approver)}: use staging" in failed["cause"]
    assert email not in office.cloud.accounts()
    assert office.cloud.ledger_item(f"request#{email}")["state"]["S"] == "failed"


def test_nobody_decides_their_own_request(office: Office, approved: str) -> None:
    both = office.join("both", "Requester", "Approver")
    request, email = office.ask(both)
    office.people.notice(f"groundwork approve {request}")
    office.decide(request, "approve", both)
    assert "whoever asks does not decide" in office.refused(request)
    assert email not in office.cloud.accounts()
    office.decide(request, "deny", office.approver)
    assert office.failed(request)["error"] == "RequestDenied"


def test_two_sessions_of_one_role_may_be_one_person(office: Office, approved: str) -> None:
    cloud, iam, sts = office.cloud, office.cloud.aws.client("iam"), office.cloud.aws.client("sts")
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": cloud.aws.management_account},
        "Action": "sts:AssumeRole",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = iam.create_role(RoleName="team", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    for policy in ("Requester", "Approver"):
        iam.attach_role_policy(RoleName="team", PolicyArn=cloud.outputs[f"{policy}PolicyArn"])
    ann, ann_again = (
        keys(sts.assume_role(RoleArn=role, RoleSessionName=name)["Credentials"]) for name in ("ann", "bob")
    )
    request, _ = office.ask(ann)
    office.people.notice(f"groundwork approve {request}")
    office.decide(request, "approve", ann_again)
    assert "may be the same person" in office.refused(request)
    office.decide(request, "deny", office.approver)
    assert office.failed(request)["error"] == "RequestDenied"


def test_nobody_posts_in_the_name_of_another(office: Office, approved: str) -> None:
    """Neither who may ask, nor who may decide, nor an administrator, who may post any event."""
    theirs = source_of(office.name_of(office.approver))
    asking = entry({"accountName": "x", "email": "refused"}, Source=theirs)
    deciding = asking | {"DetailType": "Account Request Decided"}
    for who in (office.asker, office.cloud.aws.administrator):
        assert put(office.cloud, who, asking) == [] and put(office.cloud, who, deciding) == []
    mixed = [entry({}, Source=source_of(office.name_of(office.asker))), asking]
    assert put(office.cloud, office.asker, *mixed) == []
    ours = source_of(office.name_of(office.asker))
    assert put(office.cloud, office.asker, entry({}, Source=ours, DetailType="Account Request Decided")) == []


def test_what_waits_is_not_asked_for_twice(office: Office, approved: str) -> None:
    request, email = office.waiting()
    name = office.cloud.ledger_item(f"request#{email}")["accountName"]["S"]
    again, _ = office.ask(accountName=name, email=email)
    assert office.failed(again)["error"] == "ApprovalPending"
    assert request in office.failed(again)["cause"]
    twice = json.loads(office.cloud._input(office.first(request).arn))
    assert office.cloud.start(**twice).output["outcome"] == "in-progress"  # the same event, delivered twice
    assert len(office.people.notices(f"groundwork approve {request}")) == 1
    office.decide(request, "deny", office.approver)
    assert office.failed(request)["error"] == "RequestDenied"


@contextmanager
def impatient(office: Office) -> Iterator[None]:
    """A week is a minute."""
    states, machine = (
        office.cloud.aws.client("stepfunctions"),
        office.cloud.physical("RequestApprovalStateMachine"),
    )
    usual = states.describe_state_machine(stateMachineArn=machine)["definition"]
    assert "604800" in usual
    states.update_state_machine(stateMachineArn=machine, definition=usual.replace("604800", "60"))
    yield
    states.update_state_machine(stateMachineArn=machine, definition=usual)


def test_silence_is_an_answer_and_too_late_is_told(office: Office, approved: str) -> None:
    with impatient(office):
        request, email = office.ask()
        assert office.failed(request)["error"] == "RequestNotApproved"
    office.decide(request, "approve", office.approver)
    assert "Its time was over before" in office.refused(request)
    assert email not in office.cloud.accounts()


def test_a_stolen_token_approves_nothing(office: Office, approved: str) -> None:
    request, email = office.waiting()
    token = office.cloud.ledger_item(f"approval#{request}")["token"]["S"]
    approving = json.dumps({"decision": "approve", "decidedBy": "nobody"})
    office.cloud.aws.client("stepfunctions").send_task_success(taskToken=token, output=approving)
    assert office.failed(request)["error"] == "RequestNotApproved"
    assert email not in office.cloud.accounts()


def test_a_wait_that_somebody_stops_is_answered(office: Office, approved: str) -> None:
    request, email = office.waiting()
    office.cloud.aws.client("stepfunctions").stop_execution(executionArn=office.waits(request))
    assert office.failed(request)["error"] == "ExecutionAborted"
    again = office.cloud.start(**office.cloud.input_of(office.cloud.execution_of(request)))
    assert (again.error, "has failed" in again.cause) == ("RequestNotApproved", True), again
    office.decide(request, "approve", office.approver)
    assert "Its execution had ended before" in office.refused(request)
    assert email not in office.cloud.accounts()


@pytest.mark.parametrize(
    "struck",
    [
        Point("DecideRequestFunction", "stepfunctions", "SendTaskSuccess", 1).fault("reset", "after"),
        Point("RequestApprovalFunction", "sns", "Publish", 1).fault("kill-function", "after"),
    ],
    ids=["it was woken, and nobody heard of it", "another attempt waits"],
)
def test_whoever_approves_is_not_told_otherwise_where_the_request_goes_on(
    office: Office, approved: str, struck: dict[str, Any]
) -> None:
    office.cloud.aws.faults.plan([struck])
    request, email = office.waiting(who=office.join(f"asker-{struck['service']}", "Requester"))
    office.decide(request, "approve", office.approver)
    office.cloud.answer("Account Ready", requestId=request)
    assert office.cloud.aws.faults.struck
    office.cloud.aws.faults.clear()
    office.cloud.all_ended()
    until(lambda: office.cloud.aws.is_at_rest, "all notices")
    assert (office.refusals(request), email in office.cloud.accounts()) == ([], True)


def test_a_decision_on_what_nobody_asked_for_is_told(office: Office) -> None:
    office.decide("0c6e5c8e-0000", "approve", office.approver)
    assert "No request 0c6e5c8e-0000 waits" in office.refused("0c6e5c8e-0000")


def test_whoever_asks_for_more_than_so_many_a_day_waits(office: Office, approved: str) -> None:
    busy = office.join("busy", "Requester")
    office.cloud.aws.creation.failures.append("INVALID_EMAIL")
    within, _ = office.ask(busy, organizationalUnit="Workloads/Development")
    assert office.failed(within)["error"] == "AccountRefused"
    beyond, _ = office.ask(busy, organizationalUnit="Workloads/Development")
    notice = office.people.notice(f"groundwork approve {beyond}")
    assert "one requester gets 1 a day" in notice["Message"]
    office.decide(beyond, "deny", office.approver)
    assert office.failed(beyond)["error"] == "RequestDenied"
