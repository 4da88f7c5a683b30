"""How many AWS API calls the standard scenarios cost, to the last one, and that other accounts make no difference.

What counts, and how the scenarios are held still, is the bench's: `make bench` shows the same numbers.
"""

from __future__ import annotations

from collections.abc import Mapping

from bench.deployment import TIME_SCALE, Deployment
from bench.scenarios import AGAIN, MARKS, NEW, OF_A_ROLL_OUT, SCENARIOS
from local.engine import Engine
from prove.chapter import Chapter, Say

MANY = 60
CALLS: Mapping[str, int] = {
    NEW: 94,
    "its result event": 4,
    AGAIN: 24,
    "plan": 25,
    "plan of a sabotaged one": 26,
    "re-run of security": 79,
    "re-run of management": 64,
    OF_A_ROLL_OUT: 29,
}


def prove(_seed: int, say: Say) -> Chapter:
    chapter, again = Chapter("AWS API calls of a scenario", "scenarios"), "make prove ONLY=call_counts"
    with Engine(time_scale=TIME_SCALE) as aws:
        deployment = Deployment(aws)
        few = {}
        for name, scenario in SCENARIOS.items():
            say(name)
            few[name] = scenario(deployment).tally
            chapter.expect(f"calls of {name}", few[name].total, CALLS[name], again)
        deployment.fill_up(MANY)
        chapter.expect("accounts", deployment.accounts(), MANY, again)
        for name, most in MARKS.items():
            say(f"{name} among {MANY} accounts")
            chapter.expect(f"{name} above its mark", few[name].total > most, False, again)
            many = SCENARIOS[name](deployment).tally
            chapter.expect(f"{name} among {MANY} accounts", many, few[name], again)
    chapter.words.append(", ".join(f"{name} {few[name].total}" for name in MARKS))
    return chapter
