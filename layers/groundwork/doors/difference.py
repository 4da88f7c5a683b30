"""Which actions one may do now and could not before, and the other way round: asked of both sides, action by action, for
every statement that only one of them has."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from groundwork.declaration.policy_files import Document, statements
from groundwork.doors.asking import Actor, may
from groundwork.doors.known import matching, reads
from groundwork.doors.premises import Place, Premises
from groundwork.doors.probes import GRANTING, SAMPLES, Probe, of_statement, sample
from groundwork.policies.conditions import as_list

MOST_PROBES = 4_000
"""Of one difference: beyond, one action that reads and one that changes something stand for each service."""
WELL_KNOWN = frozenset(action for group in SAMPLES.values() for action in group)


@dataclass(frozen=True)
class Side:
    """One of two that are compared: somebody in an account, and the documents that say what they may do there."""

    actor: Actor
    place: Place
    premises: Premises
    documents: Sequence[Document]
    control: Sequence[Document]

    def may(self, probe: Probe) -> bool:
        return may(self.actor, probe, self.place, self.premises)

    @property
    def key(self) -> tuple[str, ...]:
        """What says the same in two accounts is the same."""
        texts = (json.dumps(each, sort_keys=True) for each in (*self.documents, *self.control))
        return tuple(text.replace(self.place.account.id, "<account>") for text in texts)


@dataclass(frozen=True)
class Difference:
    """Actions, those first that grant power, then those that change something. `more_than_told`: of the services that a
    policy means as a whole, not each action was asked for."""

    gained: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    more_than_told: bool = False

    def without(self, actions: Collection[str]) -> Difference:
        gained, lost = (
            tuple(each for each in some if each not in actions) for some in (self.gained, self.lost)
        )
        return Difference(gained, lost, self.more_than_told)


def differing(before: Side, now: Side) -> Difference:
    if before.key == now.key:
        return Difference()
    probes, every = _probes(before, now)
    gained, lost = set(), set()
    for probe in probes:
        if probe.words in gained and probe.words in lost:
            continue
        could, can = before.may(probe), now.may(probe)
        if can and not could:
            gained.add(probe.words)
        if could and not can:
            lost.add(probe.words)
    return Difference(_in_order(gained), _in_order(lost), not every)


def _probes(before: Side, now: Side) -> tuple[list[Probe], bool]:
    """What to ask, and whether that is every action that the changes mean."""
    partition, account_id = now.premises.organization.partition, now.place.account.id
    wanted = [*_told_apart(before.documents, now.documents)]
    wanted += [
        (statement, meant)
        for statement, meant in _told_apart(before.control, now.control)
        if statement.get("Resource") == "*"  # what else they say of single resources of ours is no door
    ]
    every = sum(len(meant) for _, meant in wanted) <= MOST_PROBES
    probes = [sample(action, partition, account_id) for group in SAMPLES.values() for action in group]
    for statement, meant in wanted:
        asked = meant if every else _one_of_each_service(meant)
        probes += of_statement(statement, asked, partition, account_id)
        probes += (sample(action, partition, account_id) for action in asked)
    return list(dict.fromkeys(probes)), every


def _told_apart(before: Iterable[Document], now: Iterable[Document]) -> Iterator[tuple[Document, list[str]]]:
    """Statements that are not in both, with the actions for which that is so."""
    was, is_ = _by_the_rest(before), _by_the_rest(now)
    for rest in dict.fromkeys([*was, *is_]):
        spoken, both = was.get(rest) or is_[rest], rest in was and rest in is_
        patterns = was[rest].patterns ^ is_[rest].patterns if both else spoken.patterns
        meant = {action for pattern in patterns for action in matching(pattern)}
        if spoken.key == "NotAction" and not both:
            meant = set(matching("*")) - meant
        if meant:
            yield spoken.statement, sorted(meant)


class _Spoken(NamedTuple):
    """A statement, whether it has Action or NotAction, and the patterns there of all statements that say the same else."""

    statement: Document
    key: str
    patterns: frozenset[str]


def _by_the_rest(documents: Iterable[Document]) -> dict[str, _Spoken]:
    found: dict[str, _Spoken] = {}
    for number, statement in enumerate(each for document in documents for each in statements(document)):
        key = "Action" if "Action" in statement else "NotAction"
        rest = {name: part for name, part in statement.items() if name not in ("Sid", key)}
        text = f"{key} {json.dumps(rest, sort_keys=True)}"
        patterns = frozenset(as_list(statement[key]))
        if key == "NotAction":  # two of them do not add up
            text = f"{text} {number}" if text in found else text
        elif text in found:
            patterns |= found[text].patterns
        found[text] = _Spoken(statement, key, patterns)
    return found


def _one_of_each_service(meant: Iterable[str]) -> list[str]:
    found = {(action.partition(":")[0], reads(action)): action for action in meant}
    return sorted(found.values())


def _in_order(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(
        sorted(
            found,
            key=lambda action: (action not in GRANTING, action not in WELL_KNOWN, reads(action), action),
        )
    )
