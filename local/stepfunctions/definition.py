"""What CreateStateMachine and UpdateStateMachine refuse: definitions that AWS, or this engine, cannot run.

moto's parser accepts definitions that name missing states or hold broken JSONata, and passes over fields it
does not know. An execution would then fail late or run differently from AWS.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from local.stepfunctions.expressions import EvaluationFailed, check_syntax
from local.stepfunctions.map_definition import assigned, foreign_variables, is_distributed, map_problems
from local.stepfunctions.variables import scope_problems

INNER = ("Branches", "ItemProcessor", "Iterator")


def problems(definition: str) -> Iterator[str]:
    """One line for each thing that is wrong, with the place where it is."""
    try:
        machine = json.loads(definition)
    except ValueError as error:
        yield f"INVALID_JSON_DESCRIPTION: {error}"
        return
    if not isinstance(machine, dict):
        yield "INVALID_JSON_DESCRIPTION: a definition is a JSON object"
        return
    yield from _machine_problems(machine, "", machine.get("QueryLanguage", "JSONPath"))
    yield from scope_problems(machine)


def resources(definition: str) -> list[str]:
    """Every Resource that a definition names; none when it is no JSON."""
    try:
        return list(_resources(json.loads(definition)))
    except ValueError:
        return []


def _resources(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if isinstance(value.get("Resource"), str):
            yield value["Resource"]
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _resources(item)


def _machine_problems(
    machine: Mapping[str, Any], place: str, language: str, outer: frozenset[str] = frozenset()
) -> Iterator[str]:
    """`outer`: the variables that the scopes around this one assign."""
    states = machine.get("States") or {}
    own_scope = {
        name: {key: value for key, value in state.items() if key not in INNER}
        for name, state in states.items()
    }
    visible = outer | assigned(own_scope)
    if machine.get("StartAt") not in states:
        yield _missing(f"{place}/StartAt", machine.get("StartAt"))
    for name, state in states.items():
        here = f"{place}/States/{name}"
        spoken = state.get("QueryLanguage", language)
        for path, target in _transitions(state):
            if target not in states:
                yield _missing(here + path, target)
        if state.get("Type") == "Map":
            yield from map_problems(state, here)
        if spoken == "JSONata":
            yield from _expression_problems(own_scope[name], here)
        for index, branch in enumerate(state.get("Branches", [])):
            yield from _machine_problems(branch, f"{here}/Branches[{index}]", spoken, visible)
        inside = visible
        if is_distributed(state):
            yield from foreign_variables(state, visible, here)
            inside = frozenset()
        for field in ("ItemProcessor", "Iterator"):
            if field in state:
                yield from _machine_problems(state[field], f"{here}/{field}", spoken, inside)


def _transitions(state: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for field in ("Next", "Default"):
        if field in state:
            yield f"/{field}", state[field]
    for field in ("Choices", "Catch"):
        for index, rule in enumerate(state.get(field, [])):
            if "Next" in rule:
                yield f"/{field}[{index}]/Next", rule["Next"]


def _missing(place: str, target: Any) -> str:
    return f"MISSING_TRANSITION_TARGET: there is no state {target!r} at {place}"


def _expression_problems(value: Any, place: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _expression_problems(item, f"{place}/{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _expression_problems(item, f"{place}[{index}]")
    elif isinstance(value, str) and value.startswith("{%") and value.endswith("%}"):
        try:
            check_syntax(value[2:-2])
        except EvaluationFailed as error:
            yield f"SCHEMA_VALIDATION_FAILED: the expression {error} at {place}"


def normalized(definition: str) -> str:
    """The same definition in the only spelling that moto's grammar knows for percentages (20.0, not 20)."""

    def spelled(value: Any, key: str = "") -> Any:
        if key == "ToleratedFailurePercentage" and isinstance(value, int):
            return float(value)
        if isinstance(value, dict):
            return {name: spelled(item, name) for name, item in value.items()}
        return [spelled(item) for item in value] if isinstance(value, list) else value

    return json.dumps(spelled(json.loads(definition)), separators=(",", ":"))
