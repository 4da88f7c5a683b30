"""JSONata as Step Functions evaluates it, with its own functions and with compiled expressions kept.

Follows "Transforming data with JSONata in Step Functions" of the Step Functions Developer Guide:
`$partition`, `$range`, `$hash`, `$random`, `$uuid` and `$parse` are there; `$eval` is not, nor is `$`
at the top of an expression.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
import threading
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from jsonata.jexception import JException
from jsonata.jsonata import Jsonata
from jsonata.utils import Utils

HASH_ALGORITHMS = {
    name: name.replace("-", "").lower() for name in ("MD5", "SHA-1", "SHA-256", "SHA-384", "SHA-512")
}
MAXIMUM_RANGE = 1000
_NAME = re.compile(r"\$([A-Za-z_]\w*)")
_DATA = (type(None), bool, int, float, str)


class EvaluationFailed(Exception):
    """The expression is wrong, or gave nothing or something that is no JSON."""


def check_syntax(expression: str) -> None:
    """EvaluationFailed when this is no JSONata."""
    _borrow(expression)


def evaluate(expression: str, variables: Mapping[str, Any]) -> Any:
    """The JSON value of an expression. `variables` are JSON values by name, without the dollar sign."""
    names = set(_NAME.findall(expression))
    bindings = _FUNCTIONS | {name: _bound(variables[name]) for name in names if name in variables}
    compiled = _borrow(expression)
    try:
        result = compiled.evaluate(None, bindings)
    except (JException, TypeError, ValueError, ArithmeticError, LookupError, RecursionError) as error:
        raise EvaluationFailed(f"threw an error during evaluation. {_describe(error)}") from error
    finally:
        _give_back(expression, compiled)
    if result is None:
        raise EvaluationFailed("returned nothing (undefined).")
    return _plain(result)


def _describe(error: Exception) -> str:
    return f"{error.error}: {error}" if isinstance(error, JException) else str(error)


# A compiled expression holds state while it is evaluated, so each is used by one thread at a time.
_spare: defaultdict[str, list[Jsonata]] = defaultdict(list)
_spare_lock = threading.Lock()


def _borrow(expression: str) -> Jsonata:
    with _spare_lock:
        if _spare[expression]:
            return _spare[expression].pop()
    try:
        compiled = Jsonata(expression)
    except (JException, TypeError, ValueError, LookupError, AttributeError) as error:
        raise EvaluationFailed(f"is no valid JSONata. {_describe(error)}") from error
    compiled.set_output_convert_nulls(False)
    return compiled


def _give_back(expression: str, compiled: Jsonata) -> None:
    with _spare_lock:
        _spare[expression].append(compiled)


def _bound(value: Any) -> Any:
    """A copy in which null is JSONata's null: to the library None is undefined."""
    if value is None:
        return Utils.NULL_VALUE
    if isinstance(value, Mapping):
        return {key: _bound(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_bound(item) for item in value]
    return value if isinstance(value, _DATA) else str(value)


def _plain(value: Any) -> Any:
    if value is Utils.NULL_VALUE or value is None:
        return None
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):  # by index: a range's iterator leaves its last item out
        return [_plain(value[index]) for index in range(len(value))]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, _DATA):
        return value
    raise EvaluationFailed("returned an unsupported result type.")


def _partition(items: Sequence[Any], size: float) -> list[Any]:
    if size < 1:
        raise ValueError("$partition: the chunk size must be at least 1")
    step = int(size)
    return [list(items[start : start + step]) for start in range(0, len(items), step)]


def _range(first: float, last: float, step: float) -> list[int]:
    if not step:
        raise ValueError("$range: the step must not be 0")
    numbers = range(int(first), int(last) + (1 if step > 0 else -1), int(step))
    if len(numbers) > MAXIMUM_RANGE:
        raise ValueError(f"$range: more than {MAXIMUM_RANGE} items")
    return list(numbers)


def _hash(content: str, algorithm: str) -> str:
    if algorithm not in HASH_ALGORITHMS:
        raise ValueError(f"$hash: {algorithm} is none of {', '.join(HASH_ALGORITHMS)}")
    return hashlib.new(HASH_ALGORITHMS[algorithm], content.encode(), usedforsecurity=False).hexdigest()


def _random(seed: float | None = None) -> float:
    return random.random() if seed is None else random.Random(seed).random()


_FUNCTIONS: dict[str, Any] = {
    "partition": Jsonata.JLambda(_partition),
    "range": Jsonata.JLambda(_range),
    "hash": Jsonata.JLambda(_hash),
    "random": Jsonata.JLambda(_random),
    "uuid": Jsonata.JLambda(lambda: str(uuid.uuid4())),
    "parse": Jsonata.JLambda(lambda text: _bound(json.loads(text))),
    "eval": None,
}
