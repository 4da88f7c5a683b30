"""The critical path of an execution: the longest chain of calls of which each began after the one before had ended.

Calls that depend on each other never overlap; calls made side by side do. So the chain that covers most time is what
an account waits for, and a call that is not on it costs no time. States are chained first, then the calls within each.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar


class Span(Protocol):
    """Something that took from one moment to another; in seconds."""

    @property
    def start(self) -> float: ...
    @property
    def end(self) -> float: ...


Spanning = TypeVar("Spanning", bound=Span)


@dataclass(frozen=True)
class Call:
    """An AWS API call, on its way included."""

    name: str
    start: float
    end: float


@dataclass(frozen=True)
class Step:
    """What Step Functions did for one state: an invocation with the calls of its function, or a call of its own."""

    name: str
    start: float
    end: float
    calls: tuple[Call, ...] = ()
    invoked: bool = True

    @property
    def seconds(self) -> float:
        return self.end - self.start


def longest_chain(spans: Sequence[Spanning]) -> list[Spanning]:
    """Of all chains without overlap the one that covers most time, in its order."""
    ordered = sorted(spans, key=lambda span: span.end)
    ends = [span.end for span in ordered]
    before = [bisect_right(ends, span.start, hi=place) for place, span in enumerate(ordered)]
    covered = [0.0]
    for place, span in enumerate(ordered):
        covered.append(max(covered[place], covered[before[place]] + span.end - span.start))
    chain, place = [], len(ordered)
    while place:
        if covered[place] == covered[place - 1]:
            place -= 1
        else:
            chain.append(ordered[place - 1])
            place = before[place - 1]
    return chain[::-1]


def critical_path(steps: Sequence[Step]) -> list[Step]:
    """The steps that an execution waits for, each with those of its calls that it waits for."""
    return [
        Step(step.name, step.start, step.end, tuple(longest_chain(step.calls)), step.invoked)
        for step in longest_chain(steps)
    ]


def calls_of(path: Sequence[Step]) -> int:
    """API calls on a path, without the invocations."""
    return sum(len(step.calls) if step.invoked else 1 for step in path)


def invocations_of(path: Sequence[Step]) -> int:
    return sum(step.invoked for step in path)
