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
    Raises `ComponentNotSettled` when differences remain after the last round, naming them, and `ConflictingSetup`
    when AWS refuses a call for a reason that the call foresaw.
    """
    changes: list[Change] = []
    for _ in range(ROUNDS):
        calls = component.difference(target)
        due = [call for call in calls if call.action != "report"]
        if not due:
            return changes + [_change(component, call) for call in calls]
        for call in due:
            with component.named_errors():
                _make(call, target)
            changes.append(_change(component, call))
    rest = "; ".join(
        f"{call.resource}: {call.reason}" for call in component.difference(target) if call.action != "report"
    )
    if rest:
        raise ComponentNotSettled(f"{component.name} would not settle in account {target.account.id}: {rest}")
    return changes


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
