"""The smallest parameters that an operation takes by botocore's model of it: what is required, each as short as may be."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

TEXTS = (
    *(
        "a",
        "A1",
        "example",
        "123456789012",
        "us-east-1",
        "12345678",
        "1.0",
        "i-0123456789abcdef0",
        "a@example.com",
    ),
    *("https://example.com/", "s3://example/key", "10.0.0.0/16", "2026-01-01T00:00:00Z", "{}", "/a"),
    *("12345678-1234-1234-1234-123456789012", "r-a1b2", "o-a1b2c3d4e5", "ou-a1b2-a1b2c3d4", "p-a1b2c3d4"),
    *("car-0123456789abcdef0123456789abcdef", "h-0123456789abcdef", "rp-a1b2c3d4", "0123456789abcdef"),
    *(
        "arn:aws:iam::123456789012:role/example",
        "arn:aws:s3:::example",
        "arn:aws:sns:us-east-1:123456789012:a",
    ),
)
"""Tried one after the other for a text that has to match a pattern."""
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
PADDING = "a"
Parameters = dict[str, Any]
By = Callable[[str], Sequence[str]]
"""The texts to try for a parameter of this name."""


def smallest(operation: OperationModel) -> Parameters:
    """Parameters that botocore sends without complaint."""
    return _parameters(operation, lambda _: TEXTS)


def likely(operation: OperationModel) -> Parameters:
    """The same, with an ARN where the name says ARN, and an address where it says URL."""
    service = operation.service_model.signing_name
    arn = f"arn:aws:{service}:us-east-1:123456789012:example/a"

    def texts(name: str) -> Sequence[str]:
        if name.lower().endswith(("arn", "arns")):
            return (arn, *reversed(TEXTS))
        return ("http://127.0.0.1/123456789012/a", *TEXTS) if name.lower().endswith("url") else TEXTS

    return _parameters(operation, texts)


def _parameters(operation: OperationModel, by: By) -> Parameters:
    shape = operation.input_shape
    return _structure(shape, by, ()) if shape is not None else {}


def _structure(shape: StructureShape, by: By, above: tuple[str, ...]) -> Parameters:
    names = list(shape.required_members)
    if not names and shape.is_tagged_union:
        names = list(shape.members)[:1]
    return {name: _value(shape.members[name], name, by, (*above, shape.name)) for name in names}


def _value(shape: Shape, name: str, by: By, above: tuple[str, ...]) -> Any:
    if shape.name in above:  # a structure within itself
        return [] if isinstance(shape, ListShape) else {}
    inside = (*above, shape.name)
    if isinstance(shape, StructureShape):
        return {} if shape.is_document_type else _structure(shape, by, above)
    if isinstance(shape, ListShape):
        return [_value(shape.member, name, by, inside)] * max(1, _least(shape))
    if isinstance(shape, MapShape):
        return {_value(shape.key, name, by, inside): _value(shape.value, name, by, inside)}
    if shape.type_name in ("string", "character"):
        return _text(shape, by(name))
    plain = {"boolean": True, "timestamp": MOMENT, "blob": PADDING.encode() * max(1, _least(shape))}
    number = float if shape.type_name in ("float", "double") else int
    return plain.get(shape.type_name, number(shape.metadata.get("min", 1)))


def _text(shape: Shape, texts: Sequence[str]) -> str:
    """One of the enumeration, or the first of the texts that fits; of none, the shortest that is long enough."""
    if shape.metadata.get("enum"):
        return str(shape.metadata["enum"][0])
    least, most = _least(shape), int(shape.metadata.get("max", 10**6))
    pattern = str(shape.metadata.get("pattern", ""))
    fitting = (text.ljust(least, PADDING) for text in texts)
    plain = PADDING * max(1, least)
    return next((text for text in fitting if len(text) <= most and _matches(pattern, text)), plain)


def _least(shape: Shape) -> int:
    return int(shape.metadata.get("min", 1))


def _matches(pattern: str, text: str) -> bool:
    try:
        return re.fullmatch(pattern or ".*", text) is not None
    except re.error:  # in another dialect than Python's
        return True
