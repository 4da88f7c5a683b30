"""What holds of the engine's evaluator whatever the policies: a few of the requests that `make prove` draws, and no outside
evaluator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random

import pytest

from groundwork.policies.conditions import OPERATORS
from prove.asked import Case, engine_allows
from prove.evaluators.cases import ALL, cases
from prove.evaluators.disagreements import ROWS, Row
from prove.evaluators.rewording import Document, Statement, changed

CASES = cases(Random(11), 600)
ANSWERS = [engine_allows(case) for case in CASES]
NOTHING: Document = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}],
}


def _statements(case: Case) -> Iterator[Statement]:
    found: list[Statement] = []
    changed(case, lambda statement, _: found.append(statement) or statement)  # type: ignore[func-returns-value]
    yield from found


def test_they_have_every_operator_in_every_form() -> None:
    said = {
        operator for case in CASES for each in _statements(case) for operator in each.get("Condition", {})
    }
    bases = {operator.rpartition(":")[2].removesuffix("IfExists") for operator in said}
    assert bases == {*OPERATORS, "Null"}
    assert {operator.rpartition(":")[0] for operator in said} == {"", "ForAnyValue", "ForAllValues"}
    assert any(operator.endswith("IfExists") for operator in said)
    elements = {element for case in CASES for each in _statements(case) for element in each}
    assert {"NotAction", "NotResource", "NotPrincipal"} <= elements


def test_they_go_through_every_layer_and_both_ways() -> None:
    assert 0.15 < sum(ANSWERS) / len(ANSWERS) < 0.6
    for layer in ("identity", "boundary", "session", "organization_policies"):
        assert any(getattr(case.caller, layer) for case in CASES)
    assert any(case.wish.resource_controls for case in CASES)
    assert any(case.wish.policy is None for case in CASES)
    assert {case.wish.owner == case.caller.account for case in CASES} == {True, False}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.form)
def test_the_engine_reads_policies_as_the_table_does(row: Row) -> None:
    """In other words it says the same."""
    there = [(case, answer) for case, answer in zip(CASES, ANSWERS, strict=True) if row.meant(case) != case]
    assert there
    assert [case for case, answer in there if engine_allows(row.meant(case)) is not answer] == []


def _backwards(case: Case) -> Case:
    """Statements and policies in another order."""

    def turned(document: Document) -> Document:
        return {**document, "Statement": [*reversed(document["Statement"])]}

    said = changed(case, lambda statement, _: statement, turned)
    caller, wish = said.caller, said.wish
    return replace(
        said,
        caller=replace(
            caller,
            identity=caller.identity[::-1],
            organization_policies=caller.organization_policies[::-1],
        ),
        wish=replace(wish, resource_controls=wish.resource_controls[::-1]),
    )


def _by_one(case: Case) -> Case:
    """A statement for each of its actions."""

    def apart(document: Document) -> Document:
        found = []
        for each in document["Statement"]:
            actions = each.get("Action")
            found += (
                [{**each, "Action": action} for action in actions] if isinstance(actions, list) else [each]
            )
        return {**document, "Statement": found}

    return changed(case, lambda statement, _: statement, apart)


@pytest.mark.parametrize("say", [_backwards, _by_one])
def test_the_same_in_another_order_decides_the_same(say: Callable[[Case], Case]) -> None:
    assert [
        case for case, answer in zip(CASES, ANSWERS, strict=True) if engine_allows(say(case)) != answer
    ] == []


def _with(case: Case, layer: str, document: Document) -> Case:
    """With one more policy in a layer, or the first one."""
    caller = case.caller
    if layer == "identity":
        return replace(case, caller=replace(caller, identity=(*caller.identity, document)))
    if layer == "organization_policies":
        levels = tuple((*level, document) for level in caller.organization_policies)
        return replace(case, caller=replace(caller, organization_policies=levels or ((document,),)))
    there = caller.session if layer == "session" else caller.boundary
    more = {**(there or ALL), "Statement": [*(there["Statement"] if there else ()), *document["Statement"]]}
    wider = replace(caller, session=more) if layer == "session" else replace(caller, boundary=more)
    return replace(case, caller=wider)


@pytest.mark.parametrize("layer", ["identity", "boundary", "session", "organization_policies"])
def test_a_denial_denies_in_each_layer(layer: str) -> None:
    people = [case for case in CASES if not case.caller.is_service]
    assert not any(engine_allows(_with(case, layer, NOTHING)) for case in people)


@pytest.mark.parametrize("layer", ["identity", "session", "organization_policies"])
def test_what_allows_more_takes_nothing_away(layer: str) -> None:
    asked = zip(CASES, ANSWERS, strict=True)
    allowed = [case for case, answer in asked if answer and getattr(case.caller, layer)]
    assert allowed
    assert all(engine_allows(_with(case, layer, ALL)) for case in allowed)
