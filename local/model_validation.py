"""Checks a request against botocore's model of the operation, as the service itself does.

botocore checks only types and minimum lengths before it sends; a service also checks maximum lengths,
patterns and enumerations, and that is where a malformed name or id is refused on AWS.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from botocore.model import OperationModel, Shape

from local.clients import service_model

Reason = Literal[
    "INPUT_REQUIRED", "MIN_LENGTH_EXCEEDED", "MAX_LENGTH_EXCEEDED", "INVALID_PATTERN", "INVALID_ENUM",
    "MIN_VALUE_EXCEEDED", "MAX_VALUE_EXCEEDED",
]  # fmt: skip

# Unicode classes of the models' patterns, in the terms of `re`: letters, numbers, spaces.
UNICODE_CLASSES = {r"\p{L}": r"\w", r"\p{N}": r"\d", r"\p{Z}": r"\s"}


@dataclass(frozen=True)
class Violation:
    """One parameter that the model does not allow; `path` is dotted, as in `Tags.0.Key`."""

    path: str
    shape: str
    reason: Reason


@functools.cache
def operation_model(service: str, operation: str) -> OperationModel:
    """botocore's model of one operation. Raises botocore.exceptions.OperationNotFoundError."""
    return service_model(service).operation_model(operation)


def violations(service: str, operation: str, parameters: Mapping[str, Any]) -> Iterator[Violation]:
    """What of `parameters` the model of `operation` does not allow."""
    shape = operation_model(service, operation).input_shape
    if shape is not None:
        yield from _check(shape, dict(parameters), "")


def _check(shape: Shape, value: Any, path: str) -> Iterator[Violation]:
    if shape.type_name == "structure":
        for name in shape.required_members:
            if value.get(name) is None:
                yield Violation(_join(path, name), shape.name, "INPUT_REQUIRED")
        for name, member in shape.members.items():  # type: ignore[attr-defined]
            if value.get(name) is not None:
                yield from _check(member, value[name], _join(path, name))
    elif shape.type_name == "list":
        yield from _check_size(shape, len(value), path)
        for index, item in enumerate(value):
            yield from _check(shape.member, item, _join(path, str(index)))  # type: ignore[attr-defined]
    elif shape.type_name == "string":
        yield from _check_string(shape, value, path)
    elif shape.type_name in ("integer", "long"):
        if value < shape.metadata.get("min", value):
            yield Violation(path, shape.name, "MIN_VALUE_EXCEEDED")
        if value > shape.metadata.get("max", value):
            yield Violation(path, shape.name, "MAX_VALUE_EXCEEDED")


def _check_string(shape: Shape, value: str, path: str) -> Iterator[Violation]:
    yield from _check_size(shape, len(value), path)
    pattern = shape.metadata.get("pattern")
    if pattern and not _compiled(pattern).fullmatch(value):
        yield Violation(path, shape.name, "INVALID_PATTERN")
    if shape.metadata.get("enum") and value not in shape.metadata["enum"]:
        yield Violation(path, shape.name, "INVALID_ENUM")


def _check_size(shape: Shape, size: int, path: str) -> Iterator[Violation]:
    if size < shape.metadata.get("min", size):
        yield Violation(path, shape.name, "MIN_LENGTH_EXCEEDED")
    if size > shape.metadata.get("max", size):
        yield Violation(path, shape.name, "MAX_LENGTH_EXCEEDED")


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    for unicode_class, equivalent in UNICODE_CLASSES.items():
        pattern = pattern.replace(unicode_class, equivalent)
    return re.compile(pattern)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
