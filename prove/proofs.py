"""What is laid down in a vended organization, asked of a prover: not case by case, but of all requests at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from prove.chapter import Chapter, Say
from prove.questions import archive, bare_keys, doors, powers
from prove.vended import Organization, Question, ask, vended

Asked = Callable[[Organization], Iterator[Question]]
SECTIONS: Mapping[str, Asked] = {
    "who takes a role": doors,
    "who raises their own powers": powers,
    "who touches the archive": archive,
    "what an access key alone can do": bare_keys,
}
VERDICTS = {True: "allowed", False: "denied"}
TRUSTS = "trusts"
TAKEN_OUT: Mapping[str, tuple[Asked, str]] = {
    TRUSTS: (doors, "mgmt"),
    "BaselineResources": (powers, "dev"),
    "EntryRoles": (powers, "dev"),
    "MakeRolesWithTheBoundary": (powers, "dev"),
    "ArchiveRole": (archive, "security"),
    "Archive": (archive, "security"),
    "LogKey": (archive, "security"),
    "LogsAreKept": (archive, "security"),
    "LogKeyIsKept": (archive, "security"),
    "NothingElseWithoutMFA": (bare_keys, "security"),
    "NobodyElsesWithoutMFA": (bare_keys, "security"),
    "NoDeviceWithAnAccessKeyAlone": (bare_keys, "security"),
}
"""Statements by their Sid, and with callers of which account it is noticed that one is missing. One that allows stays,
without its conditions; so do the statements of trust policies, which have no Sid."""
NOT_EXPRESSED = (
    "the prover knows neither services and root users as callers, nor that MFA is not carried through a chain of roles: "
    "these are cases of the two evaluators; one session apart from another is asked of nobody, as no policy of ours "
    "names one; bucket and key policies are left to the guard rails"
)


def prove(say: Say) -> Chapter:
    chapter = Chapter("Proofs over all requests", "questions")
    say("an organization of five accounts, for the prover")
    organization = vended()
    for words, asked in SECTIONS.items():
        questions = list(asked(organization))
        say(f"{words}: {len(questions)} questions, each about all requests")
        for question, answer in zip(questions, ask(organization, questions), strict=True):
            again = f"{question.caller} {question.action} {question.resource} {'; '.join(answer.said)}"
            chapter.expect(question.words, answer.verdict, VERDICTS[question.allowed], again)
        allowed = sum(question.allowed for question in questions)
        chapter.words.append(
            f"{words}: {len(questions) - allowed} proven impossible, {allowed} possible as declared"
        )
    for sid in TAKEN_OUT:
        say(f"{sid} taken out")
        chapter.expect(f"{sid} taken out: noticed", is_noticed(organization, sid), True, sid)
    chapter.words.append(f"{len(TAKEN_OUT)} times a statement or its conditions taken out, to see it noticed")
    chapter.words.append(NOT_EXPRESSED)
    return chapter


def is_noticed(organization: Organization, sid: str) -> bool:
    """Whether something that was proven impossible is no longer."""
    asked, name = TAKEN_OUT[sid]
    there = f"::{organization.account(name).id}:"
    questions = [each for each in asked(organization) if not each.allowed and there in each.caller]
    return any(answer.verdict == "allowed" for answer in ask(without(organization, sid), questions))


def without(organization: Organization, sid: str) -> Organization:
    """The same, as if a statement were not there; one that allows, as if it had no conditions."""
    details, layers = json.loads(
        json.dumps([organization.details, organization.layers], default=str), object_hook=_less(sid)
    )
    return replace(organization, details=details, layers=layers)


def _less(sid: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def less(read: dict[str, Any]) -> dict[str, Any]:
        kept = []
        for each in read.get("Statement", ()):
            if sid not in (each.get("Sid"), TRUSTS if "Principal" in each else None):
                kept.append(each)
            elif each["Effect"] == "Allow":
                kept.append({key: value for key, value in each.items() if key != "Condition"})
        return {**read, "Statement": kept} if isinstance(read.get("Statement"), list) else read

    return less
