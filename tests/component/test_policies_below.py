"""Policies of somebody else on a unit or an account, where the organization holds GuardDuty and Amazon Inspector by one on
the root: what they take from it is told, and Inspector's is closed to them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain
from typing import Any

import pytest

from groundwork.baseline.components.delegation import Delegation
from groundwork.baseline.components.organization import TRUSTED_SERVICES
from groundwork.baseline.components.threat_detection import ThreatDetection
from groundwork.baseline.components.vulnerability_scanning import VulnerabilityScanning
from groundwork.contracts import Account, Change
from groundwork.declaration import Declaration
from groundwork.declaration.loading import check
from tests.component.conftest import World
from tests.component.sabotage import differences, prove_complete, words

DELEGATION, THREATS, SCANNING = Delegation(), ThreatDetection(), VulnerabilityScanning()
GUARDDUTY, INSPECTOR = "GUARDDUTY_POLICY", "INSPECTOR_POLICY"
HOME, ELSEWHERE, UNIT = "us-east-1", "eu-west-1", "Workloads/Staging"
NO_GUARDDUTY = {"foundational": {"status": {"@@assign": "disabled"}}}
OURS = {THREATS: "GuardDuty policy groundwork-threat-detection", SCANNING: "Inspector policy groundwork-vulnerability-scanning"}  # fmt: skip


@pytest.fixture(scope="module")
def organization(own_world: World) -> World:
    """Trusted access, the administrators, and an account in a unit."""
    for service in chain(*TRUSTED_SERVICES.values()):
        own_world.aws.client("organizations").enable_aws_service_access(ServicePrincipal=service)
    own_world.apply(DELEGATION, own_world.security, declaration=declared(own_world))
    for component in (THREATS, SCANNING):
        own_world.apply(component, own_world.management, declaration=declared(own_world))
    own_world.members["staging"] = own_world.account(unit=UNIT, name="staging")
    return own_world


@pytest.fixture
def world(organization: World) -> Iterator[World]:
    """The same with ours alone, also at the end."""
    take_theirs_off(organization)
    for component in (THREATS, SCANNING):
        organization.apply(component, organization.management, declaration=declared(organization))
    yield organization
    take_theirs_off(organization)


def take_theirs_off(world: World) -> None:
    organizations = world.aws.client("organizations")
    for policy_type in (GUARDDUTY, INSPECTOR):
        for policy in organizations.list_policies(Filter=policy_type)["Policies"]:
            if policy["Name"].startswith("groundwork"):
                continue
            for target in organizations.list_targets_for_policy(PolicyId=policy["Id"])["Targets"]:
                organizations.detach_policy(PolicyId=policy["Id"], TargetId=target["TargetId"])
            organizations.delete_policy(PolicyId=policy["Id"])


def declared(world: World, **settings: Any) -> Declaration:
    """With threat detection and vulnerability scanning, and these settings of the former."""
    baseline = {kind: [*names] for kind, names in world.declaration.baseline.items()}
    for kind in SCANNING.kinds:
        baseline[kind] = [*baseline[kind], SCANNING.name]
    regions = world.declaration.regions.model_copy(update={"governed": [HOME]})
    made = world.declaration.model_copy(update={"regions": regions, "baseline": baseline})
    made._given = {**world.declaration._given, THREATS.name: settings, SCANNING.name: {}}
    made._settings = dict(made._settings)
    return check(made, {THREATS.name: THREATS, SCANNING.name: SCANNING})


def unit_id(world: World) -> str:
    return world.organization.units[UNIT].split("/")[-2]


def theirs(world: World, policy_type: str, content: dict[str, Any], place: str) -> None:
    organizations, key = world.aws.client("organizations"), policy_type.partition("_")[0].lower()
    made = organizations.create_policy(
        Name="theirs", Description="", Type=policy_type, Content=json.dumps({key: {"enablement": content}})
    )
    organizations.attach_policy(PolicyId=made["Policy"]["PolicySummary"]["Id"], TargetId=place)


def regions(enabled: dict[str, Any], disabled: dict[str, Any], scan: str = "ec2_scanning") -> dict[str, Any]:
    """What a policy says of one scan type."""
    return {scan: {"enable_in_regions": enabled, "disable_in_regions": disabled}}


def switching_off() -> dict[str, Any]:
    return regions({"@@assign": []}, {"@@assign": [HOME]})


def told(world: World, component: Any, **settings: Any) -> list[tuple[str, str]]:
    """By a plan of the management account: what is reported of ours, and how bad it is."""
    declaration = declared(world, **settings)
    found: list[Change] = world.plan(component, world.management, declaration=declaration)
    ours = [each for each in found if each.action == "report" and each.resource == OURS[component]]
    return [(each.reason, each.severity) for each in ours]


def says(world: World, component: Any) -> str:
    """The policy of ours, as Organizations has it."""
    organizations = world.aws.client("organizations")
    policy_type = GUARDDUTY if component is THREATS else INSPECTOR
    (policy,) = [
        each
        for each in organizations.list_policies(Filter=policy_type)["Policies"]
        if each["Name"].startswith("groundwork")
    ]
    return str(organizations.describe_policy(PolicyId=policy["Id"])["Policy"]["Content"])


def open_ours(world: World) -> None:
    """Ours for Inspector as it was before it was closed below."""
    organizations, document = world.aws.client("organizations"), json.loads(says(world, SCANNING))
    for scan in document["inspector"]["enablement"].values():
        for lists in ("enable_in_regions", "disable_in_regions"):
            scan[lists].pop("@@operators_allowed_for_child_policies", None)
    (policy,) = organizations.list_policies(Filter=INSPECTOR)["Policies"]
    organizations.update_policy(PolicyId=policy["Id"], Content=json.dumps(document))


def scanned(world: World, account: Account) -> set[str]:
    (found,) = world.client("inspector2", account).batch_get_account_status()["accounts"]
    return {name for name, each in found["resourceState"].items() if each["status"] == "ENABLED"}


def holds(world: World, account: Account) -> bool:
    """Whether what is in effect in the account has EC2 scanned in the home Region, in accounts to come, too."""
    found = world.aws.client("organizations").describe_effective_policy(
        PolicyType=INSPECTOR, TargetId=account.id
    )
    scan = json.loads(found["EffectivePolicy"]["PolicyContent"])["inspector"]["enablement"]["ec2_scanning"]
    off = {HOME, "ALL_SUPPORTED"} & {*scan["disable_in_regions"]}
    return bool({HOME, "ALL_SUPPORTED"} & {*scan["enable_in_regions"]}) and not off


def detects(world: World, account: Account) -> bool:
    guardduty = world.client("guardduty", account)
    (detector,) = guardduty.list_detectors()["DetectorIds"]
    return str(guardduty.get_detector(DetectorId=detector)["Status"]) == "ENABLED"


# -- GuardDuty -----------------------------------------------------------------------------------------


def test_a_policy_that_switches_guardduty_off_in_a_unit_is_told(world: World) -> None:
    staging = world.members["staging"]
    assert detects(world, staging)
    theirs(world, GUARDDUTY, {HOME: NO_GUARDDUTY}, unit_id(world))
    assert not detects(world, staging)
    ((why, severity),) = told(world, THREATS)
    assert f"'theirs' on the unit {UNIT} ({unit_id(world)}) says {HOME}.foundational is disabled" in why
    assert "closer to the account, it holds there against ours; take that policy off" in why
    assert severity == "high"
    changes = world.apply(THREATS, world.management, declaration=declared(world))
    assert [each.severity for each in changes] == ["high"]


def test_one_on_an_account_is_told_with_its_feature(world: World) -> None:
    staging = world.members["staging"]
    features = ("foundational", "s3_data_events", "runtime_monitoring")
    block = {name: {"status": {"@@assign": "enabled"}} for name in features}
    block["s3_data_events"] = {"status": {"@@assign": "disabled"}}
    theirs(world, GUARDDUTY, {HOME: block}, staging.id)
    ((why, severity),) = told(world, THREATS)
    assert f"'theirs' on the account {staging.id} says {HOME}.s3_data_events is disabled:" in why
    assert severity == "high"


def test_a_block_of_a_region_in_place_of_our_default_is_told(world: World) -> None:
    block = {"foundational": {"status": {"@@assign": "enabled"}}}
    theirs(world, GUARDDUTY, {ELSEWHERE: block}, unit_id(world))
    assert told(world, THREATS) == []
    ((why, severity),) = told(world, THREATS, regions="all", features=["s3-data-events"])
    assert f"says {ELSEWHERE} has, in place of our default, no s3_data_events:" in why
    assert severity == "high"


@pytest.mark.parametrize(
    "content",
    [
        {HOME: {"foundational": {"status": {"@@assign": "enabled"}}}},
        {ELSEWHERE: NO_GUARDDUTY},
        {"default": NO_GUARDDUTY},
    ],
)
def test_what_takes_nothing_from_our_regions_is_left_alone(world: World, content: dict[str, Any]) -> None:
    theirs(world, GUARDDUTY, content, unit_id(world))
    assert told(world, THREATS) == []
    assert detects(world, world.members["staging"])


# -- Inspector -----------------------------------------------------------------------------------------


def test_a_policy_below_has_no_effect_against_ours_which_is_closed(world: World) -> None:
    theirs(world, INSPECTOR, switching_off(), unit_id(world))
    assert "ec2" in scanned(world, world.members["staging"])
    ((why, severity),) = told(world, SCANNING)
    assert "says ec2_scanning.enable_in_regions @@assign nothing" in why
    assert f"ec2_scanning.disable_in_regions @@assign {HOME}, and has no effect: ours is closed below" in why
    assert severity == "low"


def test_what_somebody_decided_before_ours_is_closed_is_told_and_closed_once_it_is_gone(world: World) -> None:
    open_ours(world)
    theirs(world, INSPECTOR, switching_off(), unit_id(world))
    assert "ec2" not in scanned(world, world.members["staging"])
    before = says(world, SCANNING)
    ((why, severity),) = told(world, SCANNING)
    assert f"'theirs' on the unit {UNIT} ({unit_id(world)}) says ec2_scanning" in why
    assert "it holds there against ours" in why
    assert severity == "high"
    assert differences(world.apply(SCANNING, world.management, declaration=declared(world))) == []
    assert says(world, SCANNING) == before
    take_theirs_off(world)
    (closed,) = prove_complete(world, SCANNING, world.management, declaration=declared(world))
    assert (
        "ec2_scanning.disable_in_regions.@@operators_allowed_for_child_policies is not there"
        in words([closed])[0]
    )
    theirs(world, INSPECTOR, switching_off(), unit_id(world))
    assert "ec2" in scanned(world, world.members["staging"])
    assert differences(world.apply(SCANNING, world.management, declaration=declared(world))) == []


@pytest.mark.parametrize(
    ("content", "severity"),
    [
        (regions({"@@assign": [ELSEWHERE]}, {"@@assign": []}), "high"),
        (regions({"@@remove": [HOME]}, {"@@assign": []}), "high"),
        (regions({"@@assign": [HOME]}, {"@@append": ["ALL_SUPPORTED"]}), "high"),
        (regions({"@@assign": [HOME, ELSEWHERE]}, {"@@assign": []}), "low"),
        (regions({"@@assign": ["ALL_SUPPORTED"]}, {"@@assign": []}), "low"),
        (regions({"@@append": [ELSEWHERE]}, {"@@assign": [ELSEWHERE]}), "low"),
        (regions({"@@assign": [HOME]}, {"@@assign": []}), None),
        (regions({"@@append": [HOME]}, {"@@remove": [HOME]}), None),
        (regions({"@@assign": []}, {"@@assign": [HOME]}, "code_repository_scanning"), None),
    ],
)  # fmt: skip
def test_what_a_policy_below_says_is_weighed(
    world: World, content: dict[str, Any], severity: str | None
) -> None:
    open_ours(world)
    theirs(world, INSPECTOR, content, world.members["staging"].id)
    assert [weight for _, weight in told(world, SCANNING)] == ([severity] if severity else [])
    assert holds(world, world.members["staging"]) == (severity != "high")


@pytest.mark.parametrize("component", [THREATS, SCANNING])
def test_it_costs_one_call_and_two_for_each_policy_of_others(world: World, component: Any) -> None:
    def asked() -> list[str]:
        mark = len(world.aws.calls)
        world.apply(component, world.management, declaration=declared(world))
        counted = ("DescribePolicy", "ListPolicies", "ListTargetsForPolicy")
        return [call.operation for call in world.calls_since(mark) if call.operation in counted]

    assert sorted(asked()) == ["DescribePolicy", "ListPolicies"]
    policy_type = GUARDDUTY if component is THREATS else INSPECTOR
    content = {HOME: NO_GUARDDUTY} if component is THREATS else switching_off()
    theirs(world, policy_type, content, unit_id(world))
    assert sorted(asked()) == ["DescribePolicy", "DescribePolicy", "ListPolicies", "ListTargetsForPolicy"]
