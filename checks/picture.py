"""The picture of a state machine, drawn from its ASL: an SVG that reads on a light and on a dark page.

Lines of text run from left to right, and so does the picture: a line ends where all ways lead to one state. Failure
is a line of its own, the last. A state whose failures go where most do carries a mark instead of an arrow.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from checks.graph import Graph, Way, graph_of

ENDS = ("Succeed", "Fail")
WIDEST = 1010
"""Where a line must end if it may."""

NAME_SIZE, NOTE_SIZE = 13, 10.5
HEIGHT, SMALL, ROW_GAP = 40, 24, 26
GAP, MARGIN = 30, 30
TRACK = 20
"""From a line's states up to the way that passes over them, and from there to the line before."""

STYLE = """
text { font-family: system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif; text-anchor: middle }
.name { font-size: 13px; font-weight: 600; fill: #1f2328 }
.note { font-size: 10.5px; fill: #57606a }
.label { font-size: 11px; fill: #818b98 }
.left { text-anchor: start }
.way { fill: none; stroke: #818b98; stroke-width: 1.5 }
.caught { stroke: #c9736b; stroke-dasharray: 4 3 } .mark { fill: #c9736b } .tip { fill: #818b98 }
.Task { fill: #ddeafc; stroke: #4a86d8 } .Choice { fill: #fdf0cf; stroke: #bf8f1d }
.Map { fill: #eae3fb; stroke: #8460cf } .Pass, .Wait { fill: #eceff2; stroke: #8b949e }
.Succeed { fill: #d9f2df; stroke: #35924c } .Fail { fill: #fbdfdc; stroke: #c9534b }
.Parallel { fill: #818b98; stroke: #818b98 } .Map.group { fill: #8460cf }
.group { fill-opacity: .10; stroke-dasharray: 6 3 }
"""


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


def picture(machine: Mapping[str, Any]) -> str:
    """The SVG of a state machine."""
    graph = graph_of(machine)
    boxes: dict[str, Box] = {}
    gutters: dict[str, float] = {}
    y: float = MARGIN - TRACK
    failure: list[Sequence[str]] = [[name] for name in graph.tail]
    for line in [*_lines(graph), *([failure] if failure else [])]:
        first = line[0][0]
        over = any(_passes(way, graph, line) for way in graph.forward())
        told = any(way.label and way.target == first and way not in graph.back for way in graph.ways)
        gutters[first] = y + TRACK * (1 if told else 0.5)
        y = gutters[first] + TRACK * (1 + over)
        placed = list(_placed(line, graph, y))
        boxes |= {box.name: box for box in placed}
        y = max(box.bottom for box in placed)
    drawn = [*_drawn_ways(graph, boxes, gutters), *(part for box in boxes.values() for part in _drawn(box))]
    drawn += _legend(graph.rescue, boxes[graph.tail[-1]]) if failure else []
    title = str(machine.get("Comment", "A state machine"))
    return _page(title, max(box.right for box in boxes.values()) + MARGIN, y + MARGIN, drawn)


def _page(title: str, width: float, height: float, drawn: Sequence[str]) -> str:
    size = f'viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}"'
    tip = 'viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"'
    tips = [
        f'<marker id="{style}-tip" {tip}><path class="{style}" d="M0 0 L8 4 L0 8 Z"/></marker>'
        for style in ("tip", "mark")
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="title">',
            f'<title id="title">{escape(title)}</title>',
            f"<style>{STYLE}</style>",
            "<defs>",
            *tips,
            "</defs>",
            *drawn,
            "</svg>",
            "",
        ]
    )


# -- where everything is -----------------------------------------------------------------------------


def _lines(graph: Graph) -> Iterator[list[Sequence[str]]]:
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
    labels = [_text_width(way.label, 11) for way in graph.ways if way.source in rank and not way.caught]
    return max(_size(name, graph.states[name])[0] for name in rank) + max(
        [GAP, *(each + 30 for each in labels)]
    )


def _placed(line: Sequence[Sequence[str]], graph: Graph, y: float) -> Iterator[Box]:
    sizes = {name: _size(name, graph.states[name]) for rank in line for name in rank}
    rows = [max(sizes[name][1] for name in row if name) for row in zip_longest(*line)]
    x: float = MARGIN
    for rank in line:
        column, top = max(sizes[name][0] for name in rank), y
        for name, row in zip(rank, rows, strict=False):
            sunk = (row - sizes[name][1]) / 2
            yield _box(name, graph.states[name], x, top + sunk, column, marked=graph.is_rescued(name))
            top += row + ROW_GAP
        x += _column(rank, graph)


def _box(
    name: str, state: Mapping[str, Any], x: float, y: float, width: float = 0, *, marked: bool = False
) -> Box:
    own_width, height = _size(name, state)
    width = max(width, own_width)
    return Box(
        name, state["Type"], _note(state), x, y, width, height, marked, list(_branches(state, x, y, width))
    )


def _branches(state: Mapping[str, Any], x: float, y: float, width: float) -> Iterator[list[Box]]:
    """Branches stand side by side and share what is left of the width; the states of one stand below each other."""
    branches = [
        {name: _size(name, each) for name, each in branch["States"].items()} for branch in _inside(state)
    ]
    columns = [max(across for across, _ in sizes.values()) for sizes in branches]
    spare = width - sum(columns) - 14 * (len(columns) + 1)
    x += 14
    for branch, sizes, needed in zip(_inside(state), branches, columns, strict=True):
        column = needed + spare / len(columns)
        boxes, below = [], y + 28
        for name, each in branch["States"].items():
            own, height = sizes[name]
            middle = x + (column - own) / 2 if each["Type"] == "Pass" else x
            boxes.append(_box(name, each, middle, below, 0 if each["Type"] == "Pass" else column))
            below += height + 14
        yield boxes
        x += column + 14


def _inside(state: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """What is drawn as a group: the branches of a Parallel, what a Map does in child executions."""
    processor = state.get("ItemProcessor", {})
    distributed = processor.get("ProcessorConfig", {}).get("Mode") == "DISTRIBUTED"
    return [processor] if distributed else state.get("Branches", [])


def _size(name: str, state: Mapping[str, Any]) -> tuple[float, float]:
    if _inside(state):
        branches = [[_size(*each) for each in branch["States"].items()] for branch in _inside(state)]
        across = sum(max(width for width, _ in branch) + 14 for branch in branches) + 14
        down = max(sum(height + 14 for _, height in branch) for branch in branches)
        return max(across, _text_width(_heading(name, state["Type"]), 11) + 28), down + 28
    if state["Type"] == "Pass":
        return _text_width(name, NOTE_SIZE) + 22, SMALL
    slant = 16 if state["Type"] == "Choice" else 0
    return max(_text_width(name, NAME_SIZE), _text_width(_note(state), NOTE_SIZE)) + 22 + slant, HEIGHT


def _text_width(text: str, size: float) -> float:
    return len(text) * size * 0.59


def _heading(name: str, kind: str) -> str:
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


# -- what is drawn -----------------------------------------------------------------------------------


def _drawn(box: Box) -> Iterator[str]:
    x, y, width, height = box.x, box.y, box.width, box.height
    shape = f'class="{box.kind}{" group" if box.inner else ""}" stroke-width="1.2"'
    middle = x + width / 2
    yield f"<g data-state={quoteattr(box.name)}>"
    if box.kind == "Choice":
        points = [(x, y + height / 2), (x + 12, y), (x + width - 12, y)]
        points += [(x + width, y + height / 2), (x + width - 12, y + height), (x + 12, y + height)]
        yield f'<polygon {shape} points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in points)}"/>'
    elif box.kind == "Map" and not box.inner:
        yield _rectangle(shape, x + 4, y - 4, width, height, 6)
        yield _rectangle(shape, x, y, width, height, 6)
    else:
        round_off = height / 2 if box.kind in ("Pass", *ENDS) else 6
        yield _rectangle(shape, x, y, width, height, round_off)
    if box.inner:
        yield _text("label left", x + 14, y + 19, _heading(box.name, box.kind))
    elif box.kind == "Pass":
        yield _text("note", middle, y + height / 2 + 4, box.name)
    else:
        yield _text("name", middle, y + (18 if box.note else height / 2 + 4.5), box.name)
    if box.note:
        yield _text("note", middle, y + 32, box.note)
    if box.marked:
        yield _mark(box.right - 9, box.bottom - 3)
    yield "</g>"
    for branch in box.inner:
        yield from _ways_down(branch)
        for each in branch:
            yield from _drawn(each)


def _ways_down(branch: Sequence[Box]) -> Iterator[str]:
    """From each state of a group to the one below it; where one ends, from the state before it around its left side."""
    source = branch[0]
    for above, below in pairwise(branch):
        if above.kind in ENDS:
            left = [(source.x, source.middle[1]), (source.x - 8, source.middle[1])]
            way = [*left, (source.x - 8, below.middle[1]), (below.x, below.middle[1])]
        else:
            source, way = above, [(above.middle[0], above.bottom), (above.middle[0], below.y)]
        yield _way(way, caught=source.kind != "Choice")


def _rectangle(attributes: str, x: float, y: float, width: float, height: float, rounding: float) -> str:
    return f'<rect {attributes} x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="{rounding:.0f}"/>'


def _text(style: str, x: float, y: float, words: str) -> str:
    return f'<text class="{style}" x="{x:.1f}" y="{y:.1f}">{escape(words)}</text>'


def _mark(x: float, y: float) -> str:
    return f'<path class="mark" d="M{x:.1f} {y - 6:.1f} h8 l-4 6 Z"/>'


def _way(points: Iterable[tuple[float, float]], *, caught: bool = False) -> str:
    path = "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    style, tip = ("way caught", "mark-tip") if caught else ("way", "tip-tip")
    return f'<path class="{style}" d="{path}" marker-end="url(#{tip})"/>'


def _drawn_ways(graph: Graph, boxes: Mapping[str, Box], gutters: Mapping[str, float]) -> Iterator[str]:
    in_order = {name: number for number, name in enumerate(boxes)}
    forward = [
        way
        for way in graph.ways
        if way not in graph.back and not (way.caught and way.target == graph.rescue and not way.label)
    ]
    for way in forward:
        source, target = boxes[way.source], boxes[way.target]
        if way.target in gutters and in_order[way.target] > in_order[way.source]:
            yield from _to_next_line(way, source, target, gutters[way.target], way.target in graph.tail)
        elif way.source in graph.tail or graph.rank(way.target) == graph.rank(way.source) + 1:
            yield from _to_next_column(way, source, target)
        else:
            between = list(boxes)[in_order[way.source] : in_order[way.target] + 1]
            yield from _over(way, source, target, min(boxes[name].y for name in between) - TRACK)
    around = max(box.right for box in boxes.values()) + MARGIN / 2
    for way in graph.back:
        yield from _back(way, boxes[way.source], boxes[way.target], around)


def _passes(way: Way, graph: Graph, line: Sequence[Sequence[str]]) -> bool:
    """Whether a way passes over states of this line."""
    on_line = [name for rank in line for name in rank]
    return (
        way.source in on_line
        and way.target in on_line
        and graph.rank(way.target) > graph.rank(way.source) + 1
    )


def _to_next_column(way: Way, source: Box, target: Box) -> Iterator[str]:
    start, end = source.middle[1], target.middle[1]
    if start == end:
        yield _way([(source.right, start), (target.x, end)])
        yield _text("label", (source.right + target.x - 6) / 2, start - 5, way.label)
        return
    turn = source.right + 8
    yield _way([(source.right, start), (turn, start), (turn, end), (target.x, end)])
    yield _text("label", (turn + target.x - 6) / 2, end - 5, way.label)


def _over(way: Way, source: Box, target: Box, above: float) -> Iterator[str]:
    yield _way(
        [
            (source.middle[0], source.y),
            (source.middle[0], above),
            (target.middle[0], above),
            (target.middle[0], target.y),
        ],
        caught=way.caught,
    )
    yield _text("label left", source.middle[0] + 6, above - 4, way.label)


def _to_next_line(way: Way, source: Box, target: Box, gutter: float, caught: bool) -> Iterator[str]:
    into = target.y + 30 if target.inner else target.middle[1]
    yield _way(
        [
            (source.middle[0], source.bottom),
            (source.middle[0], gutter),
            (MARGIN - 16, gutter),
            (MARGIN - 16, into),
            (target.x, into),
        ],
        caught=caught,
    )
    yield _text("label left", source.middle[0] + 6, source.bottom + 13, way.label)


def _back(way: Way, source: Box, target: Box, around: float) -> Iterator[str]:
    """Below the line; above it, to a group, which fills it; `around` the right of everything, to a line before."""
    if target.inner and target.y < source.y < target.bottom:
        yield from _over(way, source, target, target.y - 14)
        return
    below, into = source.bottom + 12, target.middle[0] + 20
    there = [(into, below), (into, target.bottom)]
    if target.bottom + ROW_GAP < source.y:
        above = target.y - 12
        there = [(around, below), (around, above), (into, above), (into, target.y)]
    start = [(source.middle[0], source.bottom), (source.middle[0], below)]
    yield _way([*start, *there], caught=way.caught)
    yield _text("label", source.middle[0] - _text_width(way.label, 11) / 2, below + 13, way.label)


def _legend(first: str, last: Box) -> Iterator[str]:
    x, y = last.right + 40, last.y
    yield _mark(x, y + 14)
    yield _text(
        "label left", x + 16, y + 14, f"what fails here, and is not retried any more, goes on with {first}"
    )
    yield _text(
        "label left",
        x,
        y + 34,
        "\u21bb a state that waits: it fails with this error, and is retried, until it need not",
    )


def picture_of(name: str) -> str:
    """The SVG of a state machine of the template, by the name of its file."""
    path = Path(__file__).parent.parent / "statemachines" / f"{name}.asl.json"
    return picture(json.loads(path.read_text()))


def bare_picture_of(name: str) -> str:
    """The same without its colors, for a page that has its own."""
    return picture_of(name).replace(f"<style>{STYLE}</style>\n", "")
