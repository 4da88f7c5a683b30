"""What CreateStateMachine refuses of one state, leaving what is inside of it aside: its fields, where it leads, its
numbers, its retriers and catchers, its expressions.

Follows the pages that `fields` names. `States.ALL`, alone and last: "Error names" of the specification.
`$states.result` and `$states.errorOutput` where they are not: "Reserved variable: $states" of "Transforming data with
JSONata". `{%` and `%}`: "Writing JSONata expressions in JSON strings" there; that one of them in the middle of a text is
refused, too, is the strict reading.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from local.stepfunctions.expressions import EvaluationFailed, check_syntax, variables_of
from local.stepfunctions.language.choice_rules import rule_problems
from local.stepfunctions.language.fields import (
    CATCHER,
    JSONATA,
    RETRIER,
    SCHEMA,
    STATES,
    Problem,
    State,
    field_problems,
    is_expression,
    one_of_problems,
)
from local.stepfunctions.language.paths import template_problems

INNER = ("Branches", "ItemProcessor", "Iterator")
REQUIRED = {"Task": ("Resource",), "Choice": ("Choices",), "Parallel": ("Branches",)}
FINAL = ("Succeed", "Fail")
ALTERNATIVES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "Task": (("TimeoutSeconds", "TimeoutSecondsPath"), ("HeartbeatSeconds", "HeartbeatSecondsPath")),
    "Fail": (("Error", "ErrorPath"), ("Cause", "CausePath")),
    "Map": (
        ("MaxConcurrency", "MaxConcurrencyPath"),
        ("ToleratedFailureCount", "ToleratedFailureCountPath"),
        ("ToleratedFailurePercentage", "ToleratedFailurePercentagePath"),
        ("ItemSelector", "Parameters"),
        ("Items", "ItemReader"),
    ),
}
EXACTLY_ONE: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "Wait": (("Seconds", "Timestamp", "SecondsPath", "TimestampPath"),),
    "Map": (("ItemProcessor", "Iterator"),),
}
WITHOUT_EXPRESSIONS = ("Type", "Comment", "QueryLanguage", "Next", "Default", "Resource", "Retry", *INNER)
WITH_RESULT = ("Task", "Parallel", "Map")
ALL = "States.ALL"
TEMPLATES = ("Parameters", "ResultSelector", "ItemSelector", "BatchInput", "Assign", "Credentials")


def state_problems(state: State, language: str, place: str) -> Iterator[Problem]:
    """`language`: the query language that is spoken in this state."""
    kind = state.get("Type")
    if not isinstance(kind, str) or kind not in STATES:
        words = f"The field 'Type' should have one of these values: [{', '.join(STATES)}]"
        yield Problem(SCHEMA, words, f"{place}/Type")
        return
    yield from field_problems(state, STATES[kind], language, place, REQUIRED.get(kind, ()))
    yield from _ways_on(state, kind, place)
    for names in ALTERNATIVES.get(kind, ()):
        yield from one_of_problems(state, names, place, needed=False)
    for names in EXACTLY_ONE.get(kind, ()):
        yield from one_of_problems(state, names, place, needed=True)
    yield from _heartbeat(state, place)
    if isinstance(state.get("Credentials"), dict) and not {"RoleArn", "RoleArn.$"} & set(
        state["Credentials"]
    ):
        yield Problem(SCHEMA, "The field 'RoleArn' is required but was missing", f"{place}/Credentials")
    for field, known, required in (
        ("Retry", RETRIER, ("ErrorEquals",)),
        ("Catch", CATCHER, ("ErrorEquals", "Next")),
    ):
        for index, part in enumerate(parts(state, field)):
            yield from field_problems(part, known, language, f"{place}/{field}[{index}]", required)
    for index, rule in enumerate(parts(state, "Choices")):
        yield from rule_problems(rule, language, f"{place}/Choices[{index}]")
    for field in ("Retry", "Catch"):
        yield from _wildcard(parts(state, field), f"{place}/{field}")
    for index, retrier in enumerate(parts(state, "Retry")):
        yield from _longest_delay(retrier, f"{place}/Retry[{index}]")
    if language == JSONATA:
        yield from _expressions(state, kind, place)
    else:
        yield from _templates(state, place)


def parts(state: State, field: str) -> list[State]:
    """The objects in a list; what is no list or no object is told of elsewhere."""
    found = state.get(field)
    return [part for part in found if isinstance(part, Mapping)] if isinstance(found, list) else []


def inner_machines(state: State) -> Iterator[tuple[str, State]]:
    """Each machine inside a state, with the field that it stands in."""
    for index, branch in enumerate(parts(state, "Branches")):
        yield f"Branches[{index}]", branch
    for field in ("ItemProcessor", "Iterator"):
        if isinstance(state.get(field), Mapping):
            yield field, state[field]


def _ways_on(state: State, kind: str, place: str) -> Iterator[Problem]:
    if kind == "Choice" or kind in FINAL:
        return
    ends = state.get("End") is True
    if ends and "Next" in state:
        yield Problem(SCHEMA, "Only one of these fields is allowed: [Next, End]", place)
    if not ends and "Next" not in state:
        yield Problem(SCHEMA, "One of these fields is required: [Next, End]", place)


def _heartbeat(state: State, place: str) -> Iterator[Problem]:
    beat, limit = state.get("HeartbeatSeconds"), state.get("TimeoutSeconds")
    if isinstance(beat, int) and isinstance(limit, int) and beat >= limit:
        yield Problem(
            SCHEMA, "HeartbeatSeconds must be smaller than TimeoutSeconds", f"{place}/HeartbeatSeconds"
        )


def _longest_delay(retrier: State, place: str) -> Iterator[Problem]:
    first, longest = retrier.get("IntervalSeconds", 1), retrier.get("MaxDelaySeconds")
    if isinstance(first, int) and isinstance(longest, int) and longest <= first:
        words = "MaxDelaySeconds must be greater than IntervalSeconds"
        yield Problem(SCHEMA, words, f"{place}/MaxDelaySeconds")


def _wildcard(handlers: list[State], place: str) -> Iterator[Problem]:
    for index, handler in enumerate(handlers):
        names = handler.get("ErrorEquals")
        if not isinstance(names, list) or ALL not in names:
            continue
        here = f"{place}[{index}]/ErrorEquals"
        if len(names) > 1:
            yield Problem(SCHEMA, f"{ALL} must appear alone", here)
        if index + 1 < len(handlers):
            yield Problem(SCHEMA, f"{ALL} may appear in the last element only", here)


def _templates(state: State, place: str) -> Iterator[Problem]:
    """Payload templates, of the state and of what is in its fields."""
    places = {place: state}
    for field in ("Catch", "Choices"):
        places |= {f"{place}/{field}[{index}]": part for index, part in enumerate(parts(state, field))}
    for field in ("ItemReader", "ItemBatcher", "ResultWriter"):
        if isinstance(state.get(field), Mapping):
            places[f"{place}/{field}"] = state[field]
    for where, part in places.items():
        for field in TEMPLATES:
            for told, here in template_problems(part.get(field), f"{where}/{field}"):
                yield Problem(SCHEMA, told, here)


# Expressions --------------------------------------------------------------------------------------


def _expressions(state: State, kind: str, place: str) -> Iterator[Problem]:
    for field, value in state.items():
        if field in WITHOUT_EXPRESSIONS:
            continue
        here = f"{place}/{field}"
        if field in ("Catch", "Choices"):
            for index, part in enumerate(parts(state, field)):
                allowed = {"errorOutput"} if field == "Catch" else set()
                for name in ("Assign", "Output", "Condition"):
                    yield from _expression_problems(part.get(name), allowed, f"{here}[{index}]/{name}")
        else:
            has_result = kind in WITH_RESULT and field in ("Assign", "Output")
            yield from _expression_problems(value, {"result"} if has_result else set(), here)


def _expression_problems(value: Any, allowed: set[str], place: str) -> Iterator[Problem]:
    """`allowed`: which of `result` and `errorOutput` there are."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _expression_problems(item, allowed, f"{place}/{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _expression_problems(item, allowed, f"{place}[{index}]")
    elif is_expression(value):
        yield from _in_expression(value[2:-2], allowed, place)
    elif isinstance(value, str) and ("{%" in value or "%}" in value):
        words = "The JSONata expression is improperly opened or closed: it must begin with {% and end with %}"
        yield Problem(SCHEMA, words, place)


def _in_expression(expression: str, allowed: set[str], place: str) -> Iterator[Problem]:
    try:
        check_syntax(expression)
        read = variables_of(expression).get("states")
    except EvaluationFailed as error:
        yield Problem(SCHEMA, f"The JSONata expression {error}", place)
        return
    for name in sorted({"result", "errorOutput"} - allowed):
        if isinstance(read, Mapping) and name in read:
            yield Problem(SCHEMA, f"$states.{name} is not accessible here", place)
