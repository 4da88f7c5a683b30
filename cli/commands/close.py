"""`groundwork close`"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from cli.given import GIVEN


def close(
    account: Annotated[str, typer.Argument(help="Id, name or e-mail of an account.", show_default=False)],
    reason: Annotated[str, typer.Option(help="Why; it is kept, and told.")] = "",
    grace_days: Annotated[
        int | None, typer.Option(help="Days until it is closed, where it is to be more than is declared.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without a question.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Until it is suspended, or that failed.")] = False,
) -> None:
    """Have an account suspended at once, and closed when its time is over.

    Needs groundwork-closer; a name, an e-mail and --wait need groundwork-operator, too. `groundwork reopen` has it back
    until it is closed.

    Example: groundwork close sandbox-7 --reason "the trial is over" --wait
    """
    from cli.bus.closings import ask, id_of, outcome
    from cli.connection import Connection
    from cli.output import as_json, aside, say
    from cli.trouble import Trouble

    if not yes and (GIVEN.as_json or not aside().is_terminal):
        raise Trouble("There is no terminal to ask on.", "Give --yes.")
    aws = Connection()
    account_id = id_of(aws, account)
    question = (
        f"Suspend {account} ({account_id}) now, so that nobody can do anything in it, and close it later?"
    )
    if not yes and not typer.confirm(question, err=True):
        say("Nothing was changed.")
        return
    detail: dict[str, Any] = {"accountId": account_id, "reason": reason}
    asked = ask(aws, "close", detail | ({"graceDays": grace_days} if grace_days is not None else {}))
    done = outcome(aws, account, asked) if wait else {}
    if GIVEN.as_json:
        as_json({"accountId": account_id, "eventId": asked.event_id, **done})
    elif done:
        say(
            f"{account} is suspended, and is closed at {done['closesAt']}. What is in it: {done['inventory']['file']}"
        )
        say(f"To have it back until then: groundwork reopen {account_id}")
    else:
        say(
            f"Asked for, as event {asked.event_id}. Look at it: groundwork accounts --state closing, or, where it is refused, groundwork failures"
        )
