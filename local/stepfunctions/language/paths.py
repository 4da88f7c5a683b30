"""What is refused of paths and intrinsic functions in states that are written in JSONPath.

Follows "Paths", "Reference Paths" and "Intrinsic Functions" of the Amazon States Language specification. What stands
between the brackets of a path is not read, beyond quotes and brackets that are not closed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_QUOTED = r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\""
_INNER = rf"\[(?:{_QUOTED}|[^\[\]'\"])+\]"
_BRACKETS = rf"\[(?:{_QUOTED}|{_INNER}|[^\[\]'\"])+\]"
_CALL = rf"\((?:{_QUOTED}|[^()'\"])*\)"
_ROOT = r"\$(?:\$|[^\W\d]\w*)?"
_PATH = re.compile(rf"{_ROOT}(?:\.\.?[^.\[\]'\"()]+(?:{_CALL})?|(?:\.\.)?{_BRACKETS})*")
_REFERENCE = re.compile(rf"\$(?:\.[^.\[\]'\"()*@,:?]+|\[(?:\d+|{_QUOTED})\])*")
_FUNCTION = re.compile(r"States\.\w+\(.*\)", re.DOTALL)
_TEXT, _NAME = re.compile(r"'(?:\\.|[^'\\])*'"), re.compile(r"(?<![\w.$])States\.(\w*)")
FUNCTIONS = frozenset(
    {
        *("Array", "ArrayContains", "ArrayGetItem", "ArrayLength", "ArrayPartition", "ArrayRange"),
        *("ArrayUnique", "Base64Decode", "Base64Encode", "Format", "Hash", "JsonMerge", "JsonToString"),
        *("MathAdd", "MathRandom", "StringSplit", "StringToJson", "UUID"),
    }
)
NO_PATH = "Value is not a Path"


def path_problem(value: Any) -> str | None:
    """A path into the input, the Context object (`$$`) or a variable."""
    return None if isinstance(value, str) and _PATH.fullmatch(value) else NO_PATH


def path_or_function_problem(value: Any) -> str | None:
    if not isinstance(value, str) or not value.startswith("States."):
        return path_problem(value)
    code = _TEXT.sub("''", value)
    if not _FUNCTION.fullmatch(code) or code.count("(") != code.count(")"):
        return "Value is not an intrinsic function"
    if unknown := sorted(set(_NAME.findall(code)) - FUNCTIONS):
        return f"There is no intrinsic function States.{unknown[0]}"
    return None


def optional_path_problem(value: Any) -> str | None:
    return None if value is None else path_or_function_problem(value)


def result_path_problem(value: Any) -> str | None:
    """Of a ResultPath: null, or a path that names one place in the state's input."""
    fine = value is None or (isinstance(value, str) and _REFERENCE.fullmatch(value))
    return None if fine else "Value is not a Reference Path"


def template_problems(value: Any, place: str) -> Iterator[tuple[str, str]]:
    """Each field of a payload template whose name ends in `.$` and whose value is no path: what is wrong, and where."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            if not name.endswith(".$"):
                yield from template_problems(item, f"{place}/{name}")
            elif told := path_or_function_problem(item):
                yield told, f"{place}/{name}"
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from template_problems(item, f"{place}[{index}]")
