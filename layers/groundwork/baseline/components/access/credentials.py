"""By what a user who leaves can prove who they are: each has to be gone before IAM deletes the user.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUser.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


@dataclass(frozen=True)
class Credential:
    """One of them, in words, and the call that ends it: an operation, and the parameter besides the user's name. A
    virtual MFA device is nobody's once it is deactivated: `of_user` is False then."""

    words: str
    operation: str
    parameter: str = ""
    value: str = ""
    of_user: bool = True


class _Kind(NamedTuple):
    listed_by: str
    under: str
    id: str
    words: str
    ended_by: str


KINDS = (
    _Kind("list_access_keys", "AccessKeyMetadata", "AccessKeyId", "access key", "DeleteAccessKey"),
    _Kind("list_signing_certificates", "Certificates", "CertificateId", "signing certificate",
          "DeleteSigningCertificate"),
    _Kind("list_ssh_public_keys", "SSHPublicKeys", "SSHPublicKeyId", "SSH key", "DeleteSSHPublicKey"),
    _Kind("list_service_specific_credentials", "ServiceSpecificCredentials", "ServiceSpecificCredentialId",
          "service-specific credential", "DeleteServiceSpecificCredential"),
    _Kind("list_mfa_devices", "MFADevices", "SerialNumber", "MFA device", "DeactivateMFADevice"),
)  # fmt: skip
"""A user has a few of each at most: never a second page."""

VIRTUAL = ":mfa/"
"""Stands in the serial number of a virtual device, which is its ARN."""


def read(
    client: IAMClient, leaving: Iterable[str], users: Collection[str]
) -> dict[str, tuple[Credential, ...]]:
    """Those of each user who leaves, in the order in which they go. `users` are all of the account."""
    names = sorted(leaving)
    if not names:
        return {}
    devices = client.get_paginator("list_virtual_mfa_devices").paginate(AssignmentStatus="Unassigned")
    unassigned = [device["SerialNumber"] for page in devices for device in page["VirtualMFADevices"]]
    return {
        name: (
            *of_user(client, name),
            *(_deleted(serial) for serial in unassigned if _whose(serial, users) == name),
        )
        for name in names
    }


def of_user(client: IAMClient, user: str) -> Iterator[Credential]:
    try:
        client.get_login_profile(UserName=user)
        yield Credential("has a password", "DeleteLoginProfile")
    except client.exceptions.NoSuchEntityException:
        pass
    for kind in KINDS:
        for each in getattr(client, kind.listed_by)(UserName=user)[kind.under]:
            found = str(each[kind.id])
            yield Credential(f"has the {kind.words} {found}", kind.ended_by, kind.id, found)
            if kind.ended_by == "DeactivateMFADevice" and VIRTUAL in found:
                yield _deleted(found)


def _deleted(serial: str) -> Credential:
    words = f"has made the virtual MFA device {serial}"
    return Credential(words, "DeleteVirtualMFADevice", "SerialNumber", serial, of_user=False)


def _whose(serial: str, users: Collection[str]) -> str | None:
    """The user whose device it is by its name, which mfa-self-service holds them to: ada or ada-phone, but that of
    ada-smith is not ada's."""
    name = serial.partition(VIRTUAL)[2]
    fitting = [user for user in users if name == user or name.startswith(f"{user}-")]
    return max(fitting, key=len, default=None)
