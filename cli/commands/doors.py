"""`groundwork doors`"""

from __future__ import annotations

from typing import Annotated

import typer


def doors(
    changes: Annotated[
        bool, typer.Option("--changes", help="What opens and closes beside another declaration.")
    ] = False,
    against: Annotated[
        str, typer.Option(help="With --changes: a Git revision of the declaration, a file, or a folder.")
    ] = "HEAD",
    held: Annotated[
        bool,
        typer.Option("--held", help="What accounts really hold; with --changes, beside what is declared."),
    ] = False,
    account: Annotated[
        list[str] | None, typer.Option(help="Only this account, by name, id or e-mail; may be given again.")
    ] = None,
    offline: Annotated[
        bool | None,
        typer.Option(
            "--offline/--online",
            help="Without AWS, in an account of each kind and declared unit, or in those that there are; offline is meant "
            "with --changes, unless --account or --held is there.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Who enters what; with --changes, what a change of the declaration opens, and exit 2 if anything does.

    Nothing is changed. The declaration is the one in your folder, deployed or not.

    Example: groundwork doors --changes --against origin/main
    """
    from cli.doors import showing as doorways
    from cli.trouble import DIFFERENCES, Trouble

    if offline and held:
        raise Trouble("What accounts hold cannot be told offline.", "Leave --held or --offline out.")
    asked = doorways.Asked(
        changes and not account and not held if offline is None else offline, account or []
    )
    if not changes:
        doorways.show(*(doorways.held(asked) if held else doorways.declared_ones(asked)))
        return
    found = doorways.changes_of_held(asked) if held else doorways.changes_against(asked, against)
    doorways.tell(found, "what is declared" if held else against)
    if any(each.opens for each in found):
        raise typer.Exit(DIFFERENCES)
