"""What CloudFormation was given, and what it shows of that: it makes the stack right, but shows `?` for each character above
U+007F, and of a list no spaces around its commas.

So a change of such characters alone, of as many, is not seen.

https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/814
https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1220
https://github.com/hashicorp/terraform/issues/4561
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from groundwork.declaration.stacks.templates import Template, parsed

_ABOVE = re.compile("[^\x00-\x7f]")
_BEYOND = re.compile("[\U00010000-\U0010ffff]")
_STANDS_IN = "\ufffd"


def content(body: str, declared: Template) -> Mapping[str, Any]:
    """What a template says whose text is shown as this; of the declared one that has been read."""
    if body == declared.body or any(body == each for each in _shown(declared.body)):
        return declared.content
    return read(body)


def read(body: str) -> Mapping[str, Any]:
    """What a template says whose text is shown as this. A value may begin with `?` where another character stood, which YAML
    takes for a key."""
    found: Mapping[str, Any]
    if "?" in body:
        try:
            found = _in_texts(
                parsed(body.replace("?", _STANDS_IN)), lambda text: text.replace(_STANDS_IN, "?")
            )
            return found
        except ValueError:  # it is a key
            pass
    found = parsed(body)
    return found


def same(there: Any, wanted: Any) -> bool:
    """Whether `there` is how `wanted` is shown, or as it is."""
    return bool(there == wanted or any(there == each for each in _shown(wanted)))


def same_value(there: str, wanted: str, kind: str) -> bool:
    """Whether `there` is how a parameter of this type is shown that has the value `wanted`."""
    if kind == "CommaDelimitedList" or kind.startswith("List<"):
        there, wanted = _without_spaces(there), _without_spaces(wanted)
    return same(there, wanted)


def _without_spaces(value: str) -> str:
    return ",".join(each.strip() for each in value.split(","))


def _shown(part: Any) -> tuple[Any, Any]:
    """Nobody has seen whether a character beyond U+FFFF is shown as one `?` or two."""
    return (
        _in_texts(part, lambda text: _ABOVE.sub("?", text)),
        _in_texts(part, lambda text: _ABOVE.sub("?", _BEYOND.sub("??", text))),
    )


def _in_texts(part: Any, change: Callable[[str], str]) -> Any:
    if isinstance(part, str):
        return change(part)
    if isinstance(part, Mapping):
        return {change(name): _in_texts(each, change) for name, each in part.items()}
    return [_in_texts(each, change) for each in part] if isinstance(part, list) else part
