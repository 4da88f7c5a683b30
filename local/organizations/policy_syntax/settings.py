"""What the syntax of a policy is made of: settings of one value, of several, and groups of them.

https://docs.aws.amazon.com/organizations/latest/userguide/policy-operators.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from local.organizations.inheritance import ASSIGN, VALUE_OPERATORS

ANY = "*"
"""As the name of a setting: whatever name its owner gives it."""


@dataclass(frozen=True)
class Value:
    """A setting of one value, which can only be assigned."""

    allows: Callable[[Any], bool]
    operators: ClassVar = frozenset((ASSIGN,))


@dataclass(frozen=True)
class Values:
    """A setting of several values, each like `like`."""

    most: int = 1_000
    like: str = r"(?s).*"
    operators: ClassVar = VALUE_OPERATORS

    def allows(self, values: Any) -> bool:
        return isinstance(values, list) and all(
            isinstance(each, str) and re.fullmatch(self.like, each) for each in values
        )


@dataclass(frozen=True)
class Group:
    """Settings by name, with names like `names`. Of `needed` all must be in effect where one of the group is, and at most
    `most` at a time; a document has `least` of them, and `objection` says what else is wrong with those that it has."""

    settings: Mapping[str, Syntax]
    needed: tuple[str, ...] = ()
    most: int = 1_000
    least: int = 0
    names: str = "[a-z0-9_-]+"
    objection: Callable[[Mapping[str, Any]], str | None] = lambda settings: None

    def syntax_of(self, name: str) -> Syntax | None:
        if not re.fullmatch(self.names, name):
            return None
        return self.settings.get(name, self.settings.get(ANY))


Syntax = Value | Values | Group


def one_of(*values: str) -> Value:
    return Value(lambda given: given in values)


def text(given: Any) -> bool:
    return isinstance(given, str)
