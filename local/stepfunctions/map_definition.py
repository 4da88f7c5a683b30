"""What is refused of a Map state: what AWS refuses, and what the embedded AWS does not execute.

Follows "Using Map state in Distributed mode", "ItemReader (Map)" and "ResultWriter (Map)" of the Step Functions
Developer Guide. That a child execution has no variables of its parent: "Passing data between states with variables".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

State = Mapping[str, Any]

DISTRIBUTED_ONLY = (
    *("ItemBatcher", "ItemReader", "Label", "ResultWriter", "ToleratedFailureCount"),
    *("ToleratedFailureCountPath", "ToleratedFailurePercentage", "ToleratedFailurePercentagePath"),
)
READER, READER_CONFIG, INPUT_TYPES = (
    ("Resource", "ReaderConfig", "Arguments", "Parameters"),
    ("InputType", "MaxItems", "MaxItemsPath", "CSVHeaderLocation", "CSVHeaders"),
    ("CSV", "JSON"),
)
WRITER = ("Resource", "Arguments", "Parameters")
NAME = re.compile(r"\$([A-Za-z_]\w*)")
BOUND = re.compile(r"\$(\w+)\s*:=|function\s*\(([^)]*)\)")


def map_problems(state: State, place: str) -> Iterator[str]:
    """One line for each thing that is wrong with one Map state, leaving its inner states aside."""
    processor = state.get("ItemProcessor") or state.get("Iterator") or {}
    if not is_distributed(state):
        for field in DISTRIBUTED_ONLY:
            if field in state:
                yield f"SCHEMA_VALIDATION_FAILED: {field} is of Map states in DISTRIBUTED mode at {place}/{field}"
        return
    here = f"{place}/ItemProcessor/ProcessorConfig"
    match processor["ProcessorConfig"].get("ExecutionType"):
        case None:
            yield f"SCHEMA_VALIDATION_FAILED: DISTRIBUTED mode needs an ExecutionType at {here}"
        case kind if kind != "STANDARD":
            yield _not_here(f"ExecutionType {kind}", here)
    if "ItemBatcher" in state:
        yield _not_here("ItemBatcher", f"{place}/ItemBatcher")
    if isinstance(state.get("ToleratedFailureCount"), str):
        yield _not_here("an expression", f"{place}/ToleratedFailureCount")
    if reader := state.get("ItemReader"):
        yield from _resource(reader, ("s3:getObject", "s3:listObjectsV2"), f"{place}/ItemReader")
        yield from _unknown(reader, READER, f"{place}/ItemReader")
        config = reader.get("ReaderConfig", {})
        yield from _unknown(config, READER_CONFIG, f"{place}/ItemReader/ReaderConfig")
        if config and config.get("InputType") not in INPUT_TYPES:
            yield _not_here(f"InputType {config.get('InputType')}", f"{place}/ItemReader/ReaderConfig")
    if writer := state.get("ResultWriter"):
        yield from _resource(writer, ("s3:putObject",), f"{place}/ResultWriter")
        yield from _unknown(writer, WRITER, f"{place}/ResultWriter")


def is_distributed(state: State) -> bool:
    processor = state.get("ItemProcessor") or state.get("Iterator") or {}
    return bool(processor.get("ProcessorConfig", {}).get("Mode") == "DISTRIBUTED")


def foreign_variables(state: State, outer: frozenset[str], place: str) -> Iterator[str]:
    """Variables of the machine that a Distributed Map's children would use: they are executions of their own."""
    processor = state.get("ItemProcessor") or state.get("Iterator") or {}
    foreign = sorted((outer - assigned(processor)) & set(_used(processor)))
    for name in foreign:
        yield (
            "SCHEMA_VALIDATION_FAILED: a Distributed Map cannot reference variables in outer scopes: "
            f"${name} at {place}/ItemProcessor"
        )


def assigned(value: Any) -> frozenset[str]:
    """Every variable that is assigned somewhere in a part of a definition."""
    if isinstance(value, list):
        return frozenset().union(*map(assigned, value))
    if not isinstance(value, Mapping):
        return frozenset()
    own = value.get("Assign")
    names = frozenset(own) if isinstance(own, Mapping) else frozenset()
    return names.union(*map(assigned, value.values()))


def _used(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _used(item)
    elif isinstance(value, str) and value.startswith("{%"):
        yield from (name for name in NAME.findall(value) if name not in bound(value))


def bound(expression: str) -> set[str]:
    """The names that an expression gives to values and parameters of its own."""
    return {name for match in BOUND.finditer(expression) for name in _names_bound(match)}


def _names_bound(match: re.Match[str]) -> list[str]:
    return [match[1]] if match[1] else NAME.findall(match[2])


def _resource(part: State, known: tuple[str, ...], place: str) -> Iterator[str]:
    if not str(part.get("Resource", "")).endswith(tuple(f":states:::{name}" for name in known)):
        yield _not_here(f"the resource {part.get('Resource')}", place)


def _unknown(part: State, known: tuple[str, ...], place: str) -> Iterator[str]:
    for field in part:
        if field not in known:
            yield _not_here(field, f"{place}/{field}")


def _not_here(what: str, place: str) -> str:
    return f"NOT_SUPPORTED_BY_THE_EMBEDDED_AWS: {what} at {place}"
