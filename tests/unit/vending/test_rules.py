"""What the declaration alone shows to be wrong in a request."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from groundwork.declaration.loading import load
from groundwork.vending.rules import mistakes_of_new_account, mistakes_of_request

DECLARATION = load()
ALLOWING = DECLARATION.model_copy(
    update={"requests": DECLARATION.requests.model_copy(update={"undeclared_units": "create"})}
)
MISSPELT = {
    "accountName": "dev",
    "email": "aws+dev@example.com",
    "organizationalUnit": "Workloads/Developement",
}


def test_a_misspelt_unit_is_told_with_the_one_that_was_meant() -> None:
    (told,) = mistakes_of_new_account(MISSPELT, DECLARATION)
    assert "'Workloads/Developement' is not declared" in told
    assert "did you mean 'Workloads/Development'?" in told


def test_a_unit_like_no_other_is_told_without_a_guess() -> None:
    (told,) = mistakes_of_new_account(MISSPELT | {"organizationalUnit": "Zzz"}, DECLARATION)
    assert "did you mean" not in told


@pytest.mark.parametrize("unit", ["Workloads/Development", "Workloads", None])
def test_a_declared_unit_and_what_is_above_one_are_taken(unit: str | None) -> None:
    assert mistakes_of_new_account(MISSPELT | {"organizationalUnit": unit}, DECLARATION) == []


def test_an_undeclared_unit_is_made_where_request_or_declaration_say_so() -> None:
    assert mistakes_of_new_account(MISSPELT | {"createOrganizationalUnit": True}, DECLARATION) == []
    assert mistakes_of_new_account(MISSPELT, ALLOWING) == []


@pytest.mark.parametrize(("same_name", "mistakes"), [(False, 1), (True, 0)])
def test_the_name_of_a_declared_account_is_its_own(same_name: bool, mistakes: int) -> None:
    given = {"accountName": "Security", "email": "aws+other@example.com", "sameName": same_name}
    assert len(mistakes_of_new_account(given, DECLARATION)) == mistakes


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"kind": "security", "email": "a@example.com"},
            "only 'security' with 'aws+security@example.com' is declared so",
        ),
        (
            {"accountName": "other", "email": "AWS+security@example.com"},
            "is declared for the account 'security'",
        ),
        ({"kind": "tooling", "email": "aws+security@example.com"}, "is not that of 'security'"),
        (
            {"organizationalUnit": "Workloads", "email": "aws+security@example.com"},
            "the declaration says 'Security'",
        ),
    ],
)
def test_what_is_another_accounts_is_refused(given: dict[str, Any], said: str) -> None:
    (told,) = mistakes_of_request(given, DECLARATION)
    assert said in told


CLOSING = DECLARATION.model_copy(
    update={"closing": DECLARATION.closing.model_copy(update={"unit": "Suspended"})}
)
SANDBOX = {"accountName": "sandbox", "email": "aws+sandbox@example.com"}


def test_an_account_may_expire_where_accounts_are_closed() -> None:
    assert mistakes_of_new_account(SANDBOX | {"expires": "2099-12-31"}, CLOSING) == []


@pytest.mark.parametrize(
    ("given", "declaration", "said"),
    [
        ({"expires": "2099-12-31"}, DECLARATION, "baseline.yaml declares no closing.unit"),
        ({"expires": "2026-01-01"}, CLOSING, "is not after today"),
        ({"expires": f"{datetime.now(UTC):%Y-%m-%d}"}, CLOSING, "is not after today"),
        (
            {"accountName": "security", "email": "aws+security@example.com", "expires": "2099-12-31"},
            CLOSING,
            "is not for an account of kind security, which is never closed",
        ),
        (
            {"expires": "2099-12-31", "tags": {str(number): "x" for number in range(45)}},
            CLOSING,
            "tags holds 45 tags, and expires is one more; give at most 44",
        ),
    ],
)
def test_a_day_that_cannot_hold_is_refused(given: dict[str, Any], declaration: Any, said: str) -> None:
    (told,) = mistakes_of_new_account(SANDBOX | given, declaration)
    assert said in told
