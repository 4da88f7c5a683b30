"""Admission to CreateAccount, at the rate that AWS takes: nobody is refused, nobody asks twice, first come is first served.

CreateAccount has a bucket of three tokens, and one comes back every ten seconds. A queue of admission slots, whose end is
in the ledger, stands for that bucket: an execution adds a slot by a conditional write, and waits until the slot begins.
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
"""How much of the queue may be ahead of a slot that begins at once."""


class AdmissionSlot(Model):
    """How long to wait before CreateAccount is called."""

    seconds: int


def take_admission_slot(work: Work, ledger: Ledger, now: datetime, *, refused: bool) -> AdmissionSlot:
    """The next free slot; none is needed where CreateAccount has been called already. `now` is Step Functions' own time, one clock for all who wait; `refused` says that AWS has
    just taken no call, or failed one in passing: its bucket is taken for empty."""
    if (work.account_id or work.creation_id) and not refused:
        return AdmissionSlot(seconds=0)
    begin = now + BURST * INTERVAL if refused else now
    end = ledger.join_admission_queue(begin, INTERVAL)
    when = end - INTERVAL - AT_ONCE
    return AdmissionSlot(seconds=max(0, math.ceil((when - now).total_seconds())))
