"""A thief with a user's access key and no MFA: what could lead further, tried for real."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from demo.callers import Person, assume, role_arn
from demo.doors import permitted
from demo.promises import Door
from local.engine import Engine
from local.identity import totp
from local.identity.credentials import Credentials


@dataclass(frozen=True)
class Attempt:
    words: str
    succeeded: bool


def steal(
    aws: Engine, victim: Person, administrator: Credentials, doors: Sequence[Door]
) -> Iterator[Attempt]:
    """With the key alone, then with a session of GetSessionToken that has shown no MFA. `administrator` of the victim's
    account has left a device that nobody uses, which spares the thief the making of one."""
    made = aws.client("iam", credentials=administrator).create_virtual_mfa_device(
        VirtualMFADeviceName=f"{victim.name}-spare"
    )
    spare = made["VirtualMFADevice"]
    sts = aws.client("sts", credentials=victim.key)
    session = sts.get_session_token()["Credentials"]
    plain = Credentials(session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
    for how, who in (("the key", victim.key), ("a session without MFA", plain)):
        yield from _with(aws, who, how, victim, spare)
        opened = sum(_opens(aws, who, door) for door in doors)
        yield Attempt(f"any of {len(doors)} doors with {how}; {opened} open", opened > 0)
    code = {"SerialNumber": spare["SerialNumber"], "TokenCode": totp.code(spare["Base32StringSeed"])}
    yield Attempt(
        "a session by a code of the spare device",
        permitted(lambda: sts.get_session_token(**code)) is not None,
    )


def _with(aws: Engine, who: Credentials, how: str, victim: Person, spare: Any) -> Iterator[Attempt]:
    iam, user = aws.client("iam", credentials=who), {"UserName": victim.name}
    first, second = totp.consecutive_codes(spare["Base32StringSeed"])
    codes = {"AuthenticationCode1": first, "AuthenticationCode2": second}
    tries: tuple[tuple[str, str, dict[str, str]], ...] = (
        ("make an MFA device", "create_virtual_mfa_device", {"VirtualMFADeviceName": victim.name}),
        ("enable one", "enable_mfa_device", {**user, "SerialNumber": spare["SerialNumber"], **codes}),
        ("take the user's away", "deactivate_mfa_device", {**user, "SerialNumber": victim.device}),
        ("make another key", "create_access_key", user),
        ("set a password", "update_login_profile", {**user, "Password": secrets.token_urlsafe()}),
        ("make a user", "create_user", {"UserName": "accomplice"}),
    )
    for words, operation, parameters in tries:
        call = partial(getattr(iam, operation), **parameters)
        yield Attempt(f"{words} with {how}", permitted(call) is not None)


def _opens(aws: Engine, who: Credentials, door: Door) -> bool:
    arn = role_arn(aws, door.account.id, door.role_name, door.path)
    return permitted(lambda: assume(aws, who, arn, "thief")) is not None
