"""Amazon Inspector of an organization: administrators, members, policies and what they hold, and where moto has none of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from local.engine import Engine
from tests.engine.organizations.accounts import administrator, code_of, new_member
from tests.engine.support import eventually, plain_moto

TYPE, HOME, ELSEWHERE = "INSPECTOR_POLICY", "us-east-1", "eu-west-1"
PRINCIPAL = "inspector2.amazonaws.com"
REFUSED, INVALID, CONFLICT = "AccessDeniedException", "ValidationException", "ConflictException"


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine(time_scale=0.001) as running:
        yield running


class Organization:
    """One with a security account and another member."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.api = engine, engine.client("organizations")
        self.root = self.api.list_roots()["Roots"][0]["Id"]
        self.security, self.member = new_member(engine), new_member(engine)
        self.credentials = {each: administrator(each) for each in (self.security, self.member)}

    def inspector(self, account: str = "", region: str = HOME) -> Any:
        credentials = self.credentials[account] if account else None
        return self.engine.client("inspector2", region=region, credentials=credentials)

    def designate(self, account: str, region: str = HOME) -> Any:
        return self.inspector(region=region).enable_delegated_admin_account(delegatedAdminAccountId=account)

    def enable_type(self) -> None:
        self.api.enable_aws_service_access(ServicePrincipal=PRINCIPAL)
        self.api.enable_policy_type(RootId=self.root, PolicyType=TYPE)
        expected = {"Type": TYPE, "Status": "ENABLED"}
        eventually(lambda: expected in self.api.list_roots()["Roots"][0]["PolicyTypes"])

    def attach(self, target: str = "", **scans: Any) -> str:
        content = json.dumps({"inspector": {"enablement": scans}})
        made = self.api.create_policy(Name=f"p{len(content)}", Description="", Type=TYPE, Content=content)
        policy = str(made["Policy"]["PolicySummary"]["Id"])
        self.api.attach_policy(PolicyId=policy, TargetId=target or self.root)
        return policy

    def scanned(self, account: str = "", region: str = HOME) -> set[str]:
        (found,) = self.inspector(account, region).batch_get_account_status()["accounts"]
        return {name for name, each in found["resourceState"].items() if each["status"] == "ENABLED"}


@pytest.fixture
def organization(engine: Engine) -> Organization:
    return Organization(engine)


def regions(on: list[str], off: list[str] | None = None, **within: Any) -> dict[str, Any]:
    return {"enable_in_regions": {"@@assign": on}, "disable_in_regions": {"@@assign": off or []}, **within}


def code_in(answer: Any) -> str:
    """Why the one account failed."""
    (failed,) = answer["failedAccounts"]
    return str(failed["errorCode"])


def test_management_designates_one_administrator_region_by_region(organization: Organization) -> None:
    management, api = organization.inspector(), organization.api
    assert code_of(organization.inspector(organization.member).list_delegated_admin_accounts) == REFUSED
    organization.designate(organization.security)
    shown = management.list_delegated_admin_accounts()["delegatedAdminAccounts"]
    assert shown == [{"accountId": organization.security, "status": "ENABLED"}]
    elsewhere = organization.inspector(region=ELSEWHERE).list_delegated_admin_accounts()
    assert elsewhere["delegatedAdminAccounts"] == []
    listed = api.list_delegated_administrators(ServicePrincipal=PRINCIPAL)["DelegatedAdministrators"]
    assert [each["Id"] for each in listed] == [organization.security]
    seen = organization.inspector(organization.member).get_delegated_admin_account()["delegatedAdmin"]
    assert seen["accountId"] == organization.security
    for account, region in ((organization.security, HOME), (organization.member, ELSEWHERE)):
        assert code_of(lambda given=account, where=region: organization.designate(given, where)) == CONFLICT
    assert code_of(lambda: organization.designate("999999999999", ELSEWHERE)) == CONFLICT
    management.disable_delegated_admin_account(delegatedAdminAccountId=organization.security)
    assert api.list_delegated_administrators(ServicePrincipal=PRINCIPAL)["DelegatedAdministrators"] == []
    assert code_of(lambda: organization.designate("999999999999")) == INVALID
    missing = organization.inspector(organization.member).get_delegated_admin_account
    assert code_of(missing) == "ResourceNotFoundException"


def test_an_account_by_itself_switches_scan_types_on_and_off(organization: Organization) -> None:
    inspector = organization.inspector(organization.member)
    assert organization.scanned(organization.member) == set()
    answer = inspector.enable(resourceTypes=["EC2", "LAMBDA"])
    assert answer["accounts"][0]["resourceStatus"]["lambda"] == "ENABLED"
    assert organization.scanned(organization.member) == {"ec2", "lambda"}
    iam = organization.engine.client("iam", credentials=organization.credentials[organization.member])
    assert iam.get_role(RoleName="AWSServiceRoleForAmazonInspector2")
    inspector.disable(resourceTypes=["EC2"])
    assert organization.scanned(organization.member) == {"lambda"}
    other = inspector.batch_get_account_status(accountIds=[organization.security])
    assert (other["accounts"], code_in(other)) == ([], "ACCESS_DENIED")
    assert code_of(inspector.describe_organization_configuration) == REFUSED
    assert code_of(inspector.list_members) == REFUSED


def test_the_administrator_has_members_and_switches_for_them(organization: Organization) -> None:
    organization.designate(organization.security)
    security, member = organization.inspector(organization.security), organization.member
    assert code_in(security.enable(accountIds=[member], resourceTypes=["EC2"])) == "ACCESS_DENIED"
    security.associate_member(accountId=member)
    security.enable(accountIds=[member], resourceTypes=["EC2"])
    assert organization.scanned(member) == {"ec2"}
    assert security.get_member(accountId=member)["member"]["relationshipStatus"] == "ENABLED"
    own = organization.inspector(member)
    assert code_in(own.disable(resourceTypes=["EC2"])) == "ACCESS_DENIED"
    security.disassociate_member(accountId=member)
    assert security.list_members()["members"] == []
    (former,) = security.list_members(onlyAssociated=False)["members"]
    assert (former["accountId"], former["relationshipStatus"]) == (member, "REMOVED")
    assert own.disable(resourceTypes=["EC2"])["failedAccounts"] == []


def test_auto_enable_is_for_accounts_to_come(organization: Organization) -> None:
    organization.designate(organization.security)
    security = organization.inspector(organization.security)
    security.update_organization_configuration(autoEnable={"ec2": True, "ecr": False})
    shown = security.describe_organization_configuration()["autoEnable"]
    assert (shown["ec2"], shown["ecr"], shown["lambda"]) == (True, False, False)
    assert organization.scanned(organization.member) == set()
    later = new_member(organization.engine)
    organization.credentials[later] = administrator(later)
    assert organization.scanned(later) == {"ec2"}
    assert [each["accountId"] for each in security.list_members()["members"]] == [later]


def test_a_policy_switches_on_what_it_names_and_nobody_switches_it_off(organization: Organization) -> None:
    organization.designate(organization.security)
    organization.enable_type()
    member = organization.member
    policy = organization.attach(
        ec2_scanning=regions(["ALL_SUPPORTED"], [ELSEWHERE]),
        lambda_standard_scanning=regions([HOME], lambda_code_scanning=regions([HOME])),
        code_repository_scanning=regions([], [HOME]),
    )
    assert organization.scanned(member) == {"ec2", "lambda", "lambdaCode"}
    assert organization.scanned(member, ELSEWHERE) == set()
    assert organization.scanned(member, "us-west-2") == {"ec2"}
    assert organization.scanned() == set()  # no service-linked role in the management account
    organization.engine.client("iam").create_service_linked_role(AWSServiceName=PRINCIPAL)
    assert organization.scanned() == {"ec2", "lambda", "lambdaCode"}
    own, security = organization.inspector(member), organization.inspector(organization.security)
    for client, accounts in ((own, []), (security, [member])):
        held = "BLOCKED_BY_ORGANIZATION_POLICY"
        assert code_in(client.disable(accountIds=accounts, resourceTypes=["EC2"])) == held
        assert code_in(client.enable(accountIds=accounts, resourceTypes=["CODE_REPOSITORY"])) == held
    own.enable(resourceTypes=["ECR"])
    assert "ecr" in organization.scanned(member)
    assert member in [each["accountId"] for each in security.list_members()["members"]]
    assert code_of(lambda: security.disassociate_member(accountId=member)) == INVALID
    organization.api.detach_policy(PolicyId=policy, TargetId=organization.root)
    assert organization.scanned(member) == {"ec2", "lambda", "lambdaCode", "ecr"}
    own.disable()
    assert organization.scanned(member) == set()


@pytest.mark.parametrize(
    ("scans", "why"),
    [
        ({}, "inspector/enablement has no setting"),
        ({"ec2_scanning": {"enable_in_regions": {"@@assign": []}}}, "disable_in_regions is missing"),
        ({"ec2_scanning": regions(["everywhere"])}, "cannot have @@assign ['everywhere']"),
        ({"s3_scanning": regions([HOME])}, "no setting s3_scanning"),
        ({"ec2_scanning": regions([HOME], lambda_code_scanning=regions([HOME]))}, "no setting lambda_code"),
        ({"lambda_standard_scanning": regions([HOME], lambda_code_scanning={})}, "is missing"),
    ],
)
def test_what_is_no_inspector_policy_is_refused(
    organization: Organization, scans: dict[str, Any], why: str
) -> None:
    malformed = organization.api.exceptions.MalformedPolicyDocumentException
    with pytest.raises(malformed) as refused:
        organization.attach(**scans)
    assert why in str(refused.value)


def test_a_child_adds_and_removes_regions(organization: Organization) -> None:
    organization.enable_type()
    organization.attach(ec2_scanning=regions([HOME]))
    organization.attach(
        organization.member,
        ec2_scanning={
            "enable_in_regions": {"@@append": [ELSEWHERE], "@@remove": [HOME]},
            "disable_in_regions": {"@@append": []},
        },
    )
    assert organization.scanned(organization.member, ELSEWHERE) == {"ec2"}
    assert organization.scanned(organization.member) == set()


def test_plain_moto_still_answers_otherwise() -> None:
    said = plain_moto(
        """
        inspector = client("inspector2")
        for account in ("222222222222", "333333333333"):
            inspector.enable_delegated_admin_account(delegatedAdminAccountId=account)
        print(len(inspector.list_delegated_admin_accounts()["delegatedAdminAccounts"]), "administrators")
        inspector.enable(accountIds=["444444444444"], resourceTypes=["EC2"])
        print(len(client("inspector2").disable(accountIds=["444444444444"], resourceTypes=["EC2"])["accounts"]))
        print(inspector.batch_get_account_status(accountIds=["123456789012"])["accounts"])
        """
    )
    assert said.splitlines() == ["2 administrators", "1", "[]"]
