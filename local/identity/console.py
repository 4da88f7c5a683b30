"""Signing in to the console: an IAM user's password, and a code where the user has an MFA device.

The console works with temporary credentials of the user, which say whether MFA was shown. It may call IAM without MFA,
unlike a session of GetSessionToken; whoever has a device is asked for its code.
https://docs.aws.amazon.com/IAM/latest/UserGuide/console_sign-in-mfa.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-multifactorauthpresent
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.iam.models import User
from moto.iam.responses import IamResponse

from local.authorization import state
from local.identity.credentials import Credentials
from local.identity.principals import Principal

if TYPE_CHECKING:
    from local.engine import Engine

SESSION_SECONDS = 12 * 3600


class SignInFailed(Exception):
    """The console does not say which of account, user, password or code was wrong."""


class ChangeRefused(ServiceException):
    """An exception of ChangePassword, by its name."""


def install(engine: Engine) -> None:
    def change_password(request: IamResponse) -> ActionResult:
        """A user's own password, by the one there was before. It lets nobody in who has just an access key.
        https://docs.aws.amazon.com/IAM/latest/APIReference/API_ChangePassword.html
        """
        token = request.headers.get("X-Amz-Security-Token")
        caller: Principal = engine.registry.identify(request.get_access_key(), token)
        user = state.find_user(caller.account, caller.name) if caller.kind == "user" else None
        if user is None:
            raise ChangeRefused("InvalidUserType", "Only IAM Users can change their own password")
        if user.password is None:
            raise ChangeRefused("NoSuchEntity", f"Login Profile for User {user.name} cannot be found.")
        if user.password != request._get_param("OldPassword"):
            raise ChangeRefused("AccessDenied", "The old password was incorrect.")
        user.password, user.password_reset_required = request._get_param("NewPassword"), False
        return ActionResult({})

    engine.add(IamResponse, "change_password", change_password)


def sign_in(
    engine: Engine, account: str, name: str, password: str, code: tuple[str, str] | None = None
) -> Credentials:
    """What the console works with. `code`: the serial number of a device and what it shows. Raises `SignInFailed`."""
    user = state.find_user(account, name)
    if user is None or user.password != password:
        raise SignInFailed(f"{name} of {account}: wrong user name or password")
    now = time.time()
    principal = Principal(
        "user",
        account,
        user.arn,
        user.id,
        user.name,
        issued=now,
        expires=now + SESSION_SECONDS,
        mfa_at=now if _shows_mfa(engine, user, code) else None,
        console=True,
    )
    credentials: Credentials = engine.registry.issue(principal)
    return credentials


def _shows_mfa(engine: Engine, user: User, code: tuple[str, str] | None) -> bool:
    if not user.mfa_devices:
        return False
    if code is None:
        raise SignInFailed(f"{user.name} has an MFA device, and no code was given")
    engine.mfa_devices.check(user, *code)
    return True
