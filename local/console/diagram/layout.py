"""Where everything is in the picture of a state machine: boxes in lines, and the branches of a group in rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import ceil
from typing import Any

from local.console.diagram.graph import Graph

WIDEST = 1010
"""Where a line must end if it may."""

NAME_SIZE, NOTE_SIZE = 13, 10.5
HEIGHT, SMALL, ROW_GAP = 40, 24, 26
GAP, MARGIN = 30, 30
MOST_BESIDE = 3
"""Branches of a group in one row; more are spread over rows of about the same number."""
INSET = 14
TRACK = 20
"""From a line's states up to the way that passes over them, and from there to the line before."""


@dataclass(frozen=True)
class Box:
    """A state on the page. `inner` are the boxes of a group: of a Parallel's branches, of a Map's child executions."""

    name: str
    kind: str
    note: str
    x: float
    y: float
    width: float
    height: float
    marked: bool = False
    inner: Sequence[Sequence[Box]] = ()

    @property
    def middle(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + self.height / 2

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height


def lines(graph: Graph) -> Iterator[list[Sequence[str]]]:
    """The ranks, broken into lines; a Parallel has a line of its own."""
    line: list[Sequence[str]] = []
    since = 0
    for number, rank in enumerate(graph.ranks):
        alone = any(_is_parallel(graph, name) for name in rank)
        after_alone = bool(line) and any(_is_parallel(graph, name) for name in line[-1])
        if line and graph.may_end_before(number) and (alone or after_alone or _end_now(graph, since, number)):
            yield line
            line, since = [], number
        line.append(rank)
    yield line


def _is_parallel(graph: Graph, name: str) -> bool:
    return bool(graph.states[name]["Type"] == "Parallel")


def _end_now(graph: Graph, since: int, number: int) -> bool:
    """Whether the line would be too wide at the next place where it may end."""
    ends = [
        end
        for end in range(number + 1, len(graph.ranks))
        if graph.may_end_before(end)
        or any(_is_parallel(graph, name) for rank in graph.ranks[number:end] for name in rank)
    ]
    end = min(ends, default=len(graph.ranks))
    return sum(_column(rank, graph) for rank in graph.ranks[since:end]) > WIDEST


def _column(rank: Sequence[str], graph: Graph) -> float:
    """The width of a rank with the gap after it, which holds the labels of the ways from there."""
    labels = [text_width(way.label, 11) for way in graph.ways if way.source in rank and not way.caught]
    return max(_size(name, graph.states[name])[0] for name in rank) + max(
        [GAP, *(each + 30 for each in labels)]
    )


def placed(line: Sequence[Sequence[str]], graph: Graph, y: float) -> Iterator[Box]:
    sizes = {name: _size(name, graph.states[name]) for rank in line for name in rank}
    rows = _rows_of(line, graph)
    heights = [
        max(sizes[name][1] for name in rows if rows[name] == row) for row in range(max(rows.values()) + 1)
    ]
    tops = list(accumulate((height + ROW_GAP for height in heights), initial=y))
    x: float = MARGIN
    for rank in line:
        column = max(sizes[name][0] for name in rank)
        for name in rank:
            sunk = (heights[rows[name]] - sizes[name][1]) / 2
            top = tops[rows[name]] + sunk
            yield _box(name, graph.states[name], x, top, column, marked=graph.is_rescued(name))
        x += _column(rank, graph)


def _rows_of(line: Sequence[Sequence[str]], graph: Graph) -> dict[str, int]:
    """Each state stands in the row of the one that leads to it, so that ways run straight and none seems to lead elsewhere."""
    rows: dict[str, int] = {}
    for rank in line:
        taken = set[int]()
        for name in rank:
            before = (
                rows[way.source] for way in graph.forward() if way.target == name and way.source in rows
            )
            row = min(before, default=0)
            while row in taken:
                row += 1
            taken.add(row)
            rows[name] = row
    return rows


def _box(
    name: str, state: Mapping[str, Any], x: float, y: float, width: float = 0, *, marked: bool = False
) -> Box:
    own_width, height = _size(name, state)
    width = max(width, own_width)
    return Box(
        name, state["Type"], _note(state), x, y, width, height, marked, list(_branches(state, x, y, width))
    )


def _branches(state: Mapping[str, Any], x: float, y: float, width: float) -> Iterator[list[Box]]:
    """Branches stand side by side, in columns of the same width; the states of one stand below each other."""
    rows = _rows(state)
    if not rows:
        return
    column = (width - INSET) / len(rows[0]) - INSET
    top = y + 2 * INSET
    for row in rows:
        for place, branch in enumerate(row):
            left, below = x + INSET + place * (column + INSET), top
            boxes = []
            for name, each in branch["States"].items():
                own, height = _size(name, each)
                middle = left + (column - own) / 2 if each["Type"] == "Pass" else left
                boxes.append(_box(name, each, middle, below, 0 if each["Type"] == "Pass" else column))
                below += height + INSET
            yield boxes
        top += max(map(_height, row))


def _rows(state: Mapping[str, Any]) -> Sequence[Sequence[Mapping[str, Any]]]:
    branches = _inside(state)
    if not branches:
        return []
    beside = ceil(len(branches) / ceil(len(branches) / MOST_BESIDE))
    return [branches[start : start + beside] for start in range(0, len(branches), beside)]


def _height(branch: Mapping[str, Any]) -> float:
    """Of a branch, with the gap after each of its states."""
    return sum(_size(*each)[1] + INSET for each in branch["States"].items())


def _inside(state: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """What is drawn as a group: the branches of a Parallel, what a Map does in child executions."""
    processor = state.get("ItemProcessor", {})
    distributed = processor.get("ProcessorConfig", {}).get("Mode") == "DISTRIBUTED"
    return [processor] if distributed else state.get("Branches", [])


def _size(name: str, state: Mapping[str, Any]) -> tuple[float, float]:
    if _inside(state):
        rows = _rows(state)
        column = max(_size(*each)[0] for branch in _inside(state) for each in branch["States"].items())
        across = len(rows[0]) * (column + INSET) + INSET
        down = sum(max(map(_height, row)) for row in rows)
        return max(across, text_width(heading(name, state["Type"]), 11) + 28), down + 2 * INSET
    if state["Type"] == "Pass":
        return text_width(name, NOTE_SIZE) + 22, SMALL
    slant = 16 if state["Type"] == "Choice" else 0
    return max(text_width(name, NAME_SIZE), text_width(_note(state), NOTE_SIZE)) + 22 + slant, HEIGHT


def text_width(text: str, size: float) -> float:
    return len(text) * size * 0.59


def heading(name: str, kind: str) -> str:
    return f"{name}: {'all branches at once' if kind == 'Parallel' else 'a child execution each'}"


def _note(state: Mapping[str, Any]) -> str:
    """What a state waits for, or starts, or what a Map does for each item."""
    if _inside(state):
        return ""
    if ":states:startExecution" in state.get("Resource", ""):
        return f"runs {state['Arguments']['StateMachineArn'].rpartition(':')[2].strip('${}')}"
    if "ItemProcessor" in state:
        return f"each: {state['ItemProcessor']['StartAt']}"
    named = [error for retry in state.get("Retry", []) for error in retry["ErrorEquals"] if "." not in error]
    return f"\u21bb {named[0]}" if named else ""
