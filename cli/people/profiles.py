"""The sections of ~/.aws/config by which a user of the security account enters accounts.

https://docs.aws.amazon.com/sdkref/latest/guide/feature-assume-role-credentials.html
https://docs.aws.amazon.com/sdkref/latest/guide/feature-login-credentials.html
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

from cli.trouble import Trouble

if TYPE_CHECKING:
    from cli.people.aws_config import Sections
    from cli.people.entries import People

SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)


class Tool(StrEnum):
    """By what people sign in."""

    LOGIN = "login"
    AWSUME = "awsume"
    AWS_VAULT = "aws-vault"
    SSO = "sso"

    @property
    def takes_keys(self) -> bool:
        return self in (Tool.AWSUME, Tool.AWS_VAULT)


def sections(
    known: People, user: str, tool: Tool, *, device: str, prefix: str = "", endpoint: str | None = None
) -> Sections:
    """By access key and MFA device, or by `aws login`. With a key, both sections carry the same `mfa_serial`: awsume
    takes it over from the source, aws-vault does not, and asks for a code for each role unless they are equal. With
    `aws login` the session has MFA already, and a serial would only ask for a code again.
    Raises `Trouble` for a user who may not have what the tool needs."""
    if tool.takes_keys and not known.person(user).access_keys:
        raise Trouble(
            f"{tool} needs an access key, and the declaration lets {user} have none (accessKeys: false).",
            "Take --for login.",
        )
    doors = known.doors_of(user)
    base = prefix + _plain(known.security_account)
    here = {"region": known.region, **({"endpoint_url": endpoint} if endpoint else {})}
    proof = {"mfa_serial": device} if tool.takes_keys else {}
    first = {"login_session": known.arn(user)} if tool is Tool.LOGIN else {}
    made = {f"profile {base}": {**first, **proof, **here}}
    named = names([(each.account, purpose(each.role), each.role, each.account_id) for each in doors], base)
    for name, door in zip(named, doors, strict=True):
        keys = {
            "role_arn": f"arn:{known.partition}:iam::{door.account_id}:role{door.path}{door.role}",
            "source_profile": base,
            **proof,
            **({"role_session_name": user} if SESSION_NAME.fullmatch(user) else {}),
            **({"external_id": door.external_id} if door.external_id else {}),
            **here,
        }
        made[f"profile {prefix}{name}"] = keys
    return made


def names(doors: Sequence[tuple[str, str, str, str]], *taken: str) -> list[str]:
    """A name for each door, of which is given: account, what the role is for, role, and the account's id. As short as
    no two have it: `dev-admin`, `dev-allow-admin-from-security-account`, or with the account's id."""
    found: list[str] = [""] * len(doors)
    for parts in ((0, 1), (0, 2), (0, 3, 2)):
        often = Counter([*found, *taken])
        found = [
            _plain("-".join(door[part] for part in parts)) if not name or often[name] > 1 else name
            for name, door in zip(found, doors, strict=True)
        ]
    return found


def purpose(role: str) -> str:
    """`admin` of `allow-admin-from-security-account`."""
    return re.sub(r"^allow-(.+)-from-.+$", r"\1", role)


def _plain(name: str) -> str:
    """What every tool takes as the name of a profile without quotes."""
    return re.sub(r"[^A-Za-z0-9_.@+-]+", "-", name).strip("-")
