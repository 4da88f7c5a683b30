"""What AWS bills of an execution, and what that comes to in a month.

Not in it: what the baseline itself costs in each account (AWS Config's recorded items above all), and free tiers. What runs
use is measured: `measured.json`, which `make bench` writes (`python -m bench.document`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

from groundwork.prices import prices

NIGHTS = 30
VENDED, RUN_AGAIN = 0.02, 0.05
"""Shares of the accounts that are made, and repaired, in a month. Ours; put in your own."""


@dataclass(frozen=True)
class Usage:
    """How much of each thing that AWS bills; `logged` is in bytes."""

    transitions: float = 0
    requests: float = 0
    gb_seconds: float = 0
    table_reads: float = 0
    table_writes: float = 0
    events: float = 0
    logged: float = 0
    s3_writes: float = 0
    s3_reads: float = 0
    kms: float = 0
    traces: float = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))

    def __mul__(self, times: float) -> Usage:
        return Usage(*(getattr(self, each.name) * times for each in fields(self)))


CHILD = Usage(transitions=1, logged=3_000)
"""What the roll-out adds to an account's plan: the child execution's one state, and its log."""
OF_A_ROLL_OUT = Usage(transitions=7, requests=2, gb_seconds=60, s3_writes=8, s3_reads=8)
"""What a roll-out needs once, at most: its own states, two functions, the list and the results in S3."""


@dataclass(frozen=True)
class Month:
    """Dollars a month for an organization of so many accounts."""

    accounts: int
    nights: float
    vends: float
    repairs: float
    standing: float

    @property
    def total(self) -> float:
        return self.nights + self.vends + self.repairs + self.standing


def cost(usage: Usage) -> Mapping[str, float]:
    """Dollars by what they are for."""
    return {name: getattr(usage, name) * price.of_one for name, price in prices().usage.items()}


def dollars(usage: Usage) -> float:
    return sum(cost(usage).values())


def night(plan: Usage, accounts: int) -> Usage:
    """A roll-out in plan mode over all accounts."""
    return (plan + CHILD) * accounts + OF_A_ROLL_OUT


def month(accounts: int, new: Usage, again: Usage, plan: Usage) -> Month:
    return Month(
        accounts,
        nights=NIGHTS * dollars(night(plan, accounts)),
        vends=VENDED * accounts * dollars(new),
        repairs=RUN_AGAIN * accounts * dollars(again),
        standing=sum(each.number * each.of_one for each in prices().monthly.values()),
    )


# -- what was measured ----------------------------------------------------------------------------------

MEASURED = Path(__file__).with_name("measured.json")
RUNS: Mapping[str, str] = {
    "new": "A vend",
    "again": "A re-run of a good account",
    "plan": "A plan of a good account",
}


@dataclass(frozen=True)
class Measured:
    """What one run of each kind uses, in one Region, and how many AWS API calls it makes."""

    on: str
    usage: Mapping[str, Usage]
    calls: Mapping[str, int]


@cache
def measured() -> Measured:
    kept = json.loads(MEASURED.read_text())
    usage = {name: Usage(**kept["usage"][name]) for name in RUNS}
    return Measured(kept["measuredOn"], usage, kept["calls"])


def written(day: str, usage: Mapping[str, Mapping[str, float]], calls: Mapping[str, int]) -> str:
    """The text of `measured.json`."""
    kept = {"measuredOn": day, "usage": {name: dict(usage[name]) for name in RUNS}, "calls": dict(calls)}
    return json.dumps(kept, indent=2) + "\n"


# -- what the baseline costs in an account ----------------------------------------------------------------

EVENTS = 100_000
"""Management events of an account in a month, and what the logs of them take in S3, compressed. Ours: the number differs
most from account to account."""
LOG_GIGABYTES = 0.1
DELIVERIES = 30 * 24 * (12 + 1)
"""A trail delivers each five minutes where something happened, and a digest an hour: at most so often in a month."""


@dataclass(frozen=True)
class InAccount:
    """Dollars a month in one account. `recorded` is by changes in each Region."""

    recorded: Mapping[int, float]
    second_copies: float
    logs: float


def in_account(regions: int, changes: tuple[int, ...], *, daily: bool, second_copy: bool) -> InAccount:
    """`second_copy`: another trail logs the account's management events already."""
    known = prices().in_accounts
    item = known["configItemDaily" if daily else "configItem"]
    writes = prices().usage["s3_writes"]
    return InAccount(
        recorded={number: number * regions * item.of_one for number in changes},
        second_copies=EVENTS * known["trailCopies"].of_one if second_copy else 0.0,
        logs=12 * LOG_GIGABYTES * known["stored"].of_one + DELIVERIES * regions * writes.of_one,
    )
