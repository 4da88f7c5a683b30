"""~/.aws/config: sections of ours among those of others, which stay byte for byte what they are.

A section of ours is known by a comment, its first line, which names whose doors it has; not by its name, which people
choose for sections of their own, too. Of such a section the keys that Groundwork writes are Groundwork's; others that
people added, like `output`, stay. Tools that edit the file line by line, as the AWS CLI does, keep the comment.
"""

from __future__ import annotations

import configparser
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cli.people.files import read_bytes
from cli.trouble import Trouble
from groundwork.fields import shown

MARK = "# written by groundwork profiles for"
KEYS = (
    "region",
    "endpoint_url",
    "login_session",
    "mfa_serial",
    "role_arn",
    "source_profile",
    "role_session_name",
    "external_id",
    "sso_session",
    "sso_start_url",
    "sso_region",
    "sso_registration_scopes",
    "sso_account_id",
    "sso_role_name",
)
"""All that Groundwork writes into a section."""

Sections = Mapping[str, Mapping[str, str]]
"""By what stands between the brackets: `profile dev-admin`, `sso-session groundwork`."""

LINE = re.compile(r"[^\n]*\n|[^\n]+")
HEADER = re.compile(r"\[(.+)\]")
KEY = re.compile(r"(\S[^=:]*?)\s*[=:]")


def location() -> Path:
    """Where the AWS CLI and the SDKs have it."""
    return Path(os.environ.get("AWS_CONFIG_FILE") or "~/.aws/config").expanduser()


def read(path: Path) -> str:
    """The text, whose bytes all come back when it is written. Raises `Trouble` for what the AWS CLI could not read."""
    text = read_bytes(path).decode("utf-8", "surrogateescape")
    _parsed(path, text)
    return text


def written(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


@dataclass(frozen=True)
class _Section:
    """Lines from the header up to the last one that says something; what comes after belongs to the next section."""

    name: str
    start: int
    end: int
    mark: str


def merged(path: Path, text: str, whose: str, wanted: Sections) -> str:
    """The text with the sections of `whose` as wanted: changed where they stand, new ones at the end, those that are
    not wanted any more gone. Raises `Trouble` where a section of others has a wanted name and says something else."""
    lines = LINE.findall(text)
    newline = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    found = _sections(lines)
    ours = {each.name: each for each in found if each.mark == f"{MARK} {whose}"}
    others = [each.name for each in found if each.name in wanted and each.name not in ours]
    _hold_apart(path, text, whose, others, wanted)
    for section in reversed(ours.values()):
        made = [
            *(
                _rendered(section.name, whose, wanted[section.name], newline)
                if section.name in wanted
                else []
            ),
            *(_added(lines[section.start + 2 : section.end], newline) if section.name in wanted else []),
        ]
        start = section.start
        if not made and start and not lines[start - 1].strip():
            start -= 1
        lines[start : section.end] = made
    for name in wanted:
        if name not in ours and name not in others:
            if lines and not lines[-1].endswith("\n"):
                lines[-1] += newline
            if lines and lines[-1].strip():
                lines.append(newline)
            lines += _rendered(name, whose, wanted[name], newline)
    return "".join(lines)


def section(path: Path, text: str, name: str) -> Mapping[str, str]:
    """What a section says; nothing where there is none."""
    return _parsed(path, text).get(name, {})


def rendered(whose: str, wanted: Sections) -> str:
    """These sections alone."""
    return "\n".join("".join(_rendered(name, whose, keys, "\n")) for name, keys in wanted.items())


def _hold_apart(path: Path, text: str, whose: str, names: list[str], wanted: Sections) -> None:
    parsed = _parsed(path, text)
    for name in names:
        there = parsed[name]
        wrong = next((key for key, value in wanted[name].items() if there.get(key) != value), None)
        if wrong:
            says = f"says {wrong} = {there[wrong]}" if wrong in there else f"has no {wrong}"
            raise Trouble(
                f"{path} has a section [{name}] that was not written for {whose}, and it {says}, not "
                f"{wanted[name][wrong]}.",
                "Correct or rename it, or choose other names by --prefix. Nothing was changed.",
            )


def _parsed(path: Path, text: str) -> dict[str, dict[str, str]]:
    parser = configparser.RawConfigParser(default_section="", interpolation=None)
    try:
        parser.read_string(text, source=path.name)
    except configparser.Error as broken:
        why = " ".join(str(broken).split())
        raise Trouble(
            f"{path} is no configuration that the AWS CLI can read: {why}.",
            "Mend it first. Nothing was changed.",
        ) from None
    return {_normal(name): dict(parser.items(name)) for name in parser.sections()}


def _sections(lines: list[str]) -> list[_Section]:
    headers = [(number, header[1]) for number, line in enumerate(lines) if (header := HEADER.match(line))]
    ends = [*(number for number, _ in headers[1:]), len(lines)]
    found = []
    for (start, name), after in zip(headers, ends, strict=False):
        mark = lines[start + 1].strip() if start + 1 < after else ""
        mark = mark if mark.startswith(MARK) else ""
        says = [number for number in range(start, after) if _says_something(lines[number])]
        end = max(says[-1] + 1, start + 2 if mark else 0)
        found.append(_Section(_normal(name), start, end, mark))
    return found


def _says_something(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith(("#", ";"))


def _normal(name: str) -> str:
    """`profile "a b"` and `profile  a b` are one."""
    kind, _, rest = name.strip().partition(" ")
    return f"{kind} {rest.strip().strip(chr(34))}".strip()


def _added(lines: list[str], newline: str) -> list[str]:
    """Of the lines of a section of ours, those of keys that are not Groundwork's, with what is indented below them."""
    kept, keep = [], False
    for line in lines:
        key = KEY.match(line)
        if key:
            keep = key[1].lower() not in KEYS
        elif not line[:1].isspace():
            keep = bool(line.strip())
        if keep:
            kept.append(line if line.endswith("\n") else line + newline)
    return kept


def _rendered(name: str, whose: str, keys: Mapping[str, str], newline: str) -> list[str]:
    """Raises `Trouble` for what would be more than one line: the next one could name a program to be run."""
    if odd := next((each for each in (name, whose, *keys.values()) if not each.isprintable()), None):
        raise Trouble(
            f"{shown(odd)} would be more than one line of a configuration.",
            "Have whoever made the file of --from, or gave it to you, look at it. Nothing was changed.",
        )
    kind, _, own = name.partition(" ")
    header = f'[{kind} "{own}"]' if " " in own else f"[{name}]"
    lines = [header, f"{MARK} {whose}", *(f"{key} = {value}" for key, value in keys.items())]
    return [f"{line}{newline}" for line in lines]
