"""Asking people for an approval, and taking their decisions: who decides nothing is told why, and so is everybody else.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from groundwork.aws.executions import Executions, execution_arn
from groundwork.callers import BY, caller_in, name_of
from groundwork.contracts import DECIDED, read_decision
from groundwork.errors import AlreadyDecided, InvalidRequest
from groundwork.ledger import Ledger
from groundwork.ledger.records import ApprovalRecord
from groundwork.notifications.notices import Notice, Topic, notice
from groundwork.vending.approval import decide, waiting_execution

DAYS = 7
"""As `TimeoutSeconds` of RequestApproval in the state machine has it."""


def ask_people(ledger: Ledger, request_id: str, token: str, topic: Topic) -> None:
    """Once for a request, however often it is asked. Raises `AlreadyDecided` where there is nothing to wait for."""
    until = int(time.time()) + DAYS * 86400
    approval = ledger.approvals.wait(request_id, token, until)
    if approval is None or approval.decision:
        raise AlreadyDecided(f"The request {request_id} waits for no approval any more.")
    if approval.told is None:
        topic.tell(asking(approval, datetime.fromtimestamp(approval.until or until, UTC)))
        ledger.approvals.note_told(request_id)


def take_decision(
    detail: Mapping[str, Any],
    source: str,
    event_id: str,
    ledger: Ledger,
    executions: Executions,
    topic: Topic,
    state_machine_arn: str,
) -> None:
    """A decision stands once it is in the ledger; the event may come twice, and an attempt die at any line.
    `state_machine_arn` is that of `groundwork-vend-account`."""
    by = caller_in(source)
    try:
        decision = read_decision(detail)
    except InvalidRequest as mistaken:
        topic.tell(_refusing("a request", by, str(mistaken)))
        return
    if by is None:
        said = f"source {source!r} does not say who decides; post it with {BY}<UserId>, your own."
        topic.tell(_refusing(decision.request_id, by, said))
        return
    decided = decide(decision, by, event_id, ledger)
    if isinstance(decided, str):
        topic.tell(_refusing(decision.request_id, by, decided))
        return
    # Without a token nobody waits yet, and whoever is about to sees the decision. So does another attempt, where nobody waits with
    # this token any more.
    waits = waiting_execution(execution_arn(state_machine_arn, decision.request_id), decision.request_id)
    if (
        decided.token
        and not executions.wake(decided.token)
        and decided.first
        and executions.has_failed(waits)
    ):
        said = "Its execution had ended before, as Account Failed has told; a new event is a new request."
        topic.tell(_refusing(decision.request_id, by, said))


def asking(approval: ApprovalRecord, until: datetime) -> Notice:
    """Who asks and why first, then what it does, the worst first: a chat shows the beginning alone."""
    decide_by_event = (
        f'aws events put-events --region us-east-1 --entries \'[{{"Source": "{BY}<your UserId>", "DetailType": "{DECIDED}", '
        f'"Detail": "{{\\"requestId\\": \\"{approval.request_id}\\", \\"decision\\": \\"approve\\"}}"}}]\''
    )
    what = "changed" if approval.account_id else "made"
    of_account = {
        "Account": f"{approval.account_name}, {approval.email}, of kind {approval.kind}",
        "Id": approval.account_id or "",
        "Unit": approval.organizational_unit or "the root",
        **{f"Change {number}": each for number, each in enumerate(approval.plan.splitlines(), 1)},
    }
    lines = {
        "Asked by": f"{name_of(approval.requester)} ({approval.requester})",
        "Why": f"{approval.why}.",
        **of_account,
        "Tags": ", ".join(f"{key}={value}" for key, value in sorted(approval.tags.items())),
        "Cost": approval.cost,
        "Until": f"{until:%Y-%m-%d %H:%M} UTC; if nobody decides by then, the request fails and nothing is {what}",
        "Approve": f"groundwork approve {approval.request_id}",
        "Deny": f"groundwork deny {approval.request_id} --reason '...'",
        "By event": decide_by_event,
        "Request": approval.request_id,
    }
    about = f"a change of {approval.account_name}" if approval.account_id else approval.account_name
    return notice(f"{about} waits for an approval", "ApprovalNeeded", lines, approval.request_id)


def _refusing(request_id: str, by: str | None, why: str) -> Notice:
    lines = {
        "Request": request_id,
        "By": f"{name_of(by)} ({by})" if by else "somebody who did not say who they are",
        "Why": why,
        "Remedy": "Nothing was changed by it. Correct what this names and decide again, or leave it as it is.",
    }
    return notice("a decision was not taken", "DecisionRefused", lines, request_id)
