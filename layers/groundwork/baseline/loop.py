"""Plan, apply and verify: one difference, used three ways."""

from __future__ import annotations

import logging
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError

from groundwork.baseline.component import Call, Component, Target
from groundwork.contracts import Change
from groundwork.errors import ComponentNotSettled, ConflictingSetup

ROUNDS = 8
"""More than any component's longest chain of calls that need each other's results."""

log = logging.getLogger("groundwork")


def plan(component: Component[Any], target: Target) -> list[Change]:
    """What would be done first. Writes nothing."""
    return [_change(component, call) for call in component.difference(target)]


def apply(component: Component[Any], target: Target) -> list[Change]:
    """Close the difference; look again until there is none.

    Returns every change made, in order; reports come once, last.
    Raises `ComponentNotSettled` when a difference remains that has been closed before, or after the last round: AWS
    shows a change late, or somebody undoes it. The state machine asks again later, when it is known which. Raises
    `ConflictingSetup` when AWS refuses a call for a reason that the call foresaw.
    """
    changes: list[Change] = []
    made: list[Call] = []
    for round_number in range(ROUNDS + 1):
        calls = component.difference(target)
        left = [call for call in calls if call.action != "report"]
        if not left:
            return changes + [_change(component, call) for call in calls]
        due = [call for call in left if call not in made]
        if not due or round_number == ROUNDS:
            break
        for call in due:
            with component.named_errors():
                _make(call, target)
            made.append(call)
            changes.append(_change(component, call))
    rest = "; ".join(f"{call.resource}: {call.reason}" for call in left)
    raise ComponentNotSettled(f"{component.name} would not settle in account {target.account.id}: {rest}")


def _make(call: Call, target: Target) -> None:
    log.info(
        "%s %s",
        call.action,
        call.resource,
        extra={"call": f"{call.service}:{call.operation}", "reason": call.reason},
    )
    client = target.client(call.service, call.region)
    try:
        getattr(client, xform_name(call.operation))(**call.parameters)
    except ClientError as refused:
        why = call.refusals.get(refused.response["Error"]["Code"])
        if why is None:
            raise
        raise ConflictingSetup(f"{call.resource}: {why}") from refused


def _change(component: Component[Any], call: Call) -> Change:
    return Change(component=component.name, resource=call.resource, action=call.action, reason=call.reason)
