"""Whom a roll-out changes: nobody who was there before Groundwork, unless it adopts accounts that are named by id."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from groundwork.aws.organizations import Listed, Organizations
from groundwork.declaration.loading import load
from groundwork.errors import InvalidRequest
from groundwork.ledger import Ledger
from groundwork.ledger.memory import Memory
from groundwork.roll_out.selection import AccountSelector
from groundwork.roll_out.store import Store
from groundwork.tags import INSTALLED_TAG

MANAGEMENT, BEFORE, TOO = "111111111111", "222222222222", "333333333333"
NOW = "2026-06-01T00:00:00+00:00"


class Seen:
    """An organization, its ledger and a store that remembers what was written."""

    def __init__(self) -> None:
        self.written: dict[str, Any] = {}
        self.bucket, self.name = "bucket", "name"
        self.accounts_key, self.skipped_key, self.results_prefix = "accounts", "skipped", "results"

    def stage_key(self, number: int) -> str:
        return f"stage {number}"

    def write(self, key: str, value: Any) -> None:
        self.written[key] = value

    def tags(self, _account: str) -> dict[str, str]:
        return {INSTALLED_TAG: NOW}

    def recall_all(self) -> Memory:
        return Memory()

    def accounts(self) -> Iterator[Listed]:
        for account_id in (MANAGEMENT, BEFORE, TOO):
            yield Listed(
                id=account_id,
                name=account_id,
                email=f"aws+{account_id}@example.com",
                state="ACTIVE",
                joined=datetime(2020, 1, 1, tzinfo=UTC),
                management_account_id=MANAGEMENT,
                organization_id="o-exampleorg1",
                partition="aws",
                root_id="r-ab12",
                unit_ids=(),
            )


def selected(**given: Any) -> dict[str, tuple[str, bool]]:
    """How each account is worked on, and whether it counts as adopted, by its id."""
    seen = Seen()
    selector = AccountSelector(load(), cast(Ledger, seen), cast(Organizations, seen), MANAGEMENT)
    selector.select(given, cast(Store, seen))
    return {each["accountId"]: (each["mode"], each["adopted"]) for each in seen.written["accounts"]}


def test_an_account_from_before_is_planned_and_changed_where_it_is_named_to_be_adopted() -> None:
    only = {"include": {"accountIds": [BEFORE]}}
    assert selected() == {MANAGEMENT: ("apply", True), BEFORE: ("plan", False), TOO: ("plan", False)}
    assert selected(**only) == {BEFORE: ("plan", False)}
    assert selected(**only, adopt=True) == {BEFORE: ("apply", True)}
    assert selected(**only, adopt=True, mode="plan") == {BEFORE: ("plan", False)}


@pytest.mark.parametrize(
    "given", [{}, {"include": {"names": [BEFORE]}}, {"include": {"kinds": ["workload"]}}]
)
def test_nobody_is_adopted_who_is_not_named_by_id(given: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest, match=r"adopt true .* give their ids in include\.accountIds"):
        selected(**given, adopt=True)
