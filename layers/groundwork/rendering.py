"""Differences as a person reads them, and as much of them as an execution and an event can hold."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from groundwork.contracts import Change, PlannedCall, Severity

WORST_FIRST: dict[Severity, int] = {"high": 0, "medium": 1, "low": 2}
WILL_BE = {"create": "will be created", "update": "will be put right", "delete": "will be deleted"}
WAS = {"create": "was created", "update": "was put right", "delete": "was deleted"}
CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}
"""By partition."""

LONGEST_REASON = 1_500


def on_one_line(reason: str, longest: int = LONGEST_REASON) -> str:
    """A reason quotes what stands in accounts, and whoever wrote that may have had a reader of notices in mind."""
    text = "".join(part if part.isprintable() else " " for part in reason)
    return text if len(text) <= longest else f"{text[:longest]}..."


def console_of(execution: str) -> str:
    """Where a person sees an execution, given its ARN.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
    """
    _, partition, _, region, _ = execution.split(":", 4)
    return f"https://{region}.{CONSOLES[partition]}/states/home?region={region}#/v2/executions/details/{execution}"


def sentence(change: Change, *, done: bool = False) -> str:
    """How bad it is, what is wrong, and what will be, or was, done: `HIGH    trail groundwork: is not logging; will be put
    right by cloudtrail StartLogging`. What nobody has to do anything about is a `NOTE`."""
    note = change.action == "report" and not change.is_for_people
    breaks = f"; breaks: {'; '.join(change.breaks)}" if change.breaks else ""
    text = f"{'NOTE' if note else change.severity.upper():<7} {change.resource}: {change.reason}"
    if change.action == "report":
        return f"{text}{'' if note else '; left to you'}{breaks}"
    by = f" by {change.call.service} {change.call.operation}" if change.call else ""
    return f"{text}; {(WAS if done else WILL_BE)[change.action]}{by}{breaks}"


def worst_first(changes: Iterable[Change]) -> list[Change]:
    return sorted(changes, key=lambda change: (WORST_FIRST[change.severity], change.action == "report"))


def without_repeats(changes: Iterable[Change]) -> list[Change]:
    """Two components may see the same thing, which a person needs to be told once."""
    told: set[tuple[str, str]] = set()
    kept: list[Change] = []
    for change in changes:
        what = (change.resource, change.reason)
        if change.action == "report":
            if what in told:
                continue
            told.add(what)
        kept.append(change)
    return kept


def held_to(limit: int, changes: Sequence[Change]) -> list[Change]:
    """These changes in at most about `limit` characters of JSON: first the parameters of the longest calls are left
    out, then the mildest changes, and a report says how many.

    Step Functions and EventBridge take 262,144 bytes.
    https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
    """
    held = list(changes)
    by_length = sorted((n for n, each in enumerate(held) if each.call), key=lambda n: -_length(held[n].call))
    while by_length and sum(map(_length, held)) > limit:
        longest = by_length.pop(0)
        held[longest] = held[longest].model_copy(update={"call": _without_parameters(held[longest].call)})
    if sum(map(_length, held)) <= limit:
        return held
    kept: list[Change] = []
    room = limit
    for change in worst_first(held):
        room -= _length(change)
        if room < 0:
            break
        kept.append(change)
    left_out = len(held) - len(kept)
    more = f"{left_out} more differences, none of them worse, are left out: there is no room for them here"
    return [
        *kept,
        Change(component=held[0].component, resource="more", action="report", reason=more, severity="low"),
    ]


def _without_parameters(call: PlannedCall | None) -> PlannedCall | None:
    if call is None:
        return None
    return call.model_copy(update={"parameters": {"left out": f"{_length(call):,} characters"}})


def _length(part: Change | PlannedCall | None) -> int:
    return len(json.dumps(part.to_json())) if part else 0
