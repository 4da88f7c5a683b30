"""`groundwork reopen`"""

from __future__ import annotations

from typing import Annotated

import typer

from cli.given import GIVEN


def reopen(
    account: Annotated[str, typer.Argument(help="Id, name or e-mail of an account.", show_default=False)],
    wait: Annotated[bool, typer.Option("--wait", help="Until it is where it was, or that failed.")] = False,
) -> None:
    """Have an account back that is to be closed.

    Needs groundwork-closer; a name, an e-mail and --wait need groundwork-operator, too. Once AWS has closed it, AWS Support
    alone reopens it, for 90 days.

    Example: groundwork reopen sandbox-7 --wait
    """
    from cli.bus.closings import ask, id_of, outcome
    from cli.connection import Connection
    from cli.output import as_json, say

    aws = Connection()
    account_id = id_of(aws, account)
    asked = ask(aws, "reopen", {"accountId": account_id})
    done = outcome(aws, account, asked) if wait else {}
    if GIVEN.as_json:
        as_json({"accountId": account_id, "eventId": asked.event_id, **done})
    elif done:
        say(f"{account}: {done['outcome']}. {done.get('note', '')}".rstrip())
    else:
        say(f"Asked for, as event {asked.event_id}. Look at it: groundwork show {account_id}")
