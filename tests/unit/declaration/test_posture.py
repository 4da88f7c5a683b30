"""What may be declared under `posture`, and the sentence that answers what may not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from groundwork.baseline.components import COMPONENTS
from groundwork.baseline.components.posture.settings import Settings
from groundwork.contracts import Kind
from groundwork.declaration.loading import check, load
from groundwork.errors import InvalidDeclaration

IAM_6 = {"control": "IAM.6", "reason": "nobody has one"}


def declared(posture: Any, baseline: dict[Kind, list[str]] | None = None) -> Settings:
    declaration = load().model_copy(deep=True)
    declaration._given.update({"posture": posture})
    if baseline:
        declaration = declaration.model_copy(update={"baseline": declaration.baseline | baseline})
    settings: Settings = check(declaration, COMPONENTS).settings("posture")
    return settings


def test_by_default_it_is_the_best_practices_and_the_newest_benchmark() -> None:
    assert declared({}).standards == [
        "aws-foundational-security-best-practices/v/1.0.0",
        "cis-aws-foundations-benchmark/v/5.0.0",
    ]
    assert declared({"exceptions": [IAM_6]}).exceptions[0].control == "IAM.6"


@pytest.mark.parametrize(
    ("posture", "words"),
    [
        (
            {"by": "policy"},
            "posture.by: 'policy' is not supported yet: a Security Hub CSPM policy governs completely",
        ),
        ({"by": "hand"}, "posture.by"),
        ({"standards": []}, "posture.standards: is empty: nothing would be checked"),
        ({"standards": ["cis"]}, "is no standard of Security Hub; write it as its ARN ends"),
        ({"standards": ["pci-dss/v/4.0.1"] * 2}, "names pci-dss/v/4.0.1 twice; remove one of them"),
        (
            {"exceptions": [{"control": "1.5", "reason": "none"}]},
            "is no control of Security Hub; write it like IAM.6",
        ),
        ({"exceptions": [{"control": "IAM.6"}]}, "reason"),
        ({"exceptions": [IAM_6, IAM_6]}, "names IAM.6 twice; give it one reason"),
        ({"policy": "ours, too"}, "is no name of a configuration policy"),
    ],
    ids=str,
)
def test_what_is_wrong_gets_one_sentence(posture: Any, words: str) -> None:
    with pytest.raises(InvalidDeclaration) as wrong:
        declared(posture)
    (sentence,) = str(wrong.value).splitlines()
    assert words in sentence


@pytest.mark.parametrize("without", [["delegation"], ["config"], ["delegation", "config"]], ids=str)
def test_it_needs_its_administrator_and_what_is_recorded(without: Sequence[str]) -> None:
    line = [name for name in load().baseline["security"] if name not in without]
    with pytest.raises(InvalidDeclaration, match=f"posture needs {' and '.join(without)}: the one makes"):
        declared({}, {"security": line})
