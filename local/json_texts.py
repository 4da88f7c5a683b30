"""JSON as AWS takes it: RFC 8259, without the NaN and Infinity that Python's reader lets through."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

DEEPEST = 1000
"""Levels of objects and lists that AWS's readers take."""


def strict_json(text: str) -> Any:
    """Raises ValueError, and RecursionError for what is nested deeper than Python reads."""
    return json.loads(text, parse_constant=_refuse)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def depth_of(value: Any) -> int:
    """How many levels of objects and lists there are."""
    depth, level = 0, _containers([value])
    while level:
        depth, level = depth + 1, _containers(inner for outer in level for inner in _inside(outer))
    return depth


def _containers(values: Iterable[Any]) -> list[Any]:
    return [value for value in values if isinstance(value, dict | list)]


def _inside(container: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return container.values() if isinstance(container, dict) else container
