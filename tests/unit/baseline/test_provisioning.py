"""Permission sets in accounts that are closed: IAM Identity Center goes on counting them, and provisions nothing there."""

from __future__ import annotations

import pytest

from groundwork.baseline.components.permission_sets import Found, _former
from groundwork.baseline.components.permission_sets.instance import Instance, Requests
from groundwork.baseline.components.permission_sets.state import PermissionSet
from tests.component.without_aws import target_without_aws

OPEN, LATE, GONE = "200000000001", "200000000002", "200000000003"
EVERYWHERE = PermissionSet(
    "Reader", "", 3600, arn="arn:one", accounts=(OPEN, LATE, GONE), outdated=frozenset((OPEN, LATE, GONE))
)


@pytest.mark.parametrize(("times", "asked"), [(1, {OPEN, LATE}), (2, {OPEN, LATE}), (3, {OPEN})])
def test_an_account_in_which_it_failed_is_asked_for_three_times(times: int, asked: set[str]) -> None:
    failed = tuple({"PermissionSetArn": "arn:one", "AccountId": each} for each in (GONE, *[LATE] * times))
    found = Found(provisioning=Requests((), failed), closed=frozenset((GONE,)))
    assert found.behind(EVERYWHERE) == {OPEN, LATE}
    assert found.one_by_one(EVERYWHERE) == asked


@pytest.mark.parametrize(("times", "is_final"), [(2, False), (3, True)])
def test_all_accounts_are_asked_for_three_times(times: int, is_final: bool) -> None:
    failed = tuple({"PermissionSetArn": "arn:one"} for _ in range(times))
    assert Found(provisioning=Requests((), failed)).has_failed(EVERYWHERE) is is_final


def test_closed_accounts_do_not_count_as_having_it() -> None:
    found = Found(closed=frozenset((GONE, LATE)))
    instance = Instance("arn:instance", "store", "eu-west-1")
    (told,) = _former(EVERYWHERE, found, instance, target_without_aws("security"))
    assert "1 account still has it" in told.reason
