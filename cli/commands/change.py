"""`groundwork change`"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.given import GIVEN

if TYPE_CHECKING:
    from cli.connection import Connection
    from cli.inventory import Entry


def change(
    account: Annotated[str, typer.Argument(help="Its id, name or e-mail.")],
    name: Annotated[str | None, typer.Option(help="What it is to be called.")] = None,
    ou: Annotated[
        str | None, typer.Option(help="The path of its organizational unit, like Workloads/Production.")
    ] = None,
    tag: Annotated[list[str] | None, typer.Option(help="key=value; may be given again.")] = None,
    untag: Annotated[list[str] | None, typer.Option(help="A tag's key; may be given again.")] = None,
    expires: Annotated[
        str | None, typer.Option(help="The day on which it is suspended, like 2026-12-31, or never.")
    ] = None,
    email: Annotated[
        str | None, typer.Option(help="The root user's new e-mail address; AWS sends a code there.")
    ] = None,
    send_again: Annotated[
        bool, typer.Option("--send-again", help="With --email: have AWS send another code.")
    ] = False,
    accept_email: Annotated[
        bool,
        typer.Option(
            "--accept-email", help="With --email: ask for that code, give it to AWS, and note the address."
        ),
    ] = False,
    contacts: Annotated[
        Path | None,
        typer.Option(help="A YAML file: security, operations, billing, primary.", show_default=False),
    ] = None,
    no_contact: Annotated[
        list[str] | None, typer.Option(help="security, operations or billing, taken off; may be given again.")
    ] = None,
    create_ou: Annotated[
        bool, typer.Option("--create-ou", help="Make the unit where it is not there.")
    ] = False,
    plan: Annotated[
        bool, typer.Option("--plan", help="Tell what would be changed; exit 2 if anything.")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Follow it to its end.")] = False,
) -> None:
    """Ask for another name, unit, tags, contacts or root e-mail address of an account; its baseline follows.

    Where the declaration says changes: {allowed: true}. Needs groundwork-changer; --plan, --wait, and an account that is
    not given by its id or e-mail need groundwork-operator; --accept-email needs account:AcceptPrimaryEmailUpdate, which no policy
    of Groundwork gives.

    Example: groundwork change dev --ou Workloads/Production --plan
    """
    from cli.bus.codes import accept
    from cli.bus.requests import key_and_value, read_change, read_contacts
    from cli.connection import Connection
    from cli.trouble import Trouble

    if plan and accept_email:
        raise Trouble(
            "--plan stands beside --accept-email, which changes the address.", "Leave one of them out."
        )
    wish: dict[str, Any] = {
        "accountName": name,
        "newEmail": email,
        "sendAgain": send_again or None,
        "organizationalUnit": ou,
        "createOrganizationalUnit": create_ou or None,
        "expires": expires,
        "contacts": {**(read_contacts(contacts) if contacts else {}), **dict.fromkeys(no_contact or [])}
        or None,
        "tags": {**dict(map(key_and_value, tag or [])), **dict.fromkeys(untag or [])} or None,
    }
    wish = {key: value for key, value in wish.items() if value is not None}
    if not wish:
        raise Trouble(
            "Nothing is to be changed.",
            "Give --name, --ou, --tag, --untag, --expires, --email, --contacts or --no-contact.",
        )
    aws = Connection()
    entry = None if not plan and (account.isdigit() or "@" in account) else _entry(aws, account)
    if accept_email and entry is None:
        entry = _entry(aws, account)
    named = {"email": account} if "@" in account else {"accountId": account}
    asked = read_change(({"accountId": entry.account_id} if entry else named) | wish)
    if accept_email and entry:
        accept(aws, entry.account_id, email)
    if plan and entry:
        _plan(aws, entry, wish)
    else:
        _ask(aws, account, asked, wait=wait)


def _entry(aws: Connection, account: str) -> Entry:
    from cli.selection import selected

    (entry,) = selected(aws, [account], every=False)
    return entry


def _plan(aws: Connection, entry: Entry, wish: dict[str, Any]) -> None:
    from cli.executions.differences import answer, found_by
    from cli.executions.starting import run_each
    from cli.trouble import DIFFERENCES, FAILED

    (found,) = found_by(run_each(aws, [entry], "plan", [], wish), [entry])
    answer([found])
    if found.failure:
        raise typer.Exit(FAILED)
    if found.differs:
        raise typer.Exit(DIFFERENCES)


def _ask(aws: Connection, account: str, asked: Any, *, wait: bool) -> None:
    from cli.bus.putting import put
    from cli.executions.following import Follower
    from cli.executions.starting import changes_of
    from cli.output import as_json, colored, say
    from groundwork.contracts import CHANGE_REQUESTED
    from groundwork.rendering import sentence, worst_first
    from groundwork.vending.account_drift import COMPONENT

    posted = put(aws, CHANGE_REQUESTED, {account: asked.given})[account]
    run = Follower(aws, {account: posted}).to_the_end()[account] if wait else None
    if GIVEN.as_json:
        ended = {"outcome": run.outcome, **run.output} if run else {}
        as_json({"account": account, "requestId": posted.event_id, **ended})
    elif run:
        say(colored(f"{account}: {run.in_words()}", run.outcome))
        for each in run.output.get("changed", []):
            say(f"  {each['field']}: was {_words(each['was'])}, is {_words(each['is'])}")
        for change in worst_first(changes_of(run.output)):
            if change.component != COMPONENT:
                say(f"  {sentence(change, done=True)}")
        if waits := run.output.get("waitsForCode"):
            say(f"{account} keeps its root e-mail address for now. {waits['remedy']}")
    else:
        say(f"{account}: asked for, request {posted.event_id}\n\nLook at it: groundwork watch")
    if run and run.failed:
        raise typer.Exit(1)


def _words(value: Any) -> str:
    """Of one field: a text, tags or parts of contacts by their names, or nothing."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {_words(each)}" for key, each in value.items()) or "none"
    return "none" if value is None else str(value)
