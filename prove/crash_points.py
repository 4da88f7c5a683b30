"""Every crash point: each API call of a vend, through quarantine and an approval as well, of a change, of a roll-out, of a removal, of a
closing, of an expiry and of a repair of stacks fails once in each way, and the work is done all the same.

The calls are those of an undisturbed run, from the embedded AWS's own log. Each is struck alone, in a run of its own.
"""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Literal, Protocol

from local.calls import CallRecord
from local.engine import Engine
from prove.approving import APPROVING, ApprovedChange, ApprovedVend
from prove.chapter import Chapter, Say
from prove.closing import CLOSING, Closing, Expiry
from prove.runs import Change, Removal, Repair, RepairOfStacks, Vend, VendThroughQuarantine
from prove.world import TEMPLATE, TIME_SCALE, World, declaring, with_quarantine_and_a_stack

Story = Literal[
    "vend",
    "change",
    "approved vend",
    "approved change",
    "roll-out",
    "removal",
    "closing",
    "expiry",
    "vend through quarantine",
    "repair of stacks",
]
KILLS = (("kill-function", "before"), ("kill-function", "after"))
FAILURES = (("throttle", "before"), ("server-error", "before"), ("reset", "after"))
WHO_KNOW = (
    "",
    "ReadRequestFunction",
    "EnrollAccountFunction",
    "VerifyBaselineFunction",
    "LeaveQuarantineFunction",
    "RecordOutcomeFunction",
)
"""Functions that know of quarantine, and the service that runs the state machine."""
OTHERS_WORK = frozenset({"logs"})
"""Calls that a service makes for its own logs: nobody's work depends on them."""
AT_ONCE = 12
"""Attempts that one process makes before it reports."""
TRIES = 3
"""Runs in which a call that depends on timing, such as a second poll, may fail to come."""


@dataclass(frozen=True)
class Point:
    """The nth call of an operation by one function, or by the service that runs a state machine."""

    function: str
    service: str
    operation: str
    nth: int

    def fault(self, effect: str, when: str) -> dict[str, Any]:
        named = {"function": self.function} if self.function else {}
        what = {"service": self.service, "operation": self.operation, "nth": self.nth}
        return {**named, **what, "when": when, "effect": effect}


@dataclass(frozen=True)
class Tried:
    """What became of a run: whether the fault struck at all, what was wrong at its end, how many starts it took."""

    fault: dict[str, Any]
    struck: bool
    wrong: list[str]
    starts: int


class Run(Protocol):
    """A piece of work that can be done again and again on one organization."""

    @property
    def starts(self) -> int:
        """Executions that it took."""

    def prepare(self) -> None: ...
    def go(self) -> None: ...
    def wrong(self) -> list[str]: ...


CHANGES = (
    CLOSING[0],
    f"changes: {{allowed: true, renaming: true, contacts: true, email: true}}\n\n{CLOSING[1]}",
)
RUNS: dict[Story, Callable[[World], Run]] = {
    "vend": Vend,
    "change": Change,
    "approved vend": ApprovedVend,
    "approved change": ApprovedChange,
    "roll-out": Repair,
    "removal": Removal,
    "closing": Closing,
    "expiry": Expiry,
    "vend through quarantine": VendThroughQuarantine,
    "repair of stacks": RepairOfStacks,
}
DECLARED: dict[Story, Callable[[], AbstractContextManager[Path]]] = {
    "change": partial(declaring, *CHANGES),
    "approved vend": partial(declaring, *APPROVING),
    "approved change": partial(declaring, *APPROVING),
    "closing": partial(declaring, *CLOSING),
    "expiry": partial(declaring, *CLOSING),
    "vend through quarantine": with_quarantine_and_a_stack,
    "repair of stacks": with_quarantine_and_a_stack,
}
"""Stories of another declaration than the default."""


def _logical(function: str) -> str:
    """`groundwork-CreateAccountFunction-1A2B3C` is called otherwise in another deployment."""
    return function.split("-")[1] if function else ""


def points(calls: Iterable[CallRecord]) -> list[Point]:
    """Where a run can be struck."""
    counted = Counter(
        (_logical(call.function), call.service, call.operation)
        for call in calls
        if ":assumed-role/" in (call.principal_arn or "") and call.service not in OTHERS_WORK
    )
    return [Point(*what, nth) for what, many in sorted(counted.items()) for nth in range(1, many + 1)]


def faults_of(found: Iterable[Point]) -> list[dict[str, Any]]:
    """Every way in which every one of these calls is struck."""
    return [
        point.fault(effect, when)
        for point in found
        for effect, when in ((KILLS + FAILURES) if point.function else FAILURES)
    ]


def survives(run: Run, world: World, fault: dict[str, Any]) -> tuple[bool, list[str]]:
    """Whether the fault struck at all, and what was wrong after the run that it struck."""
    for _ in range(TRIES):
        run.prepare()
        world.aws.faults.plan([fault])
        run.go()
        struck = bool(world.aws.faults.struck)
        world.aws.faults.clear()
        wrong = run.wrong()
        if struck or wrong:
            return struck, wrong
    return False, []


def undisturbed(run: Run, world: World) -> list[CallRecord]:
    """The calls of a run that nothing disturbs. Raises RuntimeError when that one goes wrong already."""
    run.prepare()
    mark = len(world.aws.calls)
    run.go()
    calls = world.aws.calls[mark:]
    wrong = run.wrong()
    if wrong:
        raise RuntimeError(f"An undisturbed run went wrong already: {wrong}")
    return calls


# -- all of them, side by side -------------------------------------------------------------------------


_open = ExitStack()
_runs: dict[Story, Run] = {}
_worlds: list[World] = []


def _world(story: Story) -> World:
    """This process's own, which is for one story."""
    if not _worlds:
        template = _open.enter_context(DECLARED[story]()) if story in DECLARED else TEMPLATE
        _worlds.append(World.deployed(_open.enter_context(Engine(time_scale=TIME_SCALE)), template))
    return _worlds[0]


def _run_of(story: Story) -> Run:
    if story not in _runs:
        _runs[story] = RUNS[story](_world(story))
    return _runs[story]


def _find(story: Story) -> list[Point]:
    run = _run_of(story)
    undisturbed(run, _world(story))  # the first run warms up
    return points(undisturbed(run, _world(story)))


def _strike(story: Story, faults: Sequence[dict[str, Any]]) -> list[Tried]:
    return [_strike_one(story, fault) for fault in faults]


def _strike_one(story: Story, fault: dict[str, Any]) -> Tried:
    run = _run_of(story)
    try:
        return Tried(fault, *survives(run, _world(story), fault), starts=run.starts)
    except AssertionError as never:  # what was waited for did not come: this world is of no further use
        _open.close()
        _worlds.clear()
        _runs.clear()
        return Tried(fault, True, [str(never)], starts=run.starts)


def _in_parts(faults: Sequence[dict[str, Any]]) -> Iterator[Sequence[dict[str, Any]]]:
    for start in range(0, len(faults), AT_ONCE):
        yield faults[start : start + AT_ONCE]


def prove_story(
    story: Story, seed: int, say: Say, choose: Callable[[list[Point]], list[Point]] = list
) -> Chapter:
    """All crash points of a story, or those that are chosen, in the order that the seed gives."""
    chapter = Chapter(f"Crash points of a {story}", "crash points")
    workers = min(2, os.cpu_count() or 1)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        found = pool.submit(_find, story).result()
        faults = faults_of(choose(found))
        random.Random(seed).shuffle(faults)  # noqa: S311 - an order that can be had again
        chapter.words.append(f"{len(found)} calls, each struck in up to {len(KILLS + FAILURES)} ways")
        parts = [pool.submit(_strike, story, part) for part in _in_parts(faults)]
        again: list[str] = []
        absent = 0
        for part in as_completed(parts):
            for tried in part.result():
                chapter.tried += tried.struck
                absent += not tried.struck
                if tried.starts > 1:
                    again.append(json.dumps(tried.fault))
                if tried.wrong:
                    chapter.fail("; ".join(tried.wrong), json.dumps([tried.fault]))
            say(f"{chapter.tried} of {len(faults)} {chapter.unit} of a {story}")
    chapter.words.append(f"{len(again)} needed a second start{': ' if again else ''}{'; '.join(again)}")
    if absent:
        chapter.words.append(f"{absent} more did not come again: how often is polled depends on timing")
    return chapter


def of_iam(found: list[Point]) -> list[Point]:
    """What a removal calls; the calls around it are those of every roll-out."""
    return [point for point in found if point.service == "iam" and point.function]


def of_quarantine(found: list[Point]) -> list[Point]:
    """What is otherwise than in any vend: who puts the account there and lets it out, who begins, looks again and remembers,
    what starts them all, and the stack."""
    return [point for point in found if point.function in WHO_KNOW or point.service == "cloudformation"]


def of_stacks(found: list[Point]) -> list[Point]:
    """What a repair of stacks calls besides."""
    return [point for point in found if point.service in ("iam", "cloudformation") and point.function]


def of_the_change(found: list[Point]) -> list[Point]:
    """What a change calls besides a vend."""
    functions = ("ReadRequestFunction", "ChangeAccountFunction", "RecordOutcomeFunction")
    return [point for point in found if point.function in functions]


def of_the_approval(found: list[Point]) -> list[Point]:
    """What is otherwise than where nobody approves anything: who has it wait, who asks people, who takes their decision, and what
    starts them all."""
    functions = ("", "ReadRequestFunction", "RequestApprovalFunction", "DecideRequestFunction")
    return [point for point in found if point.function in functions]


def of_the_expiry(found: list[Point]) -> list[Point]:
    """What an account that expires calls besides the story of any closing."""
    return [point for point in found if point.function in ("RequestClosingsFunction", "ReadClosingFunction")]


CHOSEN: dict[Story, Callable[[list[Point]], list[Point]]] = {
    "change": of_the_change,
    "approved vend": of_the_approval,
    "approved change": of_the_approval,
    "removal": of_iam,
    "expiry": of_the_expiry,
    "vend through quarantine": of_quarantine,
    "repair of stacks": of_stacks,
}
"""Of other stories every call is struck."""
STORIES_BY_NAME: dict[str, Story] = {story.replace(" ", "-"): story for story in RUNS}


def prove(seed: int, say: Say, name: str = "") -> list[Chapter]:
    """All stories, or the one of this name."""
    stories = [STORIES_BY_NAME[name]] if name else list(RUNS)
    return [prove_story(story, seed, say, CHOSEN.get(story, list)) for story in stories]
