"""IAM's service-linked roles and organization features in the embedded AWS, and where moto has none of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.engine import Engine
from local.iam.root_user import root_user
from tests.engine.organizations.accounts import administrator, code_of, new_member
from tests.engine.support import plain_moto


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(time_scale=0.01) as running:
        yield running


def test_a_service_linked_role_is_made_once_and_left_alone(engine: Engine) -> None:
    iam = engine.client("iam", credentials=administrator(new_member(engine)))
    role = iam.create_service_linked_role(AWSServiceName="config.amazonaws.com")["Role"]
    assert role["RoleName"] == "AWSServiceRoleForConfig"
    assert role["Path"] == "/aws-service-role/config.amazonaws.com/"
    with pytest.raises(ClientError, match="has been taken in this account") as again:
        iam.create_service_linked_role(AWSServiceName="config.amazonaws.com")
    assert again.value.response["Error"]["Code"] == "InvalidInput"
    name = {"RoleName": "AWSServiceRoleForConfig"}
    assert code_of(iam.delete_role, **name) == "UnmodifiableEntity"
    assert code_of(iam.update_assume_role_policy, **name, PolicyDocument="{}") == "UnmodifiableEntity"
    attached = code_of(iam.attach_role_policy, **name, PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    assert attached == "UnmodifiableEntity"
    iam.delete_service_linked_role(**name)
    assert code_of(iam.get_role, **name) == "NoSuchEntity"


def test_an_accounts_copy_of_a_managed_policy_is_its_own(engine: Engine) -> None:
    first, second = (engine.client("iam", credentials=administrator(new_member(engine))) for _ in range(2))
    arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    first.create_group(GroupName="readers")
    first.attach_group_policy(GroupName="readers", PolicyArn=arn)
    assert first.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
    assert second.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 0


def test_root_credentials_are_managed_once_iam_is_trusted(engine: Engine) -> None:
    iam, organizations = engine.client("iam"), engine.client("organizations")
    enable = iam.enable_organizations_root_credentials_management
    assert code_of(enable).removesuffix("Exception") == "ServiceAccessNotEnabled"
    organizations.enable_aws_service_access(ServicePrincipal="iam.amazonaws.com")
    enable()
    iam.enable_organizations_root_sessions()
    features = ["RootCredentialsManagement", "RootSessions"]
    assert iam.list_organizations_features()["EnabledFeatures"] == features
    assert iam.disable_organizations_root_sessions()["EnabledFeatures"] == features[:1]
    theirs = engine.client("iam", credentials=administrator(new_member(engine)))
    refusal = code_of(theirs.list_organizations_features).removesuffix("Exception")
    assert refusal == "AccountNotManagementOrDelegatedAdministrator"


def test_plain_moto_still_falls_short() -> None:
    observed = plain_moto("""
        iam = client("iam")
        role = iam.create_service_linked_role(AWSServiceName="config.amazonaws.com")["Role"]["RoleName"]
        iam.delete_role(RoleName=role)
        try: iam.list_organizations_features()
        except Exception as e: error = type(e).__name__
        print(json.dumps([role, error]))
    """)
    assert json.loads(observed) == ["AWSServiceRoleForconfig", "NotImplementedError"]


def test_a_summary_tells_the_root_users_credentials(engine: Engine) -> None:
    member = new_member(engine)

    def told(iam: Any) -> dict[str, int]:
        summary = iam.get_account_summary()["SummaryMap"]
        names = ("AccountPasswordPresent", "AccountAccessKeysPresent", "AccountMFAEnabled")
        return {name: summary[name] for name in names}

    iam = engine.client("iam", credentials=administrator(member))
    assert set(told(iam).values()) == {0}
    root = root_user(member)
    root.password, root.access_keys, root.mfa = True, ["AKIAONE", "AKIATWO"], True
    assert set(told(iam).values()) == {1}
    own = {"AccountPasswordPresent": 1, "AccountAccessKeysPresent": 0, "AccountMFAEnabled": 1}
    assert told(engine.client("iam")) == own


def test_plain_moto_knows_no_root_password() -> None:
    said = plain_moto('print("AccountPasswordPresent" in client("iam").get_account_summary()["SummaryMap"])')
    assert said == "False"
