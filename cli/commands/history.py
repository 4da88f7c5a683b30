"""`groundwork history`"""

from __future__ import annotations

from typing import Annotated

import typer

from cli.given import GIVEN

COLUMNS = ("STARTED", "BY", "MODE", "OUTCOME", "CHANGES", "SECONDS", "EXECUTION")


def history(
    account: Annotated[str, typer.Argument(help="Its id, name or e-mail.")],
    last: Annotated[
        int, typer.Option(min=1, max=2000, help="How many executions of all accounts are looked through.")
    ] = 200,
) -> None:
    """The executions of an account.

    Example: groundwork history dev --last 500
    """
    from cli.connection import Connection
    from cli.executions.past import past
    from cli.output import as_json, colored, say, table, waiting
    from cli.selection import selected

    aws = Connection()
    (entry,) = selected(aws, [account], every=False)
    with waiting(f"Looking through the last {last} executions"):
        found = [each for each in past(aws, last) if each.is_about(entry.account_id, entry.email)]
    if GIVEN.as_json:
        as_json([each.to_json() for each in found])
        return
    rows = [
        (
            f"{each.started:%Y-%m-%d %H:%M:%S}",
            each.trigger,
            each.mode,
            colored(each.outcome),
            len(each.output.get("changes", [])) or "",
            f"{each.seconds:.1f}" if each.seconds is not None else "",
            each.arn.rpartition(":")[2],
        )
        for each in found
    ]
    say(table(COLUMNS, rows))
    say(f"\n{len(found)} among the last {last} executions of all accounts")
