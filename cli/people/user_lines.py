"""Users in the text of baseline.yaml: only the lines of a user change; comments, order and style of all else stay.

The text is edited where the parser says that a user stands. (Reading it and writing it anew would lay out other lines
differently, too.) What came of it is compared with what was meant: the same declaration, but for the user.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml

from cli.declaration.declared import FILE
from cli.trouble import Trouble


def with_user(text: str, user: Mapping[str, Any]) -> str:
    """The text with one user more, at the end of `access.users`. Raises `Trouble` where that cannot be done line by line."""
    access = _access(text)
    users = _value(access, "users")
    made = (
        _without_a_list(text, access, user)
        if users is None
        else _into_empty(text, access, users, user)
        if not users.value
        else _in_brackets(text, users, user)
        if users.flow_style
        else _below_the_last(text, users, user)
    )
    meant = yaml.safe_load(text)
    meant["access"]["users"] = [*meant["access"].get("users", []), dict(user)]
    return _as_meant(made, text, meant)


def without_user(text: str, name: str) -> str:
    """The text without this user, who is declared. Raises `Trouble` where that cannot be done line by line."""
    users = _value(_access(text), "users")
    given = list(yaml.safe_load(text)["access"]["users"])
    number = next(number for number, each in enumerate(given) if each["name"] == name)
    made = _out_of_brackets(text, users, number) if users.flow_style else _without_lines(text, users, number)
    meant = yaml.safe_load(text)
    del meant["access"]["users"][number]
    return _as_meant(made, text, meant)


def _as_meant(made: str, text: str, meant: Any) -> str:
    if text.count("\r\n") == text.count("\n"):
        made = made.replace("\r\n", "\n").replace("\n", "\r\n")
    try:
        come_of_it = yaml.safe_load(made)
    except yaml.YAMLError:
        come_of_it = None
    if come_of_it != meant:
        raise _by_hand("its layout is an unusual one")
    return made


def _by_hand(why: str) -> Trouble:
    return Trouble(f"{FILE}: access.users cannot be edited line by line: {why}.", "Edit it by hand.")


def _access(text: str) -> yaml.MappingNode:
    root = yaml.compose(text, yaml.SafeLoader)
    access = _value(root, "access")
    if not isinstance(access, yaml.MappingNode) or access.flow_style:
        raise _by_hand("access is not written in lines of its own")
    return access


def _value(mapping: Any, key: str) -> Any:
    """The node at this key, if it is there."""
    return next((value for name, value in mapping.value if name.value == key), None)


# -- one more ----------------------------------------------------------------------------------------


def _in_line(user: Mapping[str, Any]) -> str:
    return f"{{{', '.join(f'{key}: {_written(value)}' for key, value in user.items())}}}"


def _written(value: Any) -> str:
    """A value as it stands in a line: without quotes where YAML needs none."""
    if isinstance(value, list):
        return f"[{', '.join(map(_written, value))}]"
    if isinstance(value, bool):
        return json.dumps(value)
    plain = not set(value) & set(",[]{}#&*!|>'\"%@`:") and yaml.safe_load(value) == value
    return value if plain else json.dumps(value)


def _below(indent: int, user: Mapping[str, Any]) -> str:
    return f"{' ' * indent}- {_in_line(user)}\n"


def _without_a_list(text: str, access: yaml.MappingNode, user: Mapping[str, Any]) -> str:
    lines = _lines(text)
    end = _last_line(access) + 1
    column = access.start_mark.column
    lines[end:end] = [f"{' ' * column}users:\n", _below(column + 2, user)]
    return "".join(lines)


def _into_empty(text: str, access: yaml.MappingNode, users: Any, user: Mapping[str, Any]) -> str:
    """`users: []` becomes a list in lines; the comment behind it stays in its column."""
    lines = _lines(text)
    number, start, end = users.start_mark.line, users.start_mark.column, users.end_mark.column
    line = lines[number]
    gap = " " * (end - start + 1) if line[end:].strip() else ""
    lines[number] = f"{line[:start].rstrip()}{gap}{line[end:]}"
    lines.insert(number + 1, _below(access.start_mark.column + 2, user))
    return "".join(lines)


def _in_brackets(text: str, users: Any, user: Mapping[str, Any]) -> str:
    last = users.value[-1]
    end = last.end_mark.index
    column = last.start_mark.column
    alone = last.start_mark.line > users.start_mark.line
    return f"{text[:end]},{chr(10) + ' ' * column if alone else ' '}{_in_line(user)}{text[end:]}"


def _below_the_last(text: str, users: Any, user: Mapping[str, Any]) -> str:
    lines = _lines(text)
    last = users.value[-1]
    indent = users.start_mark.column
    if getattr(last, "flow_style", True):
        made = [_below(indent, user)]
    else:
        column = last.start_mark.column
        dash = f"{' ' * indent}-".ljust(column)
        made = [
            f"{dash if not number else ' ' * column}{key}: {_written(value)}\n"
            for number, (key, value) in enumerate(user.items())
        ]
    end = _last_line(last) + 1
    lines[end:end] = made
    return "".join(lines)


# -- one less ----------------------------------------------------------------------------------------


def _without_lines(text: str, users: Any, number: int) -> str:
    lines = _lines(text)
    item = users.value[number]
    del lines[item.start_mark.line : _last_line(item) + 1]
    if len(users.value) > 1:
        return "".join(lines)
    key = users.start_mark.line - 1
    while not lines[key].lstrip().startswith("users:"):
        key -= 1
    before, colon, behind = lines[key].partition("users:")
    comment = behind.strip()
    spaces = max(1, len(behind) - len(behind.lstrip()) - 3) if comment else 0
    lines[key] = f"{before}{colon} []{' ' * spaces}{comment}\n"
    return "".join(lines)


def _out_of_brackets(text: str, users: Any, number: int) -> str:
    items = users.value
    if number:
        start, end = items[number - 1].end_mark.index, items[number].end_mark.index
    elif len(items) > 1:
        start, end = items[0].start_mark.index, items[1].start_mark.index
    else:
        start, end = items[0].start_mark.index, items[0].end_mark.index
    return text[:start] + text[end:]


def _lines(text: str) -> list[str]:
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    return lines


def _last_line(node: Any) -> int:
    """The number of the last line on which the node says something: a block ends only where the next thing begins."""
    if isinstance(node, yaml.ScalarNode) or node.flow_style or not node.value:
        end = node.end_mark
        return int(end.line if end.column else max(node.start_mark.line, end.line - 1))
    last = node.value[-1]
    if isinstance(node, yaml.MappingNode):
        return max(_last_line(last[0]), _last_line(last[1]))
    return _last_line(last)
