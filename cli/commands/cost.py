"""`groundwork cost`"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.given import GIVEN

if TYPE_CHECKING:
    from cli.costs import InAccount, Month

LEAST = 0.01


def cost(
    accounts: Annotated[int, typer.Option(min=1, max=50_000, help="Of the organization.")] = 10,
    regions: Annotated[
        int, typer.Option(min=1, max=40, help="Governed Regions: AWS Config bills in each.")
    ] = 1,
    changes: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="What AWS Config records in an account, a Region and a month; else an account that is little worked in, "
            "and a busy one.",
        ),
    ] = None,
    daily: Annotated[
        bool, typer.Option("--daily", help="AWS Config records once a day (config.recording).")
    ] = False,
    second_trail: Annotated[
        bool, typer.Option("--second-trail", help="Another trail logs the same events, like Control Tower's.")
    ] = False,
) -> None:
    """What Groundwork costs: a vend, a re-run, a plan, a month, at list prices.

    From measured runs and AWS's list prices of us-east-1, without free tiers. Needs no AWS. What is run in the accounts is
    billed besides.

    Example: groundwork cost --accounts 80 --regions 2
    """
    from cli.costs import RUNS, dollars, in_account, measured, month, night
    from cli.output import as_json, say, table
    from groundwork.prices import BILLED_BY_USE, CHANGES, prices

    runs = measured()
    usage = runs.usage
    bill = month(accounts, usage["new"], usage["again"], usage["plan"])
    each = in_account(
        regions, CHANGES if changes is None else (changes,), daily=daily, second_copy=second_trail
    )
    if GIVEN.as_json:
        as_json(
            {
                "prices": {"region": prices().region, "readOn": prices().read_on},
                "measuredOn": runs.on,
                "runs": {
                    name: {"dollars": dollars(usage[name]), "usage": vars(usage[name])} for name in RUNS
                },
                "night": dollars(night(usage["plan"], accounts)),
                "month": {**vars(bill), "total": bill.total},
                "inAccount": vars(each),
            }
        )
        return
    say(
        f"At the list prices of {prices().region} of {prices().read_on}, without free tiers, in US dollars.\n"
    )
    rows = [(words, _dollars(dollars(usage[name])), "") for name, words in RUNS.items()]
    rows.append(
        (
            f"A plan of all {accounts:,} accounts, as each night",
            _dollars(dollars(night(usage["plan"], accounts))),
            "",
        )
    )
    say(table(("RUN", "DOLLARS", ""), rows))
    say()
    say(
        table(
            ("A MONTH", "DOLLARS", ""),
            [*_of_groundwork(bill), *_of_accounts(accounts, regions, each, daily=daily)],
        )
    )
    say(
        f"\n{', '.join(BILLED_BY_USE.values())}, where they are declared, are billed by use besides: docs/baseline.md."
    )
    say(
        f"\nRuns were measured on {runs.on}, in one Region. Where each price is from: layers/groundwork/prices.json"
    )


def _of_groundwork(bill: Month) -> list[tuple[str, str, str]]:
    from cli.costs import NIGHTS, RUN_AGAIN, VENDED
    from groundwork.prices import prices

    counted = ((each.number, name) for name, each in prices().monthly.items())
    standing = ", ".join(
        f"{number} {name if number > 1 else name.removesuffix('s')}" for number, name in counted
    )
    return [
        (f"{NIGHTS} nights", _dollars(bill.nights), "every account compared with its baseline"),
        ("Vends", _dollars(bill.vends), f"assumed: {VENDED:.0%} of the accounts are made"),
        ("Repairs", _dollars(bill.repairs), f"assumed: {RUN_AGAIN:.0%} are run again"),
        ("What stands there", _dollars(bill.standing), standing),
        ("Groundwork", _dollars(bill.total), ""),
    ]


def _of_accounts(accounts: int, regions: int, each: InAccount, *, daily: bool) -> list[tuple[str, Any, str]]:
    from cli.costs import EVENTS, LOG_GIGABYTES

    where = "in one Region" if regions == 1 else f"in each of {regions} Regions"
    rows = [
        (
            "AWS Config",
            _dollars(accounts * price),
            f"assumed: {changes:,} {'items a day at most' if daily else 'changes'} an account, {where}",
        )
        for changes, price in each.recorded.items()
    ]
    if each.second_copies:
        told = f"assumed: {EVENTS:,} management events an account; the first copy is free"
        rows.append(("CloudTrail's second copy", _dollars(accounts * each.second_copies), told))
    told = f"assumed: {LOG_GIGABYTES * 1000:.0f} MB of logs an account and month, after a year"
    return [*rows, ("S3, for the logs", _dollars(accounts * each.logs), told)]


def _dollars(amount: float) -> str:
    return f"{amount:,.2f}" if amount >= LEAST or not amount else f"{amount:.5f}"
