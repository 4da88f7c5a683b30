"""organization: what an organization must have on, laid down with the function's own role and nothing more."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from groundwork.baseline.components.organization import Organization as OrganizationComponent
from groundwork.baseline.components.organization import declared_units
from groundwork.contracts import Organization
from groundwork.declaration import Declaration
from groundwork.errors import OrganizationBusy, OrganizationNotReady
from local.engine import Engine
from tests.component.conftest import World
from tests.component.sabotage import prove_complete, used_and_declared

ORGANIZATION = OrganizationComponent()
IAM = "iam.amazonaws.com"
STRANGER = "999999999999"
TRUSTED = {
    "access-analyzer.amazonaws.com",
    "cloudtrail.amazonaws.com",
    "config.amazonaws.com",
    "config-multiaccountsetup.amazonaws.com",
    "guardduty.amazonaws.com",
    "iam.amazonaws.com",
    "malware-protection.guardduty.amazonaws.com",
    "securityhub.amazonaws.com",
}
TYPES = {
    "SERVICE_CONTROL_POLICY",
    "DECLARATIVE_POLICY_EC2",
    "S3_POLICY",
    "AISERVICES_OPT_OUT_POLICY",
}
"""The policy types of the components that the shipped declaration has."""


@pytest.fixture
def fresh_world(alone: None) -> Iterator[World]:
    """A new organization: nothing is on, no unit is there."""
    yield from _world("all")


@pytest.fixture
def billing_world(alone: None) -> Iterator[World]:
    yield from _world("billing")


def _world(features: Any) -> Iterator[World]:
    with Engine(time_scale=0.001, organization=features) as aws, pytest.MonkeyPatch.context() as environment:
        aws.creation.throttle.enforced = False
        environment.setenv("AWS_ENDPOINT_URL", aws.url)
        environment.setenv("AWS_DEFAULT_REGION", aws.region)
        organizations = aws.client("organizations")
        yield World(
            aws,
            environment,
            Organization(
                id=organizations.describe_organization()["Organization"]["Id"],
                partition=aws.partition,
                root_id=organizations.list_roots()["Roots"][0]["Id"],
                management_account_id=aws.management_account,
            ),
        )


def units(world: World, parent: str | None = None, above: str = "") -> dict[str, str]:
    """Every unit of the organization by its path."""
    listed = world.aws.client("organizations").list_organizational_units_for_parent(
        ParentId=parent or world.organization.root_id
    )
    found = {f"{above}{unit['Name']}": unit["Id"] for unit in listed["OrganizationalUnits"]}
    below = [units(world, unit, f"{path}/") for path, unit in found.items()]
    return found | {path: unit for each in below for path, unit in each.items()}


def trusted(world: World) -> set[str]:
    listed = world.aws.client("organizations").list_aws_service_access_for_organization()
    return {service["ServicePrincipal"] for service in listed["EnabledServicePrincipals"]}


def test_a_new_organization_gets_everything_and_a_second_run_changes_nothing(fresh_world: World) -> None:
    organizations = fresh_world.aws.client("organizations")
    changes = fresh_world.apply(ORGANIZATION, fresh_world.management)
    assert len(changes) == len(TYPES) + len(TRUSTED) + 2 + 6
    assert {each["Type"] for each in organizations.list_roots()["Roots"][0]["PolicyTypes"]} == TYPES
    assert trusted(fresh_world) == TRUSTED
    features = fresh_world.aws.client("iam").list_organizations_features()["EnabledFeatures"]
    assert set(features) == {"RootCredentialsManagement", "RootSessions"}
    assert set(units(fresh_world)) == set(declared_units(fresh_world.declaration))

    mark = len(fresh_world.aws.calls)
    assert fresh_world.apply(ORGANIZATION, fresh_world.management) == []
    again = fresh_world.calls_since(mark)
    assert not [call for call in again if call.mutating and call.action.startswith("organizations:")]
    assert [call.operation for call in again if call.service == "organizations"] == [
        "DescribeOrganization",
        "ListRoots",
        "ListAWSServiceAccessForOrganization",
        "ListOrganizationalUnitsForParent",
        "ListOrganizationalUnitsForParent",
    ]


def test_what_others_have_in_the_organization_stays(fresh_world: World) -> None:
    organizations = fresh_world.aws.client("organizations")
    root = fresh_world.organization.root_id
    theirs = organizations.create_organizational_unit(ParentId=root, Name="Theirs")["OrganizationalUnit"][
        "Id"
    ]
    organizations.create_organizational_unit(ParentId=theirs, Name="Below")
    adopted = organizations.create_organizational_unit(ParentId=root, Name="Workloads")["OrganizationalUnit"][
        "Id"
    ]
    organizations.enable_aws_service_access(ServicePrincipal="ram.amazonaws.com")

    fresh_world.apply(ORGANIZATION, fresh_world.management)
    assert units(fresh_world)["Theirs"] == theirs
    assert units(fresh_world)["Workloads"] == adopted
    assert "Theirs/Below" in units(fresh_world)
    assert "ram.amazonaws.com" in trusted(fresh_world)
    ours = [call for call in fresh_world.aws.calls if "groundwork-organization" in str(call.principal_arn)]
    assert not [call for call in ours if theirs in str(call.resource)]


def test_only_what_the_declared_components_use_is_switched_on(fresh_world: World) -> None:
    declaration = fresh_world.declaration.model_copy(
        update={"baseline": {"management": ["organization", "trail"]}}
    )
    fresh_world.apply(ORGANIZATION, fresh_world.management, declaration=declaration)
    assert trusted(fresh_world) == {"iam.amazonaws.com", "cloudtrail.amazonaws.com"}
    assert fresh_world.aws.client("organizations").list_roots()["Roots"][0]["PolicyTypes"] == []


def test_consolidated_billing_is_refused_with_words(billing_world: World) -> None:
    with pytest.raises(OrganizationNotReady, match="consolidated billing only"):
        billing_world.plan(ORGANIZATION, billing_world.management)


def test_no_organization_is_refused(fresh_world: World) -> None:
    fresh_world.aws.client("organizations").delete_organization()
    with pytest.raises(OrganizationNotReady, match="in no organization"):
        fresh_world.plan(ORGANIZATION, fresh_world.management)


def test_a_busy_organization_is_waited_for(fresh_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from local.organizations import Organizations
    from local.organizations.errors import error

    def busy(*_: Any, **__: Any) -> None:
        raise error("ConcurrentModificationException")

    monkeypatch.setattr(Organizations, "create_organizational_unit", busy)
    with pytest.raises(
        OrganizationBusy, match=r"organizational unit Infrastructure: .*ConcurrentModificationException"
    ):
        fresh_world.apply(ORGANIZATION, fresh_world.management)


def test_a_plan_tells_units_below_units_that_are_not_there_yet(fresh_world: World) -> None:
    planned = {
        change.resource: change.call for change in fresh_world.planned(ORGANIZATION, fresh_world.management)
    }
    root = fresh_world.organization.root_id
    for path in declared_units(fresh_world.declaration):
        call, above = planned[f"organizational unit {path}"], path.rpartition("/")[0]
        assert call is not None
        assert call.parameters["ParentId"] == (f"<id of {above}>" if above else root)
        assert call.after == (f"organizational unit {above}" if above else None)


def test_every_unit_that_an_account_is_declared_for_is_declared(fresh_world: World) -> None:
    account = fresh_world.declaration.security.model_copy(update={"organizational_unit": "Core/Audit"})
    declaration = fresh_world.declaration.model_copy(
        update={"accounts": [account], "organizational_units": ["Core"]}
    )
    assert declared_units(declaration) == ["Core", "Core/Audit"]


FEWER: Any = {"accounts": [], "organizational_units": ["Security", "Workloads/Production"]}


def pruning(world: World, prune: str, **update: Any) -> Declaration:
    return world.declaration.model_copy(update={"prune": {"organization": prune}, **update})


def test_a_unit_of_ours_that_is_no_longer_declared_goes_when_it_is_empty(fresh_world: World) -> None:
    management, organizations = fresh_world.management, fresh_world.aws.client("organizations")
    fresh_world.apply(ORGANIZATION, management)
    root = fresh_world.organization.root_id
    organizations.create_organizational_unit(ParentId=root, Name="Theirs")
    inside = units(fresh_world)["Workloads/Staging"]
    organizations.create_organizational_unit(ParentId=inside, Name="Theirs")
    later = fresh_world.before(management)
    assert (
        fresh_world.apply(ORGANIZATION, management, declaration=pruning(fresh_world, "remove", **FEWER)) == []
    )

    told = fresh_world.apply(ORGANIZATION, later, declaration=pruning(fresh_world, "report", **FEWER))
    assert {(each.resource, each.action, each.taken_out) for each in told} == {
        (f"organizational unit {path}", "report", True)
        for path in ("Infrastructure", "Workloads/Development", "Workloads/Staging")
    }
    done = prove_complete(
        fresh_world, ORGANIZATION, later, declaration=pruning(fresh_world, "remove", **FEWER)
    )
    assert {each.resource for each in done} == {
        "organizational unit Infrastructure",
        "organizational unit Workloads/Development",
    }
    assert set(units(fresh_world)) == {
        *("Security", "Workloads", "Workloads/Production", "Theirs"),
        *("Workloads/Staging", "Workloads/Staging/Theirs"),
    }
    (held,) = fresh_world.apply(ORGANIZATION, later, declaration=pruning(fresh_world, "remove", **FEWER))
    assert "it holds 1 units" in held.reason


def test_trusted_access_that_nothing_needs_any_more_is_told(fresh_world: World) -> None:
    fresh_world.apply(ORGANIZATION, fresh_world.management)
    less = pruning(fresh_world, "remove", baseline={"management": ["organization"]})
    told = fresh_world.apply(ORGANIZATION, fresh_world.before(fresh_world.management), declaration=less)
    assert {each.resource for each in told} == {f"trusted access of {each}" for each in TRUSTED - {IAM}}
    assert trusted(fresh_world) == TRUSTED


def test_without_the_component_all_its_units_are_former_ones(fresh_world: World) -> None:
    fresh_world.apply(ORGANIZATION, fresh_world.management)
    none = pruning(fresh_world, "remove", baseline={"management": ["trail"]})
    fresh_world.apply(ORGANIZATION, fresh_world.before(fresh_world.management), declaration=none)
    assert units(fresh_world) == {}


def let_strangers_in(aws: Engine) -> None:
    """By a role and by a bucket, of which Access Analyzer knows."""
    trust = {"Effect": "Allow", "Principal": {"AWS": STRANGER}, "Action": "sts:AssumeRole"}
    aws.client("iam").create_role(
        RoleName="homemade",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    aws.client("s3").create_bucket(Bucket="open-bucket")
    reading = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"} | {
        "Resource": "arn:aws:s3:::open-bucket/*"
    }
    aws.client("s3").put_bucket_policy(
        Bucket="open-bucket", Policy=json.dumps({"Version": "2012-10-17", "Statement": [reading]})
    )
    aws.client("accessanalyzer").create_analyzer(analyzerName="own", type="ACCOUNT")


def test_it_may_do_what_it_does_and_nothing_else(fresh_world: World) -> None:
    prove_complete(fresh_world, ORGANIZATION, fresh_world.management)
    fewer, later = pruning(fresh_world, "remove", **FEWER), fresh_world.before(fresh_world.management)
    prove_complete(fresh_world, ORGANIZATION, later, declaration=fewer)
    let_strangers_in(fresh_world.aws)
    regions = fresh_world.declaration.regions.model_copy(update={"governed": ["us-east-1", "eu-west-1"]})
    further = fresh_world.declaration.model_copy(update={"regions": regions})
    fresh_world.plan(ORGANIZATION, fresh_world.management, declaration=further)
    used, declared = used_and_declared(fresh_world, ORGANIZATION)
    assert used == declared


def test_a_plan_tells_who_from_outside_gets_into_the_management_account(fresh_world: World) -> None:
    fresh_world.apply(ORGANIZATION, fresh_world.management)
    let_strangers_in(fresh_world.aws)
    told = {each.resource: each for each in fresh_world.plan(ORGANIZATION, fresh_world.management)}
    assert told.keys() == {"role/homemade", "arn:aws:s3:::open-bucket"}
    assert told["role/homemade"].reason.startswith(f"lets in account {STRANGER}, from outside")
    assert {(each.action, each.severity) for each in told.values()} == {("report", "high")}
    assert fresh_world.apply(ORGANIZATION, fresh_world.management) == []
