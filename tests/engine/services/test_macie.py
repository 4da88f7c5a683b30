"""Macie of an organization: administrators, members, auto-enable, automated discovery, and where moto has none of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from local.engine import Engine
from tests.engine.organizations.accounts import administrator, code_of, new_member
from tests.engine.support import plain_moto, policy

HOME, ELSEWHERE, PRINCIPAL = "us-east-1", "eu-west-1", "macie.amazonaws.com"
DENIED, INVALID = "AccessDeniedException", "ValidationException"
CONFLICT, MISSING = "ConflictException", "ResourceNotFoundException"


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine(time_scale=0.001) as running:
        yield running


class Organization:
    """One with a security account and another member."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.api = engine, engine.client("organizations")
        self.management = engine.management_account
        self.security, self.member = new_member(engine), new_member(engine)
        self.credentials = {each: administrator(each) for each in (self.security, self.member)}

    def new(self) -> str:
        account = new_member(self.engine)
        self.credentials[account] = administrator(account)
        return account

    def macie(self, account: str = "", region: str = HOME) -> Any:
        credentials = self.credentials[account] if account else None
        return self.engine.client("macie2", region=region, credentials=credentials)

    def designate(self, account: str = "", region: str = HOME) -> None:
        given = {"adminAccountId": account or self.security}
        self.macie(region=region).enable_organization_admin_account(**given)

    def detail(self, account: str) -> dict[str, dict[str, str]]:
        found = self.api.describe_account(AccountId=account)["Account"]
        return {"account": {"accountId": account, "email": found["Email"]}}

    def add(self, account: str) -> None:
        self.macie(self.security).create_member(**self.detail(account))

    def members(self, **given: str) -> dict[str, str]:
        listed = self.macie(self.security).list_members(**given)["members"]
        return {each["accountId"]: each["relationshipStatus"] for each in listed}

    def discovers(self, account: str) -> str:
        items = self.macie(account).list_automated_discovery_accounts()["items"]
        (status,) = (each["status"] for each in items if each["accountId"] == account)
        return str(status)


@pytest.fixture
def organization(engine: Engine) -> Organization:
    return Organization(engine)


@pytest.fixture
def designated(organization: Organization) -> Organization:
    organization.designate()
    return organization


def test_an_account_switches_it_on_and_off_by_itself(organization: Organization) -> None:
    macie = organization.macie(organization.member)
    for look in (macie.get_macie_session, macie.list_members, macie.list_findings):
        assert code_of(look) == DENIED
    assert code_of(macie.update_macie_session, status="PAUSED") == DENIED
    macie.enable_macie(findingPublishingFrequency="ONE_HOUR")
    assert code_of(macie.enable_macie) == CONFLICT
    iam = organization.engine.client("iam", credentials=organization.credentials[organization.member])
    assert iam.get_role(RoleName="AWSServiceRoleForAmazonMacie")
    macie.update_macie_session(status="PAUSED")
    found = macie.get_macie_session()
    assert (found["status"], found["findingPublishingFrequency"]) == ("PAUSED", "ONE_HOUR")
    assert macie.list_findings()["findingIds"] == []
    assert code_of(macie.get_allow_list, id="none") == MISSING
    assert macie.get_automated_discovery_configuration()["status"] == "ENABLED"
    publishes = {"publishClassificationFindings": False, "publishPolicyFindings": True}
    assert macie.get_findings_publication_configuration()["securityHubConfiguration"] == publishes
    publishes["publishClassificationFindings"] = True
    macie.put_findings_publication_configuration(securityHubConfiguration=publishes)
    assert macie.get_findings_publication_configuration()["securityHubConfiguration"] == publishes
    assert code_of(organization.macie(organization.member, ELSEWHERE).get_macie_session) == DENIED
    macie.disable_macie()
    assert code_of(macie.get_macie_session) == DENIED


def test_management_designates_one_administrator_region_by_region(organization: Organization) -> None:
    management, api = organization.macie(), organization.api
    assert code_of(organization.macie(organization.member).list_organization_admin_accounts) == DENIED
    organization.designate()
    shown = management.list_organization_admin_accounts()["adminAccounts"]
    assert shown == [{"accountId": organization.security, "status": "ENABLED"}]
    assert organization.macie(organization.security).get_macie_session()["status"] == "ENABLED"
    assert organization.macie(region=ELSEWHERE).list_organization_admin_accounts()["adminAccounts"] == []
    listed = api.list_delegated_administrators(ServicePrincipal=PRINCIPAL)["DelegatedAdministrators"]
    assert [each["Id"] for each in listed] == [organization.security]
    for account, region in ((organization.security, HOME), (organization.member, ELSEWHERE)):
        assert code_of(organization.designate, account=account, region=region) == CONFLICT
    assert code_of(organization.designate, account="999999999999") == CONFLICT
    management.disable_organization_admin_account(adminAccountId=organization.security)
    assert api.list_delegated_administrators(ServicePrincipal=PRINCIPAL)["DelegatedAdministrators"] == []
    assert code_of(organization.designate, account="999999999999") == INVALID
    take_off = management.disable_organization_admin_account
    assert code_of(take_off, adminAccountId=organization.security) == MISSING


def test_the_administrator_adds_suspends_and_removes_members(designated: Organization) -> None:
    security, member = designated.macie(designated.security), designated.member
    assert designated.members() == {}
    designated.add(member)
    assert designated.members() == {member: "Enabled"}
    own = designated.macie(member)
    assert own.get_macie_session()["status"] == "ENABLED"
    assert own.get_administrator_account()["administrator"]["accountId"] == designated.security
    for refused in (own.disable_macie, security.disable_macie):
        assert code_of(refused) == CONFLICT
    for account in (own, security):
        assert code_of(account.update_macie_session, status="PAUSED") == CONFLICT
    assert code_of(own.disassociate_from_administrator_account) == DENIED
    assert code_of(own.describe_organization_configuration) == DENIED
    security.update_member_session(id=member, status="PAUSED")
    assert designated.members() == {member: "Paused"}
    assert own.get_macie_session()["status"] == "PAUSED"
    security.update_member_session(id=member, status="ENABLED")
    security.update_macie_session(findingPublishingFrequency="SIX_HOURS")
    assert own.get_macie_session()["findingPublishingFrequency"] == "SIX_HOURS"
    assert code_of(security.delete_member, id=member) == CONFLICT
    security.disassociate_member(id=member)
    assert (designated.members(), designated.members(onlyAssociated="false")) == ({}, {member: "Removed"})
    assert own.get_macie_session()["status"] == "ENABLED"
    assert security.get_member(id=member)["relationshipStatus"] == "Removed"
    security.delete_member(id=member)
    assert designated.members(onlyAssociated="false") == {}
    assert code_of(security.get_member, id=member) == MISSING
    designated.add(member)
    assert designated.members() == {member: "Enabled"}


def test_who_cannot_be_added(designated: Organization) -> None:
    """The management account switches Macie on by itself; where it is suspended, so does its owner."""
    security, member, management = (
        designated.macie(designated.security),
        designated.member,
        designated.management,
    )
    assert code_of(designated.add, account=management) == INVALID
    designated.macie().enable_macie()
    designated.add(management)
    assert designated.members() == {management: "Enabled"}
    other = {"account": {"accountId": member, "email": "somebody@example.com"}}
    assert code_of(security.create_member, **other) == INVALID
    assert code_of(designated.add, account=designated.security) == INVALID
    designated.macie(member).enable_macie(status="PAUSED")
    assert code_of(designated.add, account=member) == CONFLICT
    assert code_of(security.update_member_session, id=member, status="ENABLED") == MISSING


def test_auto_enable_is_for_accounts_to_come(designated: Organization) -> None:
    security = designated.macie(designated.security)
    assert security.describe_organization_configuration()["autoEnable"] is False
    security.update_organization_configuration(autoEnable=True)
    assert security.describe_organization_configuration()["autoEnable"] is True
    assert designated.members() == {}
    later = designated.new()
    assert designated.members() == {later: "Enabled"}
    assert designated.macie(later).get_macie_session()["status"] == "ENABLED"
    security.disassociate_member(id=later)
    assert designated.members() == {}
    security.update_organization_configuration(autoEnable=False)
    assert code_of(designated.macie(designated.new()).get_macie_session) == DENIED


def test_an_account_that_was_closed_is_suspended(designated: Organization) -> None:
    designated.add(designated.member)
    designated.api.close_account(AccountId=designated.member)
    assert designated.members(onlyAssociated="false") == {designated.member: "AccountSuspended"}
    assert code_of(designated.add, account=designated.member) == INVALID


def test_automated_discovery_is_the_administrators(designated: Organization) -> None:
    security, member = designated.macie(designated.security), designated.member
    first = security.get_automated_discovery_configuration()
    assert (first["status"], first["autoEnableOrganizationMembers"]) == ("ENABLED", "ALL")
    designated.add(member)
    assert designated.discovers(member) == "ENABLED"
    change = security.batch_update_automated_discovery_accounts
    off = {"accounts": [{"accountId": member, "status": "DISABLED"}]}
    assert code_of(change, **off) == CONFLICT
    assert code_of(designated.macie(member).get_automated_discovery_configuration) == DENIED
    security.update_automated_discovery_configuration(status="ENABLED", autoEnableOrganizationMembers="NEW")
    assert change(**off)["errors"] == []
    assert designated.discovers(member) == "DISABLED"
    security.update_automated_discovery_configuration(status="ENABLED")
    assert designated.discovers(member) == "ENABLED"
    security.update_automated_discovery_configuration(status="DISABLED")
    assert {designated.discovers(each) for each in (member, designated.security)} == {"DISABLED"}
    later = designated.new()
    designated.add(later)
    assert designated.discovers(later) == "DISABLED"
    designated.macie().disable_organization_admin_account(adminAccountId=designated.security)
    assert designated.macie(member).get_macie_session()["status"] == "ENABLED"


def test_a_member_is_the_resource_of_its_administrators_calls(designated: Organization) -> None:
    iam = designated.engine.client("iam", credentials=designated.credentials[designated.security])
    member = f"arn:aws:macie2:{HOME}:{designated.security}:member/{designated.member}"
    narrow = {"Effect": "Allow", "Action": "macie2:*", "Resource": member}
    iam.create_role(
        RoleName="narrow",
        AssumeRolePolicyDocument=policy(
            {"Effect": "Allow", "Principal": {"AWS": designated.security}, "Action": "sts:AssumeRole"}
        ),
    )
    iam.put_role_policy(RoleName="narrow", PolicyName="may", PolicyDocument=policy(narrow))
    sts = designated.engine.client("sts", credentials=designated.credentials[designated.security])
    arn = f"arn:aws:iam::{designated.security}:role/narrow"
    given = sts.assume_role(RoleArn=arn, RoleSessionName="narrow")["Credentials"]
    held = type(designated.credentials[designated.security])(
        given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]
    )
    macie = designated.engine.client("macie2", credentials=held)
    macie.create_member(**designated.detail(designated.member))
    assert code_of(macie.create_member, **designated.detail(designated.management)) == DENIED
    assert macie.get_member(id=designated.member)["relationshipStatus"] == "Enabled"
    assert code_of(macie.list_members) == DENIED


def test_plain_moto_still_has_it_on_and_no_organization() -> None:
    said = plain_moto(
        """
        from moto.macie2.responses import MacieResponse
        told = [client("macie2").get_macie_session()["status"]]
        lacking = (
            "create_member", "describe_organization_configuration", "get_automated_discovery_configuration",
            "update_macie_session", "update_member_session", "update_organization_configuration",
        )
        print(told + [name for name in lacking if hasattr(MacieResponse, name)])
        """
    )
    assert said == str(["ENABLED"])
