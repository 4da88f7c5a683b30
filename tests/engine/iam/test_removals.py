"""What IAM refuses to delete, because something hangs on it; and service-specific credentials."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from local.engine import Engine
from local.identity import totp
from local.identity.credentials import Credentials
from tests.engine.authorization.people import refused
from tests.engine.support import create_role, plain_moto, policy

READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
ALLOWED = policy({"Effect": "Allow", "Action": "*", "Resource": "*"})


@pytest.fixture(scope="module")
def aws() -> Iterator[Engine]:
    with Engine(organization=None) as engine:
        yield engine


@pytest.fixture
def iam(aws: Engine) -> Any:
    return aws.client("iam")


def test_a_user_goes_after_all_that_hangs_on_it(iam: Any) -> None:
    """In the words of the API reference of DeleteUser, each alone stands in the way."""
    user = {"UserName": "leaver"}
    iam.create_user(**user)
    iam.create_group(GroupName="people")
    iam.create_login_profile(**user, Password="a-long-Password-1!")
    key = iam.create_access_key(**user)["AccessKey"]["AccessKeyId"]
    ssh = iam.upload_ssh_public_key(**user, SSHPublicKeyBody="ssh-rsa AAAA")["SSHPublicKey"]["SSHPublicKeyId"]
    git = iam.create_service_specific_credential(**user, ServiceName="codecommit.amazonaws.com")
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="leaver")["VirtualMFADevice"]
    serial = {"SerialNumber": device["SerialNumber"]}
    one, two = totp.consecutive_codes(device["Base32StringSeed"])
    iam.enable_mfa_device(**user, **serial, AuthenticationCode1=one, AuthenticationCode2=two)
    iam.add_user_to_group(**user, GroupName="people")
    iam.attach_user_policy(**user, PolicyArn=READ_ONLY)
    iam.put_user_policy(**user, PolicyName="own", PolicyDocument=ALLOWED)
    credential = {
        "ServiceSpecificCredentialId": git["ServiceSpecificCredential"]["ServiceSpecificCredentialId"]
    }
    for what, take_away in (
        ("login profile", partial(iam.delete_login_profile, **user)),
        ("access keys", partial(iam.delete_access_key, **user, AccessKeyId=key)),
        ("SSH public keys", partial(iam.delete_ssh_public_key, **user, SSHPublicKeyId=ssh)),
        ("service specific", partial(iam.delete_service_specific_credential, **user, **credential)),
        ("MFA devices", partial(iam.deactivate_mfa_device, **user, **serial)),
        ("from group", partial(iam.remove_user_from_group, **user, GroupName="people")),
        ("detach all policies", partial(iam.detach_user_policy, **user, PolicyArn=READ_ONLY)),
        ("delete policies", partial(iam.delete_user_policy, **user, PolicyName="own")),
    ):
        told = refused(iam.delete_user, **user)
        assert "DeleteConflict" in told
        assert what in told
        take_away()
    iam.delete_user(**user)
    iam.delete_virtual_mfa_device(**serial)
    assert "NoSuchEntity" in refused(iam.delete_user, **user)


def test_a_group_goes_after_its_members_and_policies(iam: Any) -> None:
    group = {"GroupName": "readers"}
    iam.create_group(**group)
    iam.create_user(UserName="reader")
    iam.add_user_to_group(**group, UserName="reader")
    iam.attach_group_policy(**group, PolicyArn=READ_ONLY)
    iam.put_group_policy(**group, PolicyName="own", PolicyDocument=ALLOWED)
    for take_away in (
        partial(iam.remove_user_from_group, **group, UserName="reader"),
        partial(iam.detach_group_policy, **group, PolicyArn=READ_ONLY),
        partial(iam.delete_group_policy, **group, PolicyName="own"),
    ):
        assert "DeleteConflict" in refused(iam.delete_group, **group)
        take_away()
    iam.delete_group(**group)


def test_a_policy_goes_after_its_other_versions_and_once_nobody_has_it(aws: Engine, iam: Any) -> None:
    arn = iam.create_policy(PolicyName="bound", PolicyDocument=ALLOWED)["Policy"]["Arn"]
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=ALLOWED, SetAsDefault=True)
    create_role(aws, "holder", "lambda.amazonaws.com")
    iam.attach_role_policy(RoleName="holder", PolicyArn=arn)
    iam.put_role_permissions_boundary(RoleName="holder", PermissionsBoundary=arn)
    for take_away in (
        partial(iam.detach_role_policy, RoleName="holder", PolicyArn=arn),
        partial(iam.delete_role_permissions_boundary, RoleName="holder"),
        partial(iam.delete_policy_version, PolicyArn=arn, VersionId="v1"),
    ):
        assert "DeleteConflict" in refused(iam.delete_policy, PolicyArn=arn)
        take_away()
    iam.delete_policy(PolicyArn=arn)


def test_a_device_goes_once_nobody_has_it(iam: Any) -> None:
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="phone")["VirtualMFADevice"]
    iam.create_user(UserName="owner")
    one, two = totp.consecutive_codes(device["Base32StringSeed"])
    serial = {"SerialNumber": device["SerialNumber"]}
    iam.enable_mfa_device(UserName="owner", **serial, AuthenticationCode1=one, AuthenticationCode2=two)
    assert "DeleteConflict" in refused(iam.delete_virtual_mfa_device, **serial)
    iam.deactivate_mfa_device(UserName="owner", **serial)
    iam.delete_virtual_mfa_device(**serial)


def test_a_device_that_is_made_again_under_its_name_takes_codes_of_its_own(iam: Any) -> None:
    iam.create_user(UserName="twice")
    for _ in range(2):
        device = iam.create_virtual_mfa_device(VirtualMFADeviceName="twice")["VirtualMFADevice"]
        one, two = totp.consecutive_codes(device["Base32StringSeed"])
        serial = {"SerialNumber": device["SerialNumber"], "UserName": "twice"}
        iam.enable_mfa_device(**serial, AuthenticationCode1=one, AuthenticationCode2=two)
        iam.deactivate_mfa_device(**serial)
        iam.delete_virtual_mfa_device(SerialNumber=device["SerialNumber"])


def test_sessions_end_with_their_user_or_role_whoever_comes_back_under_the_name(
    aws: Engine, iam: Any
) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids"""
    iam.create_user(UserName="session")
    iam.put_user_policy(UserName="session", PolicyName="own", PolicyDocument=ALLOWED)
    key = iam.create_access_key(UserName="session")["AccessKey"]
    own = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
    of_user = aws.client("sts", credentials=own).get_session_token()["Credentials"]
    arn = create_role(aws, "machine", "lambda.amazonaws.com")
    of_role = aws.mint(arn, "session", service="lambda.amazonaws.com")
    sessions = [
        Credentials(of_user["AccessKeyId"], of_user["SecretAccessKey"], of_user["SessionToken"]),
        of_role,
    ]
    for each in sessions:
        aws.client("sqs", credentials=each).list_queues()
    iam.delete_access_key(UserName="session", AccessKeyId=key["AccessKeyId"])
    iam.delete_user_policy(UserName="session", PolicyName="own")
    iam.delete_user(UserName="session")
    for name in iam.list_role_policies(RoleName="machine")["PolicyNames"]:
        iam.delete_role_policy(RoleName="machine", PolicyName=name)
    iam.delete_role(RoleName="machine")
    for again in (False, True):
        if again:
            iam.create_user(UserName="session")
            iam.put_user_policy(UserName="session", PolicyName="own", PolicyDocument=ALLOWED)
            create_role(aws, "machine", "lambda.amazonaws.com")
        for each in sessions:
            assert "InvalidClientTokenId" in refused(aws.client("sqs", credentials=each).list_queues)


def test_service_specific_credentials(iam: Any) -> None:
    iam.create_user(UserName="git")
    made = iam.create_service_specific_credential(UserName="git", ServiceName="codecommit.amazonaws.com")
    identifier = made["ServiceSpecificCredential"]["ServiceSpecificCredentialId"]
    assert made["ServiceSpecificCredential"]["ServicePassword"]
    (listed,) = iam.list_service_specific_credentials(UserName="git")["ServiceSpecificCredentials"]
    assert (listed["ServiceSpecificCredentialId"], listed["Status"]) == (identifier, "Active")
    delete = {"UserName": "git", "ServiceSpecificCredentialId": identifier}
    iam.delete_service_specific_credential(**delete)
    assert "NoSuchEntity" in refused(iam.delete_service_specific_credential, **delete)
    assert iam.list_service_specific_credentials(UserName="git")["ServiceSpecificCredentials"] == []


def test_plain_moto_deletes_a_user_with_a_key_a_group_with_members_and_a_policy_that_is_a_boundary() -> None:
    deleted = """
        iam = client("iam")
        allowed = json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "*", "Resource": "*"}]})
        iam.create_user(UserName="leaver")
        iam.create_access_key(UserName="leaver")
        iam.create_group(GroupName="people")
        iam.create_user(UserName="other")
        iam.add_user_to_group(UserName="other", GroupName="people")
        arn = iam.create_policy(PolicyName="bound", PolicyDocument=allowed)["Policy"]["Arn"]
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=allowed, SetAsDefault=True)
        iam.delete_user(UserName="leaver")
        iam.delete_group(GroupName="people")
        iam.delete_policy(PolicyArn=arn)
        print("deleted")
    """
    assert plain_moto(deleted) == "deleted"


def test_plain_moto_has_no_service_specific_credentials() -> None:
    listed = """
        client("iam").create_user(UserName="git")
        client("iam").list_service_specific_credentials(UserName="git")
    """
    assert "NotImplementedError" in plain_moto(listed) or "not been implemented" in plain_moto(listed)
