"""How many AWS API calls the standard scenarios make, with few accounts and with many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from bench.deployment import TIME_SCALE, Deployment
from bench.scenarios import MARKS, SCENARIOS
from bench.settings import Say, Settings
from local.engine import Engine

CROWD = 60
ROLLED_OUT = 16


def measure(_settings: Settings, say: Say) -> Mapping[str, Any]:
    """By number of accounts and scenario. The latency is left out: it changes no count."""
    say("deploying")
    with Engine(time_scale=TIME_SCALE) as aws:
        deployment = Deployment(aws)
        found = {str(deployment.accounts()): _counted(deployment, tuple(SCENARIOS), say)}
        deployment.ask_for(ROLLED_OUT)
        deployment.fill_up(CROWD)
        return found | {str(deployment.accounts()): _counted(deployment, tuple(MARKS), say)}


def _counted(deployment: Deployment, names: tuple[str, ...], say: Say) -> Mapping[str, Any]:
    found = {}
    for name in names:
        say(f"{deployment.accounts()} accounts, {name}")
        found[name] = asdict(SCENARIOS[name](deployment).tally)
    return found
