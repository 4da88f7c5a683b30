"""What a change set says, in words: the worst first, and no more than a person reads."""

from __future__ import annotations

from typing import Any

import pytest

from groundwork.baseline.components.stacks.words import MOST_TOLD, ChangeSet


def change(action: str, name: str = "X", **more: Any) -> dict[str, Any]:
    return {"Action": action, "LogicalResourceId": name, "ResourceType": "T", **more}


def because(name: str | None, recreation: str | None = None, attribute: str = "Properties") -> dict[str, Any]:
    target = {"Attribute": attribute, "Name": name, "RequiresRecreation": recreation}
    return {"Target": {key: value for key, value in target.items() if value}}


SAID = [
    (change("Add"), "adds X (T)", "medium"),
    (change("Import"), "imports X (T)", "medium"),
    (change("Remove", PolicyAction="Delete"), "deletes X (T)", "high"),
    (change("Remove", PolicyAction="Snapshot"), "deletes X (T)", "high"),
    (change("Remove"), "deletes X (T)", "high"),
    (change("Remove", PolicyAction="Retain"), "keeps, and forgets, X (T)", "medium"),
    (change("Dynamic"), "deletes or changes X (T)", "high"),
    (
        change("Modify", Replacement="False", Details=[because("A", "Never"), because("A"), because(None, None, "Tags")]),
        "changes X (T): A, Tags",
        "medium",
    ),
    (
        change("Modify", Replacement="True", Details=[because("A", "Never"), because("B", "Always")]),
        "replaces X (T): B",
        "high",
    ),
    (change("Modify", Replacement="Conditional", Details=[because("A", "Conditionally")]), "may replace X (T): A", "high"),
    (change("Modify", Replacement="True", Details=[]), "replaces X (T)", "high"),
]  # fmt: skip


@pytest.mark.parametrize(("said", "words", "severity"), SAID, ids=[words for _, words, _ in SAID])
def test_each_change_is_told(said: dict[str, Any], words: str, severity: str) -> None:
    told = ChangeSet([said])
    assert (told.words, told.severity) == ([words], severity)


def test_the_worst_comes_first_and_the_rest_is_counted() -> None:
    many = [change("Add", f"N{number}") for number in range(MOST_TOLD + 2)]
    told = ChangeSet([*many, change("Modify", "Z", Replacement="True"), change("Remove", "Y")])
    assert told.words[:2] == ["deletes Y (T)", "replaces Z (T)"]
    assert told.words[-1] == "and 4 more"
    assert len(told.words) == MOST_TOLD + 1
    assert told.severity == "high"
