"""`make bench`: counts and times of the standard scenarios, on the embedded AWS.

Exit code 1 when a mark is missed.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.text import Text

from bench import tables
from bench.deployment import TIME_SCALE, Deployment, ExecutionFailed
from bench.regions import SEVENTEEN, governing
from bench.scenarios import AGAIN, MARKS, NEW, OF_A_ROLL_OUT, SCENARIOS
from local.engine import Engine
from local.waiting import NothingHappens

WIDTH = 112
TIMES, TIMES_BY_REGIONS = 3, 5
ACCOUNTS = 60
ROLLED_OUT, CONCURRENCIES = 16, (1, 10)

COUNTED = """
AWS API calls: every call that the functions' roles, their sessions in member accounts and the state machines' roles
make, DynamoDB, STS, EventBridge and Step Functions included. Apart: Step Functions' invocations of functions, which
AWS bills as state transitions. The numbers are the same each time: there are no quotas, and an account is there as
soon as it is asked for, so that one poll of DescribeCreateAccountStatus finds it. AWS takes a while, and each further
poll is a call more.
"""
TIMED = f"""
Wall time: the {os.cpu_count()} cores here do the work of AWS, too. What AWS makes one wait for is scaled by
{TIME_SCALE}, and making an account takes no time.
"""


class Bench:
    """What is measured, in order; `missed` says which marks were."""

    def __init__(self, deployment: Deployment, console: Console) -> None:
        self._deployment, self._console = deployment, console
        self.missed: list[str] = []

    def count(self) -> None:
        deployment, few = self._deployment, self._deployment.accounts()
        self._say(COUNTED)
        tallies = {name: scenario(deployment).tally for name, scenario in SCENARIOS.items()}
        self._console.print(tables.calls(tallies))
        self.missed += [
            f"{name}: {tally.total} calls"
            for name, tally in tallies.items()
            if not tables.within(name, tally)
        ]
        deployment.ask_for(ROLLED_OUT)
        deployment.fill_up(ACCOUNTS)
        crowded = {name: SCENARIOS[name](deployment).tally for name in MARKS}
        self._console.print(tables.growth({few: tallies, ACCOUNTS: crowded}))
        self.missed += [
            f"{name}: it depends on the accounts" for name in MARKS if crowded[name] != tallies[name]
        ]

    def take_times(self, folder: Path) -> None:
        deployment = self._deployment
        self._say(TIMED)
        measured = {
            name: [scenario(deployment) for _ in range(TIMES)]
            for name, scenario in SCENARIOS.items()
            if name != OF_A_ROLL_OUT
        }
        self._console.print(tables.times(measured))
        chosen = deployment.workloads[-ROLLED_OUT:]
        roll_outs = {
            each: deployment.roll_out(chosen, mode="plan", concurrency=each) for each in CONCURRENCIES
        }
        self._console.print(tables.roll_outs(roll_outs, len(chosen)))
        one = self._new_and_again()
        deployment.deploy(governing(SEVENTEEN, folder))
        everywhere = self._new_and_again()
        self._console.print(tables.regions(one, everywhere, len(SEVENTEEN)))
        self.missed += [
            f"{name}: {ratio:.2f} times as long with {len(SEVENTEEN)} Regions"
            for name, ratio in tables.ratios(one, everywhere).items()
            if ratio > tables.RATIO
        ]

    def _new_and_again(self) -> tables.Times:
        deployment = self._deployment
        deployment.ask()  # new code starts cold
        return {
            NEW: [deployment.ask() for _ in range(TIMES_BY_REGIONS)],
            AGAIN: [deployment.run(deployment.workloads[-1]) for _ in range(TIMES_BY_REGIONS)],
        }

    def _say(self, words: str) -> None:
        self._console.print(Text(" ".join(words.split()) + "\n"))


def main() -> int:
    console = Console(highlight=False)
    console.width = max(WIDTH, console.width)
    atexit.register(gc.freeze)  # nothing is worth collecting any more, and it would take seconds
    began = time.monotonic()
    try:
        with Engine(time_scale=TIME_SCALE) as aws, tempfile.TemporaryDirectory() as folder:
            bench = Bench(Deployment(aws), console)
            gc.freeze()  # moto's own data is many objects, and none of them ever garbage
            bench.count()
            bench.take_times(Path(folder) / "governed")
    except (ExecutionFailed, NothingHappens) as failure:
        console.print(Text(f"✗ {failure}", style="bold red"))
        return 1
    except KeyboardInterrupt:
        return 130
    for missed in bench.missed:
        console.print(Text(f"✗ {missed}", style="bold red"))
    console.print(f"{time.monotonic() - began:.0f} s")
    return 1 if bench.missed else 0


if __name__ == "__main__":
    sys.exit(main())
