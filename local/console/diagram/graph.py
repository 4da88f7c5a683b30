"""A state machine as a graph: which ways lead where, what comes after what, and where a line of a picture may end."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MEANT = re.compile(
    r"(?<!!)= '([^']+)'|in \[([^\]]+)\]|\$exists\(\$(?:\w+\.)*(\w+)\)|\bor \$(?:\w+\.)+(\w+)(?= |$)"
    r"|< \$count\(\$(?:\w+\.)*(\w+)\)"
)
"""In a Choice's condition: the value that something must have, the list it must be in, what must be there, what must
be true instead, or of what there must be more."""


@dataclass(frozen=True)
class Way:
    """A transition. `caught`: by a Catch, with the error's name as label where it names one."""

    source: str
    target: str
    label: str = ""
    caught: bool = False


@dataclass(frozen=True)
class Graph:
    """`ranks` are the states on the way to success, by their longest distance from the start; `tail` are those from
    which only failure is reached, in order; `rescue` is the state that most failures go on with; `back` are the ways
    that lead to an earlier state."""

    states: Mapping[str, Mapping[str, Any]]
    ways: Sequence[Way]
    tail: Sequence[str]
    ranks: Sequence[Sequence[str]]
    rescue: str
    back: Sequence[Way] = field(default_factory=list)

    def forward(self) -> list[Way]:
        """The ways that lead on, to states that may succeed."""
        return [
            way
            for way in self.ways
            if not way.caught and way not in self.back and way.target not in self.tail
        ]

    def is_rescued(self, name: str) -> bool:
        """Whether all that fails in a state goes on with `rescue`."""
        return Way(name, self.rescue, caught=True) in self.ways

    def rank(self, name: str) -> int:
        return next(number for number, states in enumerate(self.ranks) if name in states)

    def may_end_before(self, rank: int) -> bool:
        """Whether a line of the picture may end here: all that goes on goes to one state, the only one of its rank."""
        crossing = {
            way.target for way in self.forward() if self.rank(way.source) < rank <= self.rank(way.target)
        }
        return len(crossing) == 1 and crossing == set(self.ranks[rank])


def graph_of(machine: Mapping[str, Any]) -> Graph:
    states = machine["States"]
    ways = [way for name, state in states.items() for way in _ways(name, state)]
    after = {name: [way.target for way in ways if way.source == name and not way.caught] for name in states}
    tail = [name for name in states if not _may_succeed(name, states, after, frozenset())]
    distances = _distances(machine["StartAt"], after, set(tail))
    remaining = {name: max(_distances(name, after, set(tail)).values()) for name in distances}
    ranks: list[list[str]] = [[] for _ in range(max(distances.values()) + 1)]
    for name in sorted(distances, key=lambda each: -remaining[each]):
        ranks[distances[name]].append(name)
    back = [
        way
        for way in ways
        if way.target not in tail
        and way.source in distances
        and distances[way.target] <= distances[way.source]
    ]
    caught = Counter(way.target for way in ways if way.caught and not way.label)
    rescue = caught.most_common(1)[0][0] if caught else ""
    return Graph(states, ways, tail, ranks, rescue, back)


def meaning(condition: str) -> str:
    """A Choice's condition in a word or two: the values it asks for."""
    values = ["".join(found).replace("'", "") for found in MEANT.findall(condition)]
    return ", ".join(values) or condition.removeprefix("{%").removesuffix("%}").strip()


def _ways(name: str, state: Mapping[str, Any]) -> Iterable[Way]:
    for choice in state.get("Choices", []):
        yield Way(name, choice["Next"], meaning(choice["Condition"]))
    if "Default" in state:
        yield Way(name, state["Default"], "else")
    if "Next" in state:
        yield Way(name, state["Next"])
    for catch in state.get("Catch", []):
        if catch["Next"] == state.get("Next"):
            continue  # it goes on as if nothing had failed
        named = [error for error in catch["ErrorEquals"] if error != "States.ALL"]
        yield Way(name, catch["Next"], ", ".join(named), caught=True)


def _may_succeed(
    name: str, states: Mapping[str, Any], after: Mapping[str, Sequence[str]], seen: frozenset[str]
) -> bool:
    if states[name]["Type"] == "Succeed" or states[name].get("End"):
        return True
    return any(
        _may_succeed(each, states, after, seen | {name}) for each in after[name] if each not in seen | {name}
    )


def _distances(start: str, after: Mapping[str, Sequence[str]], left_out: set[str]) -> dict[str, int]:
    """The longest distance from `start` of every state that is reached from it; loops are gone round once."""
    distances: dict[str, int] = {}

    def walk(name: str, distance: int, path: frozenset[str]) -> None:
        if distances.get(name, -1) >= distance:
            return
        distances[name] = distance
        for each in after[name]:
            if each not in path and each not in left_out:
                walk(each, distance + 1, path | {each})

    walk(start, 0, frozenset({start}))
    return distances
