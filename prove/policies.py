"""The default policies decide as documented, said by the engine's evaluator and by an outside one that knows nothing
of it; and whatever else callers and wishes are put together, the two decide alike. Then a prover is asked of all
requests at once (`proofs`)."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from groundwork.baseline.documents import CLOSES, OPENS, differences
from prove import proofs
from prove.asked import Case, engine_allows, outsider_answers
from prove.chapter import Chapter, Say
from prove.policy_cases import every_case
from prove.rewritings import Document, a_policy, cases, changed, requests, rewritten

DRAWN = 3_000
"""Pairs of somebody's caller and somebody else's wish."""
PAIRS, REQUESTS = 200, 20
"""Pairs of policies that say the same, as many of others, and what is asked of each."""
CHANGES = (rewritten, changed)
WORDS = {True: "allows", False: "denies"}


def prove(seed: int, say: Say) -> list[Chapter]:
    return [decided(seed, say), compared(seed, say), proofs.prove(say)]


def decided(seed: int, say: Say) -> Chapter:
    """What two evaluators say of one request after another."""
    chapter = Chapter("Policies", "policy cases")
    documented = list(every_case())
    say(f"{len(documented)} policy cases, each asked of two evaluators")
    for case, engine, outsider in _asked(documented):
        chapter.tried += 1
        if {engine, outsider} != {WORDS[case.allowed]}:
            chapter.fail(f"{case}: the engine {engine}, the outside evaluator {outsider}", _again(case))
    allowed = sum(case.allowed for case in documented)
    denied = len(documented) - allowed
    chapter.words.append(f"{allowed} allowed and {denied} denied as documented, by both evaluators")

    drawn = list(_drawn(documented, Random(seed)))  # noqa: S311 - pairs that can be had again
    say(f"{len(drawn)} pairs of caller and wish, drawn with seed {seed}")
    for case, engine, outsider in _asked(drawn):
        chapter.tried += 1
        if engine != outsider:
            chapter.fail(
                f"{case.caller.words} wants to {case.wish.words}: {engine}, {outsider}", _again(case)
            )
    chapter.words.append(f"{len(drawn)} more that nothing documents, decided alike by both")
    return chapter


def compared(seed: int, say: Say) -> Chapter:
    """What Groundwork finds different, and what two evaluators do."""
    chapter, random = Chapter("Policies compared", "pairs of policies"), Random(seed)  # noqa: S311 - the same again
    say(f"{PAIRS} policies in other words, and {PAIRS} that are others")
    pairs = [(wanted, changes(random, wanted)) for changes in CHANGES for wanted in _policies(random)]
    asked = requests(random, REQUESTS)
    answers = _asked([case for pair in pairs for document in pair for case in cases(document, asked)])
    opened = 0
    for number, (wanted, found) in enumerate(pairs):
        chapter.tried += 1
        said = answers[number * 2 * REQUESTS : (number + 1) * 2 * REQUESTS]
        effects = set()
        for (_, *declared), (_, *now) in zip(said[:REQUESTS], said[REQUESTS:], strict=True):
            if declared[0] != declared[1] or now[0] != now[1]:
                chapter.fail(f"the evaluators disagree: {declared}, {now}", f"{wanted} {found}")
            elif declared != now:
                effects.add(OPENS if now[0] == WORDS[True] else CLOSES)
        words = differences(found, wanted)
        if (number < PAIRS and words) or not all(each in words for each in effects):
            chapter.fail(
                f"{words or 'no difference'}; {' and '.join(effects) or 'nothing'}", f"{wanted} {found}"
            )
        opened += bool(effects)
    chapter.words.append(f"{PAIRS} policies in other words are no difference, to both evaluators neither")
    chapter.words.append(f"of {PAIRS} other policies both saw {opened} decide otherwise, each told as that")
    return chapter


def _policies(random: Random) -> list[Document]:
    return [a_policy(random) for _ in range(PAIRS)]


def _asked(cases: Sequence[Case]) -> list[tuple[Case, str, str]]:
    """Each case with what the engine and what the outside evaluator does."""
    answers = outsider_answers(cases)
    return [
        (case, WORDS[engine_allows(case)], answer.error or WORDS[answer.allowed])
        for case, answer in zip(cases, answers, strict=True)
    ]


def _drawn(documented: Sequence[Case], random: Random) -> list[Case]:
    callers, wishes = ([getattr(case, part) for case in documented] for part in ("caller", "wish"))
    return [Case(random.choice(callers), random.choice(wishes), allowed=False) for _ in range(DRAWN)]


def _again(case: Case) -> str:
    return f"{case.caller.arn} {case.wish.action} {case.wish.resource} {case.keys}"
