"""States that no account was ever seen in, for hypothesis: an account in work without AWS, and how much is tried."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings

from groundwork.baseline.component import Target
from groundwork.contracts import Account, Kind, Organization
from groundwork.declaration import Declaration
from groundwork.declaration.loading import load

MANAGEMENT, SECURITY, MEMBER = "111111111111", "222222222222", "333333333333"

ON_ENGINE = settings(
    max_examples=40 if settings.get_current_profile_name() == "prove" else 6,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
"""The same examples every time: CI finds what the laptop finds. More of them are `make prove`'s."""
PURE = settings(max_examples=200, deadline=None, derandomize=True, database=None)


def target_without_aws(
    kind: Kind = "workload",
    declaration: Declaration | None = None,
    *,
    security: str | None = SECURITY,
    foresees: bool = False,
) -> Target:
    """An account in work that nobody can look into: for `diff` alone."""
    ids = {"management": MANAGEMENT, "security": SECURITY}
    organization = Organization(
        id="o-exampleorg1",
        partition="aws",
        root_id="r-ab12",
        management_account_id=MANAGEMENT,
        security_account_id=security,
    )
    account = Account(id=ids.get(kind, MEMBER), name=kind, email=f"aws+{kind}@example.com", kind=kind)
    return Target(account, organization, declaration or load(), _no_client, foresees=foresees)


def _no_client(service: str, region: str | None = None) -> Any:
    raise AssertionError(f"asked for a client of {service}")
