"""`groundwork switch-links`"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.given import GIVEN

if TYPE_CHECKING:
    from cli.connection import Connection
    from cli.people.entries import Door, People


class Format(StrEnum):
    TEXT = "text"
    MARKDOWN = "markdown"
    BOOKMARKS = "bookmarks"


def switch_links(
    user: Annotated[str | None, typer.Option(help="The links of a declared user.")] = None,
    group: Annotated[list[str] | None, typer.Option(help="Those of a group; may be given again.")] = None,
    form: Annotated[
        Format,
        typer.Option("--format", help="Text, Markdown, or a file of bookmarks that browsers import."),
    ] = Format.TEXT,
    exported: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="A file made by `groundwork profiles --export`: no declaration and no organization is read.",
        ),
    ] = None,
) -> None:
    """The links by which the console switches to a role.

    Of the user or the groups named; else of the user whose credentials these are; else of every group. Sign in to the
    security account first: the console switches from there.

    Example: groundwork switch-links --group dev-external-accounts --format bookmarks > aws.html
    """
    from cli.connection import Connection
    from cli.output import as_json
    from cli.people.entries import gathered
    from cli.people.links import COLORS, bookmarks, markdown, sign_in, switch, switchable

    aws = Connection()
    known = gathered(aws, exported)
    found = {name: switchable(doors) for name, doors in _asked(aws, known, user, group).items()}
    if GIVEN.as_json:
        as_json(
            [
                {"for": name, **door.to_json(), "link": switch(known.partition, door)}
                for name, doors in found.items()
                for door in doors
            ]
        )
        return
    if form is not Format.TEXT:
        print({Format.MARKDOWN: markdown, Format.BOOKMARKS: bookmarks}[form](known.partition, found), end="")
        return
    for name, doors in found.items():
        print(f"{name}:")
        for door in doors:
            print(f"  {door.account}  {door.account_id}  {door.kind}, {COLORS[door.kind][0]}  {door.role}")
            print(f"    {switch(known.partition, door)}")
        if not doors:
            print("  enters no account that is there")
    print(f"\nSign in to the security account first: {sign_in(known.partition, known.security_account_id)}")


def _asked(
    aws: Connection, known: People, user: str | None, groups: list[str] | None
) -> dict[str, list[Door]]:
    from cli.people.entries import caller_among
    from cli.trouble import Trouble

    if user and groups:
        raise Trouble("--user and --group exclude each other.", "Give one of them.")
    if user:
        return {user: known.doors_of(user)}
    if groups:
        return {name: known.doors_of_group(name) for name in groups}
    caller = caller_among(aws, known)
    return {caller: known.doors_of(caller)} if caller else known.groups
