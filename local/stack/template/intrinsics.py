"""CloudFormation's intrinsic functions, strictly: what cannot be resolved is an error, never left out.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from local.stack.errors import NotEmbedded, StackError

PLACEHOLDER = re.compile(r"\$\{(!?)([^}]*)\}")
NO_VALUE = object()


class Scope(Protocol):
    """What names stand for in one stack."""

    def ref(self, name: str) -> Any: ...
    def attribute(self, logical_id: str, name: str) -> Any: ...
    def condition(self, name: str) -> bool: ...
    def mapping(self, name: str) -> Mapping[str, Mapping[str, Any]]: ...
    def imported(self, name: str) -> str: ...


def resolve(value: Any, scope: Scope) -> Any:
    """The value with every intrinsic function in it evaluated; AWS::NoValue takes its key or item away."""
    if isinstance(value, list):
        items = (resolve(item, scope) for item in value)
        return [item for item in items if item is not NO_VALUE]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        name, argument = next(iter(value.items()))
        if name in FUNCTIONS:
            return FUNCTIONS[name](argument, scope)
        if name.startswith("Fn::"):
            raise NotEmbedded(f"the embedded CloudFormation has no {name}")
    pairs = ((key, resolve(item, scope)) for key, item in value.items())
    return {key: item for key, item in pairs if item is not NO_VALUE}


def holds(condition: dict[str, Any], scope: Scope) -> bool:
    """Whether a condition of the template's Conditions section is met."""
    (name, argument), *rest = condition.items()
    match name:
        case "Condition" if not rest:
            return scope.condition(argument)
        case "Fn::Equals":
            first, second = (resolve(part, scope) for part in argument)
            return _text(first, name) == _text(second, name)
        case "Fn::Not":
            return not holds(argument[0], scope)
        case "Fn::And":
            return all(holds(part, scope) for part in argument)
        case "Fn::Or":
            return any(holds(part, scope) for part in argument)
        case "Fn::Contains":
            among, one = (resolve(part, scope) for part in argument)
            return one in among
    raise NotEmbedded(f"the embedded CloudFormation has no condition function {name}")


def references(value: Any) -> set[str]:
    """Every name that a part of a template refers to, by Ref, Fn::GetAtt or Fn::Sub."""
    if isinstance(value, list):
        return set().union(*map(references, value))
    if not isinstance(value, dict):
        return set()
    found: set[str] = set()
    for key, item in value.items():
        if key == "Ref" and len(value) == 1:
            found.add(item)
        elif key == "Fn::GetAtt":
            found.add(_attribute_path(item)[0])
        elif key == "Fn::Sub":
            text, own = _substitution(item)
            names = {name.split(".")[0] for literal, name in PLACEHOLDER.findall(text) if not literal}
            found |= (names - set(own)) | references(own)
        else:
            found |= references(item)
    return found


def _ref(name: str, scope: Scope) -> Any:
    return NO_VALUE if name == "AWS::NoValue" else scope.ref(name)


def _attribute_path(argument: str | list[str]) -> list[str]:
    return argument.split(".", 1) if isinstance(argument, str) else argument


def _get_att(argument: str | list[str], scope: Scope) -> Any:
    logical_id, name = _attribute_path(argument)
    return scope.attribute(logical_id, resolve(name, scope))


def _substitution(argument: str | list[Any]) -> tuple[str, dict[str, Any]]:
    return (argument, {}) if isinstance(argument, str) else (argument[0], argument[1])


def _sub(argument: str | list[Any], scope: Scope) -> str:
    text, own = _substitution(argument)

    def replacement(match: re.Match[str]) -> str:
        literal, name = match.groups()
        if literal:
            return "${" + name + "}"
        if name in own:
            value = resolve(own[name], scope)
        else:
            value = _get_att(name, scope) if "." in name else _ref(name, scope)
        return _text(value, name)

    return PLACEHOLDER.sub(replacement, text)


def _text(value: Any, name: str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | int | float):
        raise StackError(f"Template error: ${{{name}}} is no string")
    return str(value)


def _join(argument: list[Any], scope: Scope) -> str:
    separator, items = argument[0], resolve(argument[1], scope)
    return str(separator.join(_text(item, "Fn::Join") for item in items))


def _import_value(argument: Any, scope: Scope) -> str:
    return scope.imported(_text(resolve(argument, scope), "Fn::ImportValue"))


def _select(argument: list[Any], scope: Scope) -> Any:
    index, items = int(resolve(argument[0], scope)), resolve(argument[1], scope)
    if not 0 <= index < len(items):
        raise StackError(f"Template error: Fn::Select cannot select nonexistent value at index {index}")
    return items[index]


def _find_in_map(argument: list[Any], scope: Scope) -> Any:
    name, first, second = (resolve(part, scope) for part in argument)
    try:
        return scope.mapping(name)[str(first)][str(second)]
    except KeyError as missing:
        raise StackError(f"Template error: Unable to get mapping for {name}::{first}::{second}") from missing


def _if(argument: list[Any], scope: Scope) -> Any:
    name, when_true, when_false = argument
    return resolve(when_true if scope.condition(name) else when_false, scope)


FUNCTIONS: dict[str, Callable[[Any, Scope], Any]] = {
    "Ref": _ref,
    "Fn::GetAtt": _get_att,
    "Fn::Sub": _sub,
    "Fn::Join": _join,
    "Fn::ImportValue": _import_value,
    "Fn::Split": lambda argument, scope: resolve(argument[1], scope).split(argument[0]),
    "Fn::Select": _select,
    "Fn::FindInMap": _find_in_map,
    "Fn::If": _if,
    "Fn::Base64": lambda argument, scope: base64.b64encode(resolve(argument, scope).encode()).decode(),
    "Fn::ToJsonString": lambda argument, scope: json.dumps(resolve(argument, scope)),
    "Fn::GetAZs": lambda argument, scope: [
        f"{resolve(argument, scope) or scope.ref('AWS::Region')}{zone}" for zone in "abcdef"
    ],
}
