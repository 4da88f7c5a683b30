"""Which accounts a command is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import waiting
from cli.trouble import Trouble

if TYPE_CHECKING:
    from cli.connection import Connection
    from cli.inventory import Entry


Accounts = Annotated[
    list[str] | None, typer.Argument(help="Ids, names or e-mails of accounts.", show_default=False)
]
Every = Annotated[bool, typer.Option("--all", help="Every account of the organization.")]
Components = Annotated[
    list[str] | None, typer.Option(help="Only this component, like trail; may be given again.")
]


def selected(aws: Connection, accounts: list[str] | None, *, every: bool) -> list[Entry]:
    """The accounts named, or every one. Raises `Trouble` for neither, both, and an account that is not there."""
    from cli.inventory import chosen, inventory

    if bool(accounts) == every:
        raise Trouble("Which accounts?", "Name some by id, name or e-mail, or give --all.")
    with waiting("Reading the organization"):
        there = inventory(aws)
    return chosen(there, accounts) if accounts else there
