"""Plan, apply and verify: one difference, used three ways. Drift is a plan on a schedule."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from functools import partial
from threading import Semaphore
from typing import Any

from botocore import xform_name

from groundwork.aws import refusals
from groundwork.baseline.component import Call, Component, Target
from groundwork.contracts import NOT_TOLD, Change, PlannedCall
from groundwork.errors import ComponentNotSettled
from groundwork.rendering import on_one_line
from groundwork.side_by_side import side_by_side

ROUNDS = 8
"""More than any component's longest chain of calls that need each other's results."""
WRITES_TO_IAM = 4
"""At once, of one component. IAM is one for all of an account, and throttles writes sooner than others do."""

log = logging.getLogger("groundwork")


def plan(component: Component[Any], target: Target) -> list[Change]:
    """All that `apply` would do. Writes nothing."""
    return [_change(component, call, planned=True) for call in component.difference(target)]


def apply(component: Component[Any], target: Target, earlier: Sequence[Change] = ()) -> list[Change]:
    """Close the difference, in as many rounds as its calls need each other's results.

    Returns every change made by this execution, in order, beginning with those that `earlier` tries of it made; reports come last.
    Whether it stays closed, `verify` looks later. What this try has made is in `target.made`, also where it ends in an error.
    Raises `ComponentNotSettled`, or what the component has as `lasting`, when AWS does not show what a later call needs, or has too much
    to do: the state machine asks again; and what `groundwork.aws.refusals` makes of AWS's exceptions.
    """
    changes: list[Change] = []
    made: list[Call] = []
    for _ in range(ROUNDS):
        calls = component.difference(target, while_busy=component.lasting)
        due = [call for call in calls if call.is_open and not call.after and call not in made]
        _make(due, target, component)
        made += due
        changes += [_change(component, call) for call in due]
        waiting = [call for call in calls if call.after]
        if not waiting and not (due and component.lasting):
            told = [
                _change(component, call) for call in calls if call.made_before and not _is_among(call, made)
            ]
            better_told = {(each.resource, each.action) for each in told}
            return [
                *(
                    each
                    for each in earlier
                    if each not in changes and (each.resource, each.action) not in better_told
                ),
                *told,
                *changes,
                *(_change(component, call) for call in calls if call.action == "report"),
            ]
        if not due:
            break
    raise (component.lasting or ComponentNotSettled)(
        f"{component.name} would not settle in account {target.account.id}: {_in_words(waiting)}"
    )


def made(component: Component[Any], target: Target) -> list[Change]:
    """What has been made so far, whatever became of the rest."""
    return [_change(component, call) for call in target.made]


def verify(component: Component[Any], target: Target) -> None:
    """Look again. Raises `ComponentNotSettled` when there is a difference: AWS shows a change late, or somebody
    undoes it."""
    left = [call for call in component.difference(target) if call.is_open]
    if left:
        raise ComponentNotSettled(
            f"{component.name} would not settle in account {target.account.id}: {_in_words(left)}"
        )


def _is_among(call: Call, made: Iterable[Call]) -> bool:
    """Whether this try has made it."""
    return any((call.resource, call.operation) == (each.resource, each.operation) for each in made)


def _make(calls: Sequence[Call], target: Target, component: Component[Any]) -> None:
    """Stage by stage. What a stage has begun comes to its end, and none follows one that failed."""
    writes_to_iam = Semaphore(WRITES_TO_IAM)

    def make(lane: Sequence[Call]) -> None:
        for call in lane:
            turn = writes_to_iam if call.service == "iam" else nullcontext()
            who, busy = f"{component.name}: {call.resource}", component.lasting
            with turn, refusals.named(who, while_busy=busy, quoting=not call.personal):
                _make_one(call, target)

    for lanes in stages(calls):
        side_by_side(*(partial(make, lane) for lane in lanes))


def stages(calls: Iterable[Call]) -> list[list[list[Call]]]:
    """Calls in lanes, and lanes in stages. A lane is made in order, those of one stage side by side; calls without a
    Region come before those of a Region that do not say what they need."""
    lanes: dict[tuple[str | None, str], list[Call]] = {}
    stage: dict[tuple[str | None, str], int] = {}
    for call in sorted(calls, key=lambda each: each.region is not None):
        its = (call.region, "" if call.needs is None else call.resource.partition(":")[0])
        for other in lanes:
            region, resource = other
            first = region in (None, call.region) if call.needs is None else resource in call.needs
            if first and other != its:
                stage[its] = max(stage.get(its, 0), stage[other] + 1)
        stage.setdefault(its, 0)
        lanes.setdefault(its, []).append(call)
    return [
        [lane for its, lane in lanes.items() if stage[its] == number]
        for number in sorted(set(stage.values()))
    ]


def _make_one(call: Call, target: Target) -> None:
    log.info(
        "%s %s",
        call.action,
        call.resource,
        extra={"call": f"{call.service}:{call.operation}", "reason": call.reason},
    )
    client = target.client(call.service, call.region)
    getattr(client, xform_name(call.operation))(**call.parameters)
    target.made.append(call)


def _change(component: Component[Any], call: Call, *, planned: bool = False) -> Change:
    """A report has no call: it is something that Groundwork leaves alone."""
    data = PlannedCall(
        service=call.service,
        operation=call.operation,
        parameters={
            name: NOT_TOLD if name in call.personal else value for name, value in call.parameters.items()
        },
        region=call.region,
        after=call.after or None,
    )
    return Change(
        component=component.name,
        resource=call.resource,
        action=call.action,
        reason=on_one_line(call.reason),
        severity=call.severity,
        call=data if planned and call.action != "report" else None,
        taken_out=True if call.taken_out else None,
        breaks=[on_one_line(each) for each in call.breaks] if planned and call.breaks else None,
    )


def _in_words(calls: Iterable[Call]) -> str:
    return "; ".join(f"{call.resource}: {call.reason}" for call in calls)
