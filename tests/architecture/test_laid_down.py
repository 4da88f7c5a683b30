"""What docs/baseline.md is made from has every component and every setting of one, and nothing else."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from checks.baseline import CIS, HOME, Bill, Entry, entries, price_of, settings_of
from groundwork.baseline.components import COMPONENTS

FORM = "its form is Entry in checks/baseline.py"


def test_every_component_has_its_entries_and_there_are_no_others() -> None:
    there = {path.stem for path in HOME.iterdir()}
    assert there == set(COMPONENTS), f"checks/laid_down/<component>.yaml; {FORM}"


@pytest.mark.parametrize("component", COMPONENTS)
def test_every_setting_is_of_an_entry(component: str) -> None:
    named = [setting for each in entries(component) for setting in each.settings]
    assert sorted(named) == sorted(settings_of(component)), f"under settings, once; {FORM}"


@pytest.mark.parametrize("component", COMPONENTS)
def test_every_price_is_in_the_table(component: str) -> None:
    for price in [bill.price for each in entries(component) for bill in each.bills if bill.price]:
        assert price_of(price).dollars > 0


def test_settings_are_found_wherever_they_are_declared() -> None:
    assert settings_of("trail") >= {"trail.mode", "trail.name"}
    assert settings_of("delegation") == set()


def test_the_benchmark_has_70_recommendations() -> None:
    assert len(CIS) == 70
    assert {"2.1.6", "2.21", "3.3.1", "4.10", "5.16", "6.1.2", "6.8"} <= set(CIS)
    assert not {"2.1", "3.1", "6.1", "7.1"} & set(CIS)


@pytest.mark.parametrize(
    "wrong",
    [{"cis": ["7.1"]}, {"fsbp": ["4.1"]}, {"holder": "nobody"}, {"bills": [{}]}, {"off": "never"}],
    ids=str,
)
def test_what_is_no_entry_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Entry.model_validate({"what": "Something", "holder": "account", **wrong})


@pytest.mark.parametrize(
    "wrong", [{"price": "keys", "see": "https://aws.amazon.com/kms/pricing/"}, {"see": "elsewhere"}]
)
def test_what_is_no_bill_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Bill.model_validate(wrong)
