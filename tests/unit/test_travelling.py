"""What travels through the state machine: numbers as JSONata may write them, and results that fit into a state."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from pydantic import TypeAdapter

from groundwork.baseline.components import COMPONENTS
from groundwork.baseline.run import MOST_COMPONENTS, MOST_PASSES, Result, longest_result
from groundwork.contracts import Account, Change, Kind, Mode, RollOut
from groundwork.declaration.loading import load
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
    shipped, skipped = load(), Result(component="own-policies", outcome="skipped").model_dump_json()
    for kind in get_args(Kind):
        account = Account(id="211047650761", name="any", email="any@example.com", kind=kind)
        most = [name for name, component in COMPONENTS.items() if kind in component.kinds]
        assert len(most) <= MOST_COMPONENTS[kind]
        for declared in (0, 1, len(most) // 2, len(most)):
            declaration = shipped.model_copy(update={"baseline": {kind: most[:declared]}})
            behind = account.model_copy(update={"laid_down": ["an earlier one"]})
            for each, results in ((account, declared), (behind, len(most))):
                held = held_to(longest_result(mode, each, declaration), [change] * 1_000)
                size = sum(
                    len(one.model_dump_json(by_alias=True, exclude_none=True).encode()) + 1 for one in held
                )
                besides = (len(most) - results) * len(skipped)
                assert (size * results + besides) * passes + BESIDE <= A_STATE
