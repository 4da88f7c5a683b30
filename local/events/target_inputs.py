"""What a target receives: an event's `Input`, `InputPath` or `InputTransformer` applied.

Follows "Amazon EventBridge input transformation" of the EventBridge User Guide.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

_STEP = re.compile(r"\.([A-Za-z0-9_-]+)|\[(\d+)\]|\['([^']+)'\]")
_PLACEHOLDER = re.compile(r"<([A-Za-z0-9_.-]+)>")
_ABSENT = object()


def target_input(target: Mapping[str, Any], event: Mapping[str, Any], rule_arn: str) -> str:
    """The text that a target of a rule gets for an event."""
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        found = select(target["InputPath"], event)
        return json.dumps(None if found is _ABSENT else found)
    if "InputTransformer" in target:
        transformer = target["InputTransformer"]
        values = _predefined(event, rule_arn)
        for name, path in transformer.get("InputPathsMap", {}).items():
            found = select(path, event)
            if found is not _ABSENT:
                values[name] = found
        return fill(transformer["InputTemplate"], values)
    return json.dumps(event)


def select(path: str, event: Mapping[str, Any]) -> Any:
    """The value at a JSON path (`$.detail.items[0].name`), or an object that is none of JSON's."""
    value: Any = event
    for step in _steps(path):
        in_list = isinstance(value, list) and isinstance(step, int) and step < len(value)
        if not in_list and not (isinstance(value, Mapping) and step in value):
            return _ABSENT
        value = value[step]
    return value


def _steps(path: str) -> Iterator[str | int]:
    position = 1
    while position < len(path):
        found = _STEP.match(path, position)
        if not path.startswith("$") or found is None:
            raise ValueError(f"{path!r} is no JSON path that EventBridge knows")
        name, index, quoted = found.groups()
        yield int(index) if index is not None else name or quoted
        position = found.end()


def fill(template: str, values: Mapping[str, Any]) -> str:
    """A template with its placeholders filled: as JSON, or as bare text where one stands inside a string."""
    filled, position = "", 0
    for placeholder in _PLACEHOLDER.finditer(template):
        filled += template[position : placeholder.start()]
        value = values.get(placeholder[1], _ABSENT)
        if _inside_string(template[: placeholder.start()]):
            filled += _as_text(value)
        else:
            filled += '""' if value is _ABSENT else json.dumps(value)
        position = placeholder.end()
    return filled + template[position:]


def _inside_string(before: str) -> bool:
    return len(re.findall(r'(?<!\\)"', before)) % 2 == 1


def _as_text(value: Any) -> str:
    if value is _ABSENT:
        return ""
    text = value if isinstance(value, str) else json.dumps(value)
    return json.dumps(text)[1:-1]


def _predefined(event: Mapping[str, Any], rule_arn: str) -> dict[str, Any]:
    return {
        "aws.events.rule-arn": rule_arn,
        "aws.events.rule-name": rule_arn.rsplit("/", 1)[1],
        "aws.events.event.ingestion-time": event["time"],
        "aws.events.event": {key: value for key, value in event.items() if key != "detail"},
        "aws.events.event.json": dict(event),
    }
