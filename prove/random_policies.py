"""Requests drawn at random, with policies in every layer, asked of three evaluators that know nothing of each other. Where
they differ, a row of `prove.evaluators.disagreements` says who is right, and by which page; a difference without a row is a failure."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from pathlib import Path
from random import Random
from typing import Any

from prove.asked import AUDIT, Case, engine_allows, outsider_answers
from prove.chapter import Chapter, Say
from prove.evaluators.cases import GIVEN, cases
from prove.evaluators.disagreements import ROWS, Evaluator, Row
from prove.evaluators.rewording import NEVER_ASKED

DRAWN, AT_ONCE = 20_000, 1_000
PROCESSES = 2
REACHED = Path(__file__).parent / "reached_once.py"
ABOUT_NOTHING = {"Statement": {"Effect": "Deny", "Principal": "*", "Action": NEVER_ASKED, "Resource": "*"}}
"""The policy of a resource that has none: reach knows by it whose the resource is."""
SEVERAL = "several of these forms at once"
Ask = Callable[[Sequence[Case]], list[bool | None]]
"""None: the evaluator does not understand the question."""


def prove(seed: int, say: Say) -> Chapter:
    chapter = Chapter("Policies at random", "answers of others")
    drawn = cases(Random(seed), DRAWN)  # noqa: S311 - the same again
    say(f"{DRAWN} requests, drawn with seed {seed}")
    ours = [engine_allows(case) for case in drawn]
    chapter.words.append(f"{DRAWN} requests, of which the engine allows {sum(ours)}")
    for evaluator, ask in ASK.items():
        say(f"{DRAWN} requests, asked of {evaluator}")
        _compared(chapter, evaluator, ask, list(zip(drawn, ours, strict=True)))
    return chapter


def _compared(chapter: Chapter, evaluator: Evaluator, ask: Ask, asked: list[tuple[Case, bool]]) -> None:
    theirs = ask([case for case, _ in asked])
    answered = [
        (case, engine, said) for (case, engine), said in zip(asked, theirs, strict=True) if said is not None
    ]
    differ = [(case, engine) for case, engine, said in answered if said is not engine]
    chapter.tried += len(answered)
    rows = [row for row in ROWS if evaluator in row.evaluators]
    found = _explained(chapter, evaluator, ask, differ)
    for row in rows:
        if not found[row.form]:
            chapter.fail(f"{evaluator}: {row.form}: no case differs by it", "take it out of the table")
    chapter.words.append(
        f"{evaluator}: {len(answered)} answers, {len(answered) - len(differ)} alike, {sum(found.values())} by the table:"
    )
    chapter.words += [f"  {count} {form}" for form, count in found.most_common()]


def _explained(
    chapter: Chapter, evaluator: Evaluator, ask: Ask, differ: Sequence[tuple[Case, bool]]
) -> Counter[str]:
    """How many differences each row takes away, as the evaluator agrees in other words, or no longer knows. What is left
    fails."""
    rows = [row for row in ROWS if evaluator in row.evaluators]
    again: list[tuple[int, str, Case]] = []
    for number, (case, engine) in enumerate(differ):
        for form, other in _in_other_words(case, rows):
            again.append((number, form, other))
            if engine_allows(other) is not engine:
                chapter.fail(f"{form}: the engine reads it otherwise than the table", repr(case))
    agreed: dict[int, str] = {}
    for (number, form, _), said in zip(again, ask([other for *_, other in again]), strict=True):
        if said in (differ[number][1], None):
            agreed.setdefault(number, form)
    for number, (case, engine) in enumerate(differ):
        if number not in agreed:
            chapter.fail(f"the engine {'allows' if engine else 'denies'}, {evaluator} does not", repr(case))
    return Counter(agreed.values())


def _in_other_words(case: Case, rows: Sequence[Row]) -> Iterator[tuple[str, Case]]:
    there = [row for row in rows if row.meant(case) != case]
    for row in there:
        yield row.form, row.meant(case)
    if len(there) > 1:
        yield SEVERAL, reduce(lambda said, row: row.meant(said), there, case)


# -- the others ---------------------------------------------------------------------------------------


def _in_parts(ask: Ask) -> Ask:
    """Some of them at once, in two processes."""

    def all_of_them(asked: Sequence[Case]) -> list[bool | None]:
        parts = [asked[first : first + AT_ONCE] for first in range(0, len(asked), AT_ONCE)]
        with ThreadPoolExecutor(PROCESSES) as pool:
            return [said for part in pool.map(ask, parts) for said in part]

    return all_of_them


def _simulated(asked: Sequence[Case]) -> list[bool | None]:
    answers = outsider_answers(asked)
    wrong = next((answer.error for answer in answers if answer.error), None)
    if wrong:
        raise RuntimeError(f"iam-simulate does not understand: {wrong}")
    return [answer.allowed for answer in answers]


def _reached(asked: Sequence[Case]) -> list[bool | None]:
    """It has no services among its callers."""
    people = [case for case in asked if not case.caller.is_service]
    done = subprocess.run(
        [AUDIT / "bin" / "python", "-P", REACHED],
        input=json.dumps([_for_reach(case) for case in people]),
        capture_output=True,
        check=True,
        text=True,
    )
    said = iter(json.loads(done.stdout))
    return [None if case.caller.is_service else next(said) for case in asked]


def _for_reach(case: Case) -> Mapping[str, Any]:
    caller, wish = case.caller, case.wish
    return {
        "caller": caller.role_arn or caller.arn,
        "identity": caller.identity,
        "boundary": caller.boundary,
        "session": caller.session,
        "organization": caller.organization_policies,
        "controls": wish.resource_controls,
        "policy": wish.policy or (ABOUT_NOTHING if wish.owner != caller.account else None),
        "owner": wish.owner,
        "required": wish.needs_its_policy,
        "action": wish.action,
        "resource": wish.resource,
        "keys": {**dict.fromkeys(GIVEN), **case.keys},
    }


ASK: Mapping[Evaluator, Ask] = {"iam-simulate": _in_parts(_simulated), "reach": _in_parts(_reached)}
