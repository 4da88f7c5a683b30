"""What AWS bills of an execution, and what that comes to in a month.

Not in it: what the baseline itself costs in each account (AWS Config's recorded items above all), and free tiers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from bench.models.prices import MONTHLY, PRICES

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
    return {name: getattr(usage, name) * price.dollars for name, price in PRICES.items()}


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
        standing=sum(number * price.dollars for number, price in MONTHLY.values()),
    )
