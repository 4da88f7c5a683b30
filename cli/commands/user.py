"""`groundwork user add` and `groundwork user remove`"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.given import GIVEN

if TYPE_CHECKING:
    from groundwork.declaration import Declaration

user = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    help="Declare a user of the security account, or take one out.",
)

FIRST_STEPS = """
Then the first steps of {name}:
1. An administrator gives them a password in the security account, to be changed at the first sign-in:
   IAM, Users, {name}, Security credentials, Enable console access (docs/deploy.md, "Let people in").
2. {name} signs in at {sign_in} and chooses a password.
3. {name} registers an MFA device that is named {name} (Security credentials, Assign MFA device), and signs in again
   with its code: until then nothing else is allowed.
4. For the console: groundwork switch-links --user {name}. For the command line: groundwork profiles --user {name}.
   Who may not read the organization makes them from a file: groundwork profiles --export people.json."""

WHAT_GOES = """
What the run of the security account ends, then: password, keys and MFA devices of {name}, groups, and sessions of the user.
A session in a role of an account goes on for an hour at most (or the role's maxSessionDuration). To end it at once, add this
to access, and roll out to all accounts (docs/declare.md, "Somebody leaves"):
   revokeSessionsBefore: {now}"""


@user.command()
def add(
    name: Annotated[str, typer.Argument(help="Of the user; also of their MFA device.", show_default=False)],
    group: Annotated[
        list[str], typer.Option(help="A declared group; may be given again.", show_default=False)
    ],
    path: Annotated[str | None, typer.Option(help="In IAM, like /people/.")] = None,
    access_keys: Annotated[
        bool | None,
        typer.Option(
            "--access-keys/--no-access-keys",
            help="Whether they may have access keys; else as access.accessKeys says.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Declare a user, in baseline.yaml, whose comments and order stay.

    Nothing reaches AWS before it is deployed. No password and no key is made.

    Example: groundwork user add ada --group dev-external-accounts
    """
    from cli.people.user_lines import with_user
    from cli.trouble import Trouble

    made = {
        "name": name,
        "groups": group,
        **({"path": path} if path is not None else {}),
        **({"accessKeys": access_keys} if access_keys is not None else {}),
    }

    def more(text: str, declaration: Declaration) -> str:
        there = next((each for each in declaration.access.users if each.name.lower() == name.lower()), None)
        if there is not None:
            groups = ", ".join(there.groups) or "no group"
            raise Trouble(
                f"The user {there.name!r} is declared already, in {groups}.", "Change the line by hand."
            )
        return with_user(text, made)

    declaration = _changed(more)
    if not GIVEN.as_json:
        print(FIRST_STEPS.format(name=name, sign_in=_sign_in(declaration)))


@user.command()
def remove(
    name: Annotated[str, typer.Argument(help="A declared user.", show_default=False)],
) -> None:
    """Take a user out of baseline.yaml, and tell what becomes of what they had.

    Nothing reaches AWS before it is deployed.

    Example: groundwork user remove ada
    """
    from datetime import UTC, datetime

    from cli.people.user_lines import without_user
    from cli.trouble import Trouble
    from groundwork.declaration.aws_names import did_you_mean

    def less(text: str, declaration: Declaration) -> str:
        names = [each.name for each in declaration.access.users]
        if name not in names:
            raise Trouble(
                f"The declaration has no user {name!r}{did_you_mean(name, names)}.",
                f"It has {', '.join(names) or 'none'}.",
            )
        return without_user(text, name)

    _changed(less)
    if not GIVEN.as_json:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        print(WHAT_GOES.format(name=name, now=now))


def _changed(edit: Callable[[str, Declaration], str]) -> Declaration:
    """Writes what `edit` makes of the declaration's text, if it is valid; tells what changed and what comes next."""
    from difflib import unified_diff

    from cli.declaration import declared
    from cli.output import as_json
    from cli.people.files import replace

    home = declared.folder()
    text = declared.read(home)
    made = edit(text, declared.checked(home, text))
    declaration = declared.checked(home, made)
    file = home / declared.FILE
    replace(file, made.encode())
    difference = list(
        unified_diff(text.splitlines(), made.splitlines(), str(file), str(file), n=0, lineterm="")
    )
    if GIVEN.as_json:
        as_json({"file": str(file), "difference": difference[2:]})
        return declaration
    print("\n".join(difference))
    print(f"\n{_bring_out(home, declaration)}")
    return declaration


def _bring_out(home: Path, declaration: Declaration) -> str:
    from shlex import quote

    security = next(each.name for each in declaration.accounts if each.kind == "security")
    given = "" if home == Path("layers/baseline") else f" DECLARATION={quote(str(home.resolve()))}"
    settings = home / "samconfig.toml"
    file = f" --config-file {quote(str(settings.resolve()))}" if settings.exists() else ""
    return (
        "Deploy it, look at the plan, and bring the security account to it:\n"
        f"   make build{given} && .venv-sam/bin/sam deploy{file}\n"
        f"   groundwork plan {security}\n"
        f"   groundwork apply {security}"
    )


def _sign_in(declaration: Declaration) -> str:
    """The URL by which users of the security account sign in; with a gap where nobody can say its id."""
    from botocore.exceptions import BotoCoreError, ClientError

    from cli.connection import Connection
    from cli.inventory import inventory
    from cli.people.links import sign_in
    from cli.trouble import Trouble
    from groundwork.declaration.aws_names import partitions

    security = next(each for each in declaration.accounts if each.kind == "security")
    account = security.id
    if account is None:
        try:
            account = next(
                (each.account_id for each in inventory(Connection()) if each.kind == "security"), None
            )
        except (Trouble, BotoCoreError, ClientError):
            account = None
    partition = partitions().get(declaration.regions.home, "aws")
    return sign_in(partition, account or "<id of the security account>")
