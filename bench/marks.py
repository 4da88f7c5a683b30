"""What is measured, row by row, and the mark that each must reach.

A mark is a share of what BASE takes, measured beside it in the same run on the same machine; without BASE the number
itself is judged. Times are at 60 ms a call, and judged as numbers only there: so they are AWS's, not the machine's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MARKED_LATENCY = 0.06
Found = Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """One line. `of_base` is the largest share of the base's value, `at_most` the largest value."""

    words: str
    measurement: str
    value: Callable[[Found], float]
    unit: str = "s"
    at_most: float | None = None
    of_base: float | None = None
    timed: bool = False
    digits: int = 2


@dataclass(frozen=True)
class Judged:
    """A row with what was measured. `holds` is None where there is no mark."""

    row: Row
    now: float
    base: float | None
    holds: bool | None

    @property
    def ratio(self) -> float | None:
        return self.now / self.base if self.base else None


def _fastest(name: str) -> Callable[[Found], float]:
    return lambda found: float(min(found[name]["seconds"]))


def _path(name: str) -> Callable[[Found], float]:
    """Calls, with the invocations of functions: whatever the machine does, these times the latency is waited for."""
    return lambda found: sum(len(step["calls"]) + 1 for step in found[name]["path"])


def _regions(name: str) -> Callable[[Found], float]:
    return lambda found: float(min(found["regions"][name]["seconds"]) / min(found[name]["seconds"]))


def _at(*path: str) -> Callable[[Found], float]:
    def value(found: Found) -> float:
        for key in path:
            found = found[key]
        return float(found)  # type: ignore[arg-type]

    return value


ROWS: Sequence[Row] = (
    Row("event to Ready, one Region", "at_latency", _fastest("new"), "s", 3.1, 0.6, timed=True),
    Row("its AWS API calls", "at_latency", _at("new", "calls"), "", 100, digits=0),
    Row("calls and invocations on its critical path", "at_latency", _path("new"), "", digits=0),
    Row("re-run of a good account", "at_latency", _fastest("again"), "s", 1.2, 0.67, timed=True),
    Row("its AWS API calls", "at_latency", _at("again", "calls"), "", 30, digits=0),
    Row("calls and invocations on its critical path", "at_latency", _path("again"), "", digits=0),
    Row("plan of a good account", "at_latency", _fastest("plan"), timed=True),
    Row("all Regions / one Region, new", "at_latency", _regions("new"), "", 1.25, timed=True),
    Row("all Regions / one Region, re-run", "at_latency", _regions("again"), "", 1.25, timed=True),
    Row("roll-out in plan mode", "at_latency", _at("roll-out", "seconds"), digits=1),
    Row("CPU of its functions", "at_latency", _at("roll-out", "cpu"), "CPU-s", of_base=0.5, digits=1),
    Row("five accounts from nothing", "five_accounts", _at("seconds"), "s", 15, 0.54, digits=1),
    Row("make demo, mean of three", "demo", _at("mean"), "CPU-s", 28, 0.52, digits=1),
    Row("25 sandboxes: memory", "sandboxes", _at("megabytes"), "MB", 450, digits=0),
    Row("25 sandboxes: cold start", "sandboxes", _at("cpu"), "CPU-s", digits=1),
    Row("boot and deploy", "boot", _at("cpu"), "CPU-s", 5, 0.45, digits=1),
    Row("import of a handler, the slowest", "imports", _at("most"), "CPU-s", 0.2, 0.5),
    Row("layer, unzipped", "layer", _at("megabytes"), "MB", 28, digits=0),
)


def judged(now: Mapping[str, Found], base: Mapping[str, Found], latency: float) -> list[Judged]:
    """Every row that was measured, in order."""
    found = []
    for row in ROWS:
        value = _value(row, now)
        if value is not None:
            before = _value(row, base)
            found.append(Judged(row, value, before, _holds(row, value, before, latency)))
    return found


def _value(row: Row, measured: Mapping[str, Found]) -> float | None:
    try:
        return row.value(measured[row.measurement])
    except KeyError:  # not asked for
        return None


def _holds(row: Row, now: float, base: float | None, latency: float) -> bool | None:
    if row.of_base is not None and base is not None:
        return now / base <= row.of_base
    if row.at_most is None or (row.timed and latency != MARKED_LATENCY):
        return None
    return now <= row.at_most
