"""Five accounts from nothing, by the demo's five events in its unlucky order, all at once.

Groundwork has been deployed, the management account has prepared itself, and every sandbox that these two did not need
is cold. Creation is not counted, as in `bench.measurements.at_latency`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bench.deployment import TEMPLATE, TIME_SCALE, Deployment
from bench.settings import Say, Settings
from bench.tally import tally
from demo.__main__ import UNLUCKY_ORDER
from local import latency
from local.engine import Engine

TIMES = 2
EVENTS = TEMPLATE.parent / "events"


def measure(settings: Settings, say: Say) -> Mapping[str, Any]:
    found = [_once(settings, say) for _ in range(TIMES)]
    return min(found, key=lambda each: float(each["seconds"]))


def _once(settings: Settings, say: Say) -> Mapping[str, Any]:
    with Engine(time_scale=TIME_SCALE) as aws:
        if not hasattr(aws, "latency"):  # an older revision
            latency.install(aws)
        deployment = Deployment(aws, accounts=False)
        aws.latency.seconds = settings.latency
        entries = [
            entry
            for name in UNLUCKY_ORDER
            for entry in json.loads((EVENTS / f"account-requested-{name}.json").read_text())
        ]
        mark = len(aws.calls)
        seconds, executions = deployment.post_all(entries)
        counted = tally(aws.calls[mark:])
        say(f"five accounts: {seconds:.1f} s, {len(executions)} executions, {counted.total} calls")
        return {
            "seconds": seconds,
            "executions": len(executions),
            "calls": counted.total,
            "invocations": counted.invocations,
        }
