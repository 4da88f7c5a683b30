"""What somebody may enter by IAM Identity Center: the access portal itself tells them, once they have signed in.

https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-sso.html
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cli.people.aws_config import Sections
from cli.people.profiles import names
from cli.trouble import NOT_PERMITTED, Trouble
from groundwork.side_by_side import AT_ONCE, side_by_side

SCOPE = "sso:account:access"
"""With it a session is renewed without another sign-in."""
CACHE = Path("~/.aws/sso/cache")
"""Where `aws sso login` leaves its tokens."""


def session(start_url: str, region: str, name: str) -> Sections:
    """The section that `aws sso login` needs."""
    return {
        f"sso-session {name}": {
            "sso_start_url": start_url,
            "sso_region": region,
            "sso_registration_scopes": SCOPE,
        }
    }


def profiles(start_url: str, region: str, name: str, prefix: str) -> Sections:
    """A profile for each account and permission set that is assigned. Raises `Trouble` for who has not signed in."""
    import botocore.session
    from botocore import UNSIGNED
    from botocore.config import Config
    from botocore.exceptions import ClientError

    token = _token(start_url, name)
    unsigned = Config(
        signature_version=UNSIGNED,
        retries={"mode": "adaptive", "max_attempts": 6},
        max_pool_connections=AT_ONCE,
    )
    portal = botocore.session.Session(profile=None).create_client("sso", region_name=region, config=unsigned)
    try:
        accounts = _listed(portal, "list_accounts", "accountList", accessToken=token)
        roles = side_by_side(*(lambda each=each: _roles(portal, token, each) for each in accounts))
    except ClientError as refused:
        if refused.response["Error"]["Code"] != "UnauthorizedException":
            raise
        raise _signed_out(name) from None
    doors = [(account, role) for account, found in zip(accounts, roles, strict=True) for role in found]
    told = [(str(account["accountName"]), role, role, str(account["accountId"])) for account, role in doors]
    return {
        f"profile {prefix}{profile}": {
            "sso_session": name,
            "sso_account_id": account["accountId"],
            "sso_role_name": role,
            "region": region,
        }
        for profile, (account, role) in zip(names(told), doors, strict=True)
    }


def _roles(portal: Any, token: str, account: Any) -> list[str]:
    found = _listed(
        portal, "list_account_roles", "roleList", accessToken=token, accountId=account["accountId"]
    )
    return [str(each["roleName"]) for each in found]


def _listed(portal: Any, operation: str, key: str, **given: str) -> list[Any]:
    return [each for page in portal.get_paginator(operation).paginate(**given) for each in page.get(key, [])]


def _token(start_url: str, name: str) -> str:
    from botocore.exceptions import SSOTokenLoadError
    from botocore.utils import JSONFileCache, SSOTokenLoader

    try:
        found = SSOTokenLoader(cache=JSONFileCache(str(CACHE.expanduser())))(start_url, session_name=name)
    except SSOTokenLoadError:
        raise _signed_out(name) from None
    if datetime.fromisoformat(found["expiresAt"]) <= datetime.now(UTC):
        raise _signed_out(name)
    return str(found["accessToken"])


def _signed_out(name: str) -> Trouble:
    return Trouble(
        "You are not signed in to IAM Identity Center.",
        f"Sign in with `aws sso login --sso-session {name}`, then repeat the command.",
        NOT_PERMITTED,
    )
