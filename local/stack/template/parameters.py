"""A template's Parameters section: the values that a stack runs with.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from local.stack.errors import NotEmbedded, StackError

SSM_VALUE = "AWS::SSM::Parameter::Value<"


def parameter_texts(declared: Mapping[str, Mapping[str, Any]], given: Mapping[str, str]) -> dict[str, str]:
    """Each declared parameter as it was given or defaults; StackError for a missing or unknown one."""
    if strange := sorted(set(given) - set(declared)):
        raise StackError(f"Parameters: [{', '.join(strange)}] do not exist in the template")
    texts = {name: given.get(name, slot.get("Default")) for name, slot in declared.items()}
    if missing := [name for name, text in texts.items() if text is None]:
        raise StackError(f"Parameters: [{', '.join(missing)}] must have values")
    return {name: str(text) for name, text in texts.items()}


def parameter_values(
    declared: Mapping[str, Mapping[str, Any]], texts: Mapping[str, str], stored: Callable[[str], str]
) -> dict[str, Any]:
    """Each parameter in its type; `stored` reads a parameter of SSM. StackError for one against its constraints."""
    return {name: _value(name, slot, texts[name], stored) for name, slot in declared.items()}


def is_stored(slot: Mapping[str, Any]) -> bool:
    """Whether the parameter names one of SSM, whose value it has."""
    return str(slot["Type"]).startswith(SSM_VALUE)


def _value(name: str, slot: Mapping[str, Any], text: str, stored: Callable[[str], str]) -> Any:
    kind = slot["Type"]
    if is_stored(slot):
        kind, text = kind.removeprefix(SSM_VALUE).removesuffix(">"), stored(text)
    _check(name, slot, text, kind)
    if kind == "CommaDelimitedList" or kind.startswith("List<"):
        return [item.strip() for item in text.split(",")]
    if kind in ("String", "Number") or kind.startswith("AWS::"):
        return text
    raise NotEmbedded(f"Parameter {name}: the embedded CloudFormation has no type {kind}")


def _check(name: str, slot: Mapping[str, Any], text: str, kind: str) -> None:
    def refuse(told: str) -> None:
        raise StackError(slot.get("ConstraintDescription") or f"Parameter {name} {told}")

    if kind == "Number":
        try:
            number = float(text)
        except ValueError as not_a_number:
            raise StackError(f"Parameter {name} must be a number, not {text!r}") from not_a_number
        if number < slot.get("MinValue", number):
            refuse(f"must be a number not less than {slot['MinValue']}")
        if number > slot.get("MaxValue", number):
            refuse(f"must be a number not greater than {slot['MaxValue']}")
    allowed = slot.get("AllowedValues")
    values = text.split(",") if kind == "CommaDelimitedList" else [text]
    if allowed and not set(values) <= {str(value) for value in allowed}:
        refuse(f"must be one of AllowedValues: {allowed}")
    if "AllowedPattern" in slot and not re.fullmatch(slot["AllowedPattern"], text):
        refuse(f"must match pattern {slot['AllowedPattern']}")
    if len(text) < int(slot.get("MinLength", 0)):
        refuse(f"must contain at least {slot['MinLength']} characters")
    if "MaxLength" in slot and len(text) > int(slot["MaxLength"]):
        refuse(f"must contain at most {slot['MaxLength']} characters")
