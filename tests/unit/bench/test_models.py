"""What a month costs and which quota binds: sums that can be done by hand."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from bench.models.night import Need, bounds, own_pace
from bench.models.prices import MONTHLY, PRICES
from bench.models.quotas import RATES
from cli.costs import (
    CHILD,
    NIGHTS,
    OF_A_ROLL_OUT,
    RUN_AGAIN,
    VENDED,
    Usage,
    cost,
    dollars,
    month,
    night,
)

ROOT = Path(__file__).parents[3]
PLAN = Usage(transitions=19, requests=8, gb_seconds=1)
NEED = Need({"organizations:DescribeAccount": 2, "sts:AssumeRole": 3, "sts:GetCallerIdentity": 1}, 2.0, 1.0)


def test_everything_that_is_counted_has_a_price() -> None:
    assert PRICES.keys() == {each.name for each in fields(Usage)}
    assert all(price.source.startswith("https://aws.amazon.com/") for price in PRICES.values())


def test_the_cost_of_a_run() -> None:
    assert cost(Usage(transitions=40))["transitions"] == pytest.approx(0.001)
    assert dollars(PLAN) == pytest.approx(19 * 0.000025 + 8 * 0.0000002 + 0.0000133334)


def test_a_month_is_its_nights_its_vends_its_repairs_and_what_stands_there() -> None:
    new, again = Usage(transitions=28), Usage(transitions=21)
    bill = month(1_000, new, again, PLAN)
    assert bill.nights == pytest.approx(NIGHTS * (1_000 * dollars(PLAN + CHILD) + dollars(OF_A_ROLL_OUT)))
    assert bill.nights == pytest.approx(NIGHTS * dollars(night(PLAN, 1_000)))
    assert bill.vends == pytest.approx(VENDED * 1_000 * 28 * 0.000025)
    assert bill.repairs == pytest.approx(RUN_AGAIN * 1_000 * 21 * 0.000025)
    assert bill.total == pytest.approx(bill.nights + bill.vends + bill.repairs + bill.standing)


def test_what_stands_there_is_what_the_template_has() -> None:
    """One of the keys is the log archive's, which a component makes."""
    template = (ROOT / "template.yaml").read_text()
    found = {
        name: len(re.findall(rf"Type: AWS::{kind}$", template, re.MULTILINE)) for name, kind in KINDS.items()
    }
    assert found | {"keys": found["keys"] + 1} == {name: MONTHLY[name].number for name in KINDS}


KINDS = {"keys": "KMS::Key", "alarms": "CloudWatch::Alarm", "dashboards": "CloudWatch::Dashboard"}


def test_the_quota_that_binds_first_is_on_top() -> None:
    found = bounds(NEED, 10_000)
    assert [bound.seconds for bound in found] == sorted((bound.seconds for bound in found), reverse=True)
    first = found[0]
    assert first.what == "Organizations DescribeAccount"
    assert first.seconds == pytest.approx((2 * 10_000 - 30) / 20)
    assert first.keeps_up_to == pytest.approx(20 / 2 * 2.0)


def test_calls_of_sts_share_a_quota() -> None:
    (sts,) = [bound for bound in bounds(NEED, 10_000) if bound.what == RATES["sts"].what]
    assert sts.each == 4


def test_what_runs_at_the_same_time_is_bound_too() -> None:
    (concurrency,) = [bound for bound in bounds(NEED, 10_000) if bound.what == "Lambda concurrency"]
    assert concurrency.seconds == pytest.approx(10_000 * 1.0 / 1_000)
    assert concurrency.keeps_up_to == pytest.approx(2_000)


def test_an_account_that_calls_nothing_of_a_quota_is_not_bound_by_it() -> None:
    assert not [bound for bound in bounds(NEED, 10_000) if "CreateAccount" in bound.what]


def test_its_own_pace() -> None:
    assert own_pace(NEED, 1_000, 10) == 200
