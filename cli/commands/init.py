"""`groundwork init`"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from cli.given import GIVEN

if TYPE_CHECKING:
    from cli.declaration.founding.answers import Answers, Owned

T = TypeVar("T")


def init(
    folder: Annotated[Path, typer.Argument(help="Where the files are to be; it is made.")] = Path(),
    email: Annotated[
        str | None, typer.Option(help="An address of yours; accounts get aws+security@... and so on.")
    ] = None,
    security: Annotated[str | None, typer.Option(help="What the security account is called.")] = None,
    security_email: Annotated[str | None, typer.Option(help="Its e-mail.")] = None,
    tooling: Annotated[str | None, typer.Option(help="What the tooling account is called, or none.")] = None,
    tooling_email: Annotated[str | None, typer.Option(help="Its e-mail.")] = None,
    home: Annotated[str | None, typer.Option(help="The Region that holds the logs.")] = None,
    region: Annotated[
        list[str] | None, typer.Option(help="A Region that is kept at the baseline; may be given again.")
    ] = None,
    unit: Annotated[
        list[str] | None, typer.Option(help="A unit for workloads, like Workloads/Test; may be given again.")
    ] = None,
    developer_unit: Annotated[
        list[str] | None, typer.Option(help="Of these, one in which developers change things.")
    ] = None,
    alias: Annotated[
        str | None,
        typer.Option(help="Of each account, in which <name> and <account> are filled in; or none."),
    ] = None,
    keep_days: Annotated[int | None, typer.Option(min=1, help="How long logs are kept.")] = None,
    notices: Annotated[str | None, typer.Option(help="The e-mail that is told of failures, or none.")] = None,
    from_organization: Annotated[
        bool,
        typer.Option("--from-organization", help="Propose what the organization suggests that is there."),
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Take the defaults where no option says otherwise.")
    ] = False,
) -> None:
    """Write a declaration of your own: baseline.yaml, policies/, samconfig.toml.

    Asks for what it needs to know; each question has an option, and a default. Nothing is overwritten, and nothing is
    changed in AWS. --from-organization reads it, as groundwork-operator may.

    Example: groundwork init ../organization --from-organization --profile management
    """
    from cli.declaration.founding import answers as ask
    from cli.declaration.founding.answers import Answers, Owned
    from cli.declaration.founding.writing import written
    from cli.output import as_json, aside, say

    found = Answers()
    proposals = _proposed(found) if from_organization else []
    _Asking.silent = yes or GIVEN.as_json or not aside().is_terminal
    found.email = _asked(
        "An e-mail address of yours, from which those of accounts are made", email, found.email, ask.email
    )
    found.security = _owned(found, "security", found.security, security, security_email) or Owned("security")
    found.tooling = _owned(found, "tooling", found.tooling, tooling, tooling_email)
    found.home = _asked("The Region that holds the logs", home, found.home, ask.region)
    governed = found.governed if found.home in found.governed else [found.home]
    found.governed = _many("Regions kept at the baseline", region, governed, ask.region)
    if found.home not in found.governed:
        found.governed.insert(0, found.home)
    found.units = _many("Units for workloads", unit, found.units, ask.unit)
    found.developers = _many(
        "Units in which developers change things", developer_unit, found.of_developers, ask.unit
    )
    found.alias = _asked("Alias of each account, or none", alias, found.alias or ask.NONE, ask.or_none(str))
    kept = str(keep_days) if keep_days else None
    found.keep_days = _asked("Days that logs are kept", kept, str(found.keep_days), ask.days)
    told = _asked(
        "The e-mail that is told of failures, or none",
        notices,
        found.notices or ask.NONE,
        ask.or_none(ask.email),
    )
    found.notices = told or ""
    paths = written(folder, found)
    if GIVEN.as_json:
        as_json({"files": [str(path) for path in paths], "proposals": [each.to_json() for each in proposals]})
        return
    say(f"Written: {', '.join(str(path) for path in paths)}")
    if ask.EXAMPLE in (found.email, found.email_of(found.security)):
        say("The e-mails are examples, which nobody owns: put your own into baseline.yaml before you deploy.")
    say(f"\nNext:\n  groundwork check {folder}\n  make build DECLARATION={folder.absolute()}")
    say(f"  sam deploy --config-file {(folder / 'samconfig.toml').absolute()}")


def _proposed(found: Answers) -> list[Any]:
    from cli.connection import Connection
    from cli.declaration.founding.proposing import proposed
    from cli.output import say, table, waiting

    with waiting("Reading the organization"):
        proposals = proposed(Connection(), found)
    say(table(("FOUND", "PROPOSED", "WHY"), [(each.about, each.proposed, each.why) for each in proposals]))
    say()
    return proposals


class _Asking:
    silent = True


def _owned(
    answers: Answers, kind: str, default: Owned | None, name: str | None, email: str | None
) -> Owned | None:
    """The account of this kind. None for no tooling account."""
    from cli.declaration.founding import answers as ask
    from cli.declaration.founding.answers import Owned

    tooling = kind == "tooling"
    words = f"The name of the {kind} account{', or none' if tooling else ''}"
    valid: Callable[[str], str | None] = ask.or_none(ask.account_name) if tooling else ask.account_name
    called = _asked(words, name, default.name if default else ask.NONE, valid)
    if called is None:
        return None
    owned = (
        default
        if default and default.name == called
        else Owned(called, unit=default.unit if default else None)
    )
    owned.email = _asked(f"The e-mail of the {kind} account", email, answers.email_of(owned), ask.email)
    return owned


def _many(words: str, given: list[str] | None, default: list[str], one: Callable[[str], str]) -> list[str]:
    from cli.declaration.founding import answers as ask

    return _asked(
        f"{words}, with commas", ", ".join(given) if given else None, ask.listed(default), ask.several(one)
    )


def _asked(words: str, given: str | None, default: str, valid: Callable[[str], T]) -> T:
    """What an option says, what is typed, or the default. Raises `Trouble` for what cannot be."""
    from cli.trouble import Trouble

    def checked(text: str) -> T:
        try:
            return valid(text)
        except ValueError as wrong:
            raise typer.BadParameter(f"{wrong}.") from None

    if given is None and not _Asking.silent:
        answer: T = typer.prompt(words, default=default, value_proc=checked, err=True)
        return answer
    try:
        return valid(default if given is None else given)
    except ValueError as wrong:
        raise Trouble(f"{words}: {wrong}.", "Correct it.") from None
