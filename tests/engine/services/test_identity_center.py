"""IAM Identity Center of an organization: who administers it, what takes its time, the roles in accounts; and where moto has none."""

from __future__ import annotations

import json
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.__main__ import _enabled, _region
from local.engine import Engine
from local.services.identity_center import Center, enable
from tests.engine.organizations.accounts import administrator, code_of, new_member
from tests.engine.support import plain_moto

REFUSED, INVALID, CONFLICT = "AccessDeniedException", "ValidationException", "ConflictException"
MISSING, QUOTA = "ResourceNotFoundException", "ServiceQuotaExceededException"
PRINCIPAL = "sso.amazonaws.com"
OUTDATED = "LATEST_PERMISSION_SET_NOT_PROVISIONED"
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
POLICY = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(time_scale=0.001) as running:
        yield running


class Organization:
    """One with a security account, which administers IAM Identity Center, and another member."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.security, self.member = new_member(engine), new_member(engine)
        self.credentials = {each: administrator(each) for each in (self.security, self.member)}
        assert self.sso().list_instances().get("Instances", []) == []
        self.center: Center = enable(engine.management_account)
        self.center.seconds = 0
        self.group = self.store().create_group(
            IdentityStoreId=self.center.identity_store, DisplayName="Everybody"
        )["GroupId"]
        self.instance = {"InstanceArn": self.center.arn}
        engine.client("organizations").register_delegated_administrator(
            AccountId=self.security, ServicePrincipal=PRINCIPAL
        )

    def sso(self, account: str = "", region: str = "us-east-1") -> Any:
        credentials = self.credentials[account] if account else None
        return self.engine.client("sso-admin", region=region, credentials=credentials)

    def store(self, account: str = "") -> Any:
        credentials = self.credentials[account] if account else None
        return self.engine.client("identitystore", credentials=credentials)

    def made(self, name: str, **given: Any) -> dict[str, str]:
        created = self.sso(self.security).create_permission_set(**self.instance, Name=name, **given)
        return {**self.instance, "PermissionSetArn": created["PermissionSet"]["PermissionSetArn"]}

    def at(self, account: str) -> dict[str, str]:
        return {
            "TargetId": account,
            "TargetType": "AWS_ACCOUNT",
            "PrincipalType": "GROUP",
            "PrincipalId": self.group,
        }

    def roles(self, account: str) -> list[dict[str, Any]]:
        iam = self.engine.client("iam", credentials=self.credentials[account])
        found: list[dict[str, Any]] = iam.list_roles(PathPrefix="/aws-reserved/")["Roles"]
        return found


@pytest.fixture(scope="module")
def organization(engine: Engine) -> Organization:
    return Organization(engine)


def test_the_management_account_and_its_delegated_administrator_see_the_instance(
    organization: Organization,
) -> None:
    for account in ("", organization.security):
        (found,) = organization.sso(account).list_instances().get("Instances", [])
        assert found["OwnerAccountId"] == organization.engine.management_account
    assert organization.sso(organization.member).list_instances().get("Instances", []) == []
    assert organization.sso(region="eu-west-1").list_instances().get("Instances", []) == []
    theirs = organization.sso(organization.member)
    assert code_of(lambda: theirs.list_permission_sets(**organization.instance)) == REFUSED


def test_a_group_is_found_by_its_display_name_from_the_delegated_administrator(
    organization: Organization,
) -> None:
    store = {"IdentityStoreId": organization.center.identity_store}
    made = organization.store().create_group(**store, DisplayName="Admins")["GroupId"]
    asked = {"UniqueAttribute": {"AttributePath": "displayName", "AttributeValue": "Admins"}}
    theirs = organization.store(organization.security)
    assert theirs.get_group_id(**store, AlternateIdentifier=asked)["GroupId"] == made
    asked["UniqueAttribute"]["AttributeValue"] = "Nobody"
    assert code_of(lambda: theirs.get_group_id(**store, AlternateIdentifier=asked)) == MISSING
    member = organization.store(organization.member)
    assert code_of(lambda: member.get_group_id(**store, AlternateIdentifier=asked)) == REFUSED


def test_a_key_of_the_instance_is_used_as_the_caller(organization: Organization) -> None:
    store = {"IdentityStoreId": organization.center.identity_store}
    asked = {"UniqueAttribute": {"AttributePath": "displayName", "AttributeValue": "Admins"}}
    organization.center.key = organization.engine.client("kms").create_key()["KeyMetadata"]["Arn"]
    theirs, sso = organization.store(organization.security), organization.sso(organization.security)
    calls: list[Callable[[], object]] = [
        lambda: theirs.get_group_id(**store, AlternateIdentifier=asked),
        lambda: sso.list_permission_sets(**organization.instance),
        lambda: sso.create_permission_set(**organization.instance, Name="keyed"),
    ]
    refused = []
    for call in calls:
        with pytest.raises(ClientError, match="kms:Decrypt") as denied:
            call()
        refused.append((denied.value.response["Error"]["Code"], denied.value.response.get("Reason")))
    assert sso.list_instances()["Instances"]
    organization.center.key = None
    of_the_key = (REFUSED, "KMS_AccessDeniedException")
    assert refused == [(REFUSED, "KMS_ACCESS_DENIED"), of_the_key, of_the_key]


def test_a_permission_set_has_tags_policies_and_a_boundary(organization: Organization) -> None:
    sso, which = (
        organization.sso(organization.security),
        organization.made("full", Tags=[{"Key": "a", "Value": "b"}]),
    )
    resource = {**organization.instance, "ResourceArn": which["PermissionSetArn"]}
    assert sso.list_tags_for_resource(**resource).get("Tags", []) == [{"Key": "a", "Value": "b"}]
    sso.tag_resource(**resource, Tags=[{"Key": "c", "Value": "d"}])
    sso.untag_resource(**resource, TagKeys=["a"])
    assert sso.list_tags_for_resource(**resource).get("Tags", []) == [{"Key": "c", "Value": "d"}]
    assert code_of(lambda: organization.made("full")) == CONFLICT
    assert sso.describe_permission_set(**which)["PermissionSet"]["SessionDuration"] == "PT1H"
    page = "https://console.aws.amazon.com/ec2/"
    for given, shown in (({"RelayState": page}, page), ({"Description": "mine"}, None)):
        sso.update_permission_set(**which, **given)
        assert sso.describe_permission_set(**which)["PermissionSet"].get("RelayState") == shown
    for wrong in ("PT13H", "PT5M", "P1Y"):
        assert (
            code_of(lambda wrong=wrong: sso.update_permission_set(**which, SessionDuration=wrong)) == INVALID
        )
    assert sso.get_inline_policy_for_permission_set(**which)["InlinePolicy"] == ""
    sso.put_inline_policy_to_permission_set(**which, InlinePolicy=POLICY)
    long = POLICY.replace("s3:*", "s3:" + "x" * 10_300)
    assert code_of(lambda: sso.put_inline_policy_to_permission_set(**which, InlinePolicy=long)) == QUOTA
    assert code_of(lambda: sso.put_inline_policy_to_permission_set(**which, InlinePolicy="no")) == INVALID
    assert code_of(lambda: sso.get_permissions_boundary_for_permission_set(**which)) == MISSING
    sso.put_permissions_boundary_to_permission_set(
        **which, PermissionsBoundary={"ManagedPolicyArn": READ_ONLY}
    )
    boundary = sso.get_permissions_boundary_for_permission_set(**which)["PermissionsBoundary"]
    assert boundary == {"ManagedPolicyArn": READ_ONLY}
    sso.attach_managed_policy_to_permission_set(**which, ManagedPolicyArn=READ_ONLY)
    twice = {**which, "ManagedPolicyArn": READ_ONLY}
    assert code_of(lambda: sso.attach_managed_policy_to_permission_set(**twice)) == CONFLICT
    assert code_of(lambda: sso.create_permission_set(**organization.instance, Name="x" * 33)) == INVALID


def test_an_assignment_takes_its_time_and_makes_a_role(organization: Organization) -> None:
    sso, which = organization.sso(organization.security), organization.made("reading")
    sso.attach_managed_policy_to_permission_set(**which, ManagedPolicyArn=READ_ONLY)
    organization.center.seconds = 10_000_000
    asked = sso.create_account_assignment(**which, **organization.at(organization.member))
    status = asked["AccountAssignmentCreationStatus"]
    assert status["Status"] == "IN_PROGRESS"
    here = {**which, "AccountId": organization.member}
    assert sso.list_account_assignments(**here).get("AccountAssignments", []) == []
    twice = {**which, **organization.at(organization.member)}
    assert code_of(lambda: sso.create_account_assignment(**twice)) == CONFLICT
    listed = sso.list_account_assignment_creation_status(
        **organization.instance, Filter={"Status": "IN_PROGRESS"}
    )
    assert [each["RequestId"] for each in listed.get("AccountAssignmentsCreationStatus", [])] == [
        status["RequestId"]
    ]
    finish(organization)
    described = sso.describe_account_assignment_creation_status(
        **organization.instance, AccountAssignmentCreationRequestId=status["RequestId"]
    )["AccountAssignmentCreationStatus"]
    assert (described["Status"], described["TargetId"]) == ("SUCCEEDED", organization.member)
    assert len(sso.list_account_assignments(**here).get("AccountAssignments", [])) == 1
    (role,) = organization.roles(organization.member)
    assert role["RoleName"].startswith("AWSReservedSSO_reading_")
    assert role["Path"] == "/aws-reserved/sso.amazonaws.com/"
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Action"] == ["sts:AssumeRoleWithSAML", "sts:TagSession"]
    assert f"{organization.member}:saml-provider/AWSSSO_" in statement["Principal"]["Federated"]
    iam = organization.engine.client("iam", credentials=organization.credentials[organization.member])
    assert code_of(lambda: iam.delete_role(RoleName=role["RoleName"])) == "UnmodifiableEntity"
    assert code_of(lambda: sso.delete_permission_set(**which)) == CONFLICT


def finish(organization: Organization) -> None:
    organization.center.seconds = 0
    for request in organization.center.requests:
        request.due = 0


def test_a_change_is_in_an_account_once_it_is_provisioned_and_the_last_assignment_takes_the_role_off(
    organization: Organization,
) -> None:
    sso, which = organization.sso(organization.security), organization.made("changing")
    asked = {**which, **organization.at(organization.member)}
    sso.create_account_assignment(**asked)
    behind = {**which, "ProvisioningStatus": OUTDATED}
    assert sso.list_accounts_for_provisioned_permission_set(**behind).get("AccountIds", []) == []
    sso.put_inline_policy_to_permission_set(**which, InlinePolicy=POLICY)
    assert sso.list_accounts_for_provisioned_permission_set(**behind).get("AccountIds", []) == [
        organization.member
    ]
    sso.provision_permission_set(**which, TargetType="ALL_PROVISIONED_ACCOUNTS")
    assert sso.list_accounts_for_provisioned_permission_set(**behind).get("AccountIds", []) == []
    (name,) = (
        each["RoleName"]
        for each in organization.roles(organization.member)
        if "_changing_" in each["RoleName"]
    )
    iam = organization.engine.client("iam", credentials=organization.credentials[organization.member])
    assert iam.list_role_policies(RoleName=name)["PolicyNames"] == ["AwsSSOInlinePolicy"]
    sso.attach_customer_managed_policy_reference_to_permission_set(
        **which, CustomerManagedPolicyReference={"Name": "not-there", "Path": "/"}
    )
    sso.provision_permission_set(**which, TargetType="ALL_PROVISIONED_ACCOUNTS")
    failed = sso.list_permission_set_provisioning_status(**organization.instance, Filter={"Status": "FAILED"})
    assert len(failed.get("PermissionSetsProvisioningStatus", [])) == 1
    sso.delete_account_assignment(**asked)
    assert sso.list_accounts_for_provisioned_permission_set(**which).get("AccountIds", []) == []
    assert not [each for each in organization.roles(organization.member) if "_changing_" in each["RoleName"]]
    sso.delete_permission_set(**which)


def test_what_a_deleted_group_was_assigned_cannot_be_taken_off(organization: Organization) -> None:
    sso, which = organization.sso(organization.security), organization.made("deleting")
    store = {"IdentityStoreId": organization.center.identity_store}
    group = organization.store().create_group(**store, DisplayName="Leaving")["GroupId"]
    asked = {**which, **organization.at(organization.member), "PrincipalId": group}
    sso.create_account_assignment(**asked)
    organization.store().delete_group(**store, GroupId=group)
    request = sso.delete_account_assignment(**asked)["AccountAssignmentDeletionStatus"]["RequestId"]
    found = sso.describe_account_assignment_deletion_status(
        **organization.instance, AccountAssignmentDeletionRequestId=request
    )["AccountAssignmentDeletionStatus"]
    assert found["Status"] == "FAILED"
    assert found["FailureReason"] == (
        f"Received a 404 status error: the GROUP assignee {group} was not found in directory "
        f"{organization.center.identity_store}"
    )
    assert (
        len(sso.list_account_assignments(**which, AccountId=organization.member)["AccountAssignments"]) == 1
    )


def test_the_management_account_is_for_itself_alone(organization: Organization) -> None:
    security, management = organization.sso(organization.security), organization.sso()
    which = organization.made("owning")
    asked = {**which, **organization.at(organization.engine.management_account)}
    assert code_of(lambda: security.create_account_assignment(**asked)) == REFUSED
    management.create_account_assignment(**asked)
    management.list_permission_sets(**organization.instance)
    assert code_of(lambda: security.update_permission_set(**which, Description="mine")) == REFUSED
    management.update_permission_set(**which, Description="mine")
    elsewhere = {**which, **organization.at("999999999999")}
    assert code_of(lambda: management.create_account_assignment(**elsewhere)) == REFUSED


def test_elsewhere_the_path_of_the_role_has_the_region(organization: Organization) -> None:
    from local.services.identity_center.roles import path_in

    assert path_in("eu-west-1") == "/aws-reserved/sso.amazonaws.com/eu-west-1/"


def test_make_local_enables_it_as_the_console_does_and_says_how_to_go_on(organization: Organization) -> None:
    engine = organization.engine
    assert _enabled(engine, None) == []
    told = "\n".join(_enabled(engine, organization.center.region))
    assert organization.center.arn in told
    assert f"--identity-store-id {organization.center.identity_store}" in told
    (shown,) = engine.client("sso-admin").list_instances().get("Instances", [])
    assert shown["OwnerAccountId"] == engine.management_account
    with pytest.raises(ArgumentTypeError, match="IDENTITY_CENTER is 'europe': give a Region, like us-east-1"):
        _region("europe")


def test_plain_moto_has_an_instance_in_each_account_and_forgets_tags() -> None:
    program = """
        sso = client("sso-admin")
        (instance,) = sso.list_instances().get("Instances", [])
        made = sso.create_permission_set(InstanceArn=instance["InstanceArn"], Name="a", Tags=[{"Key": "a", "Value": "b"}])
        sso.list_tags_for_resource(
            InstanceArn=instance["InstanceArn"], ResourceArn=made["PermissionSet"]["PermissionSetArn"]
        )
    """
    assert plain_moto(program).startswith("NotImplementedError")
