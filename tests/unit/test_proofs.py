"""What the prover is shown when a statement is taken out; `make prove` asks it."""

from __future__ import annotations

from typing import Any

import pytest

from groundwork.declaration.policy_files import statements
from prove.laid_down import access, guardrails
from prove.proofs import TAKEN_OUT, TRUSTS, without
from prove.vended import Organization

MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


def organization(*policies: Any) -> Organization:
    listed = [{"PolicyName": "inline", "PolicyDocument": {"Statement": [*policies]}}]
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Condition": MFA}]}
    role = {"Arn": "role", "RolePolicyList": listed, "AssumeRolePolicyDocument": trust}
    layers = {"1": [("root", [{"Statement": [*policies]}])]}
    return Organization("o", "1", [], {}, {"1": {"RoleDetailList": [role]}}, layers, "key")


def laid_down(shown: Organization) -> tuple[Any, Any, Any]:
    (role,) = shown.details["1"]["RoleDetailList"]
    own = role["RolePolicyList"][0]["PolicyDocument"]["Statement"]
    return own, shown.layers["1"][0][1][0]["Statement"], role["AssumeRolePolicyDocument"]["Statement"]


def test_a_denial_is_taken_out_wherever_it_stands() -> None:
    deny, other = {"Sid": "A", "Effect": "Deny"}, {"Sid": "B", "Effect": "Deny"}
    own, layer, trust = laid_down(without(organization(deny, other), "A"))
    assert own == layer == [other]
    assert trust[0]["Condition"] == MFA


def test_what_allows_loses_its_conditions() -> None:
    own, _, _ = laid_down(without(organization({"Sid": "A", "Effect": "Allow", "Condition": MFA}), "A"))
    assert own == [{"Sid": "A", "Effect": "Allow"}]


def test_trusts_lose_their_conditions_and_nothing_else_does() -> None:
    allow = {"Sid": "A", "Effect": "Allow", "Condition": MFA}
    own, layer, trust = laid_down(without(organization(allow), TRUSTS))
    assert own == layer == [allow]
    assert trust == [{"Effect": "Allow", "Principal": {"AWS": "*"}}]


@pytest.mark.parametrize("sid", [sid for sid in TAKEN_OUT if sid != TRUSTS])
def test_what_is_taken_out_is_there(sid: str) -> None:
    holders = [*access("dev").roles, *access("security").groups]
    documents = [*guardrails(), *(document for holder in holders for document in holder.inline.values())]
    assert sid in {statement.get("Sid") for document in documents for statement in statements(document)}
