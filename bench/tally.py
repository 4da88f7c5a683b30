"""What counts as an AWS API call of ours, out of the embedded AWS's call log.

Every call that a principal of Groundwork makes, whether it was allowed or not: the functions' roles, their sessions in
member accounts, the state machines' roles. Apart stand the invocations by which Step Functions runs the functions,
which AWS bills as state transitions; EventBridge's start of the machine is none of ours.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from local.calls import CallRecord

OURS = re.compile(r":assumed-role/[^/]+/(groundwork-|states$)")
"""Sessions: a function's is named after it, one in a member account `groundwork-<purpose>`; Step Functions' `states`."""

INVOKE = "lambda:InvokeFunction"


@dataclass(frozen=True)
class Tally:
    """Calls by service, as IAM's prefix names it, and Step Functions' invocations of functions."""

    services: Mapping[str, int]
    invocations: int

    @property
    def total(self) -> int:
        return sum(self.services.values())

    def __sub__(self, other: Tally) -> Tally:
        services = Counter(self.services)
        services.subtract(other.services)
        return Tally(
            {name: calls for name, calls in services.items() if calls}, self.invocations - other.invocations
        )


def tally(calls: Iterable[CallRecord]) -> Tally:
    actions = [call.action for call in calls if OURS.search(call.principal_arn or "")]
    services = Counter(action.partition(":")[0] for action in actions if action != INVOKE)
    return Tally(dict(services), actions.count(INVOKE))
