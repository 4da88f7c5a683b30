"""Who an account is: by its id once that is known, by name and e-mail before."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from groundwork.aws.organizations import Listed
from groundwork.contracts import Account, Kind
from groundwork.declaration import Declaration
from groundwork.declaration.loading import load
from groundwork.ledger.records import AccountRecord
from groundwork.vending.account_drift import account_drift
from groundwork.vending.kinds import kind_of

SECURITY, OTHER, MANAGEMENT = "200000000002", "300000000003", "100000000001"
DECLARED = load()
PINNED: dict[Kind, str] = {"security": SECURITY}
NAME, EMAIL = DECLARED.security.name, DECLARED.security.email


def listed(account_id: str, name: str, email: str, *units: str) -> Listed:
    return Listed(
        id=account_id,
        name=name,
        email=email,
        state="ACTIVE",
        joined=datetime(2026, 1, 1, tzinfo=UTC),
        management_account_id=MANAGEMENT,
        organization_id="o-exampleorgid",
        partition="aws",
        root_id="r-ab12",
        unit_ids=units,
    )


def with_id(account_id: str) -> Declaration:
    first, *others = DECLARED.accounts
    return DECLARED.model_copy(update={"accounts": [first.model_copy(update={"id": account_id}), *others]})


@pytest.mark.parametrize(
    ("account", "kind"),
    [
        (listed(SECURITY, NAME, EMAIL.upper()), "security"),
        (listed(SECURITY, "other", EMAIL), "workload"),
        (listed(SECURITY, NAME, "other@example.com"), "workload"),
        (listed(MANAGEMENT, NAME, EMAIL), "management"),
    ],
)
def test_before_it_is_known_name_and_email_say_who_it_is(account: Listed, kind: str) -> None:
    assert kind_of(account, DECLARED, {}) == kind


def test_once_it_is_known_nobody_is_it_by_its_name_and_email() -> None:
    assert kind_of(listed(SECURITY, "other", "other@example.com"), DECLARED, PINNED) == "security"
    assert kind_of(listed(OTHER, NAME, EMAIL), DECLARED, PINNED) == "workload"


def test_the_declarations_own_id_outweighs_what_is_remembered() -> None:
    declaration = with_id(OTHER)
    assert kind_of(listed(OTHER, "x", "x@example.com"), declaration, PINNED) == "security"
    assert kind_of(listed(SECURITY, NAME, EMAIL), declaration, PINNED) == "workload"


def told(unit: str, before: str | None, declaration: Declaration = DECLARED) -> list[tuple[str, str]]:
    """Of a workload account in a unit: severity and reason of what is to be known."""
    account = Account(id=OTHER, name="dev", email="aws+dev@example.com", kind="workload", unit=unit)
    known = AccountRecord(
        account_id=OTHER, name="dev", email=account.email, kind="workload", state="ready", unit=before
    )
    found = account_drift(listed(OTHER, "dev", account.email), account, None, known, declaration)
    return [(each.severity, each.reason) for each in found]


def test_an_account_where_it_was_and_one_of_which_that_is_not_known_are_nothing_to_tell() -> None:
    assert told("Workloads/Development", "Workloads/Development") == []
    assert told("Workloads/Development", None) == []


def test_a_move_that_changes_no_door_is_told_as_such() -> None:
    ((severity, reason),) = told("Workloads/Development", "Workloads/Staging")
    assert severity == "low"
    assert "no door and no guard rail changes" in reason


def test_a_move_out_of_the_guard_rails_is_bad() -> None:
    guardrails = DECLARED.guardrails.model_copy(update={"where": ["Security", "Workloads"]})
    declaration = DECLARED.model_copy(update={"guardrails": guardrails})
    ((severity, reason),) = told("", "Workloads/Production", declaration)
    assert severity == "high"
    assert "is in the root and was in the unit 'Workloads/Production'" in reason
    assert "the guard rails bind it no longer" in reason
    ((severity, reason),) = told("Workloads/Production", "", declaration)
    assert severity == "medium"
    assert reason.endswith("the guard rails bind it")
