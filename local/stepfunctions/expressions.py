"""JSONata as Step Functions evaluates it: by jlens, with the functions that Step Functions adds.

Follows "Transforming data with JSONata in Step Functions" of the Step Functions Developer Guide: `$partition`,
`$range`, `$hash`, `$random`, `$uuid` and `$parse` are there, `$eval` is not, and the language is that of JSONata 2.0.6.
Why jlens, and where it differs: decision 0029.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import json
import random
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jlens

HASH_ALGORITHMS = {
    name: name.replace("-", "").lower() for name in ("MD5", "SHA-1", "SHA-256", "SHA-384", "SHA-512")
}
MAXIMUM_RANGE = 1000
MAXIMUM_SECONDS = 30
"""An expression that takes longer fails: AWS allows a second, on a machine of its own."""

# What a program must make of these to be the engine that decision 0029 chose: each was wrong in one of the others.
KNOWN_ANSWERS = {"5.5 % 2": 1.5, "$count(null)": 1, "$distinct([1, true])": [1, True], "1 /* one */": 1}

_NEWER, _WHOLE_INPUT = re.compile(r"\?\?|\?:"), re.compile(r"\$(?![A-Za-z_\d])")
# What no code may have where these stand, while texts, regular expressions, comments and signatures may.
_NOT_CODE = {"??": "!!", "?:": "-:", "$": "!"}


class EvaluationFailed(Exception):
    """The expression is wrong, or gave nothing or something that is no JSON."""


def check_engine() -> None:
    """RuntimeError when what is imported as `jlens` is another program, or another version that answers otherwise."""
    for expression, answer in KNOWN_ANSWERS.items():
        try:
            found: Any = json.loads(jlens.Expression(expression).evaluate_json() or "null")
        except (AttributeError, TypeError, ValueError, getattr(jlens, "JlensError", ValueError)) as error:
            found = error
        if found != answer:
            packages = importlib.metadata.packages_distributions().get("jlens", ["a file named jlens"])
            raise RuntimeError(
                f"{' and '.join(sorted(set(packages)))} answers to `import jlens` and makes {found} of the JSONata"
                f" {expression!r}, which is {answer}: pip uninstall it, and install the version of jlens that"
                " requirements-dev.txt pins"
            )


@functools.lru_cache(maxsize=4096)
def parsed(expression: str) -> jlens.Expression:
    """EvaluationFailed when this is no JSONata."""
    try:
        return jlens.Expression(expression)
    except (jlens.JlensError, UnicodeEncodeError) as error:
        raise EvaluationFailed(f"is no valid JSONata. {_describe(error)}") from error


def check_syntax(expression: str) -> None:
    """EvaluationFailed when this is no JSONata, or none that Step Functions has."""
    reads = reads_of(expression)
    if reads.get("everyBinding"):
        raise EvaluationFailed("calls $eval, which Step Functions does not have; $parse reads JSON")
    if newer := next(_in_code(_NEWER, expression), None):
        raise EvaluationFailed(
            f"uses {newer}, which is newer than JSONata 2.0.6; write $exists(a) ? a : b, or a ? a : b"
        )
    given = reads.get("input")
    if (given is True and any(_in_code(_WHOLE_INPUT, expression))) or (given and given is not True):
        raise EvaluationFailed(
            "uses $, $$ or a bare field name outside of a path: begin with $states or a variable"
        )


def _in_code(pattern: re.Pattern[str], expression: str) -> Iterator[str]:
    """Each match in the code of an expression. jlens shows no parsed form of it, so it is asked whether the expression
    is still one when something else stands there."""
    for found in pattern.finditer(expression):
        start, end = found.span()
        try:
            jlens.Expression(expression[:start] + _NOT_CODE[found[0]] + expression[end:])
        except jlens.JlensError:
            yield found[0]


@functools.lru_cache(maxsize=4096)
def reads_of(expression: str) -> Mapping[str, Any]:
    """What an expression reads: `bindings`, the variables with the fields of each; `input`, what `$` would be."""
    return parsed(expression).reads(_FUNCTIONS)


def variables_of(expression: str) -> Mapping[str, Any]:
    """The variables that an expression takes from outside, `states` among them: True, or the fields that are read."""
    read: Mapping[str, Any] = reads_of(expression)["bindings"]
    return {name: fields for name, fields in read.items() if name not in _FUNCTIONS}


@functools.cache
def is_built_in(name: str) -> bool:
    """Whether `$name` means something before anybody assigns it: a function of JSONata or Step Functions, `$states`."""
    return (
        name == "states" or name in _FUNCTIONS or name not in jlens.Expression(f"${name}").reads()["bindings"]
    )


def evaluate(expression: str, variables: Mapping[str, Any]) -> Any:
    """The JSON value of an expression. `variables` are JSON values by name, without the dollar sign. It gets the functions
    that it names: to hand one over takes longer than most expressions."""
    compiled = parsed(expression)
    read = variables_of(expression)
    functions = {name: function for name, function in _FUNCTIONS.items() if f"${name}" in expression}
    wanted = {
        name: _bound(_part(variables[name], fields)) for name, fields in read.items() if name in variables
    }
    try:
        result = compiled.evaluate_json(None, functions | NO_EVAL | wanted, timeout=MAXIMUM_SECONDS)
    except (jlens.JlensError, TypeError, ValueError, ArithmeticError, LookupError) as error:
        raise EvaluationFailed(f"threw an error during evaluation. {_describe(error)}") from error
    if result is None:
        raise EvaluationFailed("returned nothing (undefined).")
    return json.loads(result)


def _describe(error: Exception) -> str:
    return f"{error.code}: {error}" if isinstance(error, jlens.JlensError) else str(error)


def _part(value: Any, fields: Any) -> Any:
    """Of `$states`, which holds all input there is, no more than is read."""
    if isinstance(value, Mapping) and isinstance(fields, Mapping) and fields:
        return {name: value[name] for name in fields if name in value}
    return value


def _bound(value: Any) -> Any:
    """A copy that is JSON: what moto keeps is not always (times)."""
    if isinstance(value, Mapping):
        return {key: _bound(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_bound(item) for item in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


# The functions that Step Functions adds -------------------------------------------------------------


def _whole(function: str, number: float) -> int:
    """The guide wants integers here. Of others it says nothing: States.ArrayRange and States.ArrayPartition round them."""
    if isinstance(number, bool) or not isinstance(number, int | float) or not float(number).is_integer():
        raise ValueError(f"{function}: {number} is no integer")
    return int(number)


def _partition(items: list[Any], size: float) -> list[Any]:
    step = _whole("$partition", size)
    if step < 1:
        raise ValueError("$partition: the chunk size must be at least 1")
    return [list(items[start : start + step]) for start in range(0, len(items), step)]


def _range(first: float, last: float, step: float) -> list[int]:
    start, end, delta = (_whole("$range", number) for number in (first, last, step))
    if not delta:
        raise ValueError("$range: the step must not be 0")
    numbers = range(start, end + (1 if delta > 0 else -1), delta)
    if len(numbers) > MAXIMUM_RANGE:
        raise ValueError(f"$range: more than {MAXIMUM_RANGE} items")
    return list(numbers)


def _hash(content: str, algorithm: str) -> str:
    if algorithm not in HASH_ALGORITHMS:
        raise ValueError(f"$hash: {algorithm} is none of {', '.join(HASH_ALGORITHMS)}")
    if not isinstance(content, str):
        raise TypeError("$hash: only text is hashed here; write $string(...) around it")
    return hashlib.new(HASH_ALGORITHMS[algorithm], content.encode(), usedforsecurity=False).hexdigest()


def _random(seed: float | None = None) -> float:
    return random.random() if seed is None else random.Random(seed).random()


NO_EVAL = {"eval": None}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "partition": _partition,
    "range": _range,
    "hash": _hash,
    "random": _random,
    "uuid": lambda: str(uuid.uuid4()),
    "parse": json.loads,
}
