"""`groundwork accounts`"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli.given import GIVEN

if TYPE_CHECKING:
    from cli.inventory import Entry

COLUMNS = ("ID", "NAME", "KIND", "UNIT", "STATE", "BASELINE", "DRIFT", "LAST RUN")


def accounts(
    kind: Annotated[
        list[str] | None, typer.Option(help="Only accounts of this kind; may be given again.")
    ] = None,
    unit: Annotated[str | None, typer.Option(help="Only accounts in this unit or below it.")] = None,
    state: Annotated[
        str | None, typer.Option(help="Only accounts in this state, like ready, failed or closing.")
    ] = None,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick", help="As the ledger remembers the enrolled ones, without asking Organizations."
        ),
    ] = False,
) -> None:
    """List the accounts: kind, unit, state, drift, last run.

    Drift is what the last plan found, unless something has run since. One pass of Organizations over all accounts,
    which shows 20 at a time: with thousands, --quick does without it.

    Example: groundwork accounts --unit Workloads --output json
    """
    from cli.connection import Connection
    from cli.inventory import inventory, remembered
    from cli.output import ago, as_json, colored, counted, say, table, waiting
    from groundwork.fields import is_below

    with waiting("Reading the organization"):
        found = [
            each
            for each in (remembered if quick else inventory)(Connection())
            if (not kind or each.kind in kind)
            and (not unit or is_below(each.unit, unit))
            and (not state or each.state == state)
        ]
    if GIVEN.as_json:
        as_json([each.to_json() for each in found])
        return
    rows = [
        (
            each.account_id,
            each.name,
            each.kind or "",
            each.unit,
            colored(_state(each), each.state),
            each.baseline or "",
            colored(", ".join(each.drift), "drifted"),
            ago(each.last_run_at),
        )
        for each in found
    ]
    say(table(COLUMNS, rows))
    say(f"\n{counted(len(found), 'account')}")


def _state(entry: Entry) -> str:
    if entry.closes_at:
        return f"{entry.state} {entry.closes_at[:10]}"
    return f"{entry.state}, expires {entry.expires_on}" if entry.expires_on else entry.state
