"""`groundwork apply`"""

from __future__ import annotations

from typing import Annotated

import typer

from cli.given import GIVEN
from cli.selection import Accounts, Components, Every


def apply(
    accounts: Accounts = None,
    every: Every = False,
    component: Components = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without a question.")] = False,
) -> None:
    """Plan, ask, and bring accounts to their baseline.

    An account that nobody has adopted is adopted when it is named; --all only plans it.

    Example: groundwork apply prod
    """
    from cli.connection import Connection
    from cli.executions.differences import answer, run
    from cli.output import as_json, aside, say
    from cli.selection import selected
    from cli.trouble import FAILED, Trouble

    if not yes and (GIVEN.as_json or not aside().is_terminal):
        raise Trouble("There is no terminal to ask on.", "Give --yes; `groundwork plan` only looks.")
    aws = Connection()
    entries = selected(aws, accounts, every=every)
    planned = run(aws, "plan", entries, not every, component or [])
    if not GIVEN.as_json:
        answer(planned)
    failed = [each.name for each in planned if each.failure]
    if failed:
        raise Trouble(f"The plan of {', '.join(failed)} failed.", "Nothing was changed.", FAILED)
    due = [
        entry
        for entry, each in zip(entries, planned, strict=True)
        if any(change.action != "report" for change in each.changes)
        or entry.state in ("failed", "in progress")
    ]
    if not due:
        if GIVEN.as_json:
            as_json([each.to_json() for each in planned])
        say("Nothing to do.")
        return
    names = ", ".join(each.name for each in due)
    if not yes and not typer.confirm(f"Bring {names} to the baseline?", err=True):
        say("Nothing was changed.")
        return
    done = run(aws, "apply", due, not (every and len(due) == len(entries)), component or [])
    answer(done)
    if any(each.failure for each in done):
        raise typer.Exit(FAILED)
