"""threat-detection: GuardDuty in every account, held by a policy or by auto-enable, and nothing of what others run."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

import pytest

from groundwork.aws.sessions import needed, session_policy
from groundwork.baseline import loop
from groundwork.baseline.components.delegation import Delegation
from groundwork.baseline.components.organization import TRUSTED_SERVICES
from groundwork.baseline.components.threat_detection import ThreatDetection
from groundwork.contracts import Account
from groundwork.declaration import Declaration
from groundwork.declaration.loading import check
from groundwork.errors import InvalidDeclaration
from tests.component.conftest import World
from tests.component.sabotage import (
    Sabotage,
    differences,
    prove,
    prove_complete,
    reports,
    used_and_declared,
    words,
)
from tests.component.service_policies import ServicePolicy
from tests.engine.support import eventually

THREATS, DELEGATION = ThreatDetection(), Delegation()
TYPE, NAME = "GUARDDUTY_POLICY", "groundwork-threat-detection"
POLICY = f"GuardDuty policy {NAME}"
HOME, ELSEWHERE, OFF = "us-east-1", "eu-west-1", "me-south-1"
ALSO = ("S3_DATA_EVENTS", "EKS_AUDIT_LOGS", "EBS_MALWARE_PROTECTION", "RDS_LOGIN_EVENTS", "LAMBDA_NETWORK_LOGS")  # fmt: skip


@pytest.fixture(scope="module")
def world(own_world: World) -> World:
    """An organization has one administrator of GuardDuty in a Region, and one policy type."""
    for service in chain(*TRUSTED_SERVICES.values()):
        own_world.aws.client("organizations").enable_aws_service_access(ServicePrincipal=service)
    return own_world


@pytest.fixture
def untouched(world: World) -> World:
    """Trusted access, and nothing else of GuardDuty."""
    organizations, root = world.aws.client("organizations"), world.organization.root_id
    if types(world):
        organizations.disable_policy_type(RootId=root, PolicyType=TYPE)
        eventually(lambda: not types(world))
    for policy in policies(world):
        organizations.delete_policy(PolicyId=policy["Id"])
    for region in (HOME, ELSEWHERE):
        guardduty = world.aws.client("guardduty", region=region)
        for each in guardduty.list_organization_admin_accounts()["AdminAccounts"]:
            guardduty.disable_organization_admin_account(AdminAccountId=each["AdminAccountId"])
        for account in (world.security, world.tooling, world.management):
            forget(world, account, region)
    iam = world.aws.client("iam")
    if "AWSServiceRoleForAmazonGuardDuty" in [role["RoleName"] for role in iam.list_roles()["Roles"]]:
        iam.delete_service_linked_role(RoleName="AWSServiceRoleForAmazonGuardDuty")
    return world


@pytest.fixture
def ready(untouched: World) -> World:
    """The security account administers GuardDuty in the home Region."""
    designate(untouched)
    return untouched


def designate(world: World, account: Account | None = None, region: str = HOME) -> None:
    guardduty = world.aws.client("guardduty", region=region)
    guardduty.enable_organization_admin_account(AdminAccountId=(account or world.security).id)


def take_off(world: World, account: Account) -> None:
    world.aws.client("guardduty").disable_organization_admin_account(AdminAccountId=account.id)


def forget(world: World, account: Account, region: str = HOME) -> None:
    guardduty = world.client("guardduty", account, region)
    for detector in guardduty.list_detectors()["DetectorIds"]:
        guardduty.delete_detector(DetectorId=detector)


def types(world: World) -> list[str]:
    (root,) = world.aws.client("organizations").list_roots()["Roots"]
    return [each["Status"] for each in root["PolicyTypes"] if each["Type"] == TYPE]


def policies(world: World) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = world.aws.client("organizations").list_policies(Filter=TYPE)["Policies"]
    return listed


def declared(world: World, governed: Sequence[str] = (HOME,), **settings: Any) -> Declaration:
    """With these settings of threat detection, in these governed Regions."""
    given = {**world.declaration._given, THREATS.name: settings}
    update = {"regions": world.declaration.regions.model_copy(update={"governed": list(governed)})}
    made = world.declaration.model_copy(update=update)
    made._given = given
    made._settings = dict(made._settings)
    return check(made, {THREATS.name: THREATS})


def features(world: World, account: Account, region: str = HOME) -> dict[str, str]:
    """Of the account's detector: those that are on, and who holds each; empty without a detector."""
    guardduty = world.client("guardduty", account, region)
    detectors = guardduty.list_detectors()["DetectorIds"]
    if not detectors:
        return {}
    shown = guardduty.get_detector(DetectorId=detectors[0])["Features"]
    return {each["Name"]: each.get("ManagedBy", "") for each in shown if each["Status"] == "ENABLED"}


# -- the administrator ---------------------------------------------------------------------------------


def test_the_security_account_is_designated_in_every_governed_region(untouched: World) -> None:
    declaration = declared(untouched, [HOME, ELSEWHERE, OFF])
    changes = prove_complete(untouched, DELEGATION, untouched.security, declaration=declaration)
    administrators = [change.resource for change in changes if "guardduty" in change.resource]
    assert administrators == [f"administrator of guardduty in {region}" for region in (ELSEWHERE, HOME)]
    told = reports(untouched.apply(DELEGATION, untouched.security, declaration=declaration))
    assert [each for each in told if OFF in each and "not enabled in this account" in each]


def test_an_administrator_that_was_taken_off_is_named_and_put_back(untouched: World) -> None:
    untouched.apply(DELEGATION, untouched.security)

    def administrators() -> Any:
        return untouched.aws.client("guardduty").list_organization_admin_accounts()["AdminAccounts"]

    gone = Sabotage(
        *("administrator taken off", take_off, f"administrator of guardduty in {HOME}"),
        *("is not security, account {account}: what guardduty finds there reaches nobody", "high"),
    )
    prove(untouched, DELEGATION, untouched.security, gone, administrators)


def test_what_somebody_else_administers_is_told_and_nobody_is_designated(untouched: World) -> None:
    declaration = declared(untouched, [HOME, ELSEWHERE])
    designate(untouched, untouched.tooling, ELSEWHERE)
    changes = untouched.apply(DELEGATION, untouched.security, declaration=declaration)
    assert [
        change for change in changes if "guardduty" in change.resource and change.action != "report"
    ] == []
    (told,) = [each for each in reports(changes) if "guardduty" in each]
    assert f"administrator of guardduty in {ELSEWHERE}: is account {untouched.tooling.id}" in told
    assert "Take threat-detection out of the baseline, or take that account off by hand" in told
    home = untouched.aws.client("guardduty").list_organization_admin_accounts()
    assert home["AdminAccounts"] == []


# -- by policy -----------------------------------------------------------------------------------------


def test_the_policy_waits_for_the_administrator_of_every_region(ready: World) -> None:
    declaration = declared(ready, [HOME, ELSEWHERE])
    for account, why in (
        (ready.management, f"waits for the security account to administer GuardDuty in {ELSEWHERE}"),
        (ready.security, f"waits for the policy {NAME}"),
    ):
        changes = ready.apply(THREATS, account, declaration=declaration)
        assert [change.action for change in differences(changes)] in ([], ["create"])
        assert any(why in each for each in reports(changes)), words(changes)
    assert policies(ready) == []
    assert types(ready) == []


def test_without_a_security_account_it_waits(world: World) -> None:
    organization = world.organization.model_copy(update={"security_account_id": None})
    changes = world.apply(THREATS, world.management, organization=organization)
    assert words(changes) == [
        f"report {POLICY}: waits for the security account, which is to administer GuardDuty"
    ]


def test_it_is_made_then_the_type_enabled_then_it_is_attached(ready: World) -> None:
    mark = len(ready.aws.calls)
    changes = prove_complete(ready, THREATS, ready.management)
    assert [(change.resource, change.severity) for change in changes if change.resource != POLICY] == [
        ("policy type GUARDDUTY_POLICY", "high"),
        ("role AWSServiceRoleForAmazonGuardDuty", "high"),
    ]
    written = [
        call.operation
        for call in ready.calls_since(mark)
        if call.mutating and call.service == "organizations"
    ]
    assert written == ["CreatePolicy", "EnablePolicyType", "AttachPolicy"]
    for account in (ready.security, ready.tooling, ready.management, ready.account()):
        assert features(ready, account) == {
            **dict.fromkeys(("CLOUD_TRAIL", "DNS_LOGS", "FLOW_LOGS"), ""),
            **dict.fromkeys(ALSO, TYPE),
        }
    assert features(ready, ready.tooling, ELSEWHERE) == {}
    assert ready.apply(THREATS, ready.security) == []


def test_what_auto_enable_has_switched_on_stays_when_a_policy_comes(ready: World) -> None:
    ready.apply(THREATS, ready.security, declaration=declared(ready, by="auto-enable"))
    before = features(ready, ready.tooling)
    assert before.keys() >= {*ALSO}
    ready.apply(THREATS, ready.management)
    assert features(ready, ready.tooling).keys() == before.keys()
    assert features(ready, ready.account()).keys() == before.keys()


def test_a_policy_for_all_regions_has_one_block_and_one_too_long_is_refused(ready: World) -> None:
    ready.apply(THREATS, ready.management, declaration=declared(ready, regions="all"))
    assert features(ready, ready.tooling, ELSEWHERE).keys() >= {*ALSO}
    everywhere = [f"eu-west-{number}" for number in range(1, 40)]
    with pytest.raises(InvalidDeclaration, match=r"threatDetection: the GuardDuty policy has \d+ characters"):
        THREATS.rendered(declared(ready, everywhere))
    with pytest.raises(InvalidDeclaration, match="all is for by: policy"):
        declared(ready, by="auto-enable", regions="all")


OURS = ServicePolicy(TYPE, NAME, "guardduty", "AWSServiceRoleForAmazonGuardDuty")

HELD = (
    Sabotage("a feature gone", OURS.changed(lambda blocks: blocks[HOME].pop("s3_data_events")), POLICY,
             f"{HOME}.s3_data_events is not there, expected enabled", "high"),
    Sabotage("all off", OURS.changed(lambda blocks: blocks.update({HOME: {"foundational": {"status": {"@@assign": "disabled"}}}})),
             POLICY, f"{HOME}.foundational is disabled, expected enabled", "high"),
    Sabotage("another Region", OURS.changed(lambda blocks: blocks.update({ELSEWHERE: blocks[HOME]})), POLICY,
             f"{ELSEWHERE}.foundational is enabled, expected not there", "high"),
    Sabotage("tag gone", OURS.untag, POLICY, "exists without the tag managed-by=groundwork", "high"),
    Sabotage("detached", OURS.detach, POLICY, "is not attached to the root: it switches GuardDuty on in no account", "high"),
    Sabotage("deleted", OURS.delete, POLICY, "does not exist: GuardDuty is on where somebody switches it on", "high"),
    Sabotage("type disabled", OURS.disable, "policy type GUARDDUTY_POLICY", "is off in the root", "high", (POLICY,)),
    Sabotage("role deleted", OURS.delete_role, "role AWSServiceRoleForAmazonGuardDuty", "does not exist", "high"),
)  # fmt: skip


def portrait(world: World) -> Any:
    organizations = world.aws.client("organizations")
    return types(world), [
        (
            json.loads(organizations.describe_policy(PolicyId=each["Id"])["Policy"]["Content"]),
            organizations.list_tags_for_resource(ResourceId=each["Id"])["Tags"],
            [target["TargetId"] for target in organizations.list_targets_for_policy(PolicyId=each["Id"])["Targets"]],
        )
        for each in policies(world)
    ], "AWSServiceRoleForAmazonGuardDuty" in [
        role["RoleName"] for role in world.aws.client("iam").list_roles()["Roles"]
    ]  # fmt: skip


@pytest.fixture(scope="module")
def held(world: World) -> World:
    """Held by a policy."""
    world.apply(DELEGATION, world.security)
    world.apply(THREATS, world.management)
    return world


@pytest.mark.parametrize("sabotage", HELD, ids=lambda each: each.name)
def test_every_sabotage_of_the_policy_is_named_and_put_right(held: World, sabotage: Sabotage) -> None:
    prove(held, THREATS, held.management, sabotage, lambda: portrait(held))


def test_while_it_is_held_an_administrator_that_is_gone_keeps_nobody_from_mending_it(held: World) -> None:
    take_off(held, held.security)
    OURS.detach(held, held.management)
    assert [change.resource for change in prove_complete(held, THREATS, held.management)] == [POLICY]
    designate(held)


def test_a_second_run_reads_little_and_writes_nothing(held: World) -> None:
    mark = len(held.aws.calls)
    assert held.apply(THREATS, held.management) == []
    assert held.operations_of(THREATS.name, mark) == [
        *("DescribePolicy", "GetRole", "ListOrganizationAdminAccounts"),
        *("ListPolicies", "ListPoliciesForTarget", "ListRoots", "ListTagsForResource"),
    ]
    mark = len(held.aws.calls)
    assert held.apply(THREATS, held.security) == []
    assert held.operations_of(THREATS.name, mark) == ["GetDetector", "ListDetectors"]


def test_a_vended_account_costs_no_call(held: World) -> None:
    """Not even a plan asks anything there."""
    assert "workload" not in THREATS.kinds
    assert "tooling" not in THREATS.kinds
    account = held.account()
    assert features(held, account).keys() >= {*ALSO}
    assert loop.plan(THREATS, held.target(THREATS, held.management, reading=True)) == []


def test_auto_enable_waits_where_the_policy_type_is_on(held: World) -> None:
    declaration = automatically(held)
    (left, told) = reports(held.apply(THREATS, held.management, declaration=declaration))
    assert "is ours, and by: auto-enable is declared; delete it by hand, or declare it again" in left
    assert "keeps auto-enable off in the whole organization" in told
    (waits,) = reports(held.apply(THREATS, held.security, declaration=declaration))
    assert "auto-enable of GuardDuty: is not set: the policy type GUARDDUTY_POLICY is on" in waits


def test_somebody_elses_policy_on_the_root_is_told_and_none_put_beside_it(ready: World) -> None:
    organizations, root = ready.aws.client("organizations"), ready.organization.root_id
    organizations.enable_policy_type(RootId=root, PolicyType=TYPE)
    eventually(lambda: types(ready) == ["ENABLED"])
    block = {"foundational": {"status": {"@@assign": "enabled"}}}
    theirs = organizations.create_policy(
        Name="theirs", Description="", Type=TYPE, Content=json.dumps({"guardduty": {"enablement": {"default": block}}})
    )["Policy"]["PolicySummary"]["Id"]  # fmt: skip
    organizations.attach_policy(PolicyId=theirs, TargetId=root)
    changes = ready.apply(THREATS, ready.management)
    assert [change.resource for change in differences(changes)] == ["role AWSServiceRoleForAmazonGuardDuty"]
    (told,) = reports(changes)
    assert "where somebody else's theirs is" in told
    assert "Detach that one by hand, or take threat-detection out of the baseline" in told
    assert [each["Name"] for each in policies(ready)] == ["theirs"]


# -- by auto-enable ------------------------------------------------------------------------------------


def automatically(world: World) -> Declaration:
    return declared(world, by="auto-enable")


def organization_of_guardduty(world: World, change: dict[str, Any]) -> None:
    guardduty = world.client("guardduty", world.security)
    (detector,) = guardduty.list_detectors()["DetectorIds"]
    guardduty.update_organization_configuration(DetectorId=detector, **change)


def auto_enable(**change: Any) -> Callable[[World, Account], object]:
    return lambda world, account: organization_of_guardduty(world, change)


def own_detector(**change: Any) -> Callable[[World, Account], object]:
    def do(world: World, account: Account) -> None:
        guardduty = world.client("guardduty", account)
        (detector,) = guardduty.list_detectors()["DetectorIds"]
        guardduty.update_detector(DetectorId=detector, **change)

    return do


AUTO, DETECTOR = f"auto-enable of GuardDuty in {HOME}", f"detector in {HOME}"
SWITCHED_ON = (
    Sabotage("auto-enable off", auto_enable(AutoEnableOrganizationMembers="NONE"), AUTO, "is NONE", "high"),
    Sabotage("new accounts alone", auto_enable(AutoEnableOrganizationMembers="NEW"), AUTO, "is NEW", "high"),
    Sabotage("a feature out", auto_enable(AutoEnableOrganizationMembers="ALL",
             Features=[{"Name": "S3_DATA_EVENTS", "AutoEnable": "NONE"}]), AUTO, "leaves S3_DATA_EVENTS out"),
    Sabotage("a feature for new accounts alone", auto_enable(AutoEnableOrganizationMembers="ALL",
             Features=[{"Name": "S3_DATA_EVENTS", "AutoEnable": "NEW"}]), AUTO, "leaves S3_DATA_EVENTS out"),
    Sabotage("detector suspended", own_detector(Enable=False), DETECTOR, "is suspended", "high"),
    Sabotage("a feature off", own_detector(Features=[{"Name": "RDS_LOGIN_EVENTS", "Status": "DISABLED"}]), DETECTOR,
             "has RDS_LOGIN_EVENTS off"),
)  # fmt: skip


def settings_of(world: World) -> Any:
    guardduty = world.client("guardduty", world.security)
    (detector,) = guardduty.list_detectors()["DetectorIds"]
    shown = guardduty.describe_organization_configuration(DetectorId=detector)
    own = guardduty.get_detector(DetectorId=detector)["Status"]
    return shown["AutoEnableOrganizationMembers"], shown["Features"], own, features(world, world.security)


def test_auto_enable_reaches_every_account_and_what_is_not_declared_stays_off(ready: World) -> None:
    mark = len(ready.aws.calls)
    for account in (ready.management, ready.security):
        assert prove_complete(ready, THREATS, account, declaration=automatically(ready))
    theirs = [call for call in ready.calls_since(mark) if call.mutating and call.service == "guardduty"]
    assert [call.operation for call in theirs] == ["CreateDetector", "UpdateOrganizationConfiguration"]
    for account in (ready.security, ready.tooling, ready.management, ready.account()):
        assert features(ready, account).keys() == {"CLOUD_TRAIL", "DNS_LOGS", "FLOW_LOGS", *ALSO} | (
            {"AI_PROTECTION"} if account == ready.security else set()
        )
    for account in (ready.management, ready.security):
        assert ready.apply(THREATS, account, declaration=automatically(ready)) == []


def test_a_plan_before_there_is_an_administrator_tells_all(untouched: World) -> None:
    planned = untouched.planned(THREATS, untouched.security, declaration=automatically(untouched))
    assert [change.call.operation for change in planned if change.call] == [
        "CreateDetector",
        "UpdateOrganizationConfiguration",
    ]


@pytest.mark.parametrize("sabotage", SWITCHED_ON, ids=lambda each: each.name)
def test_every_sabotage_of_auto_enable_is_named_and_put_right(ready: World, sabotage: Sabotage) -> None:
    ready.apply(THREATS, ready.security, declaration=automatically(ready))
    prove(
        ready, THREATS, ready.security, sabotage, lambda: settings_of(ready), declaration=automatically(ready)
    )


# -- run from another account --------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["policy", "auto-enable"])
def test_an_organization_whose_guardduty_another_account_runs_is_left_alone(
    untouched: World, by: str
) -> None:
    """Its administrator has switched on auto-enable: a policy type would end that."""
    declaration, theirs = declared(untouched, by=by), untouched.tooling
    designate(untouched, theirs)
    guardduty = untouched.client("guardduty", theirs)
    detector = guardduty.create_detector(Enable=True)["DetectorId"]
    guardduty.update_organization_configuration(DetectorId=detector, AutoEnableOrganizationMembers="ALL")
    mark = len(untouched.aws.calls)
    for component, account in (
        (DELEGATION, untouched.security),
        (THREATS, untouched.management),
        (THREATS, untouched.security),
    ):
        changes = untouched.apply(component, account, declaration=declaration)
        assert [each.resource for each in differences(changes) if "config" not in each.resource] == []
        told = " ".join(reports(changes))
        if by == "auto-enable" or account.kind == "management" or component is DELEGATION:
            assert theirs.id in told
            assert "ake threat-detection out of the baseline" in told
    written = [call for call in untouched.calls_since(mark) if call.mutating and "onfig" not in str(call)]
    assert [call.operation for call in written if call.service in ("guardduty", "organizations")] == []
    shown = guardduty.describe_organization_configuration(DetectorId=detector)
    assert shown["AutoEnableOrganizationMembers"] == "ALL"


# -- permissions ---------------------------------------------------------------------------------------


def test_it_declares_the_permissions_that_it_uses_and_no_other(untouched: World) -> None:
    mark = len(untouched.aws.calls)
    declaration = declared(untouched, [HOME, ELSEWHERE])
    untouched.apply(DELEGATION, untouched.security, declaration=declaration)
    used, expected = used_and_declared(untouched, DELEGATION, mark)
    assert {action for action in expected if action.startswith("guardduty:")} <= used
    for account in (untouched.management, untouched.security):
        automatic = declared(untouched, [HOME, ELSEWHERE], by="auto-enable")
        untouched.apply(THREATS, account, declaration=automatic)
    own_detector(Enable=False)(untouched, untouched.security)
    untouched.apply(THREATS, untouched.security, declaration=automatic)
    untouched.apply(THREATS, untouched.management, declaration=declaration)
    OURS.changed(lambda blocks: blocks.pop(HOME))(untouched, untouched.management)
    untouched.apply(THREATS, untouched.management, declaration=declaration)
    untouched.plan(THREATS, untouched.before(untouched.management), declaration=declaration)
    used, expected = used_and_declared(untouched, THREATS, mark)
    assert used == expected


@pytest.mark.parametrize("kind", ["management", "security"])
def test_its_permissions_fit_a_session(kind: Any) -> None:
    permissions = needed([*THREATS.reads, *THREATS.writes], kind)
    assert len(session_policy(permissions, "012345678901", "aws")) <= 2048
