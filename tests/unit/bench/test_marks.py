"""How a row is judged: beside a base as a share of it, alone as a number, and at another latency not at all."""

from __future__ import annotations

from typing import Any

import pytest

from bench.document import filled
from bench.marks import MARKED_LATENCY, judged
from bench.sheet import Sheet, marked


def found(new: float, regions: float = 6.0) -> dict[str, Any]:
    seconds = {"seconds": [new, new + 1]}
    return {"at_latency": {"new": seconds, "regions": {"new": {"seconds": [regions]}}}}


def holds(words: str, now: float, base: float | None = None, latency: float = MARKED_LATENCY) -> bool | None:
    rows = judged(found(now), {} if base is None else found(base), latency)
    return next(row.holds for row in rows if row.row.words == words)


READY = "event to Ready, one Region"


@pytest.mark.parametrize(
    ("now", "base", "latency", "good"),
    [
        (3.0, None, 0.06, True),
        (3.2, None, 0.06, False),
        (3.2, None, 0.12, None),
        (3.2, 5.5, 0.06, True),
        (3.0, 4.0, 0.06, False),
        (6.0, 12.0, 0.12, True),
    ],
)
def test_a_time(now: float, base: float | None, latency: float, good: bool | None) -> None:
    assert holds(READY, now, base, latency) is good


def test_regions_are_compared_with_one_region_of_the_same_revision() -> None:
    (row,) = [each for each in judged(found(5.0, 6.0), {}, 0.06) if "all Regions" in each.row.words]
    assert row.now == pytest.approx(1.2)
    assert row.holds


def test_what_was_not_measured_has_no_row() -> None:
    assert judged({}, {}, 0.06) == []
    assert {each.row.words for each in judged(found(3.0), {}, 0.06)} == {
        READY,
        "all Regions / one Region, new",
    }


def test_markdown() -> None:
    sheet = Sheet("Measured", ["", "now"])
    sheet.add("event to Ready", marked("3.0 s", True))
    assert sheet.markdown() == "**Measured**\n\n|  | now |\n|---|---:|\n| event to Ready | ✓ 3.0 s |"


def test_a_table_takes_its_place_in_the_document() -> None:
    document = (
        "a\n<!-- measured: rows -->\nold\n<!-- end -->\nb\n<!-- measured: path -->\nkept\n<!-- end -->\n"
    )
    once = filled(document, {"rows": "| new |"})
    assert once == document.replace("old", "\n| new |\n")
    assert filled(once, {"rows": "| new |"}) == once
