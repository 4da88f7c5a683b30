"""The report as one file of HTML that needs no network, and what such a file says.

What the data says was written by strangers, too: names of accounts, reasons, causes. It stands in the page as JSON that
ends no element, and the script shows it as text. The Content-Security-Policy lets nothing run but the page's own script.
https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Content-Security-Policy
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from itertools import accumulate
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from groundwork.report.model import Difference, Report

HERE = Path(__file__).parent / "page"
STYLES = ("tokens", "page", "parts", "pictures", "small")
SCRIPTS = (
    "data",
    "elements",
    "filter",
    "overview",
    "tree",
    "matrix",
    "doors",
    "machine",
    "runs",
    "account",
    "main",
)
MACHINES = ("vend_account", "roll_out")
"""Their drawings, made by `checks.generated`."""
PLACE = re.compile(r"<!-- (policy|style|machines|data|script) -->")
DATA = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.DOTALL)
LONGEST_DIFFERENCES, LONGEST_FAILURES = 700_000, 300_000
"""Characters of JSON: with them the page of 2,000 accounts stays below 3 MB, whatever somebody writes into them."""


class NoReport(ValueError):
    """The file is no report, or one whose data cannot be read."""


def page(report: Report) -> str:
    style, script = _joined(STYLES, "css"), _joined(SCRIPTS, "js")
    parts = {
        "policy": _policy(style, script),
        "style": f"<style>{style}</style>",
        "machines": "\n".join(map(_machine, MACHINES)),
        "data": f'<script type="application/json" id="data">{_harmless(packed(report))}</script>',
        "script": f'<script type="module">{script}</script>',
    }
    return PLACE.sub(lambda found: parts[found[1]], (HERE / "page.html").read_text())


def report_in(text: str) -> Report:
    """What a page shows. Raises `NoReport`."""
    found = DATA.search(text)
    if found is None:
        raise NoReport("it holds no data of a report")
    try:
        return unpacked(json.loads(found[1]))
    except (ValueError, ValidationError, KeyError, TypeError, IndexError):
        raise NoReport("its data cannot be read") from None


def packed(report: Report) -> dict[str, Any]:
    """As JSON, in which each difference stands once and has a number: many accounts differ alike. What there is no room
    for is counted."""
    data = report.to_json()
    numbers: dict[Difference, int] = {}
    room = LONGEST_DIFFERENCES
    for row, account in zip(data["accounts"], report.accounts, strict=True):
        kept = []
        for each in account.differences:
            if each not in numbers:
                room -= len(_harmless(each.words))
                if room < 0:
                    break
                numbers[each] = len(numbers)
            kept.append(numbers[each])
        left_out = account.more_differences + len(account.differences) - len(kept)
        row |= {"differences": kept} | ({"moreDifferences": left_out} if left_out else {})
    told = _fitting(data.get("failures", []), LONGEST_FAILURES)
    left_out = report.more_failures + len(report.failures) - len(told)
    return {
        **data,
        "failures": told,
        "moreFailures": left_out,
        "differences": [[each.component, each.severity, each.words] for each in numbers],
    }


def _fitting(rows: list[Any], room: int) -> list[Any]:
    lengths = accumulate(len(_harmless(each)) for each in rows)
    return [each for each, length in zip(rows, lengths, strict=True) if length <= room]


def unpacked(data: Mapping[str, Any]) -> Report:
    known = [
        {"component": component, "severity": severity, "words": words}
        for component, severity, words in data["differences"]
    ]
    rows = [
        {**row, "differences": [known[number] for number in row["differences"]]} for row in data["accounts"]
    ]
    return Report.model_validate({**data, "accounts": rows})


def _harmless(data: Any) -> str:
    """JSON in ASCII in which nothing ends the element that it stands in."""
    text = json.dumps(data, separators=(",", ":"))
    return re.sub("[<>&]", lambda found: f"\\u{ord(found[0]):04x}", text)


def _policy(style: str, script: str) -> str:
    """For these two alone. `data:` is for the empty icon."""
    return (
        f"default-src 'none'; img-src data:; style-src {_hash(style)}; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _joined(names: tuple[str, ...], kind: str) -> str:
    return "\n".join((HERE / f"{name}.{kind}").read_text() for name in names)


def _machine(name: str) -> str:
    drawing = (HERE / f"{name}.svg").read_text()
    return f'<template id="groundwork-{name.replace("_", "-")}">{drawing}</template>'
