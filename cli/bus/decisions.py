"""Requests for accounts that wait for an approval: the decision is posted, and Groundwork takes it or tells why not."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from cli.given import GIVEN
from cli.output import as_json, say
from cli.trouble import Trouble

RequestId = Annotated[str, typer.Argument(help="The request's id, which the notice of it has.")]
Reason = Annotated[str, typer.Option(help="Why; it is kept with the request, and shown.")]

DONE = {"approve": "approved", "deny": "denied"}
TAKEN = (
    "Groundwork takes it if a request of that id waits, and neither have you asked for it yourself nor has somebody "
    "decided before; else a notice says so. "
    "Look at it: groundwork watch"
)


def decide(request: str, decision: Literal["approve", "deny"], reason: str) -> None:
    """Raises `Trouble` for what is no request's id, and when the bus does not take the event."""
    from cli.bus.putting import put
    from cli.connection import Connection
    from groundwork.contracts import DECIDED, read_decision
    from groundwork.errors import InvalidRequest

    detail = {"requestId": request, "decision": decision, "reason": reason}
    try:
        read_decision(detail)
    except InvalidRequest as wrong:
        raise Trouble(str(wrong), "The notice that tells of the request has its id.") from None
    posted = put(Connection(), DECIDED, {request: detail})[request]
    if GIVEN.as_json:
        as_json({"requestId": request, "decision": decision, "eventId": posted.event_id})
    else:
        say(f"{request}: {DONE[decision]}. {TAKEN}")
