"""`groundwork check`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.given import GIVEN


def check(
    folder: Annotated[
        Path | None, typer.Argument(help="With baseline.yaml, and policies/ perhaps; else as --declaration.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Fail for warnings, too.")] = False,
) -> None:
    """Check the declaration alone: schema, names, sizes, policies. Exit 3 if anything is wrong.

    Needs no AWS. Every mistake is told at once, with its file and line. An error is what AWS would refuse, or what can
    never do what it says; a warning is what opens more than may be meant.

    Example: groundwork check ../organization
    """
    from cli.declaration.checking import FILE, findings
    from cli.declaration.declared import folder as found_in
    from cli.declaration.declared import load
    from cli.output import as_json, colored, say
    from cli.trouble import WRONG_INPUT

    home = found_in(folder)
    found = findings(home)
    errors = [each for each in found if each.severity == "error"]
    if GIVEN.as_json:
        as_json([each.to_json() for each in found])
    for each in found:
        where = f"{home}/" if home != Path() and (home / each.file).exists() else ""
        say(colored(f"{where}{each}", "failed" if each.severity == "error" else "drifted"))
    warnings = len(found) - len(errors)
    if errors or (strict and warnings):
        say(f"\n{_count(len(errors), 'error')}, {_count(warnings, 'warning')}")
        raise typer.Exit(WRONG_INPUT)
    declared = load(home)
    say(
        f"{home / FILE} is good: declaration {declared.version}, {_count(len(declared.access.roles), 'role')}, "
        f"{_count(len(declared.access.groups), 'group')}, {_count(len(declared.access.users), 'user')}, "
        f"{_count(len(declared.policy_names), 'policy', 'policies')}"
        + (f"; {_count(warnings, 'warning')}" if warnings else "")
    )


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
