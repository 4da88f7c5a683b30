"""The links by which the console switches to a role.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-console.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from urllib.parse import urlencode

from cli.people.entries import Door
from cli.people.profiles import purpose
from groundwork.contracts import Kind

DOMAINS = {"aws": "aws.amazon.com", "aws-cn": "amazonaws.cn", "aws-us-gov": "amazonaws-us-gov.com"}
"""Where people sign in, by partition."""

LONGEST_DISPLAY_NAME = 64
COLORS: dict[Kind, tuple[str, str]] = {
    "management": ("red", "f2b0a9"),
    "security": ("orange", "fbc8aa"),
    "tooling": ("blue", "83d4e8"),
    "workload": ("green", "b7ca9d"),
}
"""By kind: what the console calls it, and its value. AWS documents no parameter for it; where the console knows the value
no more, the color is left to choose."""


def sign_in(partition: str, account_id: str) -> str:
    """Where the users of an account sign in, whatever its alias."""
    return f"https://{account_id}.signin.{DOMAINS[partition]}/console"


def switch(partition: str, door: Door) -> str:
    """With everything filled in."""
    given = {
        "account": door.account_id,
        "roleName": f"{door.path}{door.role}".lstrip("/"),
        "displayName": f"{door.account}-{purpose(door.role)}"[:LONGEST_DISPLAY_NAME],
        "color": COLORS[door.kind][1],
    }
    return f"https://signin.{DOMAINS[partition]}/switchrole?{urlencode(given)}"


def switchable(doors: Iterable[Door]) -> list[Door]:
    """The console gives no external id, and so enters no role that asks for one."""
    return [door for door in doors if door.external_id is None]


def markdown(partition: str, groups: dict[str, list[Door]]) -> str:
    """A table for each group, or for the user."""
    parts = []
    for name, doors in groups.items():
        rows = [
            f"| {_words(door.account)} | {door.account_id} | {door.kind} | [{_words(door.role)}]({switch(partition, door)}) |"
            for door in doors
        ]
        parts.append(
            "\n".join(
                [f"## {_words(name)}", "", "| Account | Id | Kind | Role |", "|---|---|---|---|", *rows, ""]
            )
        )
    return "\n".join(parts)


def _words(text: str) -> str:
    """No markup, whoever gave the name: neither of Markdown nor of HTML."""
    return re.sub(r"([\\`*_\[\]<>|&~])", r"\\\1", text)


def bookmarks(partition: str, groups: dict[str, list[Door]]) -> str:
    """A file that browsers import: a folder for each group, or for the user.

    https://learn.microsoft.com/previous-versions/windows/internet-explorer/ie-developer/platform-apis/aa753582(v=vs.85)
    """
    lines = [
        "<!DOCTYPE NETSCAPE-Bookmark-file-1>",
        '<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=UTF-8">',
        "<TITLE>Bookmarks</TITLE>",
        "<H1>Bookmarks</H1>",
        "<DL><p>",
    ]
    for name, doors in groups.items():
        lines += [f"    <DT><H3>AWS: {escape(name)}</H3>", "    <DL><p>"]
        lines += [
            f'        <DT><A HREF="{escape(switch(partition, door))}">{escape(f"{door.account}: {door.role}")}</A>'
            for door in doors
        ]
        lines.append("    </DL><p>")
    return "\n".join([*lines, "</DL><p>", ""])
