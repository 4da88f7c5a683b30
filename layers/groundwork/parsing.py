"""What somebody sent, read as a model; what is wrong with it, in one sentence for each mistake."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from groundwork.errors import InvalidRequest
from groundwork.fields import shown

TOO_LONG = "tooLong"
PERSONAL = "contacts"
"""The field that holds data of people: what stands in it is not quoted."""
MOST_MISTAKES = 10
"""Named of one request: a cause must fit into an execution's state, however much somebody posts."""

M = TypeVar("M", bound=BaseModel)
Rules = Callable[[Mapping[str, Any]], list[str]]
"""What is wrong with fields that are right by themselves, a sentence for each mistake."""


def check_length(raw: Mapping[str, Any]) -> None:
    """What would not fit into a function's call the state machine has held back, and says so."""
    if TOO_LONG in raw:
        raise InvalidRequest(f"The input has {shown(raw[TOO_LONG])} characters, more than fit; ask for less.")


def parsed(model: type[M], raw: Mapping[str, Any], rules: Rules = lambda _: []) -> M:
    """What somebody sent, as a model. Raises `InvalidRequest`, naming field, value and remedy; `rules` adds to the mistakes of
    its fields what is wrong with the others."""
    try:
        return model.model_validate(dict(raw), by_alias=True, by_name=False)
    except ValidationError as invalid:
        errors = invalid.errors()
        wrong = {error["loc"][0] for error in errors if error["loc"]}
        right = {name: value for name, value in raw.items() if name not in wrong}
        besides = rules(right)
        mistakes = [_sentence(error, model) for error in errors[: MOST_MISTAKES - len(besides)]] + besides
        rest = len(errors) + len(besides) - len(mistakes)
        raise InvalidRequest(" ".join(mistakes + ([f"And {rest} more."] if rest else []))) from None


def _sentence(error: Any, model: type[BaseModel]) -> str:
    """One pydantic error in words: the field, the value, the remedy."""
    field = ".".join(_step(part) for part in error["loc"])
    if error["loc"][:1] == (PERSONAL,) and error["type"] not in ("missing", "extra_forbidden"):
        said = error["ctx"]["error"] if error["type"] == "value_error" else what_is_wrong(error)
        return f"{field} {said}."
    match error["type"]:
        case "missing":
            return f"{field} is missing; it is required."
        case "extra_forbidden":
            known = ", ".join(_known_fields(model, error["loc"][:-1]))
            return f"{field} is an unknown field; known are {known}."
        case "value_error":
            return f"{field} {shown(error['input'])} {error['ctx']['error']}."
        case "literal_error":
            return f"{field} {shown(error['input'])} is unknown; it must be {error['ctx']['expected']}."
        case _:
            return f"{field} {shown(error['input'])} {what_is_wrong(error)}."


def what_is_wrong(error: Any) -> str:
    """With a value, in pydantic's words or in ours, so that they say what to give instead."""
    match error["type"]:
        case "greater_than_equal":
            return f"is too small; it must be {error['ctx']['ge']:.15g} or more"
        case "greater_than":
            return f"is too small; it must be more than {error['ctx']['gt']:.15g}"
        case "less_than_equal":
            return f"is too large; it must be {error['ctx']['le']:.15g} or less"
        case "string_type" if isinstance(error["input"], int | float | date):
            return "is not right: it is not text; put it in quotes"
        case _:
            return f"is not right: {error['msg'][0].lower()}{error['msg'][1:]}"


def _known_fields(model: type[BaseModel], within: tuple[str | int, ...]) -> list[str]:
    """The fields a person may give, of the model or of one that it holds."""
    for part in within:
        held = next((info.annotation for info in model.model_fields.values() if info.alias == part), None)
        if isinstance(held, type) and issubclass(held, BaseModel):
            model = held
    names = (info.alias or name for name, info in model.model_fields.items())
    return [name for name in names if not name.startswith("AWS_")]


def _step(part: str | int) -> str:
    """Of the way to a field, which whoever sent it may have named."""
    return (
        part if isinstance(part, str) and re.fullmatch(r"[A-Za-z]\w{0,63}", part, re.ASCII) else shown(part)
    )
