"""`groundwork plan`"""

from __future__ import annotations

import typer

from cli.given import GIVEN
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
    from cli.differences import in_total, run, tell
    from cli.output import as_json, say
    from cli.selection import selected
    from cli.trouble import DIFFERENCES, FAILED

    aws = Connection()
    found = run(aws, "plan", selected(aws, accounts, every=every), not every, component or [])
    if GIVEN.as_json:
        as_json([each.to_json() for each in found])
    else:
        tell(found)
        say(f"\n{in_total(found)}")
    if any(each.failure for each in found):
        raise typer.Exit(FAILED)
    if any(each.differs for each in found):
        raise typer.Exit(DIFFERENCES)
