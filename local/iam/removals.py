"""What IAM wants gone before it deletes something, where moto deletes it all the same; and service-specific credentials.

Errors: the API reference of DeleteUser, DeleteGroup, DeletePolicy and DeleteVirtualMFADevice, DeleteConflict of each.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult, EmptyResult
from moto.iam.models import IAMBackend, User
from moto.iam.responses import IamResponse

from local.iam.entities import IamError

if TYPE_CHECKING:
    from local.engine import Engine

CREDENTIALS = "service_specific_credentials"


def install(engine: Engine) -> None:
    _service_specific_credentials(engine)
    for operation, left in (
        ("delete_user", _of_user),
        ("delete_group", _of_group),
        ("delete_policy", _of_policy),
        ("delete_virtual_mfa_device", _of_device),
    ):
        engine.patch(IAMBackend, operation, _unless_left(engine, operation, left))


def _unless_left(
    engine: Engine, operation: str, left: Callable[[IAMBackend, str], str | None]
) -> Callable[..., None]:
    def delete(backend: IAMBackend, name: str, *rest: Any, **named: Any) -> None:
        what = left(backend, name)
        if what:
            raise IamError("DeleteConflict", f"Cannot delete entity, must {what} first.")
        delete_in_moto(backend, name, *rest, **named)

    delete_in_moto = getattr(IAMBackend, operation)
    return delete


def _of_user(backend: IAMBackend, name: str) -> str | None:
    user = backend.get_user(name)
    there = {
        "delete login profile": user.password,
        "delete access keys": user.access_keys,
        "delete signing certificates": user.signing_certificates,
        "delete SSH public keys": user.ssh_public_keys,
        "delete service specific credentials": _credentials_of(user),
        "deactivate MFA devices": user.mfa_devices,
        "remove users from group": backend.get_groups_for_user(name),
        "detach all policies": user.managed_policies,
        "delete policies": user.policies,
    }
    return next((words for words, found in there.items() if found), None)


def _of_group(backend: IAMBackend, name: str) -> str | None:
    group = backend.get_group(name)
    there = {
        "remove users from group": group.users,
        "detach all policies": group.managed_policies,
        "delete policies": group.policies,
    }
    return next((words for words, found in there.items() if found), None)


def _of_policy(backend: IAMBackend, arn: str) -> str | None:
    policy = backend.get_policy(arn)
    holders: list[Any] = [*backend.roles.values(), *backend.users.values()]
    there = {
        "detach it from all entities": policy.attachment_count,
        "take it off as a permissions boundary": [
            holder for holder in holders if holder.permissions_boundary_arn == arn
        ],
        "delete its other versions": policy.versions[1:],
    }
    return next((words for words, found in there.items() if found), None)


def _of_device(backend: IAMBackend, serial: str) -> str | None:
    device = backend.virtual_mfa_devices.get(serial)
    return "deactivate it" if device is not None and device.user is not None else None


# -- service-specific credentials: Git over HTTPS, and others ------------------------------------------


def _credentials_of(user: User) -> dict[str, dict[str, Any]]:
    held: dict[str, dict[str, Any]] = vars(user).setdefault(CREDENTIALS, {})
    return held


def _service_specific_credentials(engine: Engine) -> None:
    """moto has none. https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateServiceSpecificCredential.html"""

    def user_of(response: IamResponse) -> User:
        user: User = response.backend.get_user(response._get_param("UserName"))
        return user

    def create(response: IamResponse) -> ActionResult:
        user = user_of(response)
        identifier = "ACCA" + "".join(secrets.choice(string.ascii_uppercase) for _ in range(17))
        made = {
            "CreateDate": datetime.now(UTC),
            "ServiceName": response._get_param("ServiceName"),
            "ServiceUserName": f"{user.name}-at-{user.account_id}",
            "ServiceSpecificCredentialId": identifier,
            "UserName": user.name,
            "Status": "Active",
        }
        _credentials_of(user)[identifier] = made
        return ActionResult(
            {"ServiceSpecificCredential": {**made, "ServicePassword": secrets.token_urlsafe()}}
        )

    def listed(response: IamResponse) -> ActionResult:
        return ActionResult({"ServiceSpecificCredentials": list(_credentials_of(user_of(response)).values())})

    def delete(response: IamResponse) -> EmptyResult:
        identifier = response._get_param("ServiceSpecificCredentialId")
        if _credentials_of(user_of(response)).pop(identifier, None) is None:
            raise IamError("NoSuchEntity", f"Service specific credential {identifier} does not exist.")
        return EmptyResult()

    for name, operation in (
        ("create_service_specific_credential", create),
        ("list_service_specific_credentials", listed),
        ("delete_service_specific_credential", delete),
    ):
        engine.add(IamResponse, name, operation)
