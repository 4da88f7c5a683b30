"""How policies of one type, along the way from the root to an account, become the one that is in effect there.

https://docs.aws.amazon.com/organizations/latest/userguide/policy-operators.html
https://docs.aws.amazon.com/organizations/latest/userguide/inheritance-examples.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

ASSIGN, APPEND, REMOVE = "@@assign", "@@append", "@@remove"
VALUE_OPERATORS = frozenset((ASSIGN, APPEND, REMOVE))
CHILD_CONTROL = "@@operators_allowed_for_child_policies"
ALL, NONE = "@@all", "@@none"

Documents = Sequence[Mapping[str, Any]]


@dataclass
class Setting:
    """One place of the merged policy: its value or what is below it, and which operators may still be used there."""

    value: Any = None
    below: dict[str, Setting] = field(default_factory=dict)
    allowed: frozenset[str] = VALUE_OPERATORS

    def shown(self) -> Any:
        if self.value is not None:
            return self.value
        shown = {name: setting.shown() for name, setting in self.below.items()}
        return {name: value for name, value in shown.items() if value is not None} or None


def effective(levels: Sequence[Documents]) -> dict[str, Any]:
    """What reaches an account from the policies of each level, the root's first; those of one level are in the order in
    which they were attached. Of two that assign one value at one level, the first one attached holds; what a level
    allows its children to do binds those below it, and the narrowest of one level counts."""
    merged = Setting()
    for level in levels:
        assigned: set[int] = set()
        limits: list[tuple[Setting, frozenset[str]]] = []
        for document in level:
            _merge(merged, document, assigned, limits)
        for setting, allowed in limits:
            setting.allowed &= allowed
    return merged.shown() or {}


def _merge(
    setting: Setting,
    document: Mapping[str, Any],
    assigned: set[int],
    limits: list[tuple[Setting, frozenset[str]]],
) -> None:
    if CHILD_CONTROL in document:
        limits.append((setting, _operators(document[CHILD_CONTROL])))
    for operator in VALUE_OPERATORS & document.keys() & setting.allowed:
        if operator != ASSIGN:
            setting.value = _list_with(setting.value, operator, document[operator])
        elif id(setting) not in assigned:
            assigned.add(id(setting))
            setting.value = document[ASSIGN]
    for name, below in document.items():
        if name.startswith("@@") or (name not in setting.below and ASSIGN not in setting.allowed):
            continue
        _merge(setting.below.setdefault(name, Setting()), _object(below), assigned, limits)


def _operators(allowed: Sequence[str]) -> frozenset[str]:
    if NONE in allowed:
        return frozenset()
    return VALUE_OPERATORS if ALL in allowed else VALUE_OPERATORS & frozenset(allowed)


def _list_with(value: Any, operator: str, given: Sequence[Any]) -> list[Any]:
    values = list(value) if isinstance(value, list) else []
    if operator == APPEND:
        return values + [each for each in given if each not in values]
    return [each for each in values if each not in given]


def _object(content: Any) -> Mapping[str, Any]:
    """What stands without an operator is taken for assigned: types whose content is not checked here may have it."""
    return content if isinstance(content, Mapping) else {ASSIGN: content}
