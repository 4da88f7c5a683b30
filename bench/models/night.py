"""A plan of every account, modelled: what each needs, as measured, against AWS's documented quotas.

What binds is what takes longest. The answer is a lower bound: nothing else may use the same quotas.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.models.quotas import CHILDREN, CONCURRENCY, RATES


@dataclass(frozen=True)
class Need:
    """What the plan of one account needs.

    calls: of the management account, by service and operation, as `sts:AssumeRole`; with `transitions`, `table_reads`
    and `table_writes`. seconds: from its start to its end. in_functions: seconds that functions run for it.
    """

    calls: Mapping[str, float]
    seconds: float
    in_functions: float


@dataclass(frozen=True)
class Bound:
    """What one quota allows: `each` is what an account needs of it, `seconds` what all accounts then take at least,
    `keeps_up_to` the roll-out's concurrency that stays within it."""

    what: str
    limit: str
    each: float
    seconds: float
    keeps_up_to: float
    source: str


def bounds(need: Need, accounts: int) -> Sequence[Bound]:
    """What each quota allows, the one that binds first on top."""
    found = [
        Bound(
            quota.what,
            f"{quota.a_second:,g}/s",
            each,
            max(0.0, accounts * each - quota.at_once) / quota.a_second,
            quota.a_second / each * need.seconds,
            quota.source,
        )
        for name, quota in RATES.items()
        if (each := _needed(need, name))
    ]
    for quota, each in ((CONCURRENCY, need.in_functions), (CHILDREN, need.seconds)):
        found.append(
            Bound(
                quota.what,
                f"{quota.most:,.0f}",
                each / need.seconds,
                accounts * each / quota.most,
                quota.most * need.seconds / each,
                quota.source,
            )
        )
    return sorted(found, key=lambda bound: -bound.seconds)


def own_pace(need: Need, accounts: int, concurrency: int) -> float:
    """Seconds that the roll-out takes by its own concurrency, if no quota binds."""
    return accounts * need.seconds / concurrency


def _needed(need: Need, name: str) -> float:
    if name == "children":
        return 1.0
    if name == "sts":
        return sum(number for call, number in need.calls.items() if call.startswith("sts:"))
    return need.calls.get(name, 0.0)
