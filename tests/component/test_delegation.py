"""delegation: the security account becomes AWS Config's delegated administrator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from groundwork import sessions
from groundwork.baseline import loop
from groundwork.baseline.component import Target
from groundwork.baseline.components.delegation import Delegation
from groundwork.contracts import Account
from tests.component.conftest import World

DELEGATION = Delegation()
CONFIG = {"config.amazonaws.com", "config-multiaccountsetup.amazonaws.com"}


@pytest.fixture
def ready(world: World) -> Iterator[World]:
    """The world with trusted access, and nothing delegated."""
    organizations = world.aws.client("organizations")
    for service in CONFIG:
        organizations.enable_aws_service_access(ServicePrincipal=service)
    yield world
    for service in delegated(world):
        organizations.deregister_delegated_administrator(
            AccountId=world.security.id, ServicePrincipal=service
        )


def target(world: World) -> Target:
    """The security account in work, with clients of a role of the management account."""
    policy = sessions.session_policy(
        [*DELEGATION.reads, *DELEGATION.writes], world.security.id, world.organization.partition
    )
    clients = world._clients_of("groundwork-delegation", policy)
    return Target(world.security, world.organization, world.declaration, clients)


def delegated(world: World, account: Account | None = None) -> set[str]:
    organizations = world.aws.client("organizations")
    try:
        listed = organizations.list_delegated_services_for_account(AccountId=(account or world.security).id)
    except organizations.exceptions.AccountNotRegisteredException:
        return set()
    return {service["ServicePrincipal"] for service in listed["DelegatedServices"]}


def test_the_security_account_is_registered_once(ready: World) -> None:
    changes = loop.apply(DELEGATION, target(ready))
    assert [change.resource for change in changes] == [
        "delegated administrator of config.amazonaws.com",
        "delegated administrator of config-multiaccountsetup.amazonaws.com",
    ]
    assert delegated(ready) == CONFIG
    inside = target(ready)
    mark = len(ready.aws.calls)
    assert loop.apply(DELEGATION, inside) == []
    assert [call.operation for call in ready.calls_since(mark)] == ["ListDelegatedServicesForAccount"]


def test_one_that_was_taken_away_is_named_and_given_back(ready: World) -> None:
    loop.apply(DELEGATION, target(ready))
    organizations = ready.aws.client("organizations")
    organizations.deregister_delegated_administrator(
        AccountId=ready.security.id, ServicePrincipal="config.amazonaws.com"
    )
    (change,) = loop.apply(DELEGATION, target(ready))
    assert change.resource == "delegated administrator of config.amazonaws.com"
    assert change.reason == f"is not security, account {ready.security.id}; config needs it"
    assert delegated(ready) == CONFIG


def test_what_others_administer_stays(ready: World) -> None:
    organizations = ready.aws.client("organizations")
    theirs = {"AccountId": ready.tooling.id, "ServicePrincipal": "config.amazonaws.com"}
    organizations.register_delegated_administrator(**theirs)
    organizations.enable_aws_service_access(ServicePrincipal="securityhub.amazonaws.com")
    organizations.register_delegated_administrator(
        AccountId=ready.security.id, ServicePrincipal="securityhub.amazonaws.com"
    )
    loop.apply(DELEGATION, target(ready))
    assert delegated(ready) == CONFIG | {"securityhub.amazonaws.com"}
    assert delegated(ready, ready.tooling) == {"config.amazonaws.com"}
    organizations.deregister_delegated_administrator(**theirs)


def test_nothing_is_delegated_that_no_component_needs(ready: World) -> None:
    inside = target(ready)
    without = ready.declaration.model_copy(update={"baseline": {"security": ["delegation", "trail"]}})
    assert loop.plan(DELEGATION, Target(inside.account, inside.organization, without, inside.client)) == []
