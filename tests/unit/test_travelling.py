"""What travels through the state machine: numbers as JSONata may write them, and results that fit into a state."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from pydantic import TypeAdapter

from groundwork.baseline.components import COMPONENTS
from groundwork.baseline.run import MOST_COMPONENTS, MOST_PASSES, Result, longest_result
from groundwork.contracts import Change, Kind, Mode, RollOut
from groundwork.fields import Whole
from groundwork.rendering import held_to

A_STATE = 262_144
"""Bytes. https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""
BESIDE = 60_000
"""For the work, the account and the organization, which travel with them."""


@pytest.mark.parametrize("written", [2, 2.0])
def test_a_number_that_jsonata_had_in_hand_is_read(written: Any) -> None:
    assert TypeAdapter(Whole).validate_python(written) == 2
    asked = RollOut.model_validate({"concurrency": written, "toleratedFailurePercentage": written})
    assert (asked.concurrency, asked.tolerated_failure_percentage) == (2, 2)


@pytest.mark.parametrize("letter", ["a", "ß", "漢", "😀"])
@pytest.mark.parametrize(("mode", "passes"), [("plan", 1), ("apply", MOST_PASSES)])
def test_the_results_of_all_passes_fit_into_a_state(mode: Mode, passes: int, letter: str) -> None:
    """In whatever language an account is named, and however many components its kind may have."""
    change = Change(component="access", resource=letter * 50, action="update", reason=letter * 300)
    for kind in get_args(Kind):
        most = MOST_COMPONENTS[kind]
        assert sum(kind in component.kinds for component in COMPONENTS.values()) <= most
        for components in range(1, most + 1):
            held = held_to(longest_result(mode, components), [change] * 1_000)
            size = sum(
                len(each.model_dump_json(by_alias=True, exclude_none=True).encode()) + 1 for each in held
            )
            skipped = (most - components) * len(
                Result(component="own-policies", outcome="skipped").model_dump_json()
            )
            assert (size * components + skipped) * passes + BESIDE <= A_STATE
