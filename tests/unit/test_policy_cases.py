"""The policy cases of `make audit`, asked here of the engine's evaluator alone; and that they would notice."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from groundwork.declaration.policy_files import Document
from prove.asked import Case, engine_allows
from prove.policy_cases import every_case
from prove.policy_cases.people import ADMIN, ENTRY, READ_ONLY

CASES = list(every_case())


def test_the_engine_decides_as_documented() -> None:
    assert [str(case) for case in CASES if engine_allows(case) != case.allowed] == []


def test_cases_go_through_everything_that_decides() -> None:
    """Allowed and denied, by people, machines, services and strangers, of every account, with MFA in all its forms."""
    assert {case.allowed for case in CASES} == {True, False}
    mfa = {case.keys.get("aws:MultiFactorAuthPresent") for case in CASES}
    assert mfa == {None, "false", "true"}
    organizations = {case.keys.get("aws:PrincipalOrgID") for case in CASES}
    assert organizations == {None, "o-exampleorgid", "o-anotherorgid"}
    assert {kind for case in CASES for kind in (case.caller.is_service,)} == {True, False}
    assert any(case.caller.boundary for case in CASES)
    assert any(case.caller.session for case in CASES)
    assert any(case.caller.organization_policies for case in CASES)


def test_no_case_is_asked_twice() -> None:
    assert len({str(case) for case in CASES}) == len(CASES)


def _without(operator: str) -> Callable[[Document], Document]:
    def changed(document: Document) -> Document:
        found: Any = copy.deepcopy(document)
        for statement in found["Statement"]:
            statement.get("Condition", {}).pop(operator, None)
        return dict(found)

    return changed


def _with_policy(case: Case, change: Callable[[Document], Document]) -> Case:
    assert case.wish.policy
    return replace(case, wish=replace(case.wish, policy=change(case.wish.policy)))


def _with_identity(case: Case, change: Callable[[Document], Document]) -> Case:
    return replace(case, caller=replace(case.caller, identity=tuple(map(change, case.caller.identity))))


@pytest.mark.parametrize(
    ("mistake", "role"),
    [
        (lambda case: _with_policy(_with_identity(case, _without("Bool")), _without("Bool")), READ_ONLY),
        (lambda case: _with_policy(case, _without("StringEquals")), ADMIN),
        (lambda case: _with_identity(case, _without("StringEquals")), ENTRY),
        (lambda case: _with_identity(case, _without("StringNotEquals")), ENTRY),
    ],
    ids=[
        "no MFA",
        "no organization in trust",
        "no organization in a function",
        "the management account, too",
    ],
)
def test_a_condition_that_is_forgotten_is_noticed(mistake: Callable[[Case], Case], role: str) -> None:
    at_the_door = [case for case in CASES if case.wish.policy and case.wish.resource.endswith(f"/{role}")]
    noticed = [case for case in at_the_door if engine_allows(mistake(case)) != case.allowed]
    assert noticed
    assert not any(case.allowed for case in noticed)
