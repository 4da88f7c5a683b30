"""`groundwork adopt`"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.given import GIVEN

if TYPE_CHECKING:
    from cli.adoption.planning import Planned
    from cli.adoption.showing import Group
    from cli.connection import Connection
    from cli.inventory import Entry


def adopt(
    unit: Annotated[
        list[str] | None, typer.Option(help="The accounts in this unit or below it; may be given again.")
    ] = None,
    name: Annotated[
        list[str] | None,
        typer.Option(help="The account of this name, id or e-mail; may be given again."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every account of the organization.")] = False,
    only_plan: Annotated[
        bool, typer.Option("--plan", help="Only tell; of every account where none is named. Changes nothing.")
    ] = False,
    file: Annotated[
        Path | None, typer.Option("--file", "-o", help="Where the plan is written besides, whole, as JSON.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Adopt them without a question.")] = False,
) -> None:
    """Adopt accounts that were there before Groundwork: plan, ask for each, bring them to the baseline.

    With --plan: what each has, what the baseline would change, and what it would break. Accounts that are adopted already
    are passed over, so that the command may be given again until none is left.

    Example: groundwork adopt --plan --file adoption.json
    """
    from cli.adoption.entry_role import commands
    from cli.adoption.planning import is_due, planned
    from cli.adoption.showing import grouped, in_total, tell
    from cli.connection import Connection
    from cli.inventory import inventory
    from cli.output import aside, say, waiting
    from cli.trouble import DIFFERENCES, Trouble

    named = bool(unit or name)
    if (named and every) or not (named or every or only_plan):
        raise Trouble("Which accounts?", "Name some by --unit or --name, or give --all; --plan only looks.")
    if not (only_plan or yes) and (GIVEN.as_json or not aside().is_terminal):
        raise Trouble("There is no terminal to ask on.", "Give --yes; --plan only looks.")
    aws = Connection()
    with waiting("Reading the organization"):
        there = inventory(aws)
    if not only_plan:
        _require_security(there)
    chosen = _chosen(there, unit or [], name or []) if named else there
    looked_at = chosen if only_plan else [each for each in chosen if is_due(each)]
    if not looked_at:
        _told([], chosen, [])
        return
    found = planned(aws, looked_at, every=only_plan and not named)
    groups = grouped(found)
    if file:
        _write(file, _data(found, groups, commands(aws)))
    if only_plan:
        if GIVEN.as_json:
            _say_json(_data(found, groups, commands(aws)))
        else:
            tell(groups, commands(aws))
            say(in_total(found))
            say(f"{file} has all of it." if file else "All of it, also what is cut short here: --file FILE.")
        if any(each.standing in ("not yet", "to adopt") for each in found):
            raise typer.Exit(DIFFERENCES)
        return
    if yes and not GIVEN.as_json:
        tell(groups, commands(aws))
    _adopt(aws, found, chosen, yes=yes)


def _adopt(aws: Connection, found: list[Planned], chosen: list[Entry], *, yes: bool) -> None:
    """Those that are said yes to, all at once, and what became of them."""
    from cli.executions.differences import run
    from cli.executions.differences import tell as tell_done
    from cli.output import say
    from cli.trouble import FAILED

    ready = [each for each in found if each.standing == "to adopt"]
    wanted = [each.entry for each in ready if yes or _asked(each)]
    done = run(aws, "apply", wanted, chosen=True, components=[], adopt=True) if wanted else []
    failed = [each for each in done if each.failure]
    not_yet = [each for each in found if each.standing == "not yet"]
    if GIVEN.as_json:
        _told(done, chosen, not_yet)
    else:
        tell_done(failed)
        _tell_not_yet(not_yet)
        passed_over = len(chosen) - len(found)
        if passed_over:
            say(f"{passed_over} more: adopted already, or left out.")
        good = len(done) - len(failed)
        say(f"{good} adopted, {len(failed)} failed." if done else "Nothing was changed.")
        if len(done) < len(found) or failed:
            say("The same command goes on with those that are left.")
    if failed or not_yet:
        raise typer.Exit(FAILED)


def _require_security(there: list[Entry]) -> None:
    """What every account delivers to and trusts. Raises `Trouble`."""
    from cli.trouble import FAILED, Trouble

    if not any(each.kind == "security" and each.state == "ready" for each in there):
        raise Trouble(
            "The security account is not ready, and every other account trusts it.",
            "Apply the management account, then ask for the security account, or apply it where it is there already "
            "(docs/existing.md).",
            FAILED,
        )


def _asked(each: Planned) -> bool:
    from rich.text import Text

    from cli.adoption.showing import facts_of
    from cli.output import say

    say(Text(f"{each.name}  {each.entry.account_id}", style="bold"), *facts_of(each))
    return typer.confirm(f"Adopt {each.name} ({each.entry.account_id})?", err=True)


def _tell_not_yet(not_yet: list[Planned]) -> None:
    from cli.output import say

    for each in not_yet:
        say(f"{each.name} {each.entry.account_id} cannot be adopted yet: {', '.join(each.titles)}")
    if not_yet:
        say("What to do: groundwork adopt --plan")


def _chosen(there: list[Entry], units: list[str], names: list[str]) -> list[Entry]:
    """In these units, and of these names. Raises `Trouble` for a unit in which there is none, as for a name."""
    from cli.inventory import chosen
    from cli.trouble import Trouble
    from groundwork.declaration.aws_names import did_you_mean
    from groundwork.fields import is_below

    for unit in units:
        if not any(is_below(each.unit, unit) for each in there):
            close = did_you_mean(unit, {each.unit for each in there})
            raise Trouble(
                f"No account is in the unit {unit!r} or below it{close}.", "`groundwork accounts` lists them."
            )
    ids = {each.account_id for each in chosen(there, names)}
    return [
        each for each in there if each.account_id in ids or any(is_below(each.unit, unit) for unit in units)
    ]


def _data(found: list[Planned], groups: list[Group], commands: list[list[str]]) -> dict[str, Any]:
    return {
        "accounts": [each.to_json() for each in found],
        "groups": [each.to_json() for each in groups],
        "entryRole": ["\n".join(lines) for lines in commands],
    }


def _told(done: list[Any], chosen: list[Entry], not_yet: list[Planned]) -> None:
    """What became of each, as data; in words where there was nothing to do."""
    from cli.output import say

    passed_over = len(chosen) - len(done) - len(not_yet)
    if GIVEN.as_json:
        _say_json(
            {
                "adopted": [each.to_json() for each in done],
                "notYet": [each.to_json() for each in not_yet],
                "passedOver": passed_over,
            }
        )
    say("Nothing to do: all of them are adopted already, or left out.")


def _say_json(data: Any) -> None:
    from cli.output import as_json

    as_json(data)


def _write(file: Path, data: dict[str, Any]) -> None:
    import json

    from cli.trouble import Trouble

    try:
        file.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n")
    except OSError as error:
        raise Trouble(f"-o {file} cannot be written: {error.strerror}.", "Name another file.") from None
