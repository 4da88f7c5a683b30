"""`groundwork request`"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.given import GIVEN

if TYPE_CHECKING:
    from cli.bus.requests import Difference
    from cli.connection import Connection
    from cli.executions.following import Asked
    from cli.executions.runs import Run
    from groundwork.contracts import AccountRequest


def request(
    name: Annotated[str | None, typer.Argument(help="What the account is to be called.")] = None,
    email: Annotated[
        str | None, typer.Option(help="Of its root user: an address that no account has yet.")
    ] = None,
    ou: Annotated[
        str | None, typer.Option(help="The path of its organizational unit, like Workloads/Development.")
    ] = None,
    kind: Annotated[str | None, typer.Option(help="workload (the default), tooling or security.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="key=value; may be given again.")] = None,
    expires: Annotated[
        str | None,
        typer.Option(help="A day, like 2026-12-31, on which it is suspended, and closed some time later."),
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="A YAML file of accounts; what is there already is not asked for.")
    ] = None,
    create_ou: Annotated[
        bool, typer.Option("--create-ou", help="Make units that are not there, without a question.")
    ] = False,
    same_name: Annotated[
        bool, typer.Option("--same-name", help="Another account of that name is meant to be beside it.")
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Follow it until the account is ready or failed.")
    ] = False,
) -> None:
    """Ask for an account, or for all accounts of a file.

    The same e-mail gives the same account, however often it is asked for. Needs groundwork-requester; --file and
    --wait need groundwork-operator.

    Example: groundwork request dev --email aws+dev@example.com --ou Workloads/Development --wait
    """
    from cli.bus.putting import put
    from cli.connection import Connection
    from groundwork.contracts import REQUESTED

    asked = _asked(name, email, ou, kind, tag, file, expires=expires, same_name=same_name)
    aws = Connection()
    there: list[Difference] = []
    if file:
        asked, there = _missing(aws, asked)
    asked = _with_units(aws, asked, create_ou=create_ou)
    posted = put(aws, REQUESTED, {each.account_name: each.given for each in asked})
    runs = _followed(aws, posted) if wait and posted else {}
    _tell(posted, runs, there)
    if any(run.failed for run in runs.values()):
        raise typer.Exit(1)


def _asked(
    name: str | None,
    email: str | None,
    ou: str | None,
    kind: str | None,
    tags: Sequence[str] | None,
    file: Path | None,
    *,
    expires: str | None,
    same_name: bool,
) -> list[AccountRequest]:
    from cli.bus.requests import key_and_value, read_file, read_request
    from cli.trouble import Trouble

    given: dict[str, Any] = {
        "accountName": name,
        "email": email,
        "organizationalUnit": ou,
        "kind": kind,
        "tags": dict(map(key_and_value, tags)) if tags else None,
        "sameName": same_name or None,
        "expires": expires,
    }
    given = {key: value for key, value in given.items() if value is not None}
    if file and given:
        raise Trouble(
            "--file stands alone: it says of each account all that is asked for.", "Leave the rest out."
        )
    if file:
        return read_file(file)
    if not name or not email:
        raise Trouble(
            "An account needs a name and an e-mail.",
            "Like: groundwork request dev --email aws+dev@example.com",
        )
    return [read_request(given)]


def _missing(aws: Connection, asked: list[AccountRequest]) -> tuple[list[AccountRequest], list[Difference]]:
    from botocore.exceptions import ClientError

    from cli.bus.requests import compared
    from cli.inventory import inventory
    from cli.output import aside, waiting
    from cli.trouble import is_refused
    from groundwork.errors import GroundworkError

    try:
        with waiting("Reading the organization"):
            return compared(aws, asked, inventory(aws))
    except (ClientError, GroundworkError) as error:
        if not is_refused(error):
            raise
        aside().print(
            "These credentials may not look at the organization (groundwork-operator may): all accounts are asked "
            "for, and those that are there are answered so."
        )
        return asked, []


def _with_units(aws: Connection, asked: list[AccountRequest], *, create_ou: bool) -> list[AccountRequest]:
    """The requests; those of units that are to be made say so. Raises `Trouble` for a unit that is not there."""
    from botocore.exceptions import ClientError

    from cli.bus.requests import unknown_units
    from cli.output import aside
    from cli.trouble import Trouble, is_refused
    from groundwork.errors import GroundworkError

    if create_ou:
        return [
            each.model_copy(update={"create_organizational_unit": True}) if each.organizational_unit else each
            for each in asked
        ]
    try:
        unknown = unknown_units(aws, asked)
    except (ClientError, GroundworkError) as error:  # whoever may only ask is told by the answer
        if not is_refused(error):
            raise
        return asked
    for unit, meant in unknown.items():
        sentence = f"There is no unit {unit!r}{meant}."
        if GIVEN.as_json or not aside().is_terminal:
            raise Trouble(sentence, "Correct it, or have it made with --create-ou.")
        if not typer.confirm(f"{sentence} Make it?", err=True):
            raise Trouble("Nothing was asked for.", "Correct the unit.")
    return [
        each.model_copy(update={"create_organizational_unit": True})
        if each.organizational_unit in unknown
        else each
        for each in asked
    ]


def _followed(aws: Connection, posted: dict[str, Asked]) -> dict[str, Run]:
    from cli.executions.following import Follower

    return Follower(aws, posted).to_the_end()


def _tell(posted: dict[str, Asked], runs: dict[str, Run], there: list[Difference]) -> None:
    from cli.output import as_json, colored, say

    if GIVEN.as_json:
        as_json(
            {
                "asked": {
                    name: {"requestId": each.event_id, **(_json(runs[name]) if name in runs else {})}
                    for name, each in posted.items()
                },
                "there": [
                    {
                        **each.entry.to_json(),
                        "differs": {k: {"asked": a, "is": b} for k, (a, b) in each.fields.items()},
                    }
                    for each in there
                ],
            }
        )
        return
    for each in there:
        say(f"{each.entry.name}: is there ({each.entry.account_id}, {each.entry.state})")
        for what, (wanted, found) in each.fields.items():
            say(colored(f"  {what}: asked for {wanted!r}, is {found!r}", "drifted"))
    for name, request in posted.items():
        if name in runs:
            account = runs[name].output.get("accountId", "")
            say(colored(f"{name}: {runs[name].in_words()}  {account}", runs[name].outcome))
        else:
            say(f"{name}: asked for, request {request.event_id}")
    if posted and not runs:
        say("\nLook at it: groundwork watch")
    if not posted:
        say("Nothing was asked for: all of it is there.")


def _json(run: Run) -> dict[str, Any]:
    return {
        "execution": run.arn,
        "status": run.status,
        "seconds": round(run.seconds, 1),
        **({"failure": run.failure} if run.failed else run.output),
    }
