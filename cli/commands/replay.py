"""`groundwork replay`"""

from __future__ import annotations

import json

import typer

from cli.given import GIVEN


def replay() -> None:
    """Deliver again the events that could not be delivered.

    Example: groundwork replay
    """
    from cli.connection import Connection
    from cli.output import as_json, say
    from cli.trouble import FAILED, Trouble

    aws = Connection()
    answer = aws.client("lambda").invoke(FunctionName=aws.outputs["ReplayEventsFunction"])
    result = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise Trouble(
            f"The replay failed: {result.get('errorType')}: {result.get('errorMessage')}.",
            "Events that were not delivered are in the queue still; docs/operate.md.",
            FAILED,
        )
    if GIVEN.as_json:
        as_json(result)
    else:
        say(f"{result['delivered']} delivered, {len(result['left'])} left in the queue")
        for message, why in result["left"].items():
            say(f"  {message}: {why}")
    if result["left"]:
        raise typer.Exit(FAILED)
