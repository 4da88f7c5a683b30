"""`groundwork cost`: sums that can be done by hand, from what was measured last."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bench.document import measured_in
from cli.app import main
from cli.costs import MEASURED, NIGHTS, RUNS, dollars, measured, night
from groundwork.prices import prices
from prove.call_counts import CALLS


def asked(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert main(["cost", *arguments, "--output", "json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_what_was_measured_makes_as_many_calls_as_are_proven() -> None:
    """A change of the calls is measured anew: make bench ONLY="at_latency calls" KEEP=FILE, python -m bench.document."""
    assert measured().calls == CALLS


def test_the_file_is_what_the_bench_writes() -> None:
    runs = measured()
    kept: dict[str, Any] = {
        "at_latency": {name: {"usage": vars(runs.usage[name])} for name in RUNS},
        "calls": {
            "4": {name: {"services": {"sts": number}} for name, number in runs.calls.items()},
            "60": {},
        },
    }
    assert measured_in(kept, runs.on) == MEASURED.read_text()


def test_a_month(capsys: pytest.CaptureFixture[str]) -> None:
    found = asked(capsys, "--accounts", "100")
    plan = measured().usage["plan"]
    assert found["runs"]["plan"]["dollars"] == pytest.approx(dollars(plan))
    assert found["month"]["nights"] == pytest.approx(NIGHTS * dollars(night(plan, 100)))
    assert found["month"]["standing"] == pytest.approx(3 * 1.00 + 5 * 0.10 + 10 * 0.30 + 3.00)
    assert found["month"]["total"] == pytest.approx(
        sum(found["month"][part] for part in ("nights", "vends", "repairs", "standing"))
    )
    assert found["inAccount"]["recorded"] == {"300": pytest.approx(0.9), "3000": pytest.approx(9.0)}
    assert found["prices"]["readOn"] == prices().read_on


def test_config_bills_in_each_region_and_daily_records_cost_more_each(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = asked(capsys, "--regions", "3", "--changes", "100", "--daily", "--second-trail")
    assert found["inAccount"]["recorded"] == {"100": pytest.approx(100 * 3 * 0.012)}
    assert found["inAccount"]["second_copies"] == pytest.approx(2.0)


def test_the_table_says_what_was_assumed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", "--accounts", "80", "--changes", "300"]) == 0
    told = capsys.readouterr().out
    for words in (
        "At the list prices of us-east-1 of 2026-11-29, without free tiers, in US dollars.",
        "A plan of all 80 accounts, as each night",
        "3 keys, 5 alarms, 10 metrics, 1 dashboard",
        "assumed: 2% of the accounts are made",
        "assumed: 300 changes an account, in one Region",
        "assumed: 100 MB of logs an account and month",
    ):
        assert words in told
    assert "72.00" in told


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--accounts", "0"), "Invalid value for '--accounts': Input should be greater than or equal to 1"),
        (("--regions", "many"), "Invalid value for '--regions': Input should be a valid integer"),
    ],
)
def test_a_number_that_is_none_is_told(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str
) -> None:
    assert main(["cost", *arguments]) == 3
    assert words in capsys.readouterr().err
