"""docs/commands.md: every command with its options, from the commands themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from typer.core import TyperArgument, TyperGroup

from cli import given
from cli.app import COMMANDS, HELP, loaded

INTRODUCTION = """# The command line

Generated from the commands. `groundwork COMMAND --help` says the same.

`pip install .` (or `pipx install .`) brings `groundwork`; `pip install '.[local]'` the embedded AWS, too. In the repository
it is `.venv/bin/groundwork`. `groundwork --install-completion` teaches your shell the commands.
"""
COMMON = """## Options of every command

These stand behind the command, like `groundwork accounts --profile management`. Credentials are found as the AWS CLI
finds them. Groundwork lives in us-east-1, whatever Region they name. Whoever has the managed policy `groundwork-operator`
may use every command but where it says otherwise; `groundwork-requester` is enough for `groundwork request NAME`.
"""


def commands() -> str:
    """The document."""
    common = {each.name for each in given.options()}
    parts = [INTRODUCTION, _exit_codes(), COMMON, _table(given.options()), "## Commands\n", _list()]
    for name in COMMANDS:
        parts += _command(f"groundwork {name}", loaded(name), common)
    return "\n".join(parts)


def _exit_codes() -> str:
    codes = HELP.partition("Exit codes: ")[2].partition("\n\n")[0].replace("\n", " ").rstrip(".")
    rows = (each.strip().partition(" ") for each in codes.split(";"))
    return "\n".join(
        [
            "## Exit codes\n",
            "| Code | |",
            "|---|---|",
            *(f"| {code} | {what} |" for code, _, what in rows),
            "",
        ]
    )


def _list() -> str:
    rows = (f"| [`{name}`](#groundwork-{name}) | {words} |" for name, words in COMMANDS.items())
    return "\n".join(["| Command | |", "|---|---|", *rows, ""])


def _command(path: str, command: Any, common: set[str | None]) -> Iterator[str]:
    yield f"### {path}\n"
    described, _, example = (command.help or "").partition("Example: ")
    yield f"{described.strip()}\n"
    if example:
        yield f"```console\n$ {example.strip()}\n```\n"
    if isinstance(command, TyperGroup):
        for name in command.commands:
            yield from _command(f"{path} {name}", command.commands[name], common)
        return
    if own := [each for each in command.params if each.name not in common]:
        yield _table(own)


def _table(parameters: list[Any]) -> str:
    rows = (f"| {_named(each)} | {(each.help or '').replace('|', chr(92) + '|')} |" for each in parameters)
    return "\n".join(["| | |", "|---|---|", *rows, ""])


def _named(parameter: Any) -> str:
    if isinstance(parameter, TyperArgument):
        name = (parameter.name or "").upper()
        return f"`{name}`" if parameter.required else f"`[{name}]`"
    return ", ".join(f"`{each}`" for each in parameter.opts)
