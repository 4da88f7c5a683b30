"""organization: what is switched off or deleted behind our back is named and mended, whatever the state."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundwork.baseline.component import Call
from groundwork.baseline.components.organization import ROOT_FEATURES, Found, Organization, declared_units
from groundwork.contracts import Account
from groundwork.declaration.loading import load
from groundwork.fields import ancestors
from tests.component.conftest import World
from tests.component.sabotage import Sabotage, prove, prove_complete, some_of
from tests.component.test_organization import TRUSTED, TYPES, trusted, units
from tests.component.without_aws import ON_ENGINE, PURE, target_without_aws

ORGANIZATION = Organization()
IAM = "iam.amazonaws.com"


@pytest.fixture(scope="module")
def laid_down(bare_world: World) -> World:
    """An organization as declared, which every test leaves so."""
    bare_world.apply(ORGANIZATION, bare_world.management)
    return bare_world


def portrait(world: World) -> list[Any]:
    """What is on, and which units there are, as AWS tells it."""
    root = world.aws.client("organizations").list_roots()["Roots"][0]
    features = world.aws.client("iam").list_organizations_features()["EnabledFeatures"]
    return [
        {each["Type"]: each["Status"] for each in root["PolicyTypes"]},
        trusted(world),
        sorted(features),
        sorted(units(world)),
    ]


def by_hand(service: str, operation: str, **given: Any) -> Callable[[World, Account], Any]:
    """As one would with the AWS CLI, in the management account."""
    return lambda world, _: getattr(world.aws.client(service), operation)(**given)


def switch_off_policies(world: World, _: Account) -> None:
    given = {"RootId": world.organization.root_id, "PolicyType": "SERVICE_CONTROL_POLICY"}
    world.aws.client("organizations").disable_policy_type(**given)


def delete_units(*paths: str) -> Callable[[World, Account], None]:
    def delete(world: World, _: Account) -> None:
        for path, unit in reversed(units(world).items()):  # what is below goes first
            if path in paths:
                world.aws.client("organizations").delete_organizational_unit(OrganizationalUnitId=unit)

    return delete


BELOW = tuple(f"Workloads/{name}" for name in ("Development", "Production", "Staging"))
SABOTAGES = (
    Sabotage(
        "policies switched off",
        switch_off_policies,
        "policy type SERVICE_CONTROL_POLICY",
        "is off in the root: no such policy binds anybody",
        "high",
    ),
    Sabotage(
        "root sessions off",
        by_hand("iam", "disable_organizations_root_sessions"),
        "organization feature RootSessions",
        "is off: what only a member account's root user may do needs that user's own credentials",
        "high",
    ),
    Sabotage(
        "root credentials everywhere",
        by_hand("iam", "disable_organizations_root_credentials_management"),
        "organization feature RootCredentialsManagement",
        "is off: member accounts' root users may have credentials of their own",
        "high",
    ),
    *(
        Sabotage(
            f"no trust in {service}",
            by_hand("organizations", "disable_aws_service_access", ServicePrincipal=service),
            f"trusted access of {service}",
            "is off; ",
        )
        for service in sorted(TRUSTED - {IAM})
    ),
    *(
        Sabotage(
            f"no {path}",
            delete_units(path),
            f"organizational unit {path}",
            "is declared and does not exist",
        )
        for path in ("Infrastructure", "Security", *BELOW)
    ),
    Sabotage(
        "no Workloads at all",
        delete_units(*BELOW, "Workloads"),
        "organizational unit Workloads",
        "is declared and does not exist",
        besides=tuple(f"organizational unit {path}" for path in BELOW),
    ),
)  # fmt: skip


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda sabotage: sabotage.name)
def test_what_drifted_is_named_and_mended_and_nothing_else(laid_down: World, sabotage: Sabotage) -> None:
    prove(laid_down, ORGANIZATION, laid_down.management, sabotage, lambda: portrait(laid_down))


def test_without_trust_in_iam_its_features_are_off_too(laid_down: World) -> None:
    """IAM does not even tell them then."""
    by_hand("organizations", "disable_aws_service_access", ServicePrincipal=IAM)(
        laid_down, laid_down.management
    )
    done = prove_complete(laid_down, ORGANIZATION, laid_down.management)
    assert {change.resource for change in done} == {
        f"trusted access of {IAM}",
        "organization feature RootCredentialsManagement",
        "organization feature RootSessions",
    }


@ON_ENGINE
@given(sabotages=some_of(SABOTAGES))
def test_the_plan_is_what_apply_does_from_any_state(laid_down: World, sabotages: list[Sabotage]) -> None:
    for each in sabotages:
        each.do(laid_down, laid_down.management)
    done = prove_complete(laid_down, ORGANIZATION, laid_down.management)
    named = {resource for each in sabotages for resource in (each.resource, *each.besides)}
    assert {change.resource for change in done} == named


def whole(paths: set[str]) -> dict[str, str]:
    """Units with those above them, by path."""
    return {path: f"ou-{path}" for unit in paths for path in ancestors(unit)}


def after(found: Found, calls: Iterable[Call]) -> Found:
    """What AWS would show when these calls were made."""
    paths = {unit: f"{path}/" for path, unit in found.units.items()}
    for call in calls:
        given = call.parameters
        match call.operation:
            case "EnablePolicyType":
                found = replace(found, policy_types={**found.policy_types, given["PolicyType"]: "ENABLED"})
            case "EnableAWSServiceAccess":
                found = replace(found, trusted_services=found.trusted_services | {given["ServicePrincipal"]})
            case "CreateOrganizationalUnit":
                path = paths.get(given["ParentId"], "") + given["Name"]
                found = replace(found, units={**found.units, path: f"ou-{path}"})
            case _:
                (feature,) = (name for name, (each, _) in ROOT_FEATURES.items() if each == call.operation)
                found = replace(found, root_features=found.root_features | {feature})
    return found


@PURE
@given(
    st.builds(
        Found,
        st.dictionaries(
            st.sampled_from(sorted(TYPES)),
            st.sampled_from(["ENABLED", "PENDING_ENABLE", "PENDING_DISABLE"]),
        ),
        st.frozensets(st.sampled_from([*TRUSTED, "ram.amazonaws.com"])),
        st.frozensets(st.sampled_from([*ROOT_FEATURES])),
        st.sets(st.sampled_from(declared_units(load()))).map(whole),
    )
)
def test_from_any_state_its_calls_leave_nothing_to_do(found: Found) -> None:
    target = target_without_aws("management")
    missing = set(declared_units(load())) - found.units.keys()
    for _ in range(3):
        calls = list(ORGANIZATION.diff(found, target))
        named = {call.resource.split()[-1] for call in calls if call.operation == "CreateOrganizationalUnit"}
        assert named == missing - found.units.keys()
        found = after(found, [call for call in calls if not call.after])
    assert list(ORGANIZATION.diff(found, target)) == []
