"""delegation: the security account becomes the delegated administrator of what the baseline needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundwork.baseline import administrators, loop
from groundwork.baseline.administrators import Administrator
from groundwork.baseline.components.delegation import Delegation, Found
from groundwork.contracts import Account
from tests.component.conftest import World
from tests.component.sabotage import Sabotage, prove, prove_complete, used_and_declared
from tests.component.without_aws import MEMBER, PURE, SECURITY, target_without_aws

DELEGATION = Delegation()
CONFIG = {"config.amazonaws.com", "config-multiaccountsetup.amazonaws.com"}
ANALYZER = "access-analyzer.amazonaws.com"
REGISTERED = {**dict.fromkeys(CONFIG, "config"), ANALYZER: "external-access"}
"""By the service that is registered with Organizations alone: the component that needs it."""
REGIONAL = {"guardduty": "threat-detection", "securityhub": "posture"}
"""By the service that has an administrator of its own: the component that needs one."""
ALL = set(REGISTERED) | {f"{service}.amazonaws.com" for service in REGIONAL}


@pytest.fixture(scope="module")
def world(own_world: World) -> World:
    """AWS has few delegated administrators for each service."""
    return own_world


@pytest.fixture
def ready(world: World) -> Iterator[World]:
    """The world with trusted access, and nothing delegated."""
    organizations = world.aws.client("organizations")
    for service in ALL:
        organizations.enable_aws_service_access(ServicePrincipal=service)
    yield world
    take_off("guardduty")(world, world.security)
    for service in delegated(world):
        organizations.deregister_delegated_administrator(
            AccountId=world.security.id, ServicePrincipal=service
        )


def delegated(world: World, account: Account | None = None) -> set[str]:
    organizations = world.aws.client("organizations")
    try:
        listed = organizations.list_delegated_services_for_account(AccountId=(account or world.security).id)
    except organizations.exceptions.AccountNotRegisteredException:
        return set()
    return {service["ServicePrincipal"] for service in listed["DelegatedServices"]}


def test_the_security_account_is_registered_once(ready: World) -> None:
    changes = prove_complete(ready, DELEGATION, ready.security)
    assert sorted(change.resource for change in changes) == sorted(
        [
            "role AWSServiceRoleForAccessAnalyzer in the management account",
            *(f"delegated administrator of {service}" for service in sorted(REGISTERED)),
            *(f"administrator of {service} in us-east-1" for service in REGIONAL),
        ]
    )
    assert delegated(ready) == ALL
    target = ready.target(DELEGATION, ready.security)
    mark = len(ready.aws.calls)
    assert loop.apply(DELEGATION, target) == []
    assert [call.operation for call in ready.calls_since(mark)] == [
        "ListDelegatedServicesForAccount",
        *["ListOrganizationAdminAccounts"] * len(REGIONAL),
    ]


def deregister(service: str) -> Callable[[World, Account], None]:
    def taken_away(world: World, account: Account) -> None:
        world.aws.client("organizations").deregister_delegated_administrator(
            AccountId=account.id, ServicePrincipal=service
        )

    return taken_away


def take_off(service: str) -> Callable[[World, Account], None]:
    def taken_off(world: World, account: Account) -> None:
        for region in ("us-east-1", "eu-west-1"):
            client = world.aws.client(service, region=region)
            if client.list_organization_admin_accounts()["AdminAccounts"]:
                client.disable_organization_admin_account(AdminAccountId=account.id)

    return taken_off


SABOTAGES = (
    *(
        Sabotage(
            *(f"{service} taken away", deregister(service), f"delegated administrator of {service}"),
            words="is not security, account {account}; " + component + " needs it",
        )
        for service, component in sorted(REGISTERED.items())
    ),
    *(
        Sabotage(
            *(f"{service} taken off", take_off(service), f"administrator of {service} in us-east-1"),
            words="is not security, account {account}: what " + service + " finds there reaches nobody",
            severity="high",
        )
        for service in REGIONAL
    ),
    Sabotage(
        *("Security Hub taken away", deregister("securityhub.amazonaws.com")),
        *("administrator of securityhub in us-east-1", "is not security, account {account}", "high"),
    ),
)


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda sabotage: sabotage.name)
def test_one_that_was_taken_away_is_named_and_given_back(ready: World, sabotage: Sabotage) -> None:
    ready.apply(DELEGATION, ready.security)
    prove(ready, DELEGATION, ready.security, sabotage, lambda: delegated(ready))


@PURE
@given(st.sets(st.sampled_from(["securityhub.amazonaws.com", *sorted(REGISTERED)])))
def test_what_lacks_is_named_and_nothing_else(services: set[str]) -> None:
    calls = DELEGATION.diff(Found(frozenset(services)), target_without_aws("security"))
    assert {call.parameters["ServicePrincipal"] for call in calls} == set(REGISTERED) - services


class Answers:
    """A client of a service of which an account is the administrator, or is being taken off."""

    def __init__(self, operation: str, accounts: str, **administrator: str) -> None:
        self._operation, self._accounts, self._administrator = operation, accounts, administrator

    def get_paginator(self, operation: str) -> Answers:
        assert operation == self._operation
        return self

    def paginate(self) -> list[Any]:
        return [{self._accounts: []}, {self._accounts: [self._administrator]}]


@pytest.mark.parametrize(
    ("service", "operation", "accounts", "account", "status"),
    [
        *[
            (
                "guardduty",
                "list_organization_admin_accounts",
                "AdminAccounts",
                "AdminAccountId",
                "AdminStatus",
            )
        ],
        *[("securityhub", "list_organization_admin_accounts", "AdminAccounts", "AccountId", "Status")],
        *[("inspector2", "list_delegated_admin_accounts", "delegatedAdminAccounts", "accountId", "status")],
    ],
)
def test_one_that_is_being_taken_off_comes_back_when_it_is(
    service: str, operation: str, accounts: str, account: str, status: str
) -> None:
    """AWS takes nobody meanwhile."""
    for shown, leaving in (("ENABLED", False), ("DISABLE_IN_PROGRESS", True)):
        client: Any = Answers(operation, accounts, **{account: SECURITY, status: shown})
        target = replace(target_without_aws("security"), client=lambda *_, it=client: it)
        read = administrators.read(service, ["us-east-1"], target)
        assert read == {"us-east-1": Administrator(SECURITY, leaving)}
        calls = list(DELEGATION.diff(Found(frozenset(REGISTERED), {service: read}), target))
        taken_off = f"administrator of {service} in us-east-1 has been taken off"
        assert [call.after for call in calls] == ([taken_off] if leaving else [])


def test_a_stranger_that_is_being_taken_off_is_still_a_stranger() -> None:
    found = Found(frozenset(REGISTERED), {"guardduty": {"us-east-1": Administrator(MEMBER, leaving=True)}})
    (told,) = DELEGATION.diff(found, target_without_aws("security"))
    assert (told.action, MEMBER in told.reason) == ("report", True)


def test_what_others_administer_stays(ready: World) -> None:
    organizations = ready.aws.client("organizations")
    theirs = {"AccountId": ready.tooling.id, "ServicePrincipal": "config.amazonaws.com"}
    organizations.register_delegated_administrator(**theirs)
    organizations.enable_aws_service_access(ServicePrincipal="sso.amazonaws.com")
    ours = {"AccountId": ready.security.id, "ServicePrincipal": "sso.amazonaws.com"}
    organizations.register_delegated_administrator(**ours)
    ready.apply(DELEGATION, ready.security)
    assert delegated(ready) == ALL | {"sso.amazonaws.com"}
    assert delegated(ready, ready.tooling) == {"config.amazonaws.com"}
    organizations.deregister_delegated_administrator(**theirs)


def test_nothing_is_delegated_that_no_component_needs(ready: World) -> None:
    without = ready.declaration.model_copy(update={"baseline": {"security": ["delegation", "trail"]}})
    assert ready.plan(DELEGATION, ready.security, declaration=without) == []


def test_it_may_do_what_it_does_and_nothing_else(ready: World) -> None:
    regions = ready.declaration.regions.model_copy(update={"governed": ["us-east-1", "eu-west-1"]})
    baseline = {**ready.declaration.baseline}
    baseline["security"] = [*baseline["security"], "vulnerability-scanning", "sensitive-data"]
    two = ready.declaration.model_copy(update={"regions": regions, "baseline": baseline})
    ready.apply(DELEGATION, ready.security, declaration=two)
    ready.aws.client("guardduty", region="eu-west-1").disable_organization_admin_account(
        AdminAccountId=ready.security.id
    )
    used, declared = used_and_declared(ready, DELEGATION)
    assert used == declared
