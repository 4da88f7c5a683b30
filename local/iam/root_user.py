"""What an account's root user can sign in with, as GetAccountSummary tells it, which moto does not know.

A member account that AWS Organizations makes has a root user without any credential. Here the root user of the management
account has a password and MFA.
https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user.html#id_root-user-access-management
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from moto.iam.models import AccountSummary, IAMBackend, iam_backends

from local.engine import Engine
from local.organizations import organization_of


@dataclass
class RootUser:
    """The credentials that are there."""

    password: bool = False
    access_keys: int = 0
    mfa: bool = False


def install(engine: Engine) -> None:
    summary = vars(AccountSummary)["summary_map"].fget

    def with_the_root_user(account: AccountSummary) -> dict[str, Any]:
        backend = account._iam_backend
        root = root_user(backend.account_id, backend.partition)
        told: dict[str, Any] = summary(account)
        return told | {
            "AccountPasswordPresent": int(root.password),
            "AccountAccessKeysPresent": int(root.access_keys > 0),
            "AccountMFAEnabled": int(root.mfa),
        }

    engine.patch(AccountSummary, "summary_map", property(with_the_root_user))


def root_user(account_id: str, partition: str = "aws") -> RootUser:
    """Of an account; it may be changed, as a person does in the console."""
    backend: IAMBackend = iam_backends[account_id][partition]
    if "root_user" not in vars(backend):
        organization = organization_of(account_id, partition)
        is_member = organization is not None and organization.account_id != account_id
        vars(backend)["root_user"] = RootUser() if is_member else RootUser(password=True, mfa=True)
    found: RootUser = vars(backend)["root_user"]
    return found
