"""Which requests wait for an approval, as the declaration says it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from groundwork.callers import caller_in, name_of, source_of
from groundwork.contracts import AccountRequest, Requested
from groundwork.declaration import Declaration
from groundwork.declaration.loading import load
from groundwork.declaration.settings import Approvals
from groundwork.errors import InvalidRequest
from groundwork.ledger.records import ApprovalRecord, RequestRecord
from groundwork.vending.approval import approval_needed, approver_in_words

ADA = "AROAEXAMPLEEXAMPLE:ada@example.com"


def declared(**approvals: Any) -> Declaration:
    return load().model_copy(update={"approvals": Approvals.model_validate(approvals)})


def needed(
    declaration: Declaration,
    *,
    requester: str | None = ADA,
    kind: Any = "workload",
    unit: str | None = None,
    ledger: Any = None,
) -> ApprovalRecord | None:
    email = "aws+dev@example.com"
    asked = AccountRequest(account_name="dev", email=email)
    trigger = Requested(request_id="1", asked=asked, requester=requester)
    wanted = RequestRecord(
        email=email,
        account_name="dev",
        kind=kind,
        organizational_unit=unit,
        tags={},
        request_id="1",
        owner="execution",
    )
    return approval_needed(trigger, wanted, declaration, ledger)


PRODUCTION = {"organizationalUnits": ["Workloads/Production"]}


@pytest.mark.parametrize(
    ("approvals", "of", "why"),
    [
        ({}, {}, None),
        ({"for": "all"}, {}, "every new account"),
        ({"kinds": ["tooling"]}, {"kind": "tooling"}, "of kind tooling"),
        ({"kinds": ["tooling"]}, {}, None),
        (PRODUCTION, {"unit": "Workloads/Production"}, "in 'Workloads/Production'"),
        (PRODUCTION, {"unit": "workloads/PRODUCTION/payments"}, "in 'Workloads/Production'"),
        (PRODUCTION, {"unit": "Workloads/Production2"}, None),
        (PRODUCTION, {}, None),
    ],
)
def test_what_needs_an_approval(approvals: Any, of: Any, why: str | None) -> None:
    found = needed(declared(**approvals), **of)
    assert (found.why if found else None) == why or (found and why and why in found.why)


def test_where_it_does_not_matter_nobody_has_to_say_who_they_are() -> None:
    assert needed(declared(**PRODUCTION), requester=None) is None
    with pytest.raises(InvalidRequest, match=r"groundwork\.by\.<UserId>"):
        needed(declared(**PRODUCTION), requester=None, unit="Workloads/Production")
    with pytest.raises(InvalidRequest, match="counted for each requester"):
        needed(declared(morePerDay=2), requester=None)


@pytest.mark.parametrize(("same_role", "asked"), [("refuse", 1), ("allow", 2)])
def test_whoever_chooses_another_session_name_is_not_somebody_else(same_role: str, asked: int) -> None:
    """Who takes on a role names the session: of a limit for each name nothing would be left."""
    counted: set[str] = set()

    class Counting:
        def is_within(self, user_id: str, *_: Any) -> bool:
            counted.add(user_id)
            return True

    ledger: Any = SimpleNamespace(approvals=Counting())
    for name in ("ada", "ada-again"):
        needed(
            declared(morePerDay=1, sameRole=same_role), requester=f"AROAEXAMPLEEXAMPLE:{name}", ledger=ledger
        )
    assert len(counted) == asked


def test_a_request_says_what_the_account_costs() -> None:
    found = needed(declared(**{"for": "all"}))
    assert found and "0.90 dollars a month for 300 changes, 9.00 for 3,000" in found.cost


@pytest.mark.parametrize("user_id", ["AIDAEXAMPLEEXAMPLE", ADA, "111111111111"])
def test_a_source_names_whom_iam_knows(user_id: str) -> None:
    assert caller_in(source_of(user_id)) == user_id


@pytest.mark.parametrize(
    "source", ["groundwork", "groundwork.by.", "groundwork.by.x y", "groundwork.by.*", "their.own", None, 3]
)
def test_any_other_source_names_nobody(source: Any) -> None:
    assert caller_in(source) is None


def test_a_federated_user_is_nobody_since_a_user_chooses_the_name() -> None:
    """`aws:userid` of a session by GetFederationToken: whoever asks as a user would approve as one."""
    assert caller_in(source_of("111111111111:grace")) is None


def test_an_approver_is_shown_in_a_tag_as_aws_takes_it() -> None:
    approval = needed(declared(**{"for": "all"}))
    assert approval
    by = "AROAEXAMPLEEXAMPLE:ada,lovelace@example.com"
    assert approver_in_words(approval.model_copy(update={"decided_by": by})) == "ada_lovelace@example.com"
    assert name_of("AIDAEXAMPLEEXAMPLE") == "AIDAEXAMPLEEXAMPLE"
