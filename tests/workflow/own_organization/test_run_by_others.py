"""An organization whose GuardDuty and Security Hub another account runs, and whose root has an EC2 policy of others: told, and
left as they are; accounts become ready all the same."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from tests.workflow.conftest import TIME_SCALE, Cloud, Slot, bootstrapped, deployed, until
from tests.workflow.own_organization.test_beginnings import make_account
from tests.workflow.people import keys

EC2_POLICY = "DECLARATIVE_POLICY_EC2"
THEIRS = {"ec2_attributes": {"image_block_public_access": {"state": {"@@assign": "unblocked"}}}}
SERVICES = ("guardduty", "securityhub")


@dataclass(frozen=True)
class Inherited:
    """The organization, the account that runs the services, and what a plan of the management account says in the end."""

    cloud: Cloud
    audit: str
    plan: dict[str, Any]


@pytest.fixture(scope="module")
def inherited(slot: Slot) -> Inherited:
    aws = slot.own(time_scale=TIME_SCALE)
    audit, organizations = make_account(aws, "audit"), aws.client("organizations")
    for service in SERVICES:
        organizations.enable_aws_service_access(ServicePrincipal=f"{service}.amazonaws.com")
        aws.client(service).enable_organization_admin_account(AdminAccountId=audit)
    root = organizations.list_roots()["Roots"][0]["Id"]
    organizations.enable_policy_type(RootId=root, PolicyType=EC2_POLICY)
    enabled = {"Type": EC2_POLICY, "Status": "ENABLED"}
    until(lambda: enabled in organizations.list_roots()["Roots"][0]["PolicyTypes"], EC2_POLICY)
    theirs = {"Name": "theirs", "Description": "Of another team", "Type": EC2_POLICY}
    made = organizations.create_policy(Content=json.dumps(THEIRS), **theirs)["Policy"]["PolicySummary"]
    organizations.attach_policy(PolicyId=made["Id"], TargetId=root)

    cloud = bootstrapped(deployed(aws))
    cloud.declared("security")
    cloud.all_ended()
    planned = cloud.start(accountId=aws.management_account, mode="plan")
    assert planned.status == "SUCCEEDED", str(planned)
    return Inherited(cloud, audit, planned.output)


def test_accounts_become_ready(inherited: Inherited) -> None:
    cloud = inherited.cloud
    ended = cloud.ask(
        accountName="shop", email="shop@example.com", organizationalUnit="Workloads/Development"
    )
    assert ended.status == "SUCCEEDED", str(ended)


@pytest.mark.parametrize("service", SERVICES)
def test_who_runs_a_service_goes_on_running_it(inherited: Inherited, service: str) -> None:
    administrators = inherited.cloud.aws.client(service).list_organization_admin_accounts()["AdminAccounts"]
    assert {each.get("AdminAccountId", each.get("AccountId")) for each in administrators} == {inherited.audit}


def test_the_guard_rails_leave_it_its_work(inherited: Inherited) -> None:
    cloud = inherited.cloud
    iam = cloud.inside("iam", inherited.audit)
    trust = {"Effect": "Allow", "Principal": {"AWS": inherited.audit}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = iam.create_role(RoleName="auditor", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    iam.attach_role_policy(RoleName="auditor", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    given = cloud.inside("sts", inherited.audit).assume_role(RoleArn=role, RoleSessionName="audit")
    session = keys(given["Credentials"])
    found = cloud.inside("guardduty", inherited.audit).list_detectors()["DetectorIds"]
    guardduty = cloud.aws.client("guardduty", credentials=session)
    detector = found[0] if found else guardduty.create_detector(Enable=True)["DetectorId"]
    guardduty.update_organization_configuration(DetectorId=detector, AutoEnableOrganizationMembers="NEW")
    with pytest.raises(guardduty.exceptions.ClientError, match="service control policy"):
        cloud.aws.client("account", credentials=session).put_account_name(AccountName="else")


def test_nothing_would_be_done_about_it(inherited: Inherited) -> None:
    assert inherited.plan["changes"] == []


@pytest.mark.parametrize("component", ["threat-detection", "posture", "organization-policies"])
def test_it_is_told(inherited: Inherited, component: str) -> None:
    about = [each for each in inherited.plan["reports"] if each["component"] == component]
    named = "theirs" if component == "organization-policies" else inherited.audit
    assert any(named in f"{each['resource']} {each['reason']}" for each in about), about
