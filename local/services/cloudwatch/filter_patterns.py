"""The filter patterns of CloudWatch Logs that are about JSON, as `{ ($.errorCode = "AccessDenied*") || ... }`.

A comparison with a property that is not there holds for nothing, `!=` included: whether it does on AWS is not documented,
and no pattern should need it. https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

Matcher = Callable[[Any], bool]
LONGEST = 1024
_TOKEN = re.compile(
    r"""\s*(?:(?P<operator>&&|\|\||[(){}]|!=|<=|>=|=|<|>)|(?P<selector>\$[\w.\[\]*-]*)|"(?P<text>(?:[^"\\]|\\.)*)"|"""
    r"""(?P<word>[\w*.:/@+-]+))"""
)
_NOTHING = object()


class InvalidPattern(ValueError):
    """What CloudWatch Logs would refuse, or what is not understood here."""


def is_json(pattern: str) -> bool:
    return pattern.strip().startswith("{")


@cache
def matcher(pattern: str) -> Matcher:
    """Whether a pattern matches a log event's JSON. Raises `InvalidPattern`."""
    if len(pattern) > LONGEST:
        raise InvalidPattern(f"has {len(pattern)} characters, and may have {LONGEST}")
    return _Parser(_tokens(pattern)).all()


def matches(pattern: str, message: str) -> bool:
    """Raises `InvalidPattern`. A pattern that is empty matches everything; one of words is none of JSON."""
    if not pattern.strip():
        return True
    if not is_json(pattern):
        raise InvalidPattern("is about words; the embedded AWS knows patterns of JSON alone")
    try:
        return matcher(pattern)(json.loads(message))
    except json.JSONDecodeError:
        return False


def _tokens(pattern: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at = 0
    text = pattern.rstrip()
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            raise InvalidPattern(f"is not understood from {text[at : at + 20]!r} on")
        kind = str(token.lastgroup)
        found.append((kind, token[kind]))
        at = token.end()
    return found


class _Parser:
    """Or of ands of comparisons and of what stands in brackets."""

    def __init__(self, tokens: Sequence[tuple[str, str]]) -> None:
        self._tokens = [*tokens, ("end", "")]
        self._at = 0

    def all(self) -> Matcher:
        self._expect("{")
        found = self._any()
        self._expect("}")
        if self._tokens[self._at][0] != "end":
            raise InvalidPattern("has something after its last bracket")
        return found

    def _any(self) -> Matcher:
        parts = [self._every()]
        while self._take("||"):
            parts.append(self._every())
        return lambda event: any(part(event) for part in parts)

    def _every(self) -> Matcher:
        parts = [self._one()]
        while self._take("&&"):
            parts.append(self._one())
        return lambda event: all(part(event) for part in parts)

    def _one(self) -> Matcher:
        if self._take("("):
            found = self._any()
            self._expect(")")
            return found
        kind, selector = self._next()
        if kind != "selector":
            raise InvalidPattern(f"has {selector!r} where a selector like $.eventName belongs")
        kind, operator = self._next()
        if kind == "word":
            return _existence(selector, [operator, *self._words()])
        if operator not in COMPARISONS:
            raise InvalidPattern(f"has no comparison after {selector}")
        kind, value = self._next()
        if kind not in ("text", "word"):
            raise InvalidPattern(f"compares {selector} with nothing")
        return _comparison(selector, operator, value)

    def _words(self) -> list[str]:
        found = []
        while self._tokens[self._at][0] == "word":
            found.append(self._next()[1])
        return found

    def _next(self) -> tuple[str, str]:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _take(self, operator: str) -> bool:
        if self._tokens[self._at] != ("operator", operator):
            return False
        self._at += 1
        return True

    def _expect(self, operator: str) -> None:
        if not self._take(operator):
            raise InvalidPattern(f"lacks {operator!r} before {self._tokens[self._at][1]!r}")


def _existence(selector: str, words: Sequence[str]) -> Matcher:
    tests: Mapping[tuple[str, ...], Matcher] = {
        ("EXISTS",): lambda value: value is not _NOTHING,
        ("NOT", "EXISTS"): lambda value: value is _NOTHING,
        ("IS", "NULL"): lambda value: value is None,
        ("IS", "TRUE"): lambda value: value is True,
        ("IS", "FALSE"): lambda value: value is False,
    }
    test = tests.get(tuple(word.upper() for word in words))
    if test is None:
        raise InvalidPattern(f"says {' '.join(words)} of {selector}, which is not understood")
    return lambda event: test(_value(event, selector))


def _comparison(selector: str, operator: str, wanted: str) -> Matcher:
    compare = COMPARISONS[operator]

    def holds(event: Any) -> bool:
        value = _value(event, selector)
        return value is not _NOTHING and value is not None and compare(value, wanted)

    return holds


def _is(value: Any, wanted: str) -> bool:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return fnmatchcase(text, wanted.replace("[", "[[]").replace("?", "[?]"))


def _ordered(compare: Callable[[float, float], bool]) -> Callable[[Any, str], bool]:
    def holds(value: Any, wanted: str) -> bool:
        try:
            return compare(float(value), float(wanted))
        except (TypeError, ValueError):
            return False

    return holds


COMPARISONS: Mapping[str, Callable[[Any, str], bool]] = {
    "=": _is,
    "!=": lambda value, wanted: not _is(value, wanted),
    "<": _ordered(lambda one, other: one < other),
    "<=": _ordered(lambda one, other: one <= other),
    ">": _ordered(lambda one, other: one > other),
    ">=": _ordered(lambda one, other: one >= other),
}


def _value(event: Any, selector: str) -> Any:
    """What stands under `$.responseElements.ConsoleLogin` or `$.resources[0].type`."""
    found = event
    for step in re.findall(r"[^.\[\]$]+", selector):
        if isinstance(found, Mapping) and step in found:
            found = found[step]
        elif isinstance(found, list) and step.isdigit() and int(step) < len(found):
            found = found[int(step)]
        else:
            return _NOTHING
    return found
