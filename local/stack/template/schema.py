"""CloudFormation's own resource schemas, as cfn-lint carries them: what a type's properties are.

https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import regex
from jsonschema import Draft7Validator, ValidationError
from jsonschema.validators import extend

from local.stack.errors import NotEmbedded, StackError

REGION = "us-east-1"


def _pattern(validator: Any, pattern: str, instance: Any, part: Any) -> Iterator[ValidationError]:
    """The schemas' patterns use Unicode classes (\\p{L}), which `re` has not."""
    if isinstance(instance, str) and not regex.search(pattern, instance):
        yield ValidationError(f"string {instance!r} does not match pattern {pattern}")


def _pattern_properties(
    validator: Any, patterns: Mapping[str, Any], instance: Any, part: Any
) -> Iterator[ValidationError]:
    for pattern, its in patterns.items() if isinstance(instance, dict) else ():
        for key, value in instance.items():
            if regex.search(pattern, key):
                yield from validator.descend(value, its, path=key, schema_path=pattern)


def _additional_properties(
    validator: Any, allowed: Any, instance: Any, part: Mapping[str, Any]
) -> Iterator[ValidationError]:
    """Of what neither a name nor a pattern knows."""
    patterns = part.get("patternProperties", {})
    for key, value in instance.items() if isinstance(instance, dict) else ():
        if key in part.get("properties", {}) or any(regex.search(pattern, key) for pattern in patterns):
            continue
        if isinstance(allowed, dict):
            yield from validator.descend(value, allowed, path=key)
        elif not allowed:
            yield ValidationError(f"Additional properties are not allowed ({key!r} was unexpected)")


UNPUBLISHED: Mapping[str, dict[str, Any]] = {
    "AWS::CDK::Metadata": {"properties": {"Analytics": {"type": "string"}}, "additionalProperties": False}
}
"""Types that CloudFormation takes, and has no schema of."""

Validator: Any = extend(  # type: ignore[no-untyped-call]
    Draft7Validator,
    {
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
    },
)


@cache
def schema(type_name: str) -> dict[str, Any]:
    """The schema of a resource type; NotEmbedded when there is no such type."""
    if type_name in UNPUBLISHED:
        return UNPUBLISHED[type_name]
    index = _index()
    if type_name not in index:
        raise NotEmbedded(f"Unrecognized resource types: [{type_name}]")
    loaded: dict[str, Any] = json.loads((_folder() / "resources" / f"{index[type_name]}.json").read_text())
    return loaded


@cache
def _index() -> dict[str, str]:
    """The file of each resource type that the Region has."""
    index: dict[str, str] = json.loads((_folder() / "providers" / f"{REGION}.json").read_text())
    return index


def _folder() -> Path:
    """Found without importing cfn-lint, which would load sympy and much else for what is only data here."""
    found = find_spec("cfnlint")
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError(
            "cfnlint, whose schemas the embedded CloudFormation reads, is not installed"
        )
    return Path(found.submodule_search_locations[0]) / "data" / "schemas"


def properties(type_name: str) -> frozenset[str]:
    """The properties that a template may set."""
    return frozenset(schema(type_name)["properties"]) - _top_level(type_name, "readOnlyProperties")


def create_only(type_name: str) -> frozenset[str]:
    """The properties whose change replaces the resource."""
    return _top_level(type_name, "createOnlyProperties")


def conditionally_create_only(type_name: str) -> frozenset[str]:
    """The properties whose change may replace the resource."""
    return _top_level(type_name, "conditionalCreateOnlyProperties")


def checked(type_name: str, values: dict[str, Any]) -> dict[str, Any]:
    """The values in the types that the schema wants; StackError when the schema refuses them."""
    document = schema(type_name)
    coerced: dict[str, Any] = _coerced(values, document, document)
    errors = sorted(Validator(document).iter_errors(coerced), key=lambda error: list(map(str, error.path)))
    if errors:
        told = "; ".join(f"#/{'/'.join(map(str, error.path))}: {error.message}" for error in errors)
        raise StackError(f"Properties validation failed for resource type {type_name}: {told}")
    return coerced


def _top_level(type_name: str, key: str) -> frozenset[str]:
    pointers = [pointer.split("/")[2:] for pointer in schema(type_name).get(key, [])]
    return frozenset(path[0] for path in pointers if len(path) == 1)


def _coerced(value: Any, part: dict[str, Any], document: dict[str, Any]) -> Any:
    """CloudFormation lets a template write 30 as "30", true as "true", and the other way round."""
    while "$ref" in part:
        target: Any = document
        for step in part["$ref"].lstrip("#/").split("/"):
            target = target[step]
        part = target
    if isinstance(value, dict):
        known = part.get("properties", {})
        return {key: _coerced(item, known.get(key, {}), document) for key, item in value.items()}
    if isinstance(value, list):
        return [_coerced(item, part.get("items", {}), document) for item in value]
    match part.get("type"):
        case "integer" | "number" if isinstance(value, str):
            return _number(value)
        case "boolean" if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        case "string" if isinstance(value, bool):
            return str(value).lower()
        case "string" if isinstance(value, int | float):
            return str(value)
    return value


def _number(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
