"""The critical path of a new account, drawn.

One line for each state, from left to right in seconds; in it the
calls that are waited for, each a block. A base is drawn above, to the same scale. Reads on a light and on a dark page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from bench.models.critical_path import Step, calls_of, invocations_of
from bench.tables import path_of

NAMES, SECONDS, NUMBERS = 210, 620, 125
"""Widths of the three columns: names, the time, numbers."""
LINE, BAR, TITLE, GAP = 22, 14, 34, 26
STYLE = """
text { font-family: system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif; font-size: 12px; fill: #768390 }
.title { font-size: 14px; font-weight: 600 } .right { text-anchor: end } .middle { text-anchor: middle }
.state { fill: #4a86d8; fill-opacity: .25 } .call { fill: #4a86d8; stroke: #fff; stroke-opacity: .6; stroke-width: .5 }
.grid { stroke: #768390; stroke-opacity: .3; stroke-width: 1 }
"""


@dataclass(frozen=True)
class Lines:
    """One execution's path under its title."""

    title: str
    steps: Sequence[Step]


def drawing(paths: Sequence[Lines]) -> str:
    """The SVG of some paths, one below the other, all to one scale."""
    longest = max(path.steps[-1].end - path.steps[0].start for path in paths)
    scale = SECONDS / longest
    parts: list[str] = []
    y = 0.0
    for path in paths:
        parts += _drawn(path, y, scale)
        y += TITLE + LINE * len(path.steps) + GAP
    width = NAMES + SECONDS + NUMBERS
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {y:.0f}" width="{width}" role="img">'
    )
    title = "<title>The critical path of a new account: the calls that it waits for, state by state</title>"
    return "\n".join([opening, title, f"<style>{STYLE}</style>", *parts, "</svg>", ""])


def _drawn(path: Lines, y: float, scale: float) -> Iterator[str]:
    began = path.steps[0].start
    bottom = y + TITLE + LINE * len(path.steps)
    for second in range(int(path.steps[-1].end - began) + 1):
        x = NAMES + second * scale
        yield f'<line class="grid" x1="{x:.1f}" y1="{y + TITLE}" x2="{x:.1f}" y2="{bottom:.1f}"/>'
        yield _text(x, bottom + 13, f"{second} s", "middle")
    yield _text(0, y + 18, path.title, "title")
    for number, step in enumerate(path.steps):
        top = y + TITLE + LINE * number
        yield _text(NAMES - 12, top + 12, step.name, "right")
        yield _block("state", step.start - began, step.end - began, top, scale, step.name)
        for call in step.calls or [step]:
            yield _block("call", call.start - began, call.end - began, top, scale, call.name)
        calls = len(step.calls) if step.invoked else 1
        yield _text(NAMES + SECONDS + 12, top + 12, f"{calls} call{'s' * (calls != 1)}, {step.seconds:.2f} s")


def _block(kind: str, start: float, end: float, top: float, scale: float, words: str) -> str:
    place = (
        f'x="{NAMES + start * scale:.1f}" y="{top:.1f}" width="{(end - start) * scale:.1f}" height="{BAR}"'
    )
    return f'<rect class="{kind}" {place}><title>{escape(words)}: {end - start:.2f} s</title></rect>'


def _text(x: float, y: float, words: str, kind: str = "") -> str:
    style = f' class="{kind}"' if kind else ""
    return f'<text{style} x="{x:.1f}" y="{y:.1f}">{escape(words)}</text>'


def paths_of(kept: Mapping[str, Any]) -> list[Lines]:
    """The path of a new account in what was kept: the base's, if there is one, and today's."""
    found = {kept["base"]: kept["before"], "now": kept["now"]}
    paths = []
    for label, measured in found.items():
        if "at_latency" in measured:
            new = measured["at_latency"]["new"]
            steps, seconds = path_of(new), min(new["seconds"])
            words = f"{calls_of(steps)} calls, {invocations_of(steps)} invocations"
            paths.append(Lines(f"{label}: {words}; event to Ready in {seconds:.2f} s", steps))
    return paths
