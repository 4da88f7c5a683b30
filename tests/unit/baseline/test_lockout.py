"""Whom an own service control policy would keep from their work: where Groundwork works, and not where its work is about."""

from __future__ import annotations

from typing import Any

import pytest

from groundwork.baseline.components.own_policies.lockout import locked_out
from groundwork.declaration import Declaration
from groundwork.declaration.loading import load
from groundwork.declaration.own_policies import OwnPolicy
from prove.laid_down import ORGANIZATION


def declared() -> Declaration:
    """With people of IAM Identity Center in workloads, whom the security account assigns."""
    lines = load().baseline
    of_security = [*lines["security"], "permission-sets"]
    of_workloads = [*lines["workload"], "account-assignments"]
    return load().model_copy(
        update={"baseline": {**lines, "security": of_security, "workload": of_workloads}}
    )


@pytest.mark.parametrize(
    ("action", "where", "component"),
    [
        ("sso:CreateAccountAssignment", ["Security"], "account-assignments"),
        ("identitystore:*", [], "account-assignments"),
        ("sso:*", ["Workloads"], None),
        ("iam:CreateRole", ["Workloads"], "access"),
    ],
)
def test_a_policy_is_asked_about_the_account_that_works(
    action: str, where: list[str], component: str | None
) -> None:
    own = OwnPolicy(name="x", type="service-control", where=where)
    statement = {"Effect": "Deny", "Action": action, "Resource": "*"}
    document: dict[str, Any] = {"Version": "2012-10-17", "Statement": [statement]}
    told = list(locked_out(own, document, declared(), ORGANIZATION))
    assert len(told) == (component is not None)
    assert not component or f"lays {component} down" in told[0]
