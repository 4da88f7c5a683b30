"""What an account's root user can sign in with: as GetAccountSummary tells it, and as its own sessions see and take it away,
which moto does not know.

A member account that AWS Organizations makes has a root user without any credential. Here the root user of the management
account has a password and MFA.
https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteLoginProfile.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user.html#id_root-user-access-management
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.iam.models import AccountSummary, IAMBackend, iam_backends
from moto.iam.responses import IamResponse

from local.engine import Engine
from local.iam.features import IamError
from local.organizations import organization_of


@dataclass
class RootUser:
    """The credentials that are there; access keys and signing certificates by their ids."""

    password: bool = False
    access_keys: list[str] = field(default_factory=list)
    certificates: list[str] = field(default_factory=list)
    mfa: bool = False


def install(engine: Engine) -> None:
    summary = vars(AccountSummary)["summary_map"].fget

    def with_the_root_user(account: AccountSummary) -> dict[str, Any]:
        backend = account._iam_backend
        root = root_user(backend.account_id, backend.partition)
        told: dict[str, Any] = summary(account)
        return told | {
            "AccountPasswordPresent": int(root.password),
            "AccountAccessKeysPresent": int(bool(root.access_keys)),
            "AccountMFAEnabled": int(root.mfa),
        }

    engine.patch(AccountSummary, "summary_map", property(with_the_root_user))
    for name, own in OWN.items():
        engine.patch(IamResponse, name, _for_the_root_user(engine, vars(IamResponse)[name], own))


def root_user(account_id: str, partition: str = "aws") -> RootUser:
    """Of an account; it may be changed, as a person does in the console."""
    backend: IAMBackend = iam_backends[account_id][partition]
    if "root_user" not in vars(backend):
        organization = organization_of(account_id, partition)
        is_member = organization is not None and organization.account_id != account_id
        vars(backend)["root_user"] = RootUser() if is_member else RootUser(password=True, mfa=True)
    found: RootUser = vars(backend)["root_user"]
    return found


# -- what a session of the root user asks about itself, which names no user ----------------------------


def _for_the_root_user(engine: Engine, handler: Any, own: Callable[[IamResponse, RootUser], Any]) -> Any:
    def call(response: IamResponse) -> Any:
        token = response.headers.get("X-Amz-Security-Token")
        caller = engine.registry.identify(response.get_access_key(), token)
        if caller.kind != "root" or response._get_param("UserName"):
            return handler(response)
        return own(response, root_user(response.current_account, response.partition))

    return call


def _get_password(response: IamResponse, root: RootUser) -> ActionResult:
    _require(root.password, "Login Profile for the root user cannot be found.")
    return ActionResult({"LoginProfile": {"UserName": "root", "CreateDate": datetime.now(UTC)}})


def _delete_password(response: IamResponse, root: RootUser) -> EmptyResult:
    _require(root.password, "Login Profile for the root user cannot be found.")
    root.password = False
    return EmptyResult()


def _list_keys(response: IamResponse, root: RootUser) -> ActionResult:
    keys = [{"AccessKeyId": each, "Status": "Active"} for each in root.access_keys]
    return ActionResult({"AccessKeyMetadata": keys, "IsTruncated": False})


def _delete_key(response: IamResponse, root: RootUser) -> EmptyResult:
    return _removed(root.access_keys, str(response._get_param("AccessKeyId")))


def _list_certificates(response: IamResponse, root: RootUser) -> ActionResult:
    certificates = [{"CertificateId": each, "Status": "Active"} for each in root.certificates]
    return ActionResult({"Certificates": certificates, "IsTruncated": False})


def _delete_certificate(response: IamResponse, root: RootUser) -> EmptyResult:
    return _removed(root.certificates, str(response._get_param("CertificateId")))


def _list_devices(response: IamResponse, root: RootUser) -> ActionResult:
    devices = [{"UserName": "root", "SerialNumber": _device(response)}] if root.mfa else []
    return ActionResult({"MFADevices": devices, "IsTruncated": False})


def _deactivate_device(response: IamResponse, root: RootUser) -> EmptyResult:
    there = root.mfa and response._get_param("SerialNumber") == _device(response)
    _require(there, "The root user has no such MFA device.")
    root.mfa = False
    return EmptyResult()


def _device(response: IamResponse) -> str:
    return f"arn:{response.partition}:iam::{response.current_account}:mfa/root-account-mfa-device"


def _removed(ids: list[str], given: str) -> EmptyResult:
    _require(given in ids, f"The root user has no {given}.")
    ids.remove(given)
    return EmptyResult()


def _require(there: bool, otherwise: str) -> None:
    if not there:
        raise IamError("NoSuchEntity", otherwise)


OWN: Mapping[str, Callable[[IamResponse, RootUser], Any]] = {
    "get_login_profile": _get_password,
    "delete_login_profile": _delete_password,
    "list_access_keys": _list_keys,
    "delete_access_key": _delete_key,
    "list_signing_certificates": _list_certificates,
    "delete_signing_certificate": _delete_certificate,
    "list_mfa_devices": _list_devices,
    "deactivate_mfa_device": _deactivate_device,
}
