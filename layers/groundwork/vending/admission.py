"""Turns to ask for an account, so many as AWS takes: nobody is refused, nobody asks twice, whoever comes first goes first.

CreateAccount has a bucket of three tokens, and one comes back every ten seconds. A line of turns that is as long as the
ledger says stands for that bucket; who joins it writes its new end on condition, and waits until its own turn.
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html#throttling-limits
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from groundwork.contracts import Model
from groundwork.ledger import Ledger
from groundwork.vending.work import Work

INTERVAL = timedelta(seconds=10)
BURST = 3
MARGIN = timedelta(seconds=3)
"""A call is late by a cold start, and the next one is not: without it that one would come before its token."""
AT_ONCE = (BURST - 1) * INTERVAL - MARGIN
"""How much of the line may be standing when a turn comes at once."""


class Turn(Model):
    """How long to wait before CreateAccount is called."""

    seconds: int


def take_turn(work: Work, ledger: Ledger, now: datetime, *, refused: bool) -> Turn:
    """The next free turn; none is needed where CreateAccount has been called already. `now` is Step Functions' own time, one clock for all who wait; `refused` says that AWS has
    just taken no call, or failed one in passing: its bucket is taken for empty."""
    if (work.account_id or work.creation_id) and not refused:
        return Turn(seconds=0)
    begin = now + BURST * INTERVAL if refused else now
    end = ledger.join_line(begin, INTERVAL)
    when = end - INTERVAL - AT_ONCE
    return Turn(seconds=max(0, math.ceil((when - now).total_seconds())))
