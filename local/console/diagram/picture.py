"""The picture of a state machine, drawn from its ASL: an SVG that reads on a light and on a dark page.

Lines of text run from left to right, and so does the picture: a line ends where all ways lead to one state. Failure
is a line of its own, the last. A state whose failures go where most do carries a mark instead of an arrow.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from local.console.diagram.graph import Graph, Way, graph_of
from local.console.diagram.layout import GAP, MARGIN, ROW_GAP, TRACK, Box, heading, lines, placed

ENDS = ("Succeed", "Fail")

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


def picture(machine: Mapping[str, Any]) -> str:
    """The SVG of a state machine."""
    graph = graph_of(machine)
    boxes: dict[str, Box] = {}
    gutters: dict[str, float] = {}
    y: float = MARGIN - TRACK
    failure: list[Sequence[str]] = [[name] for name in graph.tail]
    for line in [*lines(graph), *([failure] if failure else [])]:
        first = line[0][0]
        over = any(_passes(way, graph, line) for way in graph.forward())
        told = any(way.label and way.source in boxes and way.target not in boxes for way in graph.ways)
        gutters[first] = y + TRACK * (1 if told else 0.5)
        y = gutters[first] + TRACK * (1 + over)
        inside = list(placed(line, graph, y))
        boxes |= {box.name: box for box in inside}
        y = max(box.bottom for box in inside)
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
        yield _text("label left", x + 14, y + 19, heading(box.name, box.kind))
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
            gutter = min(each for each in gutters.values() if each >= source.bottom)
            hidden = any(_is_above(source, other) and other.y < gutter for other in boxes.values())
            yield from _to_next_line(way, source, target, gutter, way.target in graph.tail, hidden)
        elif way.source in graph.tail or graph.rank(way.target) == graph.rank(way.source) + 1:
            yield from _to_next_column(way, source, target)
        elif any(_is_above(other, source) for other in boxes.values() if other.bottom > target.y):
            yield from _below(way, source, target)
        else:
            between = list(boxes)[in_order[way.source] : in_order[way.target] + 1]
            yield from _over(way, source, target, min(boxes[name].y for name in between) - TRACK)
    around = max(box.right for box in boxes.values()) + MARGIN / 2
    for way in graph.back:
        target = boxes[way.target]
        beside = [box for box in boxes.values() if box.y < target.bottom and target.y < box.bottom]
        yield from _back(way, boxes[way.source], target, around, min(box.y for box in beside) - 12)


def _is_above(other: Box, box: Box) -> bool:
    return other.x < box.right and box.x < other.right and other.y < box.y


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


def _below(way: Way, source: Box, target: Box) -> Iterator[str]:
    """From a state that others stand above, below those beside them, and into the target with their way."""
    turn, into = target.x - GAP / 2, target.middle[1]
    yield _way([(source.right, source.middle[1]), (turn, source.middle[1]), (turn, into), (target.x, into)])
    yield _text("label", (source.right + turn) / 2, source.middle[1] - 5, way.label)


def _to_next_line(
    way: Way, source: Box, target: Box, gutter: float, caught: bool, hidden: bool
) -> Iterator[str]:
    """From below the source; from beside it, where others stand below it."""
    into = target.y + 30 if target.inner else target.middle[1]
    left = MARGIN - 16
    if caught:  # beside the ways to the lines between
        left, gutter = left - 7, gutter - 4
    beside = source.right + GAP / 2
    down = [(source.right, source.middle[1]), (beside, source.middle[1]), (beside, gutter)]
    yield _way(
        [
            *(down if hidden else [(source.middle[0], source.bottom), (source.middle[0], gutter)]),
            (left, gutter),
            (left, into),
            (target.x, into),
        ],
        caught=caught,
    )
    yield _text("label left", source.middle[0] + 6, source.bottom + 13, way.label)


def _back(way: Way, source: Box, target: Box, around: float, above: float) -> Iterator[str]:
    """Below the line; above it, to a group, which fills it; `around` the right of everything and `above` its line, to a
    line before."""
    if target.inner and target.y < source.y < target.bottom:
        yield from _over(way, source, target, target.y - 14)
        return
    below, into = source.bottom + 12, target.middle[0] + 20
    there = [(into, below), (into, target.bottom)]
    if target.bottom + ROW_GAP < source.y:
        there = [(around, below), (around, above), (into, above), (into, target.y)]
    start = [(source.middle[0], source.bottom), (source.middle[0], below)]
    yield _way([*start, *there], caught=way.caught)
    yield _text("label left", source.middle[0] + 6, below - 3, way.label)


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
    path = Path(__file__).parents[3] / "statemachines" / f"{name}.asl.json"
    return picture(json.loads(path.read_text()))


def bare_picture_of(name: str) -> str:
    """The same without its colors, for a page that has its own."""
    return picture_of(name).replace(f"<style>{STYLE}</style>\n", "")
