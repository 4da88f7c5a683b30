"""What a member account and a delegated administrator may ask of Organizations; and where moto falls short."""

from __future__ import annotations

import json
from typing import Any

from moto.iam.models import iam_backends

from local.engine import Engine
from local.identity.credentials import Credentials
from local.organizations import CreationSettings
from tests.engine.organizations.organization import new_account, refused
from tests.engine.support import plain_moto


def member(engine: Engine, account: str) -> Any:
    """Organizations as an administrator of a member account calls it."""
    iam = iam_backends[account]["aws"]
    iam.create_user("us-east-1", "admin")
    iam.attach_user_policy("arn:aws:iam::aws:policy/AdministratorAccess", "admin")
    key = iam.create_access_key("admin")
    return engine.client("organizations", credentials=Credentials(key.access_key_id, key.secret_access_key))


def test_a_member_sees_its_organization_and_may_leave_and_nothing_else(
    engine: Engine, organizations: Any, creation: CreationSettings
) -> None:
    account = new_account(organizations)
    theirs = member(engine, account)
    assert theirs.describe_organization() | {
        "ResponseMetadata": None
    } == organizations.describe_organization() | {"ResponseMetadata": None}
    assert refused(theirs.list_accounts)[0] == "AccessDeniedException"
    assert (
        refused(theirs.create_account, AccountName="x", Email="x@example.com")[0] == "AccessDeniedException"
    )
    assert refused(theirs.leave_organization) == ("ConstraintViolationException", "WAIT_PERIOD_ACTIVE")
    creation.minimum_age = 0
    theirs.leave_organization()
    assert refused(theirs.describe_organization)[0] == "AWSOrganizationsNotInUseException"


def test_a_delegated_administrator_reads_and_does_not_write(engine: Engine, organizations: Any) -> None:
    account, service = new_account(organizations), "config.amazonaws.com"
    register = organizations.register_delegated_administrator
    expected = ("ConstraintViolationException", "SERVICE_ACCESS_NOT_ENABLED")
    assert refused(register, AccountId=account, ServicePrincipal=service) == expected
    organizations.enable_aws_service_access(ServicePrincipal=service)
    register(AccountId=account, ServicePrincipal=service)
    again = refused(register, AccountId=account, ServicePrincipal=service)
    assert again[0] == "AccountAlreadyRegisteredException"
    theirs = member(engine, account)
    assert len(theirs.list_accounts()["Accounts"]) == 2
    (listed,) = theirs.list_delegated_administrators(ServicePrincipal=service)["DelegatedAdministrators"]
    assert (listed["Id"], listed["State"]) == (account, "ACTIVE")
    services = theirs.list_delegated_services_for_account(AccountId=account)["DelegatedServices"]
    assert [each["ServicePrincipal"] for each in services] == [service]
    assert (
        refused(theirs.create_account, AccountName="x", Email="x@example.com")[0] == "AccessDeniedException"
    )
    engine.creation.minimum_age = 0
    expected = ("ConstraintViolationException", "CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG")
    assert refused(organizations.remove_account_from_organization, AccountId=account) == expected
    organizations.deregister_delegated_administrator(AccountId=account, ServicePrincipal=service)
    assert refused(theirs.list_accounts)[0] == "AccessDeniedException"


def test_the_management_account_and_unknown_services_are_not_delegated(
    engine: Engine, organizations: Any
) -> None:
    register = organizations.register_delegated_administrator
    mine = {"AccountId": engine.management_account}
    assert refused(register, **mine, ServicePrincipal="config.amazonaws.com")[1] == (
        "CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR"
    )
    assert refused(register, **mine, ServicePrincipal="nobody.amazonaws.com")[0] == "InvalidInputException"
    trust = organizations.enable_aws_service_access
    assert refused(trust, ServicePrincipal="nobody.amazonaws.com")[0] == "InvalidInputException"
    for service in ("iam", "cloudtrail", "config-multiaccountsetup", "guardduty", "access-analyzer"):
        trust(ServicePrincipal=f"{service}.amazonaws.com")
    trusted = organizations.list_aws_service_access_for_organization()["EnabledServicePrincipals"]
    assert len(trusted) == 5


def test_plain_moto_still_falls_short() -> None:
    observed = plain_moto("""
        o = client("organizations")
        o.create_organization(FeatureSet="ALL")
        root = o.list_roots()["Roots"][0]["Id"]
        def make(**k): return o.create_account(**({"AccountName": "n", "Email": "a@example.com"} | k))
        first = make()["CreateAccountStatus"]
        def answer(call):
            try: return type(call()).__name__
            except Exception as e: return type(e).__name__
        account = o.describe_account(AccountId=first["AccountId"])["Account"]
        role = client("sts").assume_role(
            RoleArn=f"arn:aws:iam::{account['Id']}:role/OrganizationAccountAccessRole", RoleSessionName="plain")["Credentials"]
        iam = boto3.client("iam", region_name="us-east-1", aws_access_key_id=role["AccessKeyId"],
            aws_secret_access_key=role["SecretAccessKey"], aws_session_token=role["SessionToken"])
        print(json.dumps({
            "at once": first["State"],
            "same e-mail": make()["CreateAccountStatus"]["State"],
            "long name": make(AccountName="n" * 51)["CreateAccountStatus"]["State"],
            "access": iam.list_attached_role_policies(RoleName="OrganizationAccountAccessRole")["AttachedPolicies"],
            "paths": "Paths" in account,
            "status": "Status" in account,
            "wrong source": answer(lambda: o.move_account(
                AccountId=account["Id"], SourceParentId=root, DestinationParentId=root)),
            "newer type": answer(lambda: o.enable_policy_type(RootId=root, PolicyType="S3_POLICY")),
            "untrusted": answer(lambda: o.register_delegated_administrator(
                AccountId=account["Id"], ServicePrincipal="guardduty.amazonaws.com")),
            "effective": answer(lambda: o.describe_effective_policy(PolicyType="TAG_POLICY")),
            "backup policy": answer(lambda: o.create_policy(
                Name="n", Description="", Type="BACKUP_POLICY", Content='{"a": 1}')),
        }))
    """)
    assert json.loads(observed) == {
        "at once": "SUCCEEDED",
        "same e-mail": "SUCCEEDED",
        "long name": "SUCCEEDED",
        "access": [],
        "paths": False,
        "status": True,
        "wrong source": "dict",
        "newer type": "InvalidInputException",
        "untrusted": "dict",
        "effective": "NotImplementedError",
        "backup policy": "NotImplementedError",
    }
