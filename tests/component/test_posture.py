"""posture: what the security account configures centrally, and the management account's own hub."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import chain
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from moto.securityhub.models import securityhub_backends

from groundwork.baseline import loop
from groundwork.baseline.components import COMPONENTS
from groundwork.baseline.components.delegation import Delegation
from groundwork.baseline.components.organization import TRUSTED_SERVICES
from groundwork.baseline.components.posture import Posture
from groundwork.baseline.components.posture.central import DESCRIPTION, Aggregator, ConfigurationPolicy, Found
from groundwork.baseline.components.posture.difference import calls, content
from groundwork.baseline.components.posture.settings import Settings
from groundwork.contracts import Account
from groundwork.declaration import Declaration
from groundwork.declaration.loading import check, load
from groundwork.errors import ComponentNotSettled
from local.services.security_hub import Hub
from tests.component.conftest import World
from tests.component.sabotage import (
    Sabotage,
    differences,
    prove,
    prove_complete,
    some_of,
    used_and_declared,
    words,
)
from tests.component.without_aws import MEMBER, ON_ENGINE, SECURITY, target_without_aws

POSTURE, DELEGATION = Posture(), Delegation()
HOME, LINKED = "us-east-1", "eu-west-1"
HERE = f"arn:aws:securityhub:{HOME}::standards/"
FSBP, CIS = "aws-foundational-security-best-practices/v/1.0.0", "cis-aws-foundations-benchmark/v/5.0.0"
NAME = "groundwork-posture"
POLICY = f"configuration policy {NAME}"
BY_ENTRY_ROLE = "by an entry role of the security account"
ADMINISTRATOR = f"administrator of securityhub in {HOME}"
SERVICE, LINKED_ROLE = "securityhub.amazonaws.com", "AWSServiceRoleForSecurityHub"


@pytest.fixture(scope="module")
def world(own_world: World) -> World:
    """Security Hub has one administrator in an organization. Central configuration is on at once."""
    own_world.aws.patch(Hub, "central_seconds", 0)
    own_world.aws.patch(Hub, "association_seconds", 0)
    own_world.declaration = declared(own_world)
    return own_world


def declared(world: World, **posture: Any) -> Declaration:
    """Two Regions, and what is said of posture."""
    regions = world.declaration.regions.model_copy(update={"governed": [HOME, LINKED]})
    found = world.declaration.model_copy(update={"regions": regions}, deep=True)
    found._given.clear()
    found._given.update({"posture": posture} if posture else {})
    return check(found, COMPONENTS)


def cleared(world: World) -> World:
    """Nobody has Security Hub, and every trusted access is on."""
    securityhub_backends.clear()
    Hub.centrals.clear()
    Hub.aggregators.clear()
    organizations = world.aws.client("organizations")
    for account in organizations.list_delegated_administrators()["DelegatedAdministrators"]:
        for service in organizations.list_delegated_services_for_account(AccountId=account["Id"])[
            "DelegatedServices"
        ]:
            organizations.deregister_delegated_administrator(
                AccountId=account["Id"], ServicePrincipal=service["ServicePrincipal"]
            )
    for service in chain(*TRUSTED_SERVICES.values()):
        organizations.enable_aws_service_access(ServicePrincipal=service)
    return world


@pytest.fixture
def bare(world: World) -> World:
    return cleared(world)


@pytest.fixture
def delegated(bare: World) -> World:
    bare.apply(DELEGATION, bare.security)
    return bare


@pytest.fixture
def ready(delegated: World) -> World:
    delegated.apply(POSTURE, delegated.security)
    return delegated


@pytest.fixture(scope="module")
def laid(world: World) -> World:
    """As `ready`, once: who takes it leaves it as it was."""
    cleared(world).apply(DELEGATION, world.security)
    world.apply(POSTURE, world.security)
    return world


def hub(world: World, region: str = HOME) -> Any:
    return world.client("securityhub", world.security, region)


def standards(world: World, account: Account, region: str = HOME) -> set[str]:
    found = world.client("securityhub", account, region).get_enabled_standards()["StandardsSubscriptions"]
    return {each["StandardsArn"].partition("/")[2] for each in found}


def ours(world: World) -> Any:
    listed = hub(world).list_configuration_policies()["ConfigurationPolicySummaries"]
    return next(each["Arn"] for each in listed if each["Name"] == NAME)


def says(world: World) -> Any:
    return hub(world).get_configuration_policy(Identifier=ours(world))["ConfigurationPolicy"]["SecurityHub"]


def portrait(world: World) -> Any:
    """All that central configuration is, without ids."""
    client = hub(world)
    aggregators = client.list_finding_aggregators()["FindingAggregators"]
    found = [client.get_finding_aggregator(**each) for each in aggregators]
    configuration = client.describe_organization_configuration()["OrganizationConfiguration"]
    policies, associations = [], []
    if configuration["ConfigurationType"] == "CENTRAL":
        policies = [
            client.get_configuration_policy(Identifier=each["Id"])
            for each in client.list_configuration_policies()["ConfigurationPolicySummaries"]
        ]
        associations = client.list_configuration_policy_associations()[
            "ConfigurationPolicyAssociationSummaries"
        ]
    names = {each["Id"]: each["Name"] for each in policies}
    return (
        [(each["RegionLinkingMode"], each["Regions"]) for each in found],
        configuration,
        [(each["Name"], each.get("Description"), each["ConfigurationPolicy"]) for each in policies],
        [(each["TargetId"], names.get(each["ConfigurationPolicyId"])) for each in associations],
    )


# -- from nothing ------------------------------------------------------------------------------------


def test_from_nothing_every_account_and_region_has_the_declared_standards_and_no_others(
    delegated: World,
) -> None:
    changes = prove_complete(delegated, POSTURE, delegated.security)
    assert [change.resource for change in changes] == [
        "association of the root",
        "central configuration",
        POLICY,
        "finding aggregator",
    ]
    born = delegated.account()
    mark = len(delegated.aws.calls)
    for account in (born, delegated.tooling, delegated.security):
        for region in (HOME, LINKED):
            assert standards(delegated, account, region) == {FSBP, CIS}
    assert {call.operation for call in delegated.calls_since(mark)} == {"GetEnabledStandards"}
    assert hub(delegated, LINKED).describe_organization_configuration()["AutoEnable"] is False


def test_a_second_run_reads_eight_things_and_writes_nothing(ready: World) -> None:
    target = ready.target(POSTURE, ready.security)
    mark = len(ready.aws.calls)
    assert loop.apply(POSTURE, target) == []
    assert [call.operation for call in ready.calls_since(mark)] == [
        "ListDelegatedAdministrators",
        "DescribeRegions",
        "DescribeHub",
        "DescribeOrganizationConfiguration",
        "ListFindingAggregators",
        "GetFindingAggregator",
        "ListConfigurationPolicies",
        "ListConfigurationPolicyAssociations",
        "GetConfigurationPolicy",
    ]


def test_the_management_accounts_hub_is_enabled_by_its_own_run_without_standards(bare: World) -> None:
    changes = prove_complete(bare, POSTURE, bare.management)
    assert [change.resource for change in changes] == [f"Security Hub in {LINKED}", f"Security Hub in {HOME}"]
    assert standards(bare, bare.management) == set()
    bare.apply(DELEGATION, bare.security)
    bare.apply(POSTURE, bare.security)
    assert standards(bare, bare.management) == standards(bare, bare.management, LINKED) == {FSBP, CIS}
    target = bare.target(POSTURE, bare.management)
    mark = len(bare.aws.calls)
    assert loop.apply(POSTURE, target) == []
    assert [call.operation for call in bare.calls_since(mark)] == [
        "ListOrganizationAdminAccounts",
        "DescribeRegions",
        *["DescribeHub"] * 2,
    ]


def test_a_single_region_is_a_home_without_others(delegated: World) -> None:
    regions = delegated.declaration.regions.model_copy(update={"governed": [HOME]})
    alone = delegated.declaration.model_copy(update={"regions": regions})
    prove_complete(delegated, POSTURE, delegated.security, declaration=alone)
    found = hub(delegated).list_finding_aggregators()["FindingAggregators"][0]
    assert hub(delegated).get_finding_aggregator(**found)["RegionLinkingMode"] == "NO_REGIONS"
    assert standards(delegated, delegated.tooling) == {FSBP, CIS}


def test_a_plan_tells_all_of_it_before_the_security_account_administers_anything(bare: World) -> None:
    planned = bare.planned(POSTURE, bare.security)
    assert {change.resource: change.call.after for change in planned if change.call} == dict.fromkeys(
        ("finding aggregator", "central configuration", POLICY, "association of the root"),
        "the security account administers Security Hub",
    )
    with pytest.raises(ComponentNotSettled, match="posture would not settle"):
        bare.apply(POSTURE, bare.security)


def test_central_configuration_that_is_pending_is_asked_again(delegated: World) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Hub, "central_seconds", 10**6)
        with pytest.raises(ComponentNotSettled, match="configuration policy groundwork-posture"):
            delegated.apply(POSTURE, delegated.security)
    for central in Hub.centrals.values():
        central.ready = 0
    assert [each.resource for each in delegated.apply(POSTURE, delegated.security)] == [
        POLICY,
        "association of the root",
    ]


def test_what_is_declared_is_what_the_policy_says(ready: World) -> None:
    reason = "the root user has no password"
    declaration = declared(ready, standards=[CIS], exceptions=[{"control": "IAM.6", "reason": reason}])
    (change,) = prove_complete(ready, POSTURE, ready.security, declaration=declaration)
    assert change.reason == f"enables the standard {FSBP}, which is not declared; does not disable IAM.6"
    assert says(ready) == {
        "ServiceEnabled": True,
        "EnabledStandardIdentifiers": [f"{HERE}{CIS}"],
        "SecurityControlsConfiguration": {"DisabledSecurityControlIdentifiers": ["IAM.6"]},
    }
    assert standards(ready, ready.tooling) == {CIS}


def test_one_unit_after_the_other_where_units_are_named(ready: World) -> None:
    """The root stays as it is, told; a unit without a policy of its own follows."""
    disassociated(ready, ready.security)
    dev, other = ready.account(), ready.account(unit="Workloads/Production")
    declaration = declared(ready, where=["Workloads/Development", "Security"])
    changes = prove_complete(ready, POSTURE, ready.security, declaration=declaration)
    assert {each.resource for each in changes} == {
        "association of the unit Workloads/Development",
        "association of the unit Security",
    }
    assert standards(ready, dev) == standards(ready, ready.security) == {FSBP, CIS}
    with pytest.raises(ClientError, match="not subscribed"):
        standards(ready, other)
    ready.apply(POSTURE, ready.security)
    less = declared(ready, where=["Security"])
    reports = told(ready, ready.security, declaration=less)
    assert [
        each
        for each in reports
        if ready.organization.root_id in each and f"disassociate it {BY_ENTRY_ROLE}" in each
    ]


# -- what is done to it ------------------------------------------------------------------------------


def policy(**changes: Any) -> Callable[[World, Account], object]:
    """Something else stands in the configuration policy."""

    def do(world: World, account: Account) -> None:
        content = {"SecurityHub": says(world) | changes}
        if not content["SecurityHub"]["ServiceEnabled"]:
            content = {"SecurityHub": {"ServiceEnabled": False}}
        hub(world).update_configuration_policy(Identifier=ours(world), ConfigurationPolicy=content)

    return do


def described(world: World, account: Account) -> None:
    hub(world).update_configuration_policy(Identifier=ours(world), Description="theirs")


def disassociated(world: World, account: Account) -> None:
    root = {"RootId": world.organization.root_id}
    hub(world).start_configuration_policy_disassociation(
        ConfigurationPolicyIdentifier=ours(world), Target=root
    )


def self_managed(world: World, account: Account) -> None:
    root = {"RootId": world.organization.root_id}
    hub(world).start_configuration_policy_association(
        ConfigurationPolicyIdentifier="SELF_MANAGED_SECURITY_HUB", Target=root
    )


def deleted(world: World, account: Account) -> None:
    disassociated(world, account)
    hub(world).delete_configuration_policy(Identifier=ours(world))


def local(world: World, account: Account) -> None:
    deleted(world, account)
    hub(world).update_organization_configuration(
        AutoEnable=True, OrganizationConfiguration={"ConfigurationType": "LOCAL"}
    )


def unlinked(mode: str, *regions: str) -> Callable[[World, Account], object]:
    def do(world: World, account: Account) -> None:
        arn = hub(world).list_finding_aggregators()["FindingAggregators"][0]["FindingAggregatorArn"]
        hub(world).update_finding_aggregator(
            FindingAggregatorArn=arn,
            RegionLinkingMode=mode,
            **({"Regions": list(regions)} if regions else {}),
        )

    return do


def without_aggregator(world: World, account: Account) -> None:
    local(world, account)
    arn = hub(world).list_finding_aggregators()["FindingAggregators"][0]["FindingAggregatorArn"]
    hub(world).delete_finding_aggregator(FindingAggregatorArn=arn)


OLD = f"{HERE}cis-aws-foundations-benchmark/v/3.0.0"
ROOT = "association of the root"
SABOTAGES = [
    Sabotage("switched off", policy(ServiceEnabled=False), POLICY, "switches Security Hub off", "high"),
    Sabotage("a standard gone", policy(EnabledStandardIdentifiers=[f"{HERE}{CIS}"]), POLICY,
             f"lacks the standard {FSBP}"),
    Sabotage("a standard more", policy(EnabledStandardIdentifiers=[f"{HERE}{CIS}", f"{HERE}{FSBP}", OLD]), POLICY,
             "enables the standard cis-aws-foundations-benchmark/v/3.0.0, which is not declared"),
    Sabotage("a control off", policy(SecurityControlsConfiguration={"DisabledSecurityControlIdentifiers": ["IAM.1"]}),
             POLICY, "disables IAM.1, which is not declared as an exception"),
    Sabotage("few controls on", policy(SecurityControlsConfiguration={"EnabledSecurityControlIdentifiers": ["IAM.1"]}),
             POLICY, "enables listed controls alone"),
    Sabotage("a parameter", policy(SecurityControlsConfiguration={
                 "DisabledSecurityControlIdentifiers": [],
                 "SecurityControlCustomParameters": [{"SecurityControlId": "IAM.7", "Parameters": {
                     "MinimumPasswordLength": {"ValueType": "CUSTOM", "Value": {"Integer": 8}}}}]}),
             POLICY, "has control parameters of its own"),
    Sabotage("description", described, POLICY, "description is 'theirs'; expected", "low"),
    Sabotage("a Region unlinked", unlinked("NO_REGIONS"), "finding aggregator", f"does not link {LINKED}", "high"),
    Sabotage("the root left alone", disassociated, ROOT, "is not with configuration policy groundwork-posture", "high"),
    Sabotage("the root self-managed", self_managed, ROOT, "is not with configuration policy", "high"),
    Sabotage("policy gone", deleted, POLICY, "does not exist", "high", besides=(ROOT,)),
    Sabotage("local configuration", local, "central configuration", "is off: each account", "high",
             besides=(POLICY, ROOT)),
    Sabotage("no aggregator", without_aggregator, "finding aggregator", "does not exist",
             besides=("central configuration", POLICY, ROOT)),
]  # fmt: skip


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda each: each.name)
def test_every_sabotage_is_named_and_put_right(laid: World, sabotage: Sabotage) -> None:
    prove(laid, POSTURE, laid.security, sabotage, lambda: portrait(laid))


@ON_ENGINE
@given(sabotages=some_of(SABOTAGES[:8]))
def test_a_plan_tells_all_that_apply_does_from_any_state(laid: World, sabotages: list[Sabotage]) -> None:
    laid.apply(POSTURE, laid.security)
    good = portrait(laid)
    for each in sabotages:
        each.do(laid, laid.security)
    assert prove_complete(laid, POSTURE, laid.security)
    assert portrait(laid) == good


def test_what_others_linked_besides_stays(ready: World) -> None:
    unlinked("SPECIFIED_REGIONS", "eu-west-2")(ready, ready.security)
    ready.apply(POSTURE, ready.security)
    assert portrait(ready)[0] == [("SPECIFIED_REGIONS", [LINKED, "eu-west-2"])]
    unlinked("ALL_REGIONS_EXCEPT_SPECIFIED", LINKED, "eu-west-2")(ready, ready.security)
    ready.apply(POSTURE, ready.security)
    assert portrait(ready)[0] == [("ALL_REGIONS_EXCEPT_SPECIFIED", ["eu-west-2"])]
    unlinked("ALL_REGIONS")(ready, ready.security)
    assert ready.plan(POSTURE, ready.security) == []


# -- what is others' ---------------------------------------------------------------------------------


def told(world: World, account: Account, **given: Any) -> list[str]:
    """The reports of a plan, where nothing is planned, and nothing is done by an apply."""
    planned = world.plan(POSTURE, account, **given)
    mark = len(world.aws.calls)
    assert world.apply(POSTURE, account, **given) == planned
    assert differences(planned) == []
    made = [call for call in world.calls_since(mark) if call.service == "securityhub"]
    assert [call for call in made if call.mutating] == []
    return words(planned)


def test_an_organization_whose_security_hub_another_account_runs_is_told_and_left(bare: World) -> None:
    theirs = bare.tooling
    bare.aws.client("securityhub").enable_organization_admin_account(AdminAccountId=theirs.id)
    bare.apply(DELEGATION, bare.security)
    for account in (bare.management, bare.security):
        (report,) = told(bare, account)
        assert report.startswith(f"report {ADMINISTRATOR}: is account {theirs.id}, which runs it")
    reports = [each for each in bare.plan(DELEGATION, bare.security) if each.action == "report"]
    assert [each.resource for each in reports] == [ADMINISTRATOR]
    shown = bare.aws.client("securityhub").list_organization_admin_accounts()["AdminAccounts"]
    assert [each["AccountId"] for each in shown] == [theirs.id]


def test_findings_that_are_gathered_in_another_region_stay_there(delegated: World) -> None:
    delegated.client("securityhub", delegated.security, LINKED).enable_security_hub()
    hub(delegated, LINKED).create_finding_aggregator(RegionLinkingMode="ALL_REGIONS")
    (report,) = told(delegated, delegated.security)
    assert f"finding aggregator: has its home in {LINKED}, and regions.home is {HOME}" in report
    assert BY_ENTRY_ROLE in report


def test_another_configuration_policy_on_the_root_stays(ready: World) -> None:
    content = {"SecurityHub": {"ServiceEnabled": False}}
    theirs = hub(ready).create_configuration_policy(Name="theirs", ConfigurationPolicy=content)["Id"]
    hub(ready).start_configuration_policy_association(
        ConfigurationPolicyIdentifier=theirs, Target={"RootId": ready.organization.root_id}
    )
    (report,) = told(ready, ready.security)
    assert f"association of the root: is with configuration policy {theirs}, which somebody else" in report
    assert BY_ENTRY_ROLE in report


def test_accounts_with_a_configuration_of_their_own_are_told(ready: World) -> None:
    hub(ready).start_configuration_policy_association(
        ConfigurationPolicyIdentifier="SELF_MANAGED_SECURITY_HUB", Target={"AccountId": ready.tooling.id}
    )
    (report,) = told(ready, ready.security)
    assert f"{ready.tooling.id} do not follow groundwork-posture" in report
    assert BY_ENTRY_ROLE in report


def test_policies_of_organizations_that_manage_security_hub_are_left_to_do_it(ready: World) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(next(iter(Hub.centrals.values()))), "status", lambda *_: "DISABLED")
        (report,) = told(ready, ready.security)
    assert "disable the policy type SECURITYHUB_CSPM_POLICY" in report


def test_a_policy_of_ours_that_is_declared_by_another_name_gives_way_and_is_told(ready: World) -> None:
    renamed = declared(ready, policy="other")
    ready.apply(POSTURE, ready.security, declaration=renamed)
    (report,) = told(ready, ready.security, declaration=renamed)
    assert f"{POLICY}: is ours, and other is declared instead; it is associated with nothing" in report
    assert BY_ENTRY_ROLE in report
    assert DESCRIPTION in str(portrait(ready))


# -- what AWS could not do -----------------------------------------------------------------------------


TARGET = target_without_aws("security", check(load(), {POSTURE.name: POSTURE}))
NEW = "ap-southeast-7"
"""A Region in which Config records nothing of IAM."""
IDENTIFIER, ROOT_ID = "11111111-2222-3333-4444-555555555555", TARGET.organization.root_id
GOOD = Found(
    *(SECURITY, True, "ENABLED", "", Aggregator("arn", HOME, "NO_REGIONS")),
    ConfigurationPolicy("arn", IDENTIFIER, NAME, DESCRIPTION, content(TARGET, Settings())),
    applied={ROOT_ID: IDENTIFIER},
)


def difference(found: Found, **changes: Any) -> list[tuple[str, str, str]]:
    declaration = TARGET.declaration.model_copy(update=changes)
    made = POSTURE.diff(found, replace(TARGET, declaration=declaration))
    return [(call.resource, call.reason, call.severity) for call in made]


def test_what_security_hub_could_not_do_is_told() -> None:
    assert difference(GOOD) == []
    ((resource, reason, _),) = difference(replace(GOOD, failed={ROOT_ID: "an account is suspended"}))
    assert (resource, "an account is suspended" in reason) == (ROOT, True)
    ((resource, reason, severity),) = difference(replace(GOOD, status="FAILED", message="no aggregator"))
    assert (resource, severity) == ("central configuration", "high")
    assert reason.startswith("could not be switched on: no aggregator; mend that")


def test_a_region_that_is_off_is_not_linked() -> None:
    regions = TARGET.declaration.regions.model_copy(update={"governed": [HOME, LINKED, "me-south-1"]})
    declaration = TARGET.declaration.model_copy(update={"regions": regions})
    (call,) = POSTURE.diff(replace(GOOD, off=("me-south-1",)), replace(TARGET, declaration=declaration))
    assert call.parameters["Regions"] == [LINKED]


def test_where_config_records_nothing_to_check_is_told() -> None:
    baseline = {kind: [*names] for kind, names in TARGET.declaration.baseline.items()}
    baseline["tooling"].remove("config")
    ((resource, reason, _),) = difference(GOOD, baseline=baseline)
    assert (resource, "is not in the baseline of kind tooling" in reason) == ("AWS Config", True)
    regions = TARGET.declaration.regions.model_copy(update={"home": NEW, "governed": [NEW, HOME]})
    linked = replace(GOOD, aggregator=Aggregator("arn", NEW, "ALL_REGIONS"))
    ((resource, reason, _),) = difference(linked, regions=regions)
    assert (resource, reason.startswith(f"records IAM in {HOME}, and")) == ("AWS Config", True)


def test_where_units_are_named_who_decides_elsewhere_is_told_nobody() -> None:
    apart = replace(GOOD, applied={ROOT_ID: IDENTIFIER, MEMBER: "SELF_MANAGED_SECURITY_HUB"})
    ((resource, reason, _),) = difference(apart)
    assert (resource, MEMBER in reason) == ("accounts with a configuration of their own", True)
    elsewhere = replace(GOOD, applied={MEMBER: "SELF_MANAGED_SECURITY_HUB"})
    assert list(calls(elsewhere, TARGET, Settings(where=["Security"]))) == []


# -- what it may do ----------------------------------------------------------------------------------


def test_it_uses_what_it_declares_and_nothing_else(bare: World) -> None:
    iam = bare.aws.client("iam")
    if any(role["RoleName"] == LINKED_ROLE for role in iam.list_roles()["Roles"]):
        iam.delete_service_linked_role(RoleName=LINKED_ROLE)
    mark = len(bare.aws.calls)
    bare.apply(POSTURE, bare.management)
    bare.apply(DELEGATION, bare.security)
    bare.apply(POSTURE, bare.security)
    for sabotage in SABOTAGES[6:8]:
        sabotage.do(bare, bare.security)
        bare.apply(POSTURE, bare.security)
    used, declared_ = used_and_declared(bare, POSTURE, mark)
    assert used == declared_
