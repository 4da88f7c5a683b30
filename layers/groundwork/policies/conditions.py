"""The condition operators of IAM's policy language.

Follows "IAM JSON policy elements: Condition operators" and "Multivalued context keys" of the IAM User Guide.
An operator that is not known here is refused when the policy is compiled, never ignored. Where AWS says nothing, the
reading counts by which the request is refused; `prove/evaluators/disagreements.py` lists these with what was found.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

Values = str | Sequence[str]
Context = Mapping[str, Values]
"""What is known of a request, by condition key in lower case. A key that AWS would not set is absent."""


class MalformedPolicy(ValueError):
    """The document is no policy that AWS would accept; the message names what is wrong."""


NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
DATE = re.compile(r"\d{4}-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?)?", re.ASCII)
NOTHING = re.compile(r"(?!)")
FIELDS = 6
"""Of an ARN."""
VARIABLE = re.compile(r"\$\{\s*([^},]*?)\s*(?:,\s*'([^']*)'\s*)?\}")
WILDCARD_LITERALS = {"*": "*", "?": "?", "$": "$"}


def substitute(text: str, context: Context) -> list[tuple[str, bool]] | None:
    """`text` with its policy variables resolved, as pieces (text, is_literal).

    What a variable brings in is literal: a `*` in a user's name is no wildcard. None when a variable has
    neither a single value nor a default, since such a text matches nothing.
    """
    pieces: list[tuple[str, bool]] = []
    position = 0
    for match in VARIABLE.finditer(text):
        pieces.append((text[position : match.start()], False))
        position = match.end()
        key, default = match.group(1), match.group(2)
        value = WILDCARD_LITERALS.get(key) or context.get(key.lower())
        if value is None or not isinstance(value, str):
            if default is None:
                return None
            value = default
        pieces.append((value, True))
    pieces.append((text[position:], False))
    return pieces


@lru_cache(maxsize=20_000)
def glob(pattern: str, ignore_case: bool = False) -> re.Pattern[str]:
    """`*` and `?` over the whole text."""
    parts = (".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.compile("".join(parts), re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def arn_expression(pieces: Sequence[tuple[str, bool]], *, spilling: bool = False) -> str:
    """The regular expression of an ARN pattern: wildcards stay within their segment, save in the last one, and save,
    where they are `spilling`, a `*` that ends its segment."""
    total = sum(text.count(":") for text, _ in pieces)
    boundary = min(5, total)
    colons, out = 0, []
    whole = "".join(text for text, _ in pieces)
    position = 0
    for text, literal in pieces:
        for character in text:
            position += 1
            last = colons >= boundary
            if character == ":":
                colons += 1
                out.append(":")
            elif not literal and character == "*":
                ends = spilling and whole[position : position + 1] in ("", ":")
                out.append(".*" if last or ends else "[^:]*")
            elif not literal and character == "?":
                out.append("." if last else "[^:]")
            else:
                out.append(re.escape(character))
    return "".join(out)


@lru_cache(maxsize=20_000)
def arn_glob(pieces: tuple[tuple[str, bool], ...], refusing: bool) -> re.Pattern[str]:
    """Each of the six fields by itself. Of a pattern with fewer, AWS does not say whether the last one spans the rest:
    it does where that is `refusing` the request, and matches nothing where not."""
    if sum(text.count(":") for text, _ in pieces) < FIELDS - 1 and not refusing:
        return NOTHING
    return re.compile(arn_expression(pieces), re.DOTALL)


@lru_cache(maxsize=20_000)
def resource_glob(pieces: tuple[tuple[str, bool], ...]) -> re.Pattern[str]:
    """As a Resource element has it: a `*` at the end of a segment may match beyond the colon.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
    """
    return re.compile(arn_expression(pieces, spilling=True), re.DOTALL)


def _glob_pieces(pieces: Sequence[tuple[str, bool]], _refusing: bool) -> re.Pattern[str]:
    wild = {"*": ".*", "?": "."}
    characters = ((c, literal) for text, literal in pieces for c in text)
    out = (re.escape(c) if literal or c not in wild else wild[c] for c, literal in characters)
    return re.compile("".join(out), re.DOTALL)


def _number(text: str) -> Decimal:
    if not NUMBER.fullmatch(text):
        raise ValueError(f"{text!r} is no number")
    return Decimal(text)


def _date(text: str) -> datetime:
    """In seconds, or as https://www.w3.org/TR/NOTE-datetime has it: a month, a day, or a time with its zone."""
    if re.fullmatch(r"\d+(\.\d+)?", text, re.ASCII):
        return datetime.fromtimestamp(float(text), UTC)
    if not DATE.fullmatch(text):
        raise ValueError(f"{text!r} is no date")
    moment = datetime.fromisoformat(f"{text}-01" if len(text) == len("2026-11") else text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(f"{text!r} is neither true nor false")
    return text.lower() == "true"


def _binary(text: str) -> str:
    """Base64, which is compared as it is written."""
    try:
        base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from error
    return text


@dataclass(frozen=True)
class Operator:
    """`parse` reads a policy's or a request's value; `test(wanted, given)` compares the two."""

    test: Callable[[Any, Any], bool]
    parse: Callable[[str], Any] | None = None
    parse_given: Callable[[str], Any] | None = None
    negated: bool = False
    ordered: bool = False
    """Numbers and dates: of a value that is neither, nothing holds, not even that it differs."""
    pattern: Callable[[tuple[tuple[str, bool], ...], bool], re.Pattern[str]] | None = None

    def reads(self, given: str) -> bool:
        try:
            return self.parse_given is None or self.parse_given(given) is not None
        except ValueError:
            return False


def _same(wanted: Any, given: Any) -> bool:
    return bool(wanted == given)


def _same_text(wanted: str, given: str) -> bool:
    return wanted.lower() == given.lower()


def _full_match(wanted: re.Pattern[str], given: str) -> bool:
    return wanted.fullmatch(given) is not None


def _within(wanted: Any, given: Any) -> bool:
    return bool(given.version == wanted.version and given in wanted)


def _both(name: str, negation: str, **operator: Any) -> dict[str, Operator]:
    return {name: Operator(**operator), negation: Operator(**operator, negated=True)}


def _ordered(name: str, parse: Callable[[str], Any]) -> dict[str, Operator]:
    return {
        **_both(
            f"{name}Equals", f"{name}NotEquals", test=_same, parse=parse, parse_given=parse, ordered=True
        ),
        f"{name}LessThan": Operator(lambda wanted, given: given < wanted, parse, parse),
        f"{name}LessThanEquals": Operator(lambda wanted, given: given <= wanted, parse, parse),
        f"{name}GreaterThan": Operator(lambda wanted, given: given > wanted, parse, parse),
        f"{name}GreaterThanEquals": Operator(lambda wanted, given: given >= wanted, parse, parse),
    }


OPERATORS: Mapping[str, Operator] = {
    **_both("StringEquals", "StringNotEquals", test=_same),
    **_both("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", test=_same_text),
    **_both("StringLike", "StringNotLike", test=_full_match, pattern=_glob_pieces),
    **_both("ArnEquals", "ArnNotEquals", test=_full_match, pattern=arn_glob),
    **_both("ArnLike", "ArnNotLike", test=_full_match, pattern=arn_glob),
    **_ordered("Numeric", _number),
    **_ordered("Date", _date),
    "Bool": Operator(_same, _boolean, _boolean),
    "BinaryEquals": Operator(_same, _binary),
    **_both(
        "IpAddress",
        "NotIpAddress",
        test=_within,
        parse=lambda text: ipaddress.ip_network(text, strict=False),
        parse_given=ipaddress.ip_address,
    ),
}
FOR_ALL, FOR_ANY = "ForAllValues", "ForAnyValue"


def as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def text_of(value: Any) -> str:
    """A policy's value as IAM reads it: JSON's true and 3 are "true" and "3"."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    raise MalformedPolicy(f"condition value {value!r}: expected text, a number or a boolean")


@dataclass(frozen=True)
class Condition:
    """One operator on one key, compiled."""

    key: str
    wanted: tuple[str, ...]
    operator: Operator | None  # None is Null
    parsed: tuple[Any, ...]  # what of `wanted` needs no request to be known
    templates: tuple[str, ...]  # what of `wanted` holds policy variables
    quantifier: str | None
    if_exists: bool
    denies: bool
    """Whether the statement is a Deny."""

    def holds(self, context: Context) -> bool:
        """Several values need a set operator: nothing equals them without. Whether they differ is not written down.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
        https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html (the tables of event patterns)
        """
        given = context.get(self.key)
        values = () if given is None else (given,) if isinstance(given, str) else tuple(given)
        if self.operator is None or self.quantifier == FOR_ALL:  # what is empty is null
            values = tuple(value for value in values if value)
        if self.operator is None:
            return any((not values) == (wanted == "true") for wanted in self.wanted)
        if not values:
            return self._when_absent(self.operator)
        if len(values) > 1 and not self.quantifier:
            return self.operator.negated and self.denies
        if self.operator.ordered and not any(map(self.operator.reads, values)):
            return False
        matched = [self._matches(self.operator, value, context) for value in values]
        if self.quantifier == FOR_ALL:
            return all(hit != self.operator.negated for hit in matched)
        if self.quantifier == FOR_ANY:
            return any(hit != self.operator.negated for hit in matched)
        return any(matched) != self.operator.negated

    def _when_absent(self, operator: Operator) -> bool:
        if self.if_exists or self.quantifier == FOR_ALL:
            return True
        return operator.negated and self.quantifier != FOR_ANY

    def _matches(self, operator: Operator, value: str, context: Context) -> bool:
        try:
            given = operator.parse_given(value) if operator.parse_given else value
        except ValueError:
            return False  # a request's value of another type equals nothing
        if any(operator.test(wanted, given) for wanted in self.parsed):
            return True
        for template in self.templates:
            pieces = substitute(template, context)
            if pieces is not None and operator.test(_wanted(operator, tuple(pieces), self.denies), given):
                return True
        return False


def _wanted(operator: Operator, pieces: tuple[tuple[str, bool], ...], denies: bool) -> Any:
    if operator.pattern is None:
        return "".join(text for text, _ in pieces)
    return operator.pattern(pieces, denies is not operator.negated)


def compile_conditions(block: Any, variables: bool, denies: bool) -> tuple[Condition, ...]:
    """The Condition element of a statement that allows or `denies`. `variables` is whether the policy's version knows
    policy variables."""
    if block is None:
        return ()
    if not isinstance(block, Mapping):
        raise MalformedPolicy("Condition must be an object of operators")
    return tuple(
        _compile(name, key, values, variables, denies)
        for name, keys in block.items()
        for key, values in _keys_of(name, keys).items()
    )


def _keys_of(name: str, keys: Any) -> Mapping[str, Any]:
    if not isinstance(keys, Mapping):
        raise MalformedPolicy(f"Condition {name}: expected an object of condition keys")
    return keys


def _compile(name: str, key: str, values: Any, variables: bool, denies: bool) -> Condition:
    quantifier, _, base = name.rpartition(":")
    if quantifier and quantifier not in (FOR_ALL, FOR_ANY):
        raise MalformedPolicy(f"condition operator {name!r}: unknown set operator {quantifier!r}")
    if_exists = base.endswith("IfExists")
    base = base.removesuffix("IfExists")
    wanted = tuple(text_of(value) for value in as_list(values))
    if base == "Null":
        if if_exists or not all(value in ("true", "false") for value in wanted):
            raise MalformedPolicy(f"condition {name} on {key}: Null wants true or false and no IfExists")
        return Condition(key.lower(), wanted, None, (), (), quantifier or None, False, denies)
    operator = OPERATORS.get(base)
    if operator is None:
        raise MalformedPolicy(f"condition operator {name!r} is unknown")
    with_variables = variables and operator.parse is None
    templates = tuple(value for value in wanted if with_variables and "${" in value)
    parsed = []
    for value in wanted:
        if value in templates:
            continue
        try:
            plain = ((value, False),)
            parsed.append(operator.parse(value) if operator.parse else _wanted(operator, plain, denies))
        except ValueError as error:
            raise MalformedPolicy(f"condition {name} on {key}: {value!r}: {error}") from error
    known = tuple(parsed)
    return Condition(key.lower(), wanted, operator, known, templates, quantifier or None, if_exists, denies)
