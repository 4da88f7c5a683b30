"""Lost memory: the ledger emptied before a request, before each function of its execution, and after it.

Each time there is one account, ready, answered for once; and the ledger knows afterwards what it would have known.
"""

from __future__ import annotations

import json
import random
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local.engine import Engine
from prove.chapter import Chapter, Say
from prove.moments import Moment, ahead_of
from prove.runs import Vend, VendThroughQuarantine
from prove.world import TEMPLATE, TIME_SCALE, World, with_quarantine_and_a_stack

AFTERWARDS: Moment = ("", 0)
"""When all is done; then the same is asked for again."""
PASSING = {
    "attempts",
    "creationId",
    "lastRun",
    "lastRunAt",
    "lastPlanAt",
    "leaseOwner",
    "leaseUntil",
    "leases",
    "owner",
    "readyBy",
    "requestId",
}
"""Attributes that name an execution, an event or a moment, and counters: leases begin anew, a lost attempt counts as one."""


class Memory:
    """The ledger of a world, and the functions that are about to use it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._dynamodb = world.aws.client("dynamodb")
        self._table = world.cloud.outputs["LedgerTable"]

    def items(self) -> list[dict[str, Any]]:
        pages = self._dynamodb.get_paginator("scan").paginate(TableName=self._table)
        return [item for page in pages for item in page["Items"]]

    def lose(self) -> None:
        for item in self.items():
            self._dynamodb.delete_item(TableName=self._table, Key={"pk": item["pk"]})

    @contextmanager
    def watched(self, before: Callable[[Moment], None]) -> Iterator[None]:
        """Calls `before` ahead of every invocation; the others wait meanwhile."""
        counts, one_by_one = Counter[str](), threading.Lock()

        def counted(function: str) -> None:
            with one_by_one:
                counts[function] += 1
                before((function, counts[function]))

        with ahead_of(self._world.aws, counted):
            yield

    def of(self, account: str, name: str, email: str) -> dict[str, Any]:
        """What is known of an account, as it would be of any."""
        found = {}
        for item in self.items():
            if item["pk"]["S"] not in (f"account#{account}", f"request#{email}"):
                continue
            plain = {key: next(iter(value.values())) for key, value in item.items() if key not in PASSING}
            text = json.dumps(plain, sort_keys=True, default=str)
            for own, instead in ((account, "<account>"), (email, "<e-mail>"), (name, "<name>")):
                text = text.replace(own, instead)
            known = json.loads(re.sub(r"(vpc|subnet|igw)-[0-9a-f]+", r"<\1 id>", text))
            found[str(known.pop("pk"))] = known
        return found


class Forgetting:
    """A vend whose ledger is emptied at one moment."""

    def __init__(self, world: World, vend: type[Vend] = Vend) -> None:
        self.world = world
        self.memory = Memory(world)
        self._vend = vend(world)
        self._wanted: dict[str, Any] = {}

    def moments(self) -> list[Moment]:
        """Those of an undisturbed run, which says what the ledger should know, too."""
        seen: list[Moment] = []
        self._vend.prepare()
        with self.memory.watched(seen.append):
            self._vend.go()
        if wrong := self._vend.wrong():
            raise RuntimeError(f"Without any loss: {wrong}")
        self._wanted = self._known()
        return [*seen, AFTERWARDS]

    def at(self, moment: Moment) -> list[str]:
        """What is wrong after a run that lost its memory then."""
        self._vend.prepare()

        def perhaps(now: Moment) -> None:
            if now == moment:
                self.memory.lose()

        with self.memory.watched(perhaps):
            self._vend.go()
        if moment == AFTERWARDS:
            self.memory.lose()
            return self._again() + self._vend.wrong()
        if self._vend.starts > 1:
            return ["the execution that was under way failed", *self._vend.wrong()]
        return self._vend.wrong() or self.world.differences(self._known(), self._wanted)

    def _again(self) -> list[str]:
        """By the event, and by hand."""
        cloud, (name, email) = self.world.cloud, self._vend.subject
        account = cloud.accounts()[email]["Id"]
        ends = [cloud.ask(accountName=name, email=email), cloud.start(accountId=account)]
        cloud.all_ended()
        said = [(end.status, end.output.get("outcome"), end.output.get("accountId")) for end in ends]
        return [] if said == [("SUCCEEDED", "unchanged", account)] * 2 else [f"asked again it ended {ends}"]

    def _known(self) -> dict[str, Any]:
        name, email = self._vend.subject
        return self.memory.of(self.world.cloud.accounts()[email]["Id"], name, email)


def prove(seed: int, say: Say) -> list[Chapter]:
    """All moments, in the order that the seed gives."""
    plain = _chapter("Lost memory", seed, say, TEMPLATE, Vend)
    with with_quarantine_and_a_stack() as template:
        return [
            plain,
            _chapter("Lost memory, by way of quarantine", seed, say, template, VendThroughQuarantine),
        ]


def _chapter(name: str, seed: int, say: Say, template: Path, vend: type[Vend]) -> Chapter:
    chapter = Chapter(name, "moments")
    with Engine(time_scale=TIME_SCALE) as aws:
        run = Forgetting(World.deployed(aws, template), vend)
        moments = run.moments()
        random.Random(seed).shuffle(moments)  # noqa: S311 - an order that can be had again
        for moment in moments:
            chapter.tried += 1
            if wrong := run.at(moment):
                chapter.fail(
                    "; ".join(wrong),
                    f"the ledger emptied before invocation {moment[1]} of {moment[0] or 'nothing more'}",
                )
            say(f"{chapter.tried} of {len(moments)} moments of {name.lower()}")
    return chapter
