"""One account, one roll-out and all Regions on an embedded AWS that is as far away as AWS.

Warm: every function has been run before, in as many sandboxes as it needs. Creation is not counted: CreateAccount takes
no time, and what Step Functions waits for is scaled by TIME_SCALE. Of several runs the fastest counts: what else the
machine does can only slow one down.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from bench.deployment import TIME_SCALE, Deployment, Measured
from bench.models.critical_path import Step, critical_path
from bench.processes import cpu_of_descendants
from bench.recorder import Recorder
from bench.regions import SEVENTEEN, governing
from bench.settings import Say, Settings
from bench.tally import INVOKE, OURS
from bench.usage import usage_of
from local import latency
from local.engine import Engine

TIMES = 5
SANDBOXES = 12
"""Of a function: on AWS every invocation at the same time has one, here those beyond wait."""
AT_ONCE = 8
"""Accounts that are asked for at the same time to fill the organization."""
NEW, AGAIN, PLAN = "new", "again", "plan"


@dataclass
class Runs:
    """Some runs of the same thing; of the fastest also what happened in it."""

    seconds: list[float]
    calls: int
    invocations: int
    path: list[Step]
    usage: Mapping[str, float]
    in_functions: float


def measure(settings: Settings, say: Say) -> Mapping[str, Any]:
    say("deploying, and making the accounts that everybody needs")
    with Engine(time_scale=TIME_SCALE) as aws, tempfile.TemporaryDirectory() as folder:
        if not hasattr(aws, "latency"):  # an older revision
            latency.install(aws)
        bench = AtLatency(Deployment(aws), settings, say)
        found = bench.one_region()
        if settings.accounts > 1:
            found |= bench.roll_out()
        if settings.regions > 1:
            found |= bench.all_regions(Path(folder) / "governed")
    return found


class AtLatency:
    """The measurements, in their order."""

    def __init__(self, deployment: Deployment, settings: Settings, say: Say) -> None:
        self._deployment, self._settings, self._say = deployment, settings, say
        self._recorder = Recorder(deployment.aws)
        self._work: Mapping[str, Callable[[], Measured]] = {
            NEW: deployment.ask,
            AGAIN: lambda: deployment.run(deployment.good),
            PLAN: lambda: deployment.run(deployment.good, mode="plan"),
        }

    def one_region(self) -> dict[str, Any]:
        self._far_away(True)
        self._warm_up()
        return {name: asdict(self._runs(name, "one Region")) for name in self._work}

    def all_regions(self, folder: Path) -> dict[str, Any]:
        deployment, chosen = self._deployment, SEVENTEEN[: self._settings.regions]
        self._far_away(False)
        deployment.deploy(governing(chosen, folder))
        self._say(f"{len(chosen)} Regions: the account that was good gets them, too")
        deployment.run(deployment.good)
        self._far_away(True)
        self._warm_up()
        words = f"{len(chosen)} Regions"
        return {"regions": {name: asdict(self._runs(name, words)) for name in (NEW, AGAIN)}}

    def roll_out(self) -> dict[str, Any]:
        deployment, wanted = self._deployment, self._settings.accounts
        self._far_away(False)
        while len(deployment.workloads) < wanted:
            self._say(f"roll-out: {len(deployment.workloads)} of {wanted} accounts are there")
            deployment.ask_for(min(AT_ONCE, wanted - len(deployment.workloads)))
        self._far_away(True)
        self._say("roll-out: what one account adds")
        one, two = (self._calls_of_plan(number) for number in (1, 2))
        chosen = deployment.workloads[:wanted]
        deployment.roll_out(chosen, mode="plan")  # warm
        self._say(f"roll-out: a plan of {len(chosen)} accounts")
        before = cpu_of_descendants()
        planned = deployment.roll_out(chosen, mode="plan")
        return {
            "roll-out": {
                "accounts": len(chosen),
                "seconds": planned.seconds,
                "cpu": cpu_of_descendants() - before,
                "calls": planned.tally.total,
                "each": {name: two[name] - one[name] for name in two if two[name] != one[name]},
            }
        }

    def _far_away(self, so: bool) -> None:
        aws = self._deployment.aws
        aws.latency.seconds = self._settings.latency if so else 0.0
        aws.functions.per_function = SANDBOXES if so else 2

    def _warm_up(self) -> None:
        for name in (NEW, NEW, AGAIN, PLAN):
            self._work[name]()

    def _runs(self, name: str, words: str) -> Runs:
        measured: list[tuple[float, Runs]] = []
        for number in range(TIMES):
            self._recorder.clear()
            mark = len(self._deployment.aws.calls)
            run = self._work[name]()
            self._say(f"{words}, {name}: {run.seconds:.2f} s ({number + 1} of {TIMES})")
            measured.append((run.seconds, self._what_happened(run, mark)))
        fastest = min(measured, key=lambda each: each[0])[1]
        return replace(fastest, seconds=[seconds for seconds, _ in measured])

    def _what_happened(self, run: Measured, mark: int) -> Runs:
        invocations = self._recorder.invocations
        histories = [self._deployment.history(run.execution)]
        usage = usage_of(invocations, self._deployment.aws.calls[mark:], histories)
        return Runs(
            seconds=[run.seconds],
            calls=run.tally.total,
            invocations=run.tally.invocations,
            path=critical_path(self._recorder.steps()),
            usage=asdict(usage),
            in_functions=sum(each.end - each.start for each in invocations),
        )

    def _calls_of_plan(self, accounts: int) -> Counter[str]:
        """Calls of the management account's principals by service and operation; the caller's account is whose quota
        it is, and for Organizations, STS, DynamoDB and Step Functions that is the management account."""
        aws, deployment = self._deployment.aws, self._deployment
        mark = len(aws.calls)
        deployment.roll_out(deployment.workloads[:accounts], mode="plan")
        return Counter(
            f"{call.action.partition(':')[0]}:{call.operation}"
            for call in aws.calls[mark:]
            if call.action != INVOKE
            and OURS.search(call.principal_arn or "")
            and f"::{aws.management_account}:" in str(call.principal_arn)
        )
