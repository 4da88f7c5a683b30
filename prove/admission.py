"""Admission: so many requests at once under AWS's real quotas, none refused, none starving, as fast as the quota allows.

The clock runs only a few times faster than AWS's: on a faster one this machine's own slowness would count for seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
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


def prove(_seed: int, say: Say, requests: int = REQUESTS, time_scale: float = TIME_SCALE) -> Chapter:
    chapter = Chapter("Admission", "requests")
    with Engine(time_scale=time_scale) as aws:
        cloud = World.deployed(aws).cloud
        say(f"{requests} requests at once, AWS's clock {1 / time_scale:.0f} times as fast")
        asked = [cloud.fresh() for _ in range(requests)]
        mark = len(aws.calls)
        aws.creation.throttle.refused.clear()
        posted = [cloud.post(accountName=name, email=email) for name, email in asked]
        emails = {email for _, email in asked}
        until(lambda: emails <= cloud.accounts().keys(), "all accounts")
        ended = [cloud.ended(cloud.execution_of(event)) for event in posted]
        cloud.all_ended()
        chapter.tried = requests
        for each in ended:
            if each.status != "SUCCEEDED":
                chapter.fail(f"{each.error}: {each.cause}", f"prove.admission, {requests} requests")
        calls = aws.calls[mark:]
        created = [call.time for call in calls if call.operation == "CreateAccount"]
        polled = [call.time for call in calls if call.operation == "DescribeCreateAccountStatus"]
        took = (created[-1] - created[0]) / time_scale
        allowed = (requests - BURST) * INTERVAL / timedelta(seconds=1)
        refused = {name: many for name, many in aws.creation.throttle.refused.items() if many}
        busiest = _most_within(polled, time_scale)
        chapter.words += [
            f"{took:.0f} s where the quota allows {allowed:.0f} s: {took / allowed:.2f} times",
            f"CreateAccount called {len(created)} times, refused {refused.get('CreateAccount', 0)} times",
            f"DescribeCreateAccountStatus at most {busiest} times within a second",
        ]
        again = f"prove.admission, {requests} requests"
        if took > MOST * allowed:
            chapter.fail(f"the batch took {took / allowed:.2f} times what the quota allows", again)
        if len(created) != requests or refused.get("CreateAccount"):
            chapter.fail(f"{len(created)} calls of CreateAccount, refused: {refused}", again)
        if busiest > 2 or refused.get("DescribeCreateAccountStatus"):
            chapter.fail(f"polled {busiest} times within a second, refused: {refused}", again)
    return chapter


def _most_within(moments: Sequence[float], seconds: float) -> int:
    """The most of these within a span of time."""
    return max((sum(begin <= moment < begin + seconds for moment in moments) for begin in moments), default=0)
