"""GuardDuty of an organization: administrators, auto-enable, policies and what they hold, and where moto has none of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest
from botocore.exceptions import ClientError

from groundwork.side_by_side import side_by_side
from local.engine import Engine
from local.organizations import Organizations
from tests.engine.organizations.accounts import administrator, code_of, new_member
from tests.engine.support import eventually, plain_moto

TYPE = "GUARDDUTY_POLICY"
ON = {"status": {"@@assign": "enabled"}}
OFF = {"status": {"@@assign": "disabled"}}
REFUSED = "BadRequestException"


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine(time_scale=0.001) as running:
        yield running


class Organization:
    """One with a security account and another member."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.api = engine.client("organizations")
        self.root = self.api.list_roots()["Roots"][0]["Id"]
        self.security, self.member = new_member(engine), new_member(engine)
        self.credentials = {each: administrator(each) for each in (self.security, self.member)}

    def guardduty(self, account: str = "", region: str = "us-east-1") -> Any:
        credentials = self.credentials[account] if account else None
        return self.engine.client("guardduty", region=region, credentials=credentials)

    def designate(self) -> tuple[Any, str]:
        """The security account's client, and its detector."""
        self.guardduty().enable_organization_admin_account(AdminAccountId=self.security)
        security = self.guardduty(self.security)
        return security, security.create_detector(Enable=True)["DetectorId"]

    def enable_type(self) -> None:
        self.api.enable_aws_service_access(ServicePrincipal="guardduty.amazonaws.com")
        self.api.enable_policy_type(RootId=self.root, PolicyType=TYPE)
        eventually(lambda: {"Type": TYPE, "Status": "ENABLED"} in self.types())

    def types(self) -> list[dict[str, str]]:
        types: list[dict[str, str]] = self.api.list_roots()["Roots"][0]["PolicyTypes"]
        return types

    def attach(self, target: str = "", **blocks: Any) -> str:
        content = json.dumps(
            {"guardduty": {"enablement": {name.replace("_", "-"): block for name, block in blocks.items()}}}
        )
        made = self.api.create_policy(
            Name=f"p{len(content)}{target}", Description="", Type=TYPE, Content=content
        )
        policy = str(made["Policy"]["PolicySummary"]["Id"])
        self.api.attach_policy(PolicyId=policy, TargetId=target or self.root)
        return policy

    def features(self, account: str, region: str = "us-east-1") -> dict[str, tuple[str, bool]]:
        """Of the account's detector: status, and whether a policy manages it."""
        guardduty = self.guardduty(account, region)
        detectors = guardduty.list_detectors()["DetectorIds"]
        if not detectors:
            return {}
        shown = guardduty.get_detector(DetectorId=detectors[0])["Features"]
        return {each["Name"]: (each["Status"], each.get("ManagedBy") == TYPE) for each in shown}


@pytest.fixture
def organization(engine: Engine) -> Organization:
    return Organization(engine)


def test_the_management_account_designates_one_administrator_in_a_region(organization: Organization) -> None:
    management, api = organization.guardduty(), organization.api
    assert code_of(organization.guardduty(organization.member).list_organization_admin_accounts) == REFUSED
    management.enable_organization_admin_account(AdminAccountId=organization.security)
    shown = management.list_organization_admin_accounts()["AdminAccounts"]
    assert shown == [{"AdminAccountId": organization.security, "AdminStatus": "ENABLED"}]
    assert (
        organization.guardduty(region="eu-west-1").list_organization_admin_accounts()["AdminAccounts"] == []
    )
    trusted = api.list_aws_service_access_for_organization()["EnabledServicePrincipals"]
    assert "guardduty.amazonaws.com" in [each["ServicePrincipal"] for each in trusted]
    registered = api.list_delegated_administrators(ServicePrincipal="guardduty.amazonaws.com")
    assert [each["Id"] for each in registered["DelegatedAdministrators"]] == [organization.security]
    for account in (organization.security, organization.member):
        assert code_of(management.enable_organization_admin_account, AdminAccountId=account) == REFUSED
    management.disable_organization_admin_account(AdminAccountId=organization.security)
    assert management.list_organization_admin_accounts()["AdminAccounts"] == []
    registered = api.list_delegated_administrators(ServicePrincipal="guardduty.amazonaws.com")
    assert registered["DelegatedAdministrators"] == []


def test_a_new_detector_has_all_features_but_runtime_monitoring(organization: Organization) -> None:
    guardduty = organization.guardduty(organization.member)
    off = [{"Name": "LAMBDA_NETWORK_LOGS", "Status": "DISABLED"}]
    detector = guardduty.create_detector(Enable=True, Features=off)["DetectorId"]
    features = organization.features(organization.member)
    assert {name for name, (status, _) in features.items() if status == "DISABLED"} == {
        "LAMBDA_NETWORK_LOGS",
        "RUNTIME_MONITORING",
    }
    assert features["CLOUD_TRAIL"] == ("ENABLED", False)
    assert code_of(guardduty.create_detector, Enable=True) == REFUSED
    roles = organization.engine.client("iam", credentials=organization.credentials[organization.member])
    assert roles.get_role(RoleName="AWSServiceRoleForAmazonGuardDuty")
    guardduty.update_detector(
        DetectorId=detector, Features=[{"Name": "LAMBDA_NETWORK_LOGS", "Status": "ENABLED"}]
    )
    assert organization.features(organization.member)["LAMBDA_NETWORK_LOGS"] == ("ENABLED", False)
    guardduty.delete_detector(DetectorId=detector)
    assert guardduty.list_detectors()["DetectorIds"] == []


def test_auto_enable_reaches_every_account_and_keeps_it(organization: Organization) -> None:
    security, detector = organization.designate()
    unset = security.describe_organization_configuration(DetectorId=detector)
    assert unset["AutoEnableOrganizationMembers"] == "NONE"
    security.update_organization_configuration(
        DetectorId=detector,
        AutoEnableOrganizationMembers="ALL",
        Features=[{"Name": "S3_DATA_EVENTS", "AutoEnable": "ALL"}],
    )
    later = new_member(organization.engine)
    organization.credentials[later] = administrator(later)
    for account in (organization.member, later):
        features = organization.features(account)
        assert features["S3_DATA_EVENTS"] == ("ENABLED", False)
        assert features["RDS_LOGIN_EVENTS"] == ("DISABLED", False)
    members = {each["AccountId"] for each in security.list_members(DetectorId=detector)["Members"]}
    assert members == {organization.member, later}  # management has no service-linked role of GuardDuty
    theirs = organization.guardduty(later)
    (own,) = theirs.list_detectors()["DetectorIds"]
    assert (
        theirs.get_administrator_account(DetectorId=own)["Administrator"]["AccountId"]
        == organization.security
    )
    for refused in (theirs.delete_detector, theirs.disassociate_from_administrator_account):
        assert code_of(refused, DetectorId=own) == REFUSED
    assert code_of(theirs.update_detector, DetectorId=own, Enable=False) == REFUSED
    shown = security.get_member_detectors(DetectorId=detector, AccountIds=[later, "000000000000"])
    assert [each["AccountId"] for each in shown["MemberDataSourceConfigurations"]] == [later]
    assert [each["AccountId"] for each in shown["UnprocessedAccounts"]] == ["000000000000"]


def test_members_that_were_made_may_part_with_their_administrator(organization: Organization) -> None:
    security, detector = organization.designate()
    details = [{"AccountId": organization.member, "Email": "aws@example.com"}]
    assert security.create_members(DetectorId=detector, AccountDetails=details)["UnprocessedAccounts"] == []
    theirs = organization.guardduty(organization.member)
    (own,) = theirs.list_detectors()["DetectorIds"]
    assert code_of(theirs.delete_detector, DetectorId=own) == REFUSED
    theirs.disassociate_from_administrator_account(DetectorId=own)
    assert security.list_members(DetectorId=detector)["Members"] == []
    theirs.delete_detector(DetectorId=own)


def test_no_other_account_administers_than_an_active_one_of_the_organization(
    organization: Organization,
) -> None:
    designate = organization.guardduty().enable_organization_admin_account
    assert code_of(designate, AdminAccountId="999999999999") == REFUSED
    organization.api.close_account(AccountId=organization.member)
    assert code_of(designate, AdminAccountId=organization.member) == REFUSED


def test_what_the_organization_keeps_its_administrator_lets_go_of_no_sooner(
    organization: Organization,
) -> None:
    security, detector = organization.designate()
    everything = {"DetectorId": detector, "AutoEnableOrganizationMembers": "ALL"}
    for junk in (
        {"DetectorId": detector},
        everything | {"AutoEnable": True},
        everything | {"AutoEnableOrganizationMembers": "SOME"},
        everything | {"Features": [{"Name": "S3_DATA_EVENTS", "AutoEnable": "SOME"}]},
    ):
        assert code_of(security.update_organization_configuration, **junk) == REFUSED
    security.update_organization_configuration(**everything)
    unprocessed = security.disassociate_members(DetectorId=detector, AccountIds=[organization.member])
    assert [each["AccountId"] for each in unprocessed["UnprocessedAccounts"]] == [organization.member]
    members = security.list_members(DetectorId=detector)["Members"]
    assert [each["AccountId"] for each in members] == [organization.member]


def test_nothing_reaches_a_region_that_is_off(organization: Organization) -> None:
    organization.enable_type()
    organization.attach(default={"foundational": ON})
    assert organization.features(organization.member, "eu-west-1")
    assert organization.features(organization.member, "me-south-1") == {}


JUNK: list[tuple[Any, str]] = [
    ({"hello": {"@@assign": "world"}}, "no setting hello of the document"),
    ({"guardduty": {"enablement": {}}}, "guardduty/enablement has no setting"),
    (
        {"guardduty": {"enablement": {"everywhere": {"foundational": ON}}}},
        "no setting everywhere of guardduty/enablement",
    ),
    ({"guardduty": {"enablement": {"default": {"s3_data_events": ON}}}}, "foundational is to be enabled"),
    ({"guardduty": {"enablement": {"default": {"foundational": ON, "S3": ON}}}}, "no setting S3 of"),
    (
        {"guardduty": {"enablement": {"default": {"foundational": {"status": "enabled"}}}}},
        "an object is expected at .*/status",
    ),
    ({"guardduty": {"enablement": {"default": {"foundational": ["enabled"]}}}}, "an object is expected"),
    (
        {"guardduty": {"enablement": {"default": {"foundational": {"status": {**ON["status"], "x": 1}}}}}},
        "status cannot have x",
    ),
    (
        {
            "guardduty": {
                "enablement": {
                    "default": {
                        "foundational": ON,
                        "runtime_monitoring": {**ON, "additional_configuration": {}},
                    }
                }
            }
        },
        "knows no setting additional_configuration of .*runtime_monitoring",
    ),
]


def test_a_policy_is_read_before_it_is_taken(engine: Engine) -> None:
    create = engine.client("organizations").create_policy
    for document, why in JUNK:
        with pytest.raises(ClientError, match=f"MalformedPolicyDocument.*{why}"):
            create(Name="junk", Description="", Type=TYPE, Content=json.dumps(document))


def test_a_policy_switches_on_what_it_names_where_it_says_so_and_holds_it(organization: Organization) -> None:
    organization.enable_type()
    organization.attach(
        default={"foundational": ON, "s3_data_events": ON, "rds_login_events": OFF},
        eu_west_1={"foundational": ON},
    )
    there = organization.features(organization.member)
    assert there["S3_DATA_EVENTS"] == ("ENABLED", True)
    assert there["RDS_LOGIN_EVENTS"] == ("DISABLED", True)
    assert there["LAMBDA_NETWORK_LOGS"] == ("DISABLED", False)
    assert organization.features(organization.member, "eu-west-1")["S3_DATA_EVENTS"] == ("DISABLED", False)
    theirs = organization.guardduty(organization.member)
    (own,) = theirs.list_detectors()["DetectorIds"]
    assert code_of(theirs.delete_detector, DetectorId=own) == REFUSED
    assert code_of(theirs.update_detector, DetectorId=own, Enable=False) == REFUSED
    for name, expected in (("S3_DATA_EVENTS", REFUSED), ("LAMBDA_NETWORK_LOGS", None)):
        change = {"DetectorId": own, "Features": [{"Name": name, "Status": "ENABLED"}]}
        if expected:
            assert code_of(theirs.update_detector, **change) == expected
        else:
            theirs.update_detector(**change)
    assert organization.features(organization.member)["LAMBDA_NETWORK_LOGS"] == ("ENABLED", False)


def test_regions_that_no_policy_names_and_the_management_account_are_left_alone(
    organization: Organization,
) -> None:
    organization.enable_type()
    policy = organization.attach(us_east_1={"foundational": ON})
    assert organization.features(organization.member)
    assert organization.features(organization.member, "eu-west-1") == {}
    assert organization.features("") == {}
    organization.engine.client("iam").create_service_linked_role(AWSServiceName="guardduty.amazonaws.com")
    assert organization.features("")
    organization.api.detach_policy(PolicyId=policy, TargetId=organization.root)
    theirs = organization.guardduty(organization.member)
    (own,) = theirs.list_detectors()["DetectorIds"]  # stays on, and nobody holds it
    theirs.delete_detector(DetectorId=own)


def test_the_policy_type_ends_auto_enable_before_anything_is_attached(organization: Organization) -> None:
    security, detector = organization.designate()
    everything = {"DetectorId": detector, "AutoEnableOrganizationMembers": "ALL"}
    security.update_organization_configuration(**everything)
    assert organization.features(organization.member)
    organization.enable_type()
    shown = security.describe_organization_configuration(DetectorId=detector)
    assert shown["AutoEnableOrganizationMembers"] == "NONE"
    later = new_member(organization.engine)
    organization.credentials[later] = administrator(later)
    assert organization.features(later) == {}
    assert code_of(security.update_organization_configuration, **everything) == REFUSED
    organization.attach(default={"foundational": ON})
    assert organization.features(later)
    members = {each["AccountId"] for each in security.list_members(DetectorId=detector)["Members"]}
    assert members == {organization.member, later}


def test_nobody_administers_without_trusted_access(organization: Organization) -> None:
    security, detector = organization.designate()
    organization.api.disable_aws_service_access(ServicePrincipal="guardduty.amazonaws.com")
    assert code_of(security.describe_organization_configuration, DetectorId=detector) == REFUSED


def test_plain_moto_still_falls_short() -> None:
    observed = plain_moto("""
        guardduty = client("guardduty")
        for _ in range(2):
            guardduty.enable_organization_admin_account(AdminAccountId="222222222222")
        print(len(guardduty.list_organization_admin_accounts()["AdminAccounts"]), "administrators")
        detector = guardduty.create_detector(Enable=True)["DetectorId"]
        print(guardduty.get_detector(DetectorId=detector)["Features"])
        try: guardduty.describe_organization_configuration(DetectorId=detector)
        except Exception as e: print("no auto-enable")
        try: guardduty.list_members(DetectorId=detector)
        except Exception as e: print("no members")
    """)
    assert observed.split("\n") == ["2 administrators", "[]", "no auto-enable", "no members"]


def test_regions_that_name_the_administrator_at_once_register_it_once(
    organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each looks whether it is registered, and waits a moment for the other to have looked as well."""
    both, look = Barrier(2), Organizations.is_delegated

    def looked(backend: Organizations, *given: str) -> bool:
        found = look(backend, *given)
        with suppress(BrokenBarrierError):
            both.wait(timeout=1)
        return found

    monkeypatch.setattr(Organizations, "is_delegated", looked)
    clients = [organization.guardduty(region=region) for region in ("us-east-1", "eu-west-1")]
    side_by_side(
        *(
            partial(each.enable_organization_admin_account, AdminAccountId=organization.security)
            for each in clients
        )
    )
    (registered,) = organization.api.list_delegated_administrators()["DelegatedAdministrators"]
    assert registered["Id"] == organization.security
