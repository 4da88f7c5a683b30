"""Twenty-five sandboxes: the CPU-seconds of their cold starts, and the memory they have after real work.

Memory is the sum of each page once, as the kernel shares it out (Pss in `proc_pid_smaps(5)`), with whatever process they
are forked from; it is scaled to twenty-five from as many as were at work.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from bench.deployment import TIME_SCALE, Deployment
from bench.processes import cpu_of_descendants, descendants, memory_of
from bench.settings import Say, Settings
from local.engine import Engine

SANDBOXES = 25
AT_WORK = 4
"""Accounts asked for at once, so that most functions have two sandboxes."""


def measure(_settings: Settings, say: Say) -> Mapping[str, Any]:
    with Engine(time_scale=TIME_SCALE) as aws:
        say("sandboxes: deploying")
        deployment = Deployment(aws)
        cpu = _cold_starts(aws)
        say(f"sandboxes: {cpu:.1f} CPU-s to start {SANDBOXES}")
        deployment.ask_for(AT_WORK)
        alive = len(aws.functions._sandboxes)
        memory = sum(map(memory_of, descendants(os.getpid()))) / alive * SANDBOXES
        say(f"sandboxes: {memory:.0f} MB for {SANDBOXES}, of {alive} at work")
        return {"cpu": cpu, "megabytes": memory, "at work": alive}


def _cold_starts(aws: Engine) -> float:
    """Each function is started anew and refuses an empty input: its imports are done then."""
    client = aws.client("lambda")
    pages = client.get_paginator("list_functions").paginate()
    names = [function["FunctionName"] for page in pages for function in page["Functions"]]
    before = cpu_of_descendants()
    for name in (names * 2)[:SANDBOXES]:
        aws.functions.kill(name)
        client.invoke(FunctionName=name, Payload=b"{}")
    return cpu_of_descendants() - before
