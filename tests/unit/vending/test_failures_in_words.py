"""The failures of components, as one execution tells them."""

from __future__ import annotations

import json

import pytest

from groundwork.vending.outcome import _component_in_words


@pytest.mark.parametrize("cause", ["Key (AWS::KMS::Key): not allowed", "Key (AWS::KMS::Key): not allowed."])
def test_what_to_do_is_a_sentence_of_its_own(cause: str) -> None:
    """What a service says often ends without a full stop."""
    failure = {"component": "stacks", "error": "StackFailed", "cause": json.dumps({"errorMessage": cause})}
    told = _component_in_words(failure)
    assert told.startswith("stacks: StackFailed: Key (AWS::KMS::Key): not allowed. Mend what the cause says")
