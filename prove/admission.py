"""Admission: so many requests at once under AWS's real quotas, none refused, none starving, as fast as the quota allows.

The clock runs only a few times faster than AWS's: on a faster one this machine's own slowness would count for seconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from groundwork.vending.admission import BURST, INTERVAL
from local.engine import Engine
from prove.chapter import Chapter, Say
from prove.world import World
from tests.workflow.conftest import until

REQUESTS = 50
TIME_SCALE = 0.2
MOST = 1.1
"""Times what the quota itself allows."""


@dataclass(frozen=True)
class Batch:
    """What became of so many requests at once; `took` and `allowed`, by the quota, in AWS's seconds."""

    requests: int
    took: float
    allowed: float
    created: int
    refused: Mapping[str, int]
    busiest: int
    failures: Sequence[str]


def prove(_seed: int, say: Say, requests: int = REQUESTS, time_scale: float = TIME_SCALE) -> Chapter:
    chapter, again = Chapter("Admission", "requests"), f"prove.admission, {requests} requests"
    batch = at_once(say, requests, time_scale)
    chapter.tried = requests
    for failure in batch.failures:
        chapter.fail(failure, again)
    share = batch.took / batch.allowed
    chapter.words += [
        f"{batch.took:.0f} s where the quota allows {batch.allowed:.0f} s: {share:.2f} times",
        f"CreateAccount called {batch.created} times, refused {batch.refused.get('CreateAccount', 0)} times",
        f"DescribeCreateAccountStatus at most {batch.busiest} times within a second",
    ]
    if share > MOST:
        chapter.fail(f"the batch took {share:.2f} times what the quota allows", again)
    if batch.created != requests or batch.refused.get("CreateAccount"):
        chapter.fail(f"{batch.created} calls of CreateAccount, refused: {batch.refused}", again)
    if batch.busiest > 2 or batch.refused.get("DescribeCreateAccountStatus"):
        chapter.fail(f"polled {batch.busiest} times within a second, refused: {batch.refused}", again)
    return chapter


def at_once(say: Say, requests: int, time_scale: float) -> Batch:
    """So many requests at once, until all have ended."""
    with Engine(time_scale=time_scale) as aws:
        cloud = World.deployed(aws).cloud
        say(f"{requests} requests at once, AWS's clock {1 / time_scale:.0f} times as fast")
        asked = [cloud.fresh() for _ in range(requests)]
        mark = len(aws.calls)
        aws.creation.throttle.refused.clear()
        posted = [cloud.post(accountName=name, email=email) for name, email in asked]

        def when(operation: str) -> list[float]:
            return [call.time for call in aws.calls[mark:] if call.operation == operation]

        until(lambda: len(when("CreateAccount")) >= requests, "a CreateAccount of each")
        ended = [cloud.ended(cloud.execution_of(event)) for event in posted]
        cloud.all_ended()
        created = when("CreateAccount")
        return Batch(
            requests,
            took=(created[-1] - created[0]) / time_scale,
            allowed=(requests - BURST) * INTERVAL / timedelta(seconds=1),
            created=len(created),
            refused={name: many for name, many in aws.creation.throttle.refused.items() if many},
            busiest=_most_within(when("DescribeCreateAccountStatus"), time_scale),
            failures=[f"{each.error}: {each.cause}" for each in ended if each.status != "SUCCEEDED"],
        )


def _most_within(moments: Sequence[float], seconds: float) -> int:
    """The most of these within a span of time."""
    return max((sum(begin <= moment < begin + seconds for moment in moments) for begin in moments), default=0)
