"""The smallest real work for every statement of who asks people for an approval, and takes their decision. See `errands`."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from groundwork.callers import source_of
from tests.workflow.place import Job, Place, told
from tests.workflow.roll_out_errands import update_machine
from tests.workflow.statements import physical

ASKER, APPROVER = source_of("AIDAAAAAAAAAAAAAASKER"), source_of("AIDAAAAAAAAAAAAPPROVER")


def waiting_request(place: Place, **more: str) -> dict[str, Any]:
    """The event of a request that waits: the declaration here asks for no approval, so the ledger is told of it."""
    request, (name, email) = str(uuid.uuid4()), place.cloud.fresh()
    about = {"requestId": request, "email": email, "accountName": name, "kind": "workload"}
    clauses = {"requester": ASKER.rpartition(".")[2], "why": "a test needs it", "cost": "Nothing."}
    place.write(f"approval#{request}", **about, **clauses, **more)
    detail = {"accountName": name, "email": email}
    return {"id": request, "source": ASKER, "detail-type": "Account Requested", "detail": detail}


def await_approval(place: Place) -> Job:
    """A request that is to wait."""
    event = waiting_request(place)

    def job() -> str:
        ended = told(place.cloud.start(**event))
        if not ended:
            waits = f"{_machine(place).replace(':stateMachine:', ':execution:')}:{event['id']}"
            place.cloud.aws.client("stepfunctions").stop_execution(executionArn=waits)
            place.cloud.answer("Account Failed", requestId=event["id"])
        return ended

    return job


def go_on(place: Place) -> Job:
    """A wait that is over before it begins."""
    event = waiting_request(place, decision="deny", decidedBy="somebody")
    client = place.cloud.aws.client("stepfunctions")

    def job() -> str:
        begun = client.start_execution(stateMachineArn=_machine(place), input=json.dumps(event))
        ended = told(place.cloud.ended(begun["executionArn"]))
        place.settle()
        return ended

    return job


def _machine(place: Place) -> str:
    return physical(place.cloud, "RequestApprovalStateMachine")


def ask_people(place: Place) -> Job:
    payload = {"requestId": waiting_request(place)["id"], "token": "nobody's"}
    return lambda: place.invoke("RequestApprovalFunction", payload)


def refuse_decision(place: Place) -> Job:
    """A decision on what nobody has asked for: people are told."""
    return _decide(place, str(uuid.uuid4()))


def decide(place: Place) -> Job:
    """A decision on what waits with a token, which Step Functions does not know."""
    return _decide(place, waiting_request(place, token="nobody's")["id"])


def decide_anew(place: Place) -> Job:
    """The same, of another request each time."""

    def job() -> str:
        return _decide(place, waiting_request(place, token="nobody's")["id"])()

    return job


def _decide(place: Place, request: str) -> Job:
    detail = {"requestId": request, "decision": "deny"}
    event = {"id": str(uuid.uuid4()), "source": APPROVER, "detail": detail}
    return lambda: place.invoke("DecideRequestFunction", event)


OF_APPROVALS: dict[str, Callable[[Place], Job]] = {
    "VendAccountStateMachine.AwaitApprovals": await_approval,
    "RequestApprovalStateMachine.InvokeItsFunctions": go_on,
    "RequestApprovalStateMachine.GoOn": go_on,
    "RequestApprovalStateMachine.WriteExecutionLogs": partial(
        update_machine, "RequestApprovalStateMachineArn", "logs:CreateLogDelivery"
    ),
    "RequestApprovalFunction.UseTheLedger": ask_people,
    "RequestApprovalFunction.SendNotices": ask_people,
    "RequestApprovalFunction.EncryptNotices": ask_people,
    "DecideRequestFunction.UseTheLedger": refuse_decision,
    "DecideRequestFunction.WakeWhoWaits": decide,
    "DecideRequestFunction.SeeWhoHasEnded": decide_anew,
    "DecideRequestFunction.SendNotices": refuse_decision,
    "DecideRequestFunction.EncryptNotices": refuse_decision,
}
