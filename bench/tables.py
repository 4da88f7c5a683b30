"""What the bench has found, as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from rich import box
from rich.table import Table
from rich.text import Text

from bench.deployment import Measured
from bench.scenarios import MARKS, NEW
from bench.tally import Tally

RATIO = 2.0
"""How much longer an account with all Regions may take than one with one."""

Times = Mapping[str, Sequence[Measured]]


def calls(tallies: Mapping[str, Tally]) -> Table:
    """AWS API calls by service and scenario."""
    table = _table("AWS API calls", "service", *tallies)
    services = {name for tally in tallies.values() for name in tally.services}
    for name in sorted(services):
        table.add_row(name, *(_number(tally.services.get(name, 0)) for tally in tallies.values()))
    table.add_section()
    table.add_row(
        "all",
        *(_marked(f"{tally.total}", within(name, tally)) for name, tally in tallies.items()),
        style="bold",
    )
    table.add_row("at most", *(f"{MARKS[name]}" if name in MARKS else "" for name in tallies))
    table.add_section()
    table.add_row(
        "lambda Invoke", *(_number(tally.invocations) for tally in tallies.values()), style="bright_black"
    )
    return table


def growth(by_accounts: Mapping[int, Mapping[str, Tally]]) -> Table:
    """AWS API calls by the number of accounts that are there."""
    table = _table("By number of accounts", "accounts", *MARKS)
    for accounts, tallies in by_accounts.items():
        table.add_row(f"{accounts}", *(f"{tallies[name].total}" for name in MARKS))
    return table


def times(measured: Times) -> Table:
    """Wall time of each scenario."""
    table = _table("Wall time", "scenario", "median", "of")
    for name, each in measured.items():
        middle = median(one.seconds for one in each)
        table.add_row(name, f"{middle:.2f} s", ", ".join(f"{one.seconds:.2f}" for one in each))
    return table


def roll_outs(measured: Mapping[int, Measured], accounts: int) -> Table:
    """Wall time and calls of a roll-out in plan mode, by its concurrency."""
    table = _table(
        f"Roll-out in plan mode over {accounts} accounts",
        "concurrency",
        "wall time",
        "accounts a second",
        "calls",
    )
    for concurrency, each in measured.items():
        table.add_row(
            f"{concurrency}",
            f"{each.seconds:.1f} s",
            f"{accounts / each.seconds:.1f}",
            f"{each.tally.total:,}",
        )
    return table


def regions(one: Times, many: Times, number: int) -> Table:
    """Wall time and calls of an account with one governed Region and with many. Of each the fastest: what else the
    machine does can only slow it down."""
    table = _table(
        f"One governed Region and {number}: the fastest of {len(one[NEW])}",
        "scenario",
        "1",
        f"{number}",
        "ratio",
        "at most",
        "calls, 1",
        f"calls, {number}",
    )
    for name, ratio in ratios(one, many).items():
        table.add_row(
            name,
            f"{_fastest(one[name]):.2f} s",
            f"{_fastest(many[name]):.2f} s",
            _marked(f"{ratio:.2f}", ratio <= RATIO),
            f"{RATIO:.0f}",
            f"{one[name][0].tally.total}",
            f"{many[name][0].tally.total}",
        )
    return table


def ratios(one: Times, many: Times) -> dict[str, float]:
    return {name: _fastest(many[name]) / _fastest(one[name]) for name in many}


def within(name: str, tally: Tally) -> bool:
    return name not in MARKS or tally.total <= MARKS[name]


def _fastest(measured: Sequence[Measured]) -> float:
    return min(each.seconds for each in measured)


def _table(title: str, first: str, *columns: str) -> Table:
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        header_style="",
        box=box.SIMPLE_HEAD,
        padding=(0, 1),
        pad_edge=False,
    )
    table.add_column(first, no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right")
    return table


def _number(calls: int) -> str:
    return f"{calls}" if calls else "·"


def _marked(words: str, good: bool) -> Text:
    return Text(words, style="green" if good else "red")
