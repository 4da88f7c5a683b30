"""What CreateStateMachine, UpdateStateMachine and ValidateStateMachineDefinition refuse: definitions that AWS, or this
engine, cannot run. `checks.asl` asks the same of the product's own.

moto's parser accepts definitions that name missing states or hold broken JSONata, and passes over fields it
does not know. An execution would then fail late or run differently from AWS.

Codes are those of ValidateStateMachineDefinition's API page, words where recorded answers of AWS are public (LocalStack's
snapshots) those. A name that stands twice in one JSON object is refused, which no page decides.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from local.stepfunctions.language.fields import (
    BRANCH,
    JSONATA,
    JSONPATH,
    MACHINE,
    PROCESSOR,
    PROCESSOR_CONFIG,
    SCHEMA,
    Problem,
    State,
    field_problems,
    is_expression,
)
from local.stepfunctions.language.map_definition import foreign_variables, is_distributed, map_problems
from local.stepfunctions.language.states import FINAL, inner_machines, parts, state_problems
from local.stepfunctions.language.variables import assigned, scope_problems

NO_JSON, NO_TARGET, NO_END = "INVALID_JSON_DESCRIPTION", "MISSING_TRANSITION_TARGET", "MISSING_END_STATE"
LONGEST_NAME = 80


def problems(definition: str, kind: str = "STANDARD") -> list[Problem]:
    """Each thing that is wrong, with the place where it is. `kind`: the type of state machine, STANDARD or EXPRESS."""
    if not definition.strip():
        return [Problem(SCHEMA, "Definition must be a valid JSON object", "")]
    try:
        machine = json.loads(definition, object_pairs_hook=_without_doubles)
    except (ValueError, RecursionError) as error:
        return [Problem(NO_JSON, str(error), "")]
    if not isinstance(machine, dict):
        return [Problem(SCHEMA, "Definition must be a valid JSON object", "")]
    language = machine.get("QueryLanguage", JSONPATH)
    return [
        *_machine_problems(machine, "", language, language),
        *_twice(machine),
        *scope_problems(machine),
        *(_express_problems(machine) if kind == "EXPRESS" else ()),
    ]


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    for name, times in Counter(name for name, _ in pairs).items():
        if times > 1:
            raise ValueError(f"Duplicate field '{name}'")
    return dict(pairs)


def resources(definition: str) -> list[str]:
    """Every Resource that a definition names; none when it is no JSON."""
    try:
        return list(_resources(json.loads(definition)))
    except ValueError:
        return []


def expressions_of(definition: str) -> list[str]:
    """Every JSONata expression in a definition, without its braces."""
    return [found[2:-2].strip() for found in _texts(json.loads(definition)) if is_expression(found)]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for item in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        yield from _texts(item)


def _resources(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if isinstance(value.get("Resource"), str):
            yield value["Resource"]
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _resources(item)


def _machine_problems(
    machine: State, place: str, language: str, top: str, outer: frozenset[str] = frozenset()
) -> Iterator[Problem]:
    """`language`: what is spoken around this machine; `top`: what the whole machine speaks; `outer`: the variables that
    the scopes around this one assign."""
    inside_map = place.endswith(("/ItemProcessor", "/Iterator"))
    known = (PROCESSOR if inside_map else BRANCH) if place else MACHINE
    yield from field_problems(machine, known, language, place, ("States", "StartAt"))
    if isinstance(config := machine.get("ProcessorConfig"), Mapping):
        yield from field_problems(config, PROCESSOR_CONFIG, language, f"{place}/ProcessorConfig")
    found = machine.get("States")
    states: dict[str, Any] = found if isinstance(found, dict) else {}
    yield from _ways(machine, states, place)
    visible = outer.union(*(assigned(state) for state in states.values()))
    for name, state in states.items():
        here = f"{place}/States/{name}"
        if len(name) > LONGEST_NAME:
            yield Problem("INVALID_STATE_NAME", f"A name has at most {LONGEST_NAME} characters", here)
        if not isinstance(state, Mapping):
            yield Problem(SCHEMA, "Expected value of type Object", here)
            continue
        spoken = state.get("QueryLanguage", language)
        if top == JSONATA and spoken == JSONPATH:
            words = "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine"
            yield Problem(SCHEMA, words, here)
        yield from state_problems(state, spoken, here)
        inside = visible
        if state.get("Type") == "Map":
            yield from map_problems(state, here)
            if is_distributed(state):
                yield from foreign_variables(state, visible, here)
                inside = frozenset()
        for field, inner in inner_machines(state):
            yield from _machine_problems(inner, f"{here}/{field}", spoken, top, inside)


def _ways(machine: State, states: Mapping[str, Any], place: str) -> Iterator[Problem]:
    """Ways that lead to no state, states that no way leads to, and machines that never end."""
    targets = {f"{place}/StartAt": machine["StartAt"]} if "StartAt" in machine else {}
    ends = False
    for name, state in states.items():
        if isinstance(state, Mapping):
            ends = ends or state.get("End") is True or state.get("Type") in FINAL
            targets |= {f"{place}/States/{name}{path}": target for path, target in _transitions(state)}
    for where, target in targets.items():
        if target not in states:
            yield Problem(NO_TARGET, f"Missing '{where.rsplit('/', 1)[1]}' target: {target}", where)
    for name in states:
        if name not in targets.values():
            yield Problem(NO_TARGET, f'State "{name}" is not reachable.', f"{place}/States/{name}")
    if states and not ends:
        yield Problem(NO_END, "The workflow does not have a terminal state", place or "/")


def _transitions(state: State) -> Iterator[tuple[str, str]]:
    for field in ("Next", "Default"):
        if isinstance(state.get(field), str):
            yield f"/{field}", state[field]
    for field in ("Choices", "Catch"):
        for index, rule in enumerate(parts(state, field)):
            if isinstance(rule.get("Next"), str):
                yield f"/{field}[{index}]/Next", rule["Next"]


def _twice(machine: State) -> Iterator[Problem]:
    """Names of states, and labels, are those of the whole machine."""
    for kind, found in (("STATE_NAME", _named(machine)), ("LABEL_NAME", _labelled(machine))):
        seen: set[str] = set()
        for name, place in found:
            if name in seen:
                words = f"Duplicate {'State' if kind == 'STATE_NAME' else 'Label'} name: {name}"
                yield Problem(f"DUPLICATE_{kind}", words, place)
            seen.add(name)


def _every_state(machine: State, place: str = "") -> Iterator[tuple[str, str, State]]:
    found = machine.get("States")
    for name, state in found.items() if isinstance(found, dict) else ():
        if isinstance(state, Mapping):
            here = f"{place}/States/{name}"
            yield name, here, state
            for field, inner in inner_machines(state):
                yield from _every_state(inner, f"{here}/{field}")


def _express_problems(machine: State) -> Iterator[Problem]:
    """What waits for longer than an Express workflow may: "Choosing workflow type in Step Functions"."""
    for _, here, state in _every_state(machine):
        resource = str(state.get("Resource", ""))
        for pattern in (".sync", ".waitForTaskToken"):
            if pattern in resource:
                words = f"Express state machine does not support '{pattern}' service integration"
                yield Problem(SCHEMA, words, f"{here}/Resource")
        if ":activity:" in resource:
            yield Problem(SCHEMA, "Express state machine does not support Activity ARN", f"{here}/Resource")
        if is_distributed(state):
            yield Problem(SCHEMA, "Express state machine does not support Distributed Map", here)


def _named(machine: State) -> Iterator[tuple[str, str]]:
    return ((name, here) for name, here, _ in _every_state(machine))


def _labelled(machine: State) -> Iterator[tuple[str, str]]:
    for _, here, state in _every_state(machine):
        if isinstance(state.get("Label"), str):
            yield state["Label"], f"{here}/Label"


def normalized(definition: str) -> str:
    """The same definition in the only spelling that moto's grammar knows for percentages (20.0, not 20)."""

    def spelled(value: Any, key: str = "") -> Any:
        if key == "ToleratedFailurePercentage" and isinstance(value, int):
            return float(value)
        if isinstance(value, dict):
            return {name: spelled(item, name) for name, item in value.items()}
        return [spelled(item) for item in value] if isinstance(value, list) else value

    return json.dumps(spelled(json.loads(definition)), separators=(",", ":"))
