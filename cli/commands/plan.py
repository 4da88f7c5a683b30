"""`groundwork plan`"""

from __future__ import annotations

import typer

from cli.selection import Accounts, Components, Every


def plan(
    accounts: Accounts = None,
    every: Every = False,
    component: Components = None,
) -> None:
    """Tell what differs from the baseline; exit 2 if anything does.

    Nothing is changed. What is compared with is the declaration that is deployed.

    Example: groundwork plan dev prod
    """
    from cli.connection import Connection
    from cli.executions.differences import answer, run
    from cli.selection import selected
    from cli.trouble import DIFFERENCES, FAILED

    aws = Connection()
    found = run(aws, "plan", selected(aws, accounts, every=every), not every, component or [])
    answer(found)
    if any(each.failure for each in found):
        raise typer.Exit(FAILED)
    if any(each.differs for each in found):
        raise typer.Exit(DIFFERENCES)
