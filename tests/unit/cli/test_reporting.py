"""What `groundwork report` makes of the accounts that there are."""

from __future__ import annotations

import pytest

from cli.reporting import _account, _doors
from groundwork.declaration.loading import load
from tests.unit.cli.test_profiles import entry


@pytest.mark.parametrize(
    ("state", "is_shown"),
    [("ready", True), ("failed", True), ("closing", False), ("pending closure", False), ("suspended", False)],
)
def test_doors_of_accounts_that_are_closed_or_wait_for_it_are_not_shown(state: str, is_shown: bool) -> None:
    here = entry(4, "dev", "workload", "Workloads/Development", state)
    doors = _doors(load(), [entry(2, "security", "security", "Security"), here], "o-ab12cd34ef")
    assert any(here.account_id in each.accounts for each in doors) is is_shown


def test_when_an_account_ends_is_shown() -> None:
    here = entry(4, "dev", "workload", "Workloads/Development")
    ends = {"closes_at": "2026-12-07T20:03:36Z", "expires_on": "2026-12-10"}
    row = _account(here.model_copy(update=ends), None, None, {}, None, None)
    assert (row.closes_at, row.expires_on) == tuple(ends.values())
