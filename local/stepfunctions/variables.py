"""What CreateStateMachine refuses of variables: one name in two scopes, and a name that is JSONata's own.

"Passing data between states with variables" of the Step Functions Developer Guide: a variable of an inner scope (a Map,
a Parallel) cannot have the name of one in an outer scope. A Distributed Map is exempt from reading outer variables, and
nowhere said to be exempt from this.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jsonata import Jsonata

from local.stepfunctions.map_definition import assigned, bound

OF_STEP_FUNCTIONS = {"states", "partition", "range", "hash", "random", "uuid", "parse"}
BUILT_IN = frozenset(Jsonata.static_frame.bindings) | OF_STEP_FUNCTIONS


def scope_problems(
    machine: Mapping[str, Any], place: str = "", outer: frozenset[str] = frozenset()
) -> Iterator[str]:
    """Every variable that is assigned inside a Map or Parallel and around it. `outer`: those around this machine."""
    states = machine.get("States") or {}
    own = {name: assigned(_without_inner(state)) for name, state in states.items()}
    for name in states:
        for variable in sorted(own[name] & outer):
            told = f"${variable} is assigned in an outer scope, too, at {place}/States/{name}"
            yield f"SCHEMA_VALIDATION_FAILED: the variable {told}"
    visible = outer.union(*own.values())
    for name, state in states.items():
        for field, inner in _inner(state):
            yield from scope_problems(inner, f"{place}/States/{name}/{field}", visible)


def shadowing_problems(value: Any, place: str = "") -> Iterator[str]:
    """Every variable, of a state or inside an expression, that has the name of a function of JSONata or of Step
    Functions, or is `$states`."""
    if isinstance(value, Mapping):
        for name in sorted(BUILT_IN & set(_assignments(value))):
            yield f"{place}/Assign: ${name} is built in"
        for key, item in value.items():
            yield from shadowing_problems(item, f"{place}/{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from shadowing_problems(item, f"{place}[{index}]")
    elif isinstance(value, str) and value.startswith("{%"):
        for name in sorted(BUILT_IN & bound(value)):
            yield f"{place}: ${name} is built in"


def _assignments(state: Mapping[str, Any]) -> Mapping[str, Any]:
    given = state.get("Assign")
    return given if isinstance(given, Mapping) else {}


def _without_inner(state: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: value for key, value in state.items() if key not in ("Branches", "ItemProcessor", "Iterator")
    }


def _inner(state: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for index, branch in enumerate(state.get("Branches", [])):
        yield f"Branches[{index}]", branch
    for field in ("ItemProcessor", "Iterator"):
        if field in state:
            yield field, state[field]
