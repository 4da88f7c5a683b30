"""`groundwork failures`"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli.given import GIVEN

if TYPE_CHECKING:
    from cli.connection import Connection
    from cli.executions.past import Past


def failures(
    again: Annotated[
        bool,
        typer.Option(
            "--again",
            help="Start each again with the same input: it goes on where it ended. Closing an account is asked for anew.",
        ),
    ] = False,
    last: Annotated[
        int, typer.Option(min=1, max=2000, help="How many failed executions are looked at.")
    ] = 100,
) -> None:
    """What failed, why, and what to do.

    Of each account the newest failure, unless a later run of it went well; and what failed in closing an account, or in
    having it back. Exit 1 while there are any.

    Example: groundwork failures --again
    """
    from cli.connection import Connection
    from cli.executions.past import open_closings, open_failures
    from cli.output import ago, as_json, say, waiting
    from cli.trouble import FAILED

    aws = Connection()
    with waiting("Looking for failures"):
        found = open_failures(aws, last)
        closings = [] if again else open_closings(aws, last)
    if again:
        raise typer.Exit(_start_again(aws, found))
    found += closings
    if GIVEN.as_json:
        as_json([each.to_json() for each in found])
    else:
        from rich.text import Text

        for each in found:
            failure = each.failure or {}
            subject = each.subject
            account = each.account_id if each.account_id != subject else ""
            parts = filter(None, (account, ago(each.started.isoformat())))
            say(Text.assemble((subject, "bold"), *(f"  {part}" for part in parts)))
            say(Text(f"  {failure.get('error')}: {failure.get('cause')}", style="red"))
            say(f"  {failure.get('remedy') or 'Read the history of the execution.'}")
            say(Text(f"  {each.arn}", style="bright_black"))
        say(f"\n{len(found)} to look after." if found else "Nothing has failed that was not put right since.")
    if found:
        raise typer.Exit(FAILED)


def _start_again(aws: Connection, found: list[Past]) -> int:
    import secrets

    from cli.connection import VEND
    from cli.executions.following import Follower
    from cli.executions.runs import Run
    from cli.output import as_json, colored, say
    from cli.trouble import FAILED

    states = aws.client("stepfunctions")
    begun = {}
    for each in found:
        started = states.start_execution(
            stateMachineArn=aws.state_machine(VEND),
            name=f"again-{secrets.token_hex(8)}",
            input=each.given,
        )
        subject = each.name or each.account_id or each.email or started["executionArn"].rpartition(":")[2]
        begun[subject] = Run(started["executionArn"], started["startDate"], subject=subject)
    ended = Follower(aws, begun).to_the_end()
    if GIVEN.as_json:
        as_json({name: {"execution": run.arn, "outcome": run.outcome} for name, run in ended.items()})
    for name, run in ended.items():
        say(colored(f"{name}: {run.in_words()}", run.outcome))
    if not ended:
        say("Nothing has failed that was not put right since.")
    return FAILED if any(run.failed for run in ended.values()) else 0
