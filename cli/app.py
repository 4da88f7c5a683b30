"""`groundwork`: the list of its commands. A command's module is imported when it is called, so that `--help` is quick."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from cli import given
from cli.trouble import INTERRUPTED, Trouble, explained

COMMANDS: Mapping[str, str] = {
    "request": "Ask for an account, or for all accounts of a file",
    "change": "Ask for another name, unit, tags, contacts or root e-mail address of an account",
    "approve": "Approve what somebody else has asked for",
    "deny": "Deny what somebody else has asked for",
    "accounts": "List the accounts: kind, unit, state, drift, last run",
    "show": "One account: components, last runs, differences",
    "watch": "Follow what is going on, until it has ended",
    "history": "The executions of an account",
    "plan": "Tell what differs from the baseline; exit 2 if anything does",
    "apply": "Plan, ask, and bring accounts to their baseline",
    "adopt": "Adopt accounts that were there before Groundwork: plan, ask for each, bring them to the baseline",
    "doors": "Who enters what; with --changes, what a change of the declaration opens, and exit 2 if anything does",
    "close": "Have an account suspended at once, and closed when its time is over",
    "reopen": "Have an account back that is to be closed",
    "root-credentials": "What a member account's root user can sign in with; with --remove, take it away",
    "failures": "What failed, why, and what to do",
    "report": "Write one HTML page that shows the organization",
    "local": "Run the embedded AWS, with Groundwork in it, until interrupted",
    "demo": "Five accounts on an embedded AWS, every door tried",
    "replay": "Deliver again the events that could not be delivered",
    "check": "Check the declaration alone: schema, names, sizes, policies",
    "init": "Write a declaration of your own",
    "doctor": "Look whether all that Groundwork needs is there",
    "cost": "What Groundwork costs",
    "profiles": "Write the sections of ~/.aws/config by which you enter accounts",
    "switch-links": "The links by which the console switches to a role",
    "user": "Declare a user of the security account, or take one out",
}
"""By name, with the first sentence of what it does."""

HELP = """Ask for AWS accounts, see what there is, and keep them at their baseline.

Exit codes: 0 good; 1 something failed; 2 there are differences; 3 wrong input; 4 credentials or permission;
5 AWS cannot be reached, or asks to come back later; 130 interrupted.

Example: groundwork accounts --profile management
"""


class Commands(TyperGroup):
    """The commands by name, each from its module, with the options that all take."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - as the class above has it
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            from groundwork.declaration.aws_names import did_you_mean

            raise Trouble(
                f"There is no command {cmd_name!r}{did_you_mean(cmd_name, COMMANDS)}.",
                "`groundwork --help` lists them.",
            )
        return loaded(cmd_name)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        """The list, which needs none of their modules."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def loaded(name: str) -> Any:
    """The command, from its module; one that has commands of its own is a `typer.Typer` there."""
    module = import_module(f"cli.commands.{name.replace('-', '_')}")
    found = getattr(module, name.replace("-", "_"))
    if isinstance(found, typer.Typer):
        group: Any = typer.main.get_command(found)
        group.name = name
        for each in group.commands.values():
            each.params += given.options()
        return group
    alone = typer.Typer(add_completion=False, rich_markup_mode=None)
    alone.command(name)(found)
    command = typer.main.get_command(alone)
    command.params += given.options()
    return command


app = typer.Typer(
    cls=Commands,
    name="groundwork",
    help=HELP,
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=True,
)


@app.callback()
def _groundwork() -> None:
    pass


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code of the command."""
    try:
        code = app(args=arguments, standalone_mode=False, prog_name="groundwork")
    except (KeyboardInterrupt, typer.Abort):
        print("\nInterrupted.", file=sys.stderr)
        return INTERRUPTED
    except typer.Exit as ended:
        return int(ended.exit_code)
    except Exception as error:
        trouble = explained(error)
        if trouble is None:
            raise
        print(trouble, file=sys.stderr)
        return trouble.code
    return code if isinstance(code, int) else 0
