"""What is refused of a Map state: what AWS refuses, and what the embedded AWS does not execute.

Follows "Using Map state in Distributed mode", "ItemReader (Map)" and "ResultWriter (Map)" of the Step Functions
Developer Guide. That a child execution has no variables of its parent: "Passing data between states with variables".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from local.stepfunctions.language.fields import NOT_HERE, SCHEMA, Problem, State
from local.stepfunctions.language.variables import assigned_inside, used

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


def map_problems(state: State, place: str) -> Iterator[Problem]:
    """One line for each thing that is wrong with one Map state, leaving its inner states aside."""
    if not is_distributed(state):
        for field in DISTRIBUTED_ONLY:
            if field in state:
                yield Problem(SCHEMA, f"{field} is of Map states in DISTRIBUTED mode", f"{place}/{field}")
        return
    here = f"{place}/ItemProcessor/ProcessorConfig"
    match _object(processor_of(state), "ProcessorConfig").get("ExecutionType"):
        case None:
            yield Problem(SCHEMA, "DISTRIBUTED mode needs an ExecutionType", here)
        case kind if kind != "STANDARD":
            yield _not_here(f"ExecutionType {kind}", here)
    if "ItemBatcher" in state:
        yield _not_here("ItemBatcher", f"{place}/ItemBatcher")
    if reader := _object(state, "ItemReader"):
        yield from _resource(reader, ("s3:getObject", "s3:listObjectsV2"), f"{place}/ItemReader")
        yield from _unknown(reader, READER, f"{place}/ItemReader")
        config = _object(reader, "ReaderConfig")
        yield from _unknown(config, READER_CONFIG, f"{place}/ItemReader/ReaderConfig")
        if config and config.get("InputType") not in INPUT_TYPES:
            yield _not_here(f"InputType {config.get('InputType')}", f"{place}/ItemReader/ReaderConfig")
    if writer := _object(state, "ResultWriter"):
        yield from _resource(writer, ("s3:putObject",), f"{place}/ResultWriter")
        yield from _unknown(writer, WRITER, f"{place}/ResultWriter")


def is_distributed(state: State) -> bool:
    return bool(_object(processor_of(state), "ProcessorConfig").get("Mode") == "DISTRIBUTED")


def processor_of(state: State) -> State:
    return _object(state, "ItemProcessor") or _object(state, "Iterator")


def _object(part: State, field: str) -> State:
    """What is no object is told of elsewhere."""
    found = part.get(field)
    return found if isinstance(found, Mapping) else {}


def foreign_variables(state: State, outer: frozenset[str], place: str) -> Iterator[Problem]:
    """Variables of the machine that a Distributed Map's children would use: they are executions of their own."""
    processor = processor_of(state)
    for name in sorted((outer - assigned_inside(processor)) & set(used(processor))):
        words = f"a Distributed Map cannot reference variables in outer scopes: ${name}"
        yield Problem(SCHEMA, words, f"{place}/ItemProcessor")


def _resource(part: State, known: tuple[str, ...], place: str) -> Iterator[Problem]:
    if not str(part.get("Resource", "")).endswith(tuple(f":states:::{name}" for name in known)):
        yield _not_here(f"the resource {part.get('Resource')}", place)


def _unknown(part: State, known: tuple[str, ...], place: str) -> Iterator[Problem]:
    for field in part:
        if field not in known:
            yield _not_here(field, f"{place}/{field}")


def _not_here(what: str, place: str) -> Problem:
    return Problem(NOT_HERE, what, place)
