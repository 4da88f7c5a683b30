"""Security Hub in the embedded AWS: who administers it, what central configuration binds, and that moto has little of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from local.engine import Engine
from local.services.security_hub import Hub
from tests.engine.organizations.accounts import administrator, code_of, new_member
from tests.engine.support import eventually, plain_moto

FSBP = "arn:aws:securityhub:us-east-1::standards/aws-foundational-security-best-practices/v/1.0.0"
CIS = "arn:aws:securityhub:us-east-1::standards/cis-aws-foundations-benchmark/v/5.0.0"
OLD_CIS = "arn:aws:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.2.0"
CENTRAL = {
    "AutoEnable": False,
    "AutoEnableStandards": "NONE",
    "OrganizationConfiguration": {"ConfigurationType": "CENTRAL"},
}
SELF_MANAGED = "SELF_MANAGED_SECURITY_HUB"


class Place(NamedTuple):
    """An organization with an administrator of Security Hub and another member: an engine, ids, and the root."""

    engine: Engine
    admin: str
    member: str
    root: str

    def hub(self, account: str, region: str = "us-east-1") -> Any:
        return self.engine.client("securityhub", region=region, credentials=administrator(account))


@pytest.fixture
def place() -> Iterator[Place]:
    with Engine(time_scale=0.001) as engine:
        engine.patch(Hub, "central_seconds", 0)
        engine.patch(Hub, "association_seconds", 0)
        admin, member = new_member(engine), new_member(engine)
        root = engine.client("organizations").list_roots()["Roots"][0]["Id"]
        yield Place(engine, admin, member, root)


def policy(*standards: str, **more: Any) -> dict[str, Any]:
    controls: dict[str, list[str]] = {"DisabledSecurityControlIdentifiers": []}
    return {
        "SecurityHub": {
            "ServiceEnabled": True,
            "EnabledStandardIdentifiers": list(standards),
            "SecurityControlsConfiguration": controls,
            **more,
        }
    }


def standards(hub: Any) -> set[str]:
    return {each["StandardsArn"] for each in hub.get_enabled_standards()["StandardsSubscriptions"]}


def centrally(place: Place, *linked: str) -> Any:
    """A client of the administrator, with central configuration on."""
    place.engine.client("securityhub").enable_organization_admin_account(AdminAccountId=place.admin)
    admin = place.hub(place.admin)
    how = {"RegionLinkingMode": "SPECIFIED_REGIONS", "Regions": list(linked)}
    admin.create_finding_aggregator(**(how if linked else {"RegionLinkingMode": "NO_REGIONS"}))
    admin.update_organization_configuration(**CENTRAL)
    return admin


def test_the_management_account_names_the_administrator_whose_hub_goes_on(place: Place) -> None:
    management, admin, member = (
        place.engine.client("securityhub"),
        place.hub(place.admin),
        place.hub(place.member),
    )
    assert code_of(member.list_organization_admin_accounts) == "AccessDeniedException"
    assert code_of(admin.describe_organization_configuration) == "InvalidAccessException"
    assert code_of(admin.describe_hub) == "InvalidAccessException"
    management.enable_organization_admin_account(AdminAccountId=place.admin)
    shown = management.list_organization_admin_accounts()["AdminAccounts"]
    assert shown == [{"AccountId": place.admin, "Status": "ENABLED"}]
    services = place.engine.client("organizations").list_delegated_services_for_account(AccountId=place.admin)
    assert [each["ServicePrincipal"] for each in services["DelegatedServices"]] == [
        "securityhub.amazonaws.com"
    ]
    assert standards(admin) == {FSBP, OLD_CIS}
    assert (
        code_of(management.enable_organization_admin_account, AdminAccountId=place.member)
        == "InvalidInputException"
    )
    configuration = admin.describe_organization_configuration()
    assert configuration["OrganizationConfiguration"] == {"ConfigurationType": "LOCAL", "Status": "ENABLED"}
    assert code_of(admin.disable_security_hub) == "InvalidAccessException"


def test_a_configuration_policy_on_the_root_binds_every_member_in_the_linked_regions(place: Place) -> None:
    admin = centrally(place, "eu-west-1")
    made = admin.create_configuration_policy(Name="ours", ConfigurationPolicy=policy(FSBP, CIS))
    here, there = place.hub(place.member), place.hub(place.member, "eu-west-1")
    assert code_of(here.describe_hub) == "InvalidAccessException"
    admin.start_configuration_policy_association(
        ConfigurationPolicyIdentifier=made["Id"], Target={"RootId": place.root}
    )
    assert standards(here) == {FSBP, CIS}
    assert standards(there) == {arn.replace("us-east-1", "eu-west-1") for arn in (FSBP, CIS)}
    assert code_of(place.hub(place.member, "eu-west-2").describe_hub) == "InvalidAccessException"
    assert standards(admin) == {FSBP, CIS}
    assert {each["AccountId"] for each in admin.list_members()["Members"]} == {place.member}
    assert here.get_administrator_account()["Administrator"]["AccountId"] == place.admin
    subscription = here.get_enabled_standards()["StandardsSubscriptions"][0]["StandardsSubscriptionArn"]
    for refused, given in (
        (here.disable_security_hub, {}),
        (here.batch_disable_standards, {"StandardsSubscriptionArns": [subscription]}),
        (here.batch_enable_standards, {"StandardsSubscriptionRequests": [{"StandardsArn": OLD_CIS}]}),
    ):
        assert code_of(refused, **given) == "AccessDeniedException"
    born = place.hub(new_member(place.engine))
    assert standards(born) == {FSBP, CIS}
    admin.update_configuration_policy(Identifier=made["Arn"], ConfigurationPolicy=policy(FSBP))
    assert standards(born) == {FSBP}


def test_the_management_accounts_hub_is_enabled_by_itself_alone_and_then_bound(place: Place) -> None:
    admin, management = centrally(place), place.engine.client("securityhub")
    made = admin.create_configuration_policy(Name="ours", ConfigurationPolicy=policy(CIS))
    admin.start_configuration_policy_association(
        ConfigurationPolicyIdentifier=made["Id"], Target={"RootId": place.root}
    )
    assert code_of(management.describe_hub) == "InvalidAccessException"
    management.enable_security_hub(EnableDefaultStandards=False)
    assert standards(management) == {CIS}


def test_the_nearest_association_holds_and_what_was_laid_down_stays(place: Place) -> None:
    admin, member = centrally(place), place.hub(place.member)
    made = admin.create_configuration_policy(Name="ours", ConfigurationPolicy=policy(CIS))["Id"]
    root, account = {"RootId": place.root}, {"AccountId": place.member}
    admin.start_configuration_policy_association(ConfigurationPolicyIdentifier=made, Target=root)
    inherited = admin.get_configuration_policy_association(Target=account)
    assert (inherited["AssociationType"], inherited["ConfigurationPolicyId"]) == ("INHERITED", made)
    assert standards(member) == {CIS}
    admin.start_configuration_policy_association(ConfigurationPolicyIdentifier=SELF_MANAGED, Target=account)
    member.batch_enable_standards(StandardsSubscriptionRequests=[{"StandardsArn": FSBP}])
    assert standards(member) == {CIS, FSBP}
    applied = admin.list_configuration_policy_associations(Filters={"AssociationType": "APPLIED"})
    found = {
        each["TargetId"]: each["ConfigurationPolicyId"]
        for each in applied["ConfigurationPolicyAssociationSummaries"]
    }
    assert found == {place.root: made, place.member: SELF_MANAGED}
    admin.start_configuration_policy_disassociation(
        ConfigurationPolicyIdentifier=SELF_MANAGED, Target=account
    )
    assert standards(member) == {CIS}
    assert code_of(admin.delete_configuration_policy, Identifier=made) == "ResourceConflictException"
    admin.start_configuration_policy_disassociation(ConfigurationPolicyIdentifier=made, Target=root)
    admin.delete_configuration_policy(Identifier=made)
    assert standards(member) == {CIS}
    member.disable_security_hub()


def test_central_configuration_is_pending_for_a_while(place: Place) -> None:
    place.engine.patch(Hub, "central_seconds", 500)
    place.engine.patch(Hub, "association_seconds", 300)
    admin = centrally(place)

    def status() -> str:
        return str(admin.describe_organization_configuration()["OrganizationConfiguration"]["Status"])

    assert status() == "PENDING"
    assert code_of(admin.list_configuration_policies) == "AccessDeniedException"
    eventually(lambda: status() == "ENABLED")
    made = admin.create_configuration_policy(Name="ours", ConfigurationPolicy=policy(CIS))["Id"]
    target = {"RootId": place.root}
    begun = admin.start_configuration_policy_association(ConfigurationPolicyIdentifier=made, Target=target)
    assert begun["AssociationStatus"] == "PENDING"
    eventually(
        lambda: admin.get_configuration_policy_association(Target=target)["AssociationStatus"] == "SUCCESS"
    )


def test_the_type_of_the_organizations_policies_ends_central_configuration(place: Place) -> None:
    admin, organizations = centrally(place), place.engine.client("organizations")
    organizations.enable_policy_type(RootId=place.root, PolicyType="SECURITYHUB_CSPM_POLICY")

    def status() -> str:
        return str(admin.describe_organization_configuration()["OrganizationConfiguration"]["Status"])

    eventually(lambda: status() == "DISABLED")
    assert (
        code_of(admin.create_configuration_policy, Name="x", ConfigurationPolicy=policy(CIS))
        == "AccessDeniedException"
    )


def test_what_is_not_of_the_form_is_refused(place: Place) -> None:
    place.engine.client("securityhub").enable_organization_admin_account(AdminAccountId=place.admin)
    admin = place.hub(place.admin)
    assert code_of(admin.update_organization_configuration, **CENTRAL) == "InvalidInputException"
    for mode, regions in (("SPECIFIED_REGIONS", []), ("NO_REGIONS", ["eu-west-1"]), ("SOME", [])):
        given = {"RegionLinkingMode": mode, "Regions": regions}
        assert code_of(admin.create_finding_aggregator, **given) == "InvalidInputException"
    admin.create_finding_aggregator(RegionLinkingMode="NO_REGIONS")
    assert (
        code_of(admin.create_finding_aggregator, RegionLinkingMode="ALL_REGIONS") == "InvalidInputException"
    )
    member = place.hub(place.member)
    member.enable_security_hub(EnableDefaultStandards=False)
    assert standards(member) == set()
    assert (
        code_of(member.create_finding_aggregator, RegionLinkingMode="NO_REGIONS") == "InvalidInputException"
    )
    wrong = CENTRAL | {"AutoEnable": True}
    assert code_of(admin.update_organization_configuration, **wrong) == "InvalidInputException"
    admin.update_organization_configuration(**CENTRAL)
    both = {"EnabledSecurityControlIdentifiers": ["IAM.1"], "DisabledSecurityControlIdentifiers": ["IAM.2"]}
    for content in (
        policy(FSBP.replace("1.0.0", "9.9.9")),
        policy(FSBP, SecurityControlsConfiguration=both),
        policy(FSBP, ServiceEnabled=False),
    ):
        assert (
            code_of(admin.create_configuration_policy, Name="x", ConfigurationPolicy=content)
            == "InvalidInputException"
        )
    assert (
        code_of(admin.create_configuration_policy, Name="a b", ConfigurationPolicy=policy(FSBP))
        == "InvalidInputException"
    )
    admin.create_configuration_policy(Name="x", ConfigurationPolicy=policy(FSBP))
    assert (
        code_of(admin.create_configuration_policy, Name="x", ConfigurationPolicy=policy(FSBP))
        == "ResourceConflictException"
    )
    local = {"AutoEnable": False, "OrganizationConfiguration": {"ConfigurationType": "LOCAL"}}
    assert code_of(admin.update_organization_configuration, **local) == "ResourceConflictException"


def test_while_central_configuration_is_on_it_keeps_what_it_stands_on(place: Place) -> None:
    admin, management = centrally(place, "eu-west-1"), place.engine.client("securityhub")
    (aggregator,) = admin.list_finding_aggregators()["FindingAggregators"]
    taken_off = code_of(management.disable_organization_admin_account, AdminAccountId=place.admin)
    assert taken_off == "InvalidInputException"
    assert code_of(admin.delete_finding_aggregator, **aggregator) == "InvalidInputException"
    linked = place.hub(place.admin, "eu-west-1")
    assert code_of(linked.list_configuration_policies) == "InvalidAccessException"
    changed = {**aggregator, "RegionLinkingMode": "ALL_REGIONS"}
    assert code_of(linked.update_finding_aggregator, **changed) == "InvalidInputException"
    admin.update_finding_aggregator(**changed)


def test_nobody_is_bound_who_is_not_there_and_whoever_is_does_not_enable_it(place: Place) -> None:
    admin = centrally(place)
    made = [
        admin.create_configuration_policy(Name=f"p-{number}", ConfigurationPolicy=policy(CIS))["Id"]
        for number in range(20)
    ]
    more = code_of(admin.create_configuration_policy, Name="more", ConfigurationPolicy=policy(CIS))
    assert more == "LimitExceededException"
    associate = admin.start_configuration_policy_association
    given = {"ConfigurationPolicyIdentifier": made[0]}
    assert code_of(associate, **given, Target={"AccountId": "999999999999"}) == "ResourceNotFoundException"
    off = admin.update_configuration_policy(
        Identifier=made[0], ConfigurationPolicy={"SecurityHub": {"ServiceEnabled": False}}
    )
    associate(ConfigurationPolicyIdentifier=off["Id"], Target={"AccountId": place.member})
    assert code_of(place.hub(place.member).enable_security_hub) == "AccessDeniedException"


def test_a_region_that_is_off_at_first_is_no_home(place: Place) -> None:
    hub = place.engine.client("securityhub", region="me-south-1")
    hub.enable_security_hub()
    assert code_of(hub.create_finding_aggregator, RegionLinkingMode="NO_REGIONS") == "InvalidInputException"


def test_plain_moto_has_neither_standards_nor_central_configuration() -> None:
    assert "404" in plain_moto(
        'client("securityhub").create_finding_aggregator(RegionLinkingMode="NO_REGIONS")'
    )
    assert "404" in plain_moto('client("securityhub").list_configuration_policies()')
    assert "404" in plain_moto(
        """
        hub = client("securityhub")
        hub.enable_security_hub()
        print(hub.get_enabled_standards())
        """
    )
