"""Every JSONata expression of the state machines means the same to the engine here and to the reference.

The machines run, and what each expression had in hand is kept: accounts are vended, run again and planned, one fails, a
roll-out goes over all. Then every expression is evaluated on what itself and on what others had in hand, by the engine here
and by npm's jsonata, in the version that Step Functions names (2.0.6) and in the newest. A failure is an answer, too.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

from local.stepfunctions import jsonata
from local.stepfunctions.definition import expressions_of
from local.stepfunctions.expressions import EvaluationFailed, evaluate
from prove.asked import AUDIT
from prove.chapter import Chapter, Say
from tests.engine.stepfunctions.test_expressions import ANSWERS
from tests.workflow.conftest import Cloud, Slot
from tests.workflow.many import deny_cloudtrail, with_accounts

ASK = Path(__file__).parent / "simulator" / "jsonata.cjs"
OWN, OTHERS = 8, 12
"""How many environments of its own each expression is tried on, and of the others'."""
AGAIN = "make prove ONLY=expressions"
Question = tuple[str, int | None]


@dataclass
class Recorder:
    """`environments`: whatever variables an expression ever had in hand, as JSON; `seen`: which, by expression."""

    environments: dict[str, int] = field(default_factory=dict)
    seen: defaultdict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, expression: str, variables: Mapping[str, Any]) -> None:
        written = json.dumps(variables, default=str, sort_keys=True)
        with self._lock:
            number = self.environments.setdefault(written, len(self.environments))
            self.seen[expression.strip()].add(number)

    @contextmanager
    def listening(self) -> Iterator[None]:
        def noted(expression: str, variables: Mapping[str, Any]) -> Any:
            self.note(expression, variables)
            return evaluate(expression, variables)

        with patch.object(jsonata, "evaluate", noted):
            yield


def prove(seed: int, say: Say) -> Chapter:
    chapter = Chapter("Expressions of the state machines", "evaluations by three engines")
    recorder, slot = Recorder(), Slot()
    try:
        with recorder.listening():
            written = _run(slot, say)
    finally:
        slot.close()
    never = [expression for expression in written if expression not in recorder.seen]
    environments = [json.loads(text) for text in recorder.environments]
    questions: list[Question] = [(expression, None) for expression in ANSWERS]
    random = Random(seed)  # noqa: S311 - the same again
    for expression in written:
        own = sorted(recorder.seen[expression])
        numbers = {*random.sample(own, min(OWN, len(own))), *random.sample(range(len(environments)), OTHERS)}
        questions += [(expression, number) for number in sorted(numbers)]
    say(f"{len(questions)} questions to three engines")
    _compare(chapter, environments, questions)
    chapter.words.append(
        f"{len(written)} expressions, {len(written) - len(never)} of them as the machines ran, on"
        f" {len(environments)} recorded inputs; {len(ANSWERS)} forms on which engines differ"
    )
    return chapter


def _run(slot: Slot, say: Say) -> list[str]:
    """Every expression of the deployed machines, which have run."""
    say("three accounts are made")
    organization = with_accounts(slot, 2)
    cloud, (first, second) = organization.cloud, organization.ids
    say("run again, planned, refused, failed, rolled out")
    for given in (
        {"accountId": first},
        {"accountId": first, "mode": "plan"},
        {"accountId": cloud.aws.management_account},
        {"accountId": "999999999999"},
        {"nonsense": "x" * 70_000},
    ):
        cloud.start(**given)
    cloud.ask(accountName="no mail")
    deny_cloudtrail(cloud, second)
    cloud.start(accountId=second)
    for rolled in ({"mode": "plan"}, {"mode": "apply"}, {"mode": "no such"}):
        cloud.roll_out(**rolled)
    cloud.all_ended()
    return sorted({each for definition in _definitions(cloud) for each in expressions_of(definition)})


def _definitions(cloud: Cloud) -> Iterator[str]:
    client = cloud.aws.client("stepfunctions")
    for name in ("StateMachineArn", "RollOutStateMachineArn"):
        yield client.describe_state_machine(stateMachineArn=cloud.outputs[name])["definition"]


def _compare(
    chapter: Chapter, environments: Sequence[Mapping[str, Any]], questions: Sequence[Question]
) -> None:
    references = reference_answers(environments, questions)
    values = sum("value" in answer for answers in references.values() for answer in answers)
    chapter.words.append(f"{values} answers of the reference are values, the others failures")
    for index, (expression, number) in enumerate(questions):
        ours = _ours(expression, {} if number is None else environments[number])
        for version, answers in references.items():
            theirs = answers[index].get("value", "fails")
            found, wanted = json.dumps(ours, sort_keys=True), json.dumps(theirs, sort_keys=True)
            again = f"{AGAIN}; {json.dumps(environments[number])[:2000]}" if number is not None else AGAIN
            chapter.expect(f"{expression} here, and by jsonata {version}", found, wanted, again)


def _ours(expression: str, variables: Mapping[str, Any]) -> Any:
    try:
        return evaluate(expression, variables)
    except EvaluationFailed:
        return "fails"


def reference_answers(
    environments: Sequence[Mapping[str, Any]], questions: Sequence[Question]
) -> dict[str, list[dict[str, Any]]]:
    """By version. Raises `FileNotFoundError` where the reference is not installed: `make prove` does it."""
    done = subprocess.run(
        [AUDIT / "bin" / "node", ASK],
        input=json.dumps({"environments": environments, "questions": questions}),
        env={**os.environ, "NODE_PATH": str(AUDIT / "node_modules")},
        capture_output=True,
        check=True,
        text=True,
    )
    answers: dict[str, list[dict[str, Any]]] = json.loads(done.stdout)
    return answers
