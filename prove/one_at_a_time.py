"""One at a time: before each step of a run, a change, a closing or a reopening of an account another of them comes. One waits for the
other or is refused, each is answered once, and the account, its tag and the ledger agree afterwards."""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from local.engine import Engine
from prove.chapter import Chapter, Say
from prove.closing import UNIT as SUSPENDED
from prove.crash_points import CHANGES
from prove.moments import Moment, ahead_of
from prove.world import TIME_SCALE, World, declaring
from tests.workflow.closing import Closings
from tests.workflow.conftest import Execution, until

HOME, OTHER = "Workloads/Development", "Workloads/Production"
PAIRS = (
    ("change", "closing"),
    ("change", "run"),
    ("run", "closing"),
    ("run", "change"),
    ("closing", "change"),
    ("closing", "reopening"),
    ("reopening", "closing"),
    ("reopening", "change"),
)
"""What is under way, and what comes."""
WAITS = ("ReadClosingFunction", "ChangeAccountFunction", "LeaseAccountFunction")
"""Who tries again while somebody else holds the account."""
TELLS = "NotifyPeopleFunction"
"""It comes after the answer."""
OLDER = [{"Key": "groundwork:baseline", "Value": "older"}]


class Asked:
    """Something that was asked about the account: how it ends, and what was answered."""

    def __init__(self, world: World, account: str, what: str) -> None:
        self._cloud, self.what = world.cloud, what
        closings = Closings(world.cloud)
        find: Callable[[], str | Execution]
        if what == "run":
            self.event = ""
            find = partial(str, self._cloud.begin(accountId=account))
        elif what == "change":
            asked = {"organizationalUnit": OTHER, "tags": {"team": "b"}}
            self.event = self._cloud.post_change(accountId=account, **asked)
            find = partial(self._cloud.execution_of, self.event)
        else:
            self.event = closings.post({"closing": "Close", "reopening": "Reopen"}[what], accountId=account)
            find = partial(closings.ended, self.event)
        self._find = find

    def ended(self) -> Execution:
        found = self._find()
        return found if isinstance(found, Execution) else self._cloud.ended(found)

    def wrong(self) -> Iterator[str]:
        said = {
            json.dumps(each["detail"], sort_keys=True) for each in self._cloud.answers(requestId=self.event)
        }
        if self.event and len(said) != 1:
            yield f"the {self.what} was answered {said}"


class Between:
    """One account, and what is asked about it while something else is under way."""

    def __init__(self, world: World) -> None:
        self._world, self._closings = world, Closings(world.cloud)
        name, self._email = world.cloud.fresh()
        made = world.cloud.ask(accountName=name, email=self._email, organizationalUnit=HOME)
        if made.status != "SUCCEEDED":
            raise RuntimeError(f"No account: {made}")
        world.cloud.all_ended()
        self._account = str(made.output["accountId"])

    def moments(self, what: str) -> list[Moment]:
        """The invocations of one that nothing disturbs."""
        self._prepare(what)
        seen: list[Moment] = []
        with self._watched(seen.append):
            Asked(self._world, self._account, what).ended()
            self._world.cloud.all_ended()
        return seen

    def at(self, moment: Moment, first: str, second: str) -> list[str]:
        """What is wrong after the second came right before this invocation of the first."""
        self._prepare(first)
        came: list[Asked] = []

        def comes(now: Moment) -> None:
            if now == moment and not came:
                came.append(Asked(self._world, self._account, second))
                ending = threading.Thread(target=came[0].ended, daemon=True)
                ending.start()
                seen = Counter(self._seen)
                until(
                    lambda: (
                        not ending.is_alive() or any(self._seen[each] >= seen[each] + 2 for each in WAITS)
                    ),
                    f"the {second}",
                )

        with self._watched(comes):
            one = Asked(self._world, self._account, first)
            ends = [one.ended()]
            self._world.cloud.all_ended()  # and what a reopening has begun
            if not came:
                return [f"there was no {moment}"]
            ends.append(came[0].ended())
            self._world.cloud.all_ended()
        until(lambda: self._world.aws.is_at_rest, "all answers")
        wrong = [*one.wrong(), *came[0].wrong(), *self._disagreement()]
        changed = "change" in (first, second) and ends[first != "change"].status == "SUCCEEDED"
        return [*wrong, *self._had_back(OTHER if changed else HOME)]

    # -- before, meanwhile and afterwards ----------------------------------------------------------

    def _prepare(self, what: str) -> None:
        """The account is where it was, older than the declaration; or it waits to be closed."""
        cloud = self._world.cloud
        if cloud.unit_of(self._email) != HOME:
            cloud.start(accountId=self._account, organizationalUnit=HOME, tags={"team": "a"})
        cloud.aws.client("organizations").tag_resource(ResourceId=self._account, Tags=OLDER)
        if what == "reopening":
            self._closings.start(accountId=self._account)
        cloud.all_ended()
        until(lambda: self._world.aws.is_at_rest, "everybody to have been told")

    @contextmanager
    def _watched(self, before: Callable[[Moment], None]) -> Iterator[None]:
        """Calls `before` ahead of every invocation; others go on meanwhile."""
        self._seen, one_by_one = Counter[str](), threading.Lock()

        def counted(function: str) -> None:
            if function == TELLS:
                return
            with one_by_one:
                self._seen[function] += 1
                now = function, self._seen[function]
            before(now)

        with ahead_of(self._world.aws, counted):
            yield

    def _disagreement(self) -> Iterator[str]:
        cloud = self._world.cloud
        unit, state = cloud.unit_of(self._email), cloud.tags_of(self._account).get("groundwork:state", "")
        record = cloud.ledger_item(f"closing#{self._account}")
        if [unit == SUSPENDED, state.startswith("closing "), bool(record)] not in ([True] * 3, [False] * 3):
            yield f"it is in {unit}, its tag says {state}, the ledger {record}"
        elif record and record["closesAt"]["S"] not in state:
            yield f"its tag says {state}, the ledger {record['closesAt']}"
        if "leaseOwner" in (item := cloud.ledger_item(f"account#{self._account}")):
            yield f"its lease is held by {item['leaseOwner']}"

    def _had_back(self, unit: str) -> Iterator[str]:
        """What is wrong once nobody closes it any more."""
        cloud = self._world.cloud
        if cloud.unit_of(self._email) == SUSPENDED:
            self._closings.start(accountId=self._account, reopen=True)
            cloud.all_ended()
        there = cloud.unit_of(self._email), cloud.tags_of(self._account).get("groundwork:state")
        if there != (unit, "ready"):
            yield f"it was had back in {there} instead of {unit}"
        planned = cloud.start(accountId=self._account, mode="plan").output
        told = [each for each in planned.get("reports", []) if each["component"] == "account"]
        if planned["changes"] or told:
            yield f"it differs: {planned}"


def prove(seed: int, say: Say) -> Chapter:
    """All moments of all pairs, in the order that the seed gives."""
    chapter = Chapter("A run, a change, a closing and a reopening of one account", "moments")
    with declaring(*CHANGES) as template, Engine(time_scale=TIME_SCALE) as aws:
        between = Between(World.deployed(aws, template))
        found = {first: between.moments(first) for first in dict.fromkeys(first for first, _ in PAIRS)}
        tries = [(moment, first, second) for first, second in PAIRS for moment in found[first]]
        random.Random(seed).shuffle(tries)  # noqa: S311 - an order that can be had again
        for moment, first, second in tries:
            chapter.tried += 1
            if wrong := between.at(moment, first, second):
                again = f"a {second} before invocation {moment[1]} of {moment[0]} of a {first}"
                chapter.fail("; ".join(wrong), again)
            say(f"{chapter.tried} of {len(tries)} moments")
    return chapter
