"""Which fields the States Language has, in which state, in which query language, and of which kind each is.

Follows the Amazon States Language specification (states-language.net) and the pages of the Step Functions Developer
Guide on the states, "Error handling" and "Transforming data with JSONata". What no page decides is read strictly:

- `Result` of a Pass state, and `Arguments` of a Map state, are refused in JSONata: the guide has them nowhere.
- `QueryLanguage` is of the machine and of states, not of a branch or an ItemProcessor.
- The bounds of numbers where the guide names none are those of the specification's own linter, statelint.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from local.stepfunctions.language.paths import optional_path_problem, path_problem, result_path_problem

State = Mapping[str, Any]
JSONATA, JSONPATH = "JSONata", "JSONPath"
SCHEMA, NOT_HERE = "SCHEMA_VALIDATION_FAILED", "NOT_SUPPORTED_BY_THE_EMBEDDED_AWS"
RESOURCE = re.compile(
    r"arn:[^:]+:(?:lambda:[^:]*:[^:]*:function:[^:]+(?::[^:]+)?|states:[^:]*:[^:]*:[^:]+(?::[^:]+)+)"
)
"""A Lambda function, an activity, or an integration."""
ERROR_NAMES = {
    f"States.{name}"
    for name in (
        *("ALL", "BranchFailed", "DataLimitExceeded", "ExceedToleratedFailureThreshold", "HeartbeatTimeout"),
        *("Http.Socket", "IntrinsicFailure", "ItemReaderFailed", "NoChoiceMatched", "ParameterPathFailure"),
        *("Permissions", "QueryEvaluationError", "ResultPathMatchFailure", "ResultWriterFailed", "Runtime"),
        *("TaskFailed", "Timeout"),
    )
}


class Problem(NamedTuple):
    """One thing that is wrong: what the diagnostics of ValidateStateMachineDefinition consist of."""

    code: str
    message: str
    location: str

    def __str__(self) -> str:
        return (
            f"{self.code}: {self.message} at {self.location}"
            if self.location
            else f"{self.code}: {self.message}"
        )


Check = Callable[[Any], str | None]
"""What is wrong with a value, in words; None when nothing is."""


@dataclass(frozen=True)
class Field:
    """`jsonata`: whether an expression may stand there. `of`: the only query language that has the field."""

    check: Check
    jsonata: bool = False
    of: str | None = None

    def problem(self, value: Any, language: str) -> str | None:
        if self.jsonata and language == JSONATA and is_expression(value):
            return None
        return self.check(value)


def is_expression(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("{%") and value.endswith("%}") and len(value) >= 4


# Kinds --------------------------------------------------------------------------------------------


def _kind(words: str, *types: type) -> Check:
    def check(value: Any) -> str | None:
        fits = isinstance(value, types) and (bool in types or not isinstance(value, bool))
        return None if fits else f"Expected value of type {words}"

    return check


def _number(low: float, high: float = 99_999_999, *, whole: bool = True) -> Check:
    def check(value: Any) -> str | None:
        if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
            return f"Expected value of type {'Integer' if whole else 'Number'}"
        return None if low <= value <= high else f"The value must be between {low} and {high}"

    return check


def _one_of(*values: Any) -> Check:
    words = ", ".join(str(value) for value in values)
    return lambda value: None if value in values else f"The value should be one of: [{words}]"


def _objects(value: Any) -> str | None:
    fine = isinstance(value, list) and all(isinstance(part, dict) for part in value)
    return None if fine else "Expected a list of objects"


def _full(value: Any) -> str | None:
    if not isinstance(value, list) or not value:
        return "Value cannot be empty, and is a list"
    return _objects(value)


def _names(value: Any) -> str | None:
    fine = isinstance(value, list) and value and all(isinstance(name, str) and name for name in value)
    if not fine:
        return "Expected a list of error names that is not empty"
    unknown = [name for name in value if name.startswith("States.") and name not in ERROR_NAMES]
    return f"A name of one's own must not begin with States.: {unknown[0]}" if unknown else None


def _timestamp(value: Any) -> str | None:
    try:
        fine = "T" in value and datetime.fromisoformat(value).tzinfo is not None
    except (TypeError, ValueError):
        fine = False
    return None if fine else "String does not match RFC3339 timestamp"


def _label(value: Any) -> str | None:
    fine = isinstance(value, str) and re.fullmatch(
        r"[^\s*?<>{}\[\]:;,\\|^~$#%&`\"\x00-\x1f\x7f-\x9f]{1,40}", value
    )
    return None if fine else 'A label has at most 40 characters, no space and none of ?*<>{}[]:;,\\|^~$#%&`"'


def _resource(value: Any) -> str | None:
    if isinstance(value, str) and RESOURCE.fullmatch(value):
        return None
    return f"The resource provided {value} is not recognized. The value is not a valid resource ARN"


def _anything(_value: Any) -> str | None:
    return None


TEXT, OBJECT, BOOLEAN = _kind("String", str), _kind("Object", dict), _kind("Boolean", bool)
SECONDS, COUNT = _number(1), _number(0)

# Fields -------------------------------------------------------------------------------------------

OLD = {name: Field(optional_path_problem, of=JSONPATH) for name in ("InputPath", "OutputPath")}
OUTPUT = {"Output": Field(_anything, of=JSONATA)}
ASSIGN = {"Assign": Field(OBJECT)}
COMMON = {"Type": Field(TEXT), "Comment": Field(TEXT), "QueryLanguage": Field(_one_of(JSONATA, JSONPATH))}
ONWARD = {"Next": Field(TEXT), "End": Field(BOOLEAN)}
RESULTS = {
    "Parameters": Field(_anything, of=JSONPATH),
    "ResultSelector": Field(OBJECT, of=JSONPATH),
    "ResultPath": Field(result_path_problem, of=JSONPATH),
}
ARGUMENTS = {"Arguments": Field(OBJECT, jsonata=True, of=JSONATA)}
ERRORS = {"Retry": Field(_objects), "Catch": Field(_objects)}
BOTH = COMMON | OLD | OUTPUT
STATES: Mapping[str, Mapping[str, Field]] = {
    "Task": BOTH
    | ONWARD
    | ASSIGN
    | RESULTS
    | ARGUMENTS
    | ERRORS
    | {
        "Resource": Field(_resource),
        "TimeoutSeconds": Field(SECONDS, jsonata=True),
        "HeartbeatSeconds": Field(SECONDS, jsonata=True),
        "TimeoutSecondsPath": Field(optional_path_problem, of=JSONPATH),
        "HeartbeatSecondsPath": Field(optional_path_problem, of=JSONPATH),
        "Credentials": Field(OBJECT),
    },
    "Wait": BOTH
    | ONWARD
    | ASSIGN
    | {
        "Seconds": Field(COUNT, jsonata=True),
        "Timestamp": Field(_timestamp, jsonata=True),
        "SecondsPath": Field(optional_path_problem, of=JSONPATH),
        "TimestampPath": Field(optional_path_problem, of=JSONPATH),
    },
    "Pass": BOTH
    | ONWARD
    | ASSIGN
    | {name: RESULTS[name] for name in ("Parameters", "ResultPath")}
    | {"Result": Field(_anything, of=JSONPATH)},
    "Succeed": BOTH,
    "Fail": COMMON
    | {
        "Error": Field(TEXT),
        "Cause": Field(TEXT),
        "ErrorPath": Field(optional_path_problem, of=JSONPATH),
        "CausePath": Field(optional_path_problem, of=JSONPATH),
    },
    "Choice": BOTH | ASSIGN | {"Choices": Field(_full), "Default": Field(TEXT)},
    "Parallel": BOTH | ONWARD | ASSIGN | RESULTS | ARGUMENTS | ERRORS | {"Branches": Field(_full)},
    "Map": BOTH
    | ONWARD
    | ASSIGN
    | RESULTS
    | ERRORS
    | {
        "Items": Field(_kind("Array or Object", list, dict), jsonata=True, of=JSONATA),
        "ItemsPath": Field(optional_path_problem, of=JSONPATH),
        "ItemSelector": Field(OBJECT, jsonata=True),
        "ItemProcessor": Field(OBJECT),
        "Iterator": Field(OBJECT),
        "ItemReader": Field(OBJECT),
        "ItemBatcher": Field(OBJECT),
        "ResultWriter": Field(OBJECT),
        "Label": Field(_label),
        "MaxConcurrency": Field(COUNT, jsonata=True),
        "MaxConcurrencyPath": Field(optional_path_problem, of=JSONPATH),
        "ToleratedFailureCount": Field(COUNT, jsonata=True),
        "ToleratedFailureCountPath": Field(optional_path_problem, of=JSONPATH),
        "ToleratedFailurePercentage": Field(_number(0, 100, whole=False), jsonata=True),
        "ToleratedFailurePercentagePath": Field(optional_path_problem, of=JSONPATH),
    },
}
BRANCH = {"Comment": Field(TEXT), "StartAt": Field(TEXT), "States": Field(OBJECT)}
MACHINE = BRANCH | {
    "Version": Field(_one_of("1.0")),
    "TimeoutSeconds": Field(SECONDS),
    "QueryLanguage": COMMON["QueryLanguage"],
}
PROCESSOR = BRANCH | {"ProcessorConfig": Field(OBJECT)}
PROCESSOR_CONFIG = {
    "Mode": Field(_one_of("INLINE", "DISTRIBUTED")),
    "ExecutionType": Field(_one_of("STANDARD", "EXPRESS")),
}
RETRIER = {
    "Comment": Field(TEXT),
    "ErrorEquals": Field(_names),
    "IntervalSeconds": Field(SECONDS),
    "MaxAttempts": Field(COUNT),
    "BackoffRate": Field(_number(1, whole=False)),
    "MaxDelaySeconds": Field(_number(1, 31_622_399)),
    "JitterStrategy": Field(_one_of("FULL", "NONE")),
}
CATCHER = {
    "Comment": Field(TEXT),
    "ErrorEquals": Field(_names),
    "Next": Field(TEXT),
    "Assign": Field(OBJECT),
    "Output": OUTPUT["Output"],
    "ResultPath": RESULTS["ResultPath"],
}
_COMPARED = ("Equals", "LessThan", "GreaterThan", "LessThanEquals", "GreaterThanEquals")
_KINDS: Mapping[str, Check] = {
    "String": TEXT,
    "Numeric": _kind("Number", int, float),
    "Timestamp": _timestamp,
}
OPERATORS: Mapping[str, Field] = {
    name: Field(check, of=JSONPATH)
    for name, check in (
        *((f"{kind}{how}", check) for kind, check in _KINDS.items() for how in _COMPARED),
        *((f"{kind}{how}Path", path_problem) for kind in _KINDS for how in _COMPARED),
        *((f"Is{what}", BOOLEAN) for what in ("Null", "Present", "Boolean", *_KINDS)),
        ("StringMatches", TEXT),
        ("BooleanEquals", BOOLEAN),
        ("BooleanEqualsPath", path_problem),
    )
}
COMPOSED = {
    "And": Field(_full, of=JSONPATH),
    "Or": Field(_full, of=JSONPATH),
    "Not": Field(OBJECT, of=JSONPATH),
}
RULE = {
    "Comment": Field(TEXT),
    "Next": Field(TEXT),
    "Assign": Field(OBJECT),
    "Output": OUTPUT["Output"],
    "Condition": Field(BOOLEAN, jsonata=True, of=JSONATA),
    "Variable": Field(path_problem, of=JSONPATH),
    **COMPOSED,
    **OPERATORS,
}


def field_problems(
    part: State, known: Mapping[str, Field], language: str, place: str, required: Sequence[str] = ()
) -> Iterator[Problem]:
    """Fields that are missing, that are not there in this query language, and values that are of another kind."""
    if missing := [name for name in required if name not in part]:
        yield Problem(SCHEMA, f"These fields are required: [{', '.join(missing)}]", place or "/")
    for name, value in part.items():
        field = known.get(name)
        if field is None or field.of not in (None, language):
            only = f" in {language}" if field else ""
            yield Problem(SCHEMA, f"Field '{name}' is not supported{only}", place or "/")
        elif told := field.problem(value, language):
            yield Problem(SCHEMA, told, f"{place}/{name}")


def one_of_problems(part: State, names: Sequence[str], place: str, *, needed: bool) -> Iterator[Problem]:
    """Fields of which there may be one; of which there must be one."""
    found = [name for name in names if name in part]
    if len(found) > 1:
        yield Problem(SCHEMA, f"Only one of these fields is allowed: [{', '.join(found)}]", place)
    if needed and not found:
        yield Problem(SCHEMA, f"One of these fields is required: [{', '.join(names)}]", place)
