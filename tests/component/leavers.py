"""What Groundwork once laid down and the declaration no longer names, with all that IAM wants gone before it goes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from groundwork.baseline.components.access.marks import marked
from local.identity import totp
from tests.component.access import ADMINISTRATOR, ANYTHING, READ_ONLY

TAGS = [{"Key": "managed-by", "Value": "groundwork"}]
PASSWORD = "a-long-Password-1!"
SSH_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExample ada"


def leaving_user(iam: Any, name: str = "leaver", *groups: str) -> None:
    """A user with everything by which one can prove who one is, in these groups."""
    iam.create_user(UserName=name, Tags=TAGS)
    iam.create_login_profile(UserName=name, Password=PASSWORD)
    for _ in range(2):
        iam.create_access_key(UserName=name)
    iam.upload_ssh_public_key(UserName=name, SSHPublicKeyBody=SSH_KEY)
    iam.upload_signing_certificate(UserName=name, CertificateBody=certificate())
    for service in ("codecommit.amazonaws.com", "cassandra.amazonaws.com"):
        iam.create_service_specific_credential(UserName=name, ServiceName=service)
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName=f"{name}-phone")["VirtualMFADevice"]
    one, two = totp.consecutive_codes(device["Base32StringSeed"])
    iam.enable_mfa_device(
        UserName=name, SerialNumber=device["SerialNumber"], AuthenticationCode1=one, AuthenticationCode2=two
    )
    iam.create_virtual_mfa_device(VirtualMFADeviceName=name)  # begun in the console, and never ended
    iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=json.dumps(ANYTHING))
    iam.attach_user_policy(UserName=name, PolicyArn=ADMINISTRATOR)
    iam.put_user_permissions_boundary(UserName=name, PermissionsBoundary=ADMINISTRATOR)
    for group in groups:
        iam.add_user_to_group(UserName=name, GroupName=group)


def certificate() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "leaver")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


def leaving_role(iam: Any, name: str = "forgotten") -> None:
    """It trusts everybody."""
    statement = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    trust = {"Version": "2012-10-17", "Statement": [statement]}
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust), Tags=TAGS)
    iam.attach_role_policy(RoleName=name, PolicyArn=ADMINISTRATOR)
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(ANYTHING))


def leaving_group(iam: Any, name: str = "forgotten-people") -> None:
    iam.create_group(GroupName=name)
    iam.put_group_policy(
        GroupName=name, PolicyName="mfa-self-service", PolicyDocument=json.dumps(marked(ANYTHING, name))
    )
    iam.attach_group_policy(GroupName=name, PolicyArn=READ_ONLY)


def leaving_policy(iam: Any, name: str = "forgotten-boundary") -> str:
    """Of three versions. Returns its ARN."""
    document: Mapping[str, Any] = marked(ANYTHING, name)
    arn = iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(document))["Policy"]["Arn"]
    for _ in range(2):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(document), SetAsDefault=True)
    return str(arn)
