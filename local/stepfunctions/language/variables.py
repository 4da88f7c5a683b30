"""What CreateStateMachine refuses of variables: one name in two scopes, names that are none, and `$states`.

"Passing data between states with variables" of the Step Functions Developer Guide: a variable of an inner scope (a Map,
a Parallel) cannot have the name of one in an outer scope. A Distributed Map is exempt from reading outer variables, and
nowhere said to be exempt from this. A name is an identifier of at most 80 characters, a variable is assigned as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from local.stepfunctions.expressions import EvaluationFailed, variables_of
from local.stepfunctions.language.fields import SCHEMA, Problem, State, is_expression
from local.stepfunctions.language.states import inner_machines, parts

LONGEST_NAME = 80


def scope_problems(machine: State, place: str = "", outer: frozenset[str] = frozenset()) -> Iterator[Problem]:
    """Every variable that is assigned inside a Map or Parallel and around it. `outer`: those around this machine."""
    found = machine.get("States")
    states: dict[str, Any] = found if isinstance(found, dict) else {}
    own = {name: assigned(state) for name, state in states.items()}
    for name in states:
        here = f"{place}/States/{name}"
        for variable in sorted(own[name]):
            if variable in outer:
                yield Problem(SCHEMA, f"the variable ${variable} is assigned in an outer scope, too", here)
            if variable == "states":
                yield Problem(SCHEMA, "the variable $states is reserved", here)
            if not variable.isidentifier() or len(variable) > LONGEST_NAME:
                words = f"the variable ${variable} is no identifier of at most {LONGEST_NAME} characters"
                yield Problem(SCHEMA, words, here)
    visible = outer.union(*own.values())
    for name, state in states.items():
        for field, inner in inner_machines(state) if isinstance(state, Mapping) else ():
            yield from scope_problems(inner, f"{place}/States/{name}/{field}", visible)


def assigned(state: Any) -> frozenset[str]:
    """The variables that a state assigns itself: when it is done, when it has caught an error, when it has chosen."""
    if not isinstance(state, Mapping):
        return frozenset()
    places = [state, *parts(state, "Catch"), *parts(state, "Choices")]
    given = [place["Assign"] for place in places if isinstance(place.get("Assign"), Mapping)]
    return frozenset(name.removesuffix(".$") for names in given for name in names)


def assigned_inside(machine: State) -> frozenset[str]:
    """The variables of a machine, and of those inside of it."""
    found = machine.get("States")
    states = list(found.values()) if isinstance(found, dict) else []
    inner = [part for state in states if isinstance(state, Mapping) for _, part in inner_machines(state)]
    return frozenset().union(*map(assigned, states), *map(assigned_inside, inner))


def used(value: Any) -> Iterator[str]:
    """Every variable that an expression in a part of a definition reads."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from used(item)
    elif is_expression(value):
        try:
            yield from variables_of(value[2:-2])
        except EvaluationFailed:
            return  # told of where the expression stands
