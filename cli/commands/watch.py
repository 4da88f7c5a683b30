"""`groundwork watch`"""

from __future__ import annotations

from typing import Any

import typer

from cli.given import GIVEN


def watch() -> None:
    """Follow what is going on, until it has ended.

    Executions that begin meanwhile join in. Ctrl-C leaves the work running.

    Example: groundwork watch
    """
    from cli.connection import ROLL_OUT, VEND, Connection
    from cli.executions.following import Follower, executions
    from cli.executions.runs import Run
    from cli.inventory import inventory
    from cli.output import as_json, colored, say
    from cli.trouble import FAILED

    aws = Connection()
    states, names = aws.client("stepfunctions"), {each.account_id: each.name for each in inventory(aws)}
    seen: set[str] = set()
    follower = Follower(aws, {})

    def join() -> None:
        for machine in (VEND, ROLL_OUT):
            for listed in executions(states, aws.state_machine(machine), "RUNNING"):
                arn = listed["executionArn"]
                if arn not in seen:
                    seen.add(arn)
                    subject = "all accounts" if machine == ROLL_OUT else _subject(states, arn, names)
                    follower.add(_unlike(subject, follower.runs()), Run(arn, listed["startDate"]))

    ended = follower.to_the_end(join)
    if GIVEN.as_json:
        as_json(
            {
                name: {"execution": each.arn, "status": each.status, "outcome": each.outcome}
                for name, each in ended.items()
            }
        )
        return
    for name, run in ended.items():
        say(colored(f"{name}: {run.in_words()}", run.outcome))
    if not ended:
        say("Nothing is going on. `groundwork accounts` tells how everything is.")
    if any(run.failed for run in ended.values()):
        raise typer.Exit(FAILED)


def _subject(states: Any, arn: str, names: dict[str, str]) -> str:
    from cli.executions.runs import input_of, subject_of

    name, account_id = subject_of(input_of(states.describe_execution(executionArn=arn)))
    return name or names.get(account_id, account_id)


def _unlike(subject: str, taken: Any) -> str:
    number = 1 + sum(each == subject or each.startswith(f"{subject} (") for each in taken)
    return subject if number == 1 else f"{subject} ({number})"
