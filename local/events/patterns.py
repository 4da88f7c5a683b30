"""Event patterns, as EventBridge reads and matches them.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html, with "Comparison operators for use in
event patterns"; where the guide is silent, as event-ruler does, the library that EventBridge is built on:
https://github.com/aws/event-ruler
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple, NoReturn

OR = "$or"
LONGEST = 2_048
"""Characters of a pattern, by default. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html"""
MOST_COMBINATIONS = 1_000
"""Of the alternatives of `$or`. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html"""
RESERVED_IN_OR = frozenset(
    [
        "exactly",
        "equals-ignore-case",
        "prefix",
        "suffix",
        "anything-but",
        "exists",
        "wildcard",
        "numeric",
        "cidr",
        "=",
        "<",
        "<=",
        ">",
        ">=",
        "regex",
        "not-wildcard",
        "not-equals-ignore-case",
        "date-after",
        "date-on-or-after",
        "date-before",
        "date-on-or-before",
        "in-date-range",
        "ip-address-in-range",
        "ip-address-not-in-range",
    ]
)
IPV4 = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+")
IPV6 = re.compile(r"[0-9a-fA-F:]*:[0-9a-fA-F:]*")
RANGES: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    "=": lambda value, bound: value == bound,
    ">": lambda value, bound: value > bound,
    ">=": lambda value, bound: value >= bound,
    "<": lambda value, bound: value < bound,
    "<=": lambda value, bound: value <= bound,
}


class InvalidPattern(ValueError):
    """EventBridge takes no such pattern; the message says why."""


class Number(str):
    """A number as it was written."""

    @property
    def value(self) -> Decimal | None:
        """None where a double does not hold it: such numbers are compared as they are written."""
        exact, double = Decimal(self), float(self)
        return exact if abs(double) != float("inf") and Decimal(repr(double)) == exact else None


Scalar = str | bool | None
"""`Number`, too, which is a str."""
Test = Callable[[Scalar], bool]


@dataclass(frozen=True)
class Alternatives:
    """What the values of one field are asked: one `test` must hold, or nothing be there where `absent`."""

    tests: Sequence[Test]
    absent: bool


class Field(NamedTuple):
    """A value of an event, and by which element of which array the path to it goes."""

    value: Scalar
    elements: Mapping[int, int]


class Pattern:
    """Raises InvalidPattern for what PutRule refuses."""

    def __init__(self, text: str) -> None:
        if len(text) > LONGEST:
            _refuse(f"it has {len(text):,} characters, over the quota of {LONGEST:,}")
        try:
            given = json.loads(text, parse_int=Number, parse_float=Number, parse_constant=_refuse)
        except (json.JSONDecodeError, RecursionError) as error:
            raise InvalidPattern(f"Invalid JSON: {error}") from error
        if not isinstance(given, dict):
            _refuse("Filter is not an object")
        self._ways = _object([{}], "", given)
        if len(self._ways) > MOST_COMBINATIONS:
            _refuse(f"it has {len(self._ways)} combinations of {OR}, over the limit of {MOST_COMBINATIONS}")

    def matches(self, event: Mapping[str, Any]) -> bool:
        fields: dict[str, list[Field]] = {}
        read = json.loads(json.dumps(event), parse_int=Number, parse_float=Number)
        for name, field in _fields(read, "", {}, iter(range(1 << 62))):
            fields.setdefault(name, []).append(field)
        return any(_holds(sorted(way.items()), fields, {}) for way in self._ways)


def _refuse(reason: str) -> NoReturn:
    raise InvalidPattern(reason)


# -- an event ---------------------------------------------------------------------------------------


def _fields(
    value: Any, name: str, elements: Mapping[int, int], arrays: Iterator[int]
) -> Iterator[tuple[str, Field]]:
    """Arrays are no step of the path to what is in them; what is empty is not there."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _fields(inner, f"{name}.{key}" if name else key, elements, arrays)
    elif isinstance(value, list):
        array = next(arrays)
        for index, inner in enumerate(value):
            within = {**elements, array: index} if isinstance(inner, dict | list) else elements
            yield from _fields(inner, name, within, arrays)
    else:
        yield name, Field(value, elements)


def _holds(
    asked: Sequence[tuple[str, Alternatives]],
    fields: Mapping[str, Sequence[Field]],
    elements: Mapping[int, int],
) -> bool:
    """Whether there is a value for each field that is asked, all of them in the same elements of the same arrays."""
    if not asked:
        return True
    (name, alternatives), *rest = asked
    consistent = [
        field
        for field in fields.get(name, ())
        if all(elements.get(array, index) == index for array, index in field.elements.items())
    ]
    if alternatives.absent and not consistent and _holds(rest, fields, elements):
        return True
    return any(
        any(test(field.value) for test in alternatives.tests)
        and _holds(rest, fields, {**elements, **field.elements})
        for field in consistent
    )


# -- a pattern --------------------------------------------------------------------------------------

Ways = list[dict[str, Alternatives]]
"""What may hold, each by the path of its fields: one way, but for `$or`."""


def _object(ways: Ways, path: str, given: Mapping[str, Any], *, in_or: bool = False) -> Ways:
    if not given:
        _refuse("Empty objects are not allowed")
    for name, value in given.items():
        if name == OR:
            ways = _either(ways, path, value)
            continue
        if in_or and name in RESERVED_IN_OR:
            _refuse(f"{name} is a reserved field name which cannot be used inside {OR}")
        inner = f"{path}.{name}" if path else name
        if isinstance(value, dict):
            ways = _object(ways, inner, value, in_or=in_or)
        elif isinstance(value, list):
            alternatives = _alternatives(value)
            ways = [{**way, inner: alternatives} for way in ways]
        else:
            _refuse(f'"{name}" must be an object or an array')
    return ways


def _either(ways: Ways, path: str, given: Any) -> Ways:
    if not isinstance(given, list):
        _refuse(f"It must be an Array followed with {OR}.")
    if not all(isinstance(each, dict) for each in given):
        _refuse(f"Only JSON object is allowed in array of {OR} relationship.")
    if len(given) < 2:
        _refuse(f"There must have at least 2 Objects in {OR} relationship.")
    return [way for each in given for way in _object(ways, path, each, in_or=True)]


def _alternatives(given: Sequence[Any]) -> Alternatives:
    if not given:
        _refuse("Empty arrays are not allowed")
    tests = [_expression(each) if isinstance(each, dict) else _equals(each) for each in given]
    return Alternatives([test for test in tests if test], absent=None in tests)


def _equals(wanted: Any) -> Test:
    if isinstance(wanted, list):
        _refuse("Match value must be String, number, true, false, or null")
    if isinstance(wanted, Number):
        return lambda value: isinstance(value, Number) and _same(value, wanted)
    if isinstance(wanted, str) and (address := _address(wanted)):
        return lambda value: _is_text(value) and _address(str(value)) == address
    return lambda value: not isinstance(value, Number) and type(value) is type(wanted) and value == wanted


def _same(one: Number, two: Number) -> bool:
    return str(one) == str(two) or (one.value is not None and one.value == two.value)


def _address(text: str) -> bytes | None:
    """An IP address that stands as text is compared as an address."""
    if not (IPV4.fullmatch(text) or IPV6.fullmatch(text)):
        return None
    try:
        return ipaddress.ip_address(text).packed
    except ValueError:
        return None


def _is_text(value: Scalar) -> bool:
    return isinstance(value, str) and not isinstance(value, Number)


def _expression(given: Mapping[str, Any]) -> Test | None:
    """What `{"operator": value}` asks of a value; None where it asks that there be none."""
    if not given:
        _refuse("Match expression name not found")
    operator, value = next(iter(given.items()))
    if operator not in OPERATORS:
        _refuse(f"Unrecognized match type {operator}")
    test = OPERATORS[operator](value)
    if len(given) > 1:
        _refuse("Only one key allowed in match expression")
    return test


def _text(operator: str, value: Any) -> str:
    if not _is_text(value):
        _refuse(f"{operator} match pattern must be a string")
    return str(value)


def _of_text(test: Callable[[str], bool]) -> Test:
    return lambda value: _is_text(value) and test(str(value))


def _one_of(operator: str, value: Mapping[str, Any], allowed: Sequence[str]) -> tuple[str, Any]:
    if not value:
        _refuse(f"{operator.capitalize()} expression name not found")
    (name, inner), *others = value.items()
    if name not in allowed:
        _refuse(f"Unsupported {operator} pattern: {name}")
    if others:
        _refuse("Only one key allowed in match expression")
    return name, inner


def _exactly(value: Any) -> Test:
    wanted = _text("exact", value)
    return _of_text(lambda text: text == wanted)


def _end(operator: str, holds: Callable[[str, str], bool]) -> Callable[[Any], Test]:
    """Of prefix and suffix: a text, or one whose case is no matter."""

    def read(value: Any) -> Test:
        if isinstance(value, dict):
            name, inner = _one_of(operator, value, (IGNORE_CASE,))
            lower = _text(name, inner).lower()
            return _of_text(lambda text: holds(text.lower(), lower))
        wanted = _text(operator, value)
        return _of_text(lambda text: holds(text, wanted))

    return read


def _ignore_case(value: Any) -> Test:
    lower = _text(IGNORE_CASE, value).lower()
    return _of_text(lambda text: text.lower() == lower)


def _wildcard(value: Any) -> Test:
    """`*` is any text, over lines, too; `\\*` and `\\\\` are the characters themselves."""
    given = _text("wildcard", value)
    if "**" in re.sub(r"\\[*\\]", "", given.replace("\\*", "\\\\")):
        _refuse("Consecutive wildcard characters")
    pieces = re.findall(r"\\[*\\]|\\|\*|[^\\*]+", given)
    if "\\" in pieces:
        _refuse("Invalid escape character")
    expression = re.compile(
        "".join(".*" if piece == "*" else re.escape(piece.removeprefix("\\")) for piece in pieces),
        re.DOTALL,
    )
    return _of_text(lambda text: expression.fullmatch(text) is not None)


def _exists(value: Any) -> Test | None:
    if not isinstance(value, bool):
        _refuse("exists match pattern must be either true or false.")
    return (lambda _: True) if value else None


def _cidr(value: Any) -> Test:
    given = _text("prefix", value)
    address, slash, mask = given.partition("/")
    if not slash or "/" in mask:
        _refuse("Malformed CIDR, one '/' required")
    if not re.fullmatch(r"[+-]?\d+", mask):
        _refuse("Malformed CIDR, mask bits must be an integer")
    if int(mask) < 0:
        _refuse("Malformed CIDR, mask bits must not be negative")
    packed = _address(address)
    if packed is None:
        _refuse(f"Nonstandard IP address: {address}")
    bits = 8 * len(packed)
    if int(mask) >= bits:
        _refuse(f"IPv{4 if bits == 32 else 6} mask bits must be < {bits}")
    free = bits - int(mask)
    network = int.from_bytes(packed) >> free

    def within(text: str) -> bool:
        other = _address(text)
        return other is not None and len(other) == len(packed) and int.from_bytes(other) >> free == network

    return _of_text(within)


def _numeric(value: Any) -> Test:
    if not isinstance(value, list):
        _refuse("Value of numeric must be an array.")
    if not value or not _is_text(value[0]):
        _refuse(f"Invalid member in numeric match: {value[0] if value else ']'}")
    bounds = [(value[0], _bound(value[0], value[1:2]))]
    if value[0] not in RANGES:
        _refuse(f"Unrecognized numeric range operator: {value[0]}")
    if len(value) > 2:
        if value[0] not in (">", ">="):
            _refuse("Too many elements in numeric expression")
        if not _is_text(value[2]) or value[2] not in ("<", "<="):
            _refuse(f"Bad numeric range operator: {value[2]}")
        if len(value) > 4:
            _refuse("Too many terms in numeric range expression")
        bounds.append((value[2], _bound(value[2], value[3:])))
        if bounds[0][1] >= bounds[1][1]:
            _refuse("Bottom must be less than top")

    def within(given: Scalar) -> bool:
        if not isinstance(given, Number) or given.value is None:
            return False
        return all(RANGES[operator](given.value, bound) for operator, bound in bounds)

    return within


def _bound(operator: str, value: Sequence[Any]) -> Decimal:
    if not value or not isinstance(value[0], Number):
        _refuse(f"Value of {operator} must be numeric")
    bound = value[0].value
    if bound is None:
        _refuse(f"Cannot compare number : {value[0]}")
    assert isinstance(bound, Decimal)
    return bound


def _anything_but(value: Any) -> Test:
    if isinstance(value, dict):
        name, inner = _one_of("anything-but", value, (IGNORE_CASE, "prefix", "suffix", "wildcard"))
        wanted = [_text(name, each) for each in (inner if isinstance(inner, list) else [inner])]
        if name in ("prefix", "suffix") and "" in wanted:
            _refuse("Null prefix/suffix not allowed")
        tests = [OPERATORS[name](each) for each in wanted]
    else:
        values = value if isinstance(value, list) else [value]
        if not all(isinstance(each, str) for each in values):
            _refuse("Inside anything but list, start|null|boolean is not supported.")
        if len({isinstance(each, Number) for each in values}) != 1:
            _refuse(
                "Inside anything but list, either all values are number or string, mixed type is not supported"
            )
        tests = [_but(each) for each in values]
    return lambda given: bool(tests) and not any(test(given) for test in tests if test)


def _but(wanted: str) -> Test:
    """Here an IP address is text like any other, and a number must be one that can be compared."""
    if isinstance(wanted, Number):
        if wanted.value is None:
            _refuse(f"Cannot compare number : {wanted}")
        return lambda value: isinstance(value, Number) and value.value == wanted.value
    return _of_text(lambda text: text == wanted)


IGNORE_CASE = "equals-ignore-case"
OPERATORS: Mapping[str, Callable[[Any], Test | None]] = {
    "exactly": _exactly,
    "prefix": _end("prefix", str.startswith),
    "suffix": _end("suffix", str.endswith),
    IGNORE_CASE: _ignore_case,
    "wildcard": _wildcard,
    "exists": _exists,
    "cidr": _cidr,
    "numeric": _numeric,
    "anything-but": _anything_but,
}
