"""Who is calling: the registry from access key to principal.

Every access key stands for exactly one principal. Keys of IAM users are moto's IAM; what STS issues, and root
credentials, are kept here. Nothing is shared between sessions. An unknown, deleted, inactive or expired key is
refused by the exception that names the case; `local.authorization` words it in the service's protocol.
"""

from __future__ import annotations

import hmac
import secrets
import string
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from moto.iam.models import AccessKey, iam_backends

from local.identity.credentials import Credentials

if TYPE_CHECKING:
    from local.engine import Engine

PARTITION = "aws"
KEY_CHARACTERS = string.ascii_uppercase + "234567"


class UnknownAccessKey(LookupError):
    """The key does not exist, is inactive, or its user or role is gone."""


class BadSessionToken(LookupError):
    """The session token is missing, or not the one that came with the key."""


class SessionExpired(LookupError):
    """The temporary credentials are past their expiry."""


@dataclass(frozen=True)
class Principal:
    """One principal session.

    arn: as GetCallerIdentity shows it. name: of the user, or of the role session. issued and expires: seconds
    since the epoch, for temporary credentials only. mfa_at: when MFA was shown, where it was.
    tags: the session's own (sts:TagSession), not those of the user or role.
    """

    kind: Literal["root", "user", "assumed-role"]
    account: str
    arn: str
    user_id: str
    name: str
    role_arn: str | None = None
    session_policies: tuple[str, ...] = ()
    issued: float | None = None
    expires: float | None = None
    mfa_at: float | None = None
    source_identity: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    transitive_tags: frozenset[str] = frozenset()
    service: str | None = None  # the service that assumed the role, if it was one
    task: str | None = None  # the policy of a root session, which says what it may not
    console: bool = False  # whether the user has signed in to the console

    @property
    def temporary(self) -> bool:
        return self.expires is not None

    @property
    def role_name(self) -> str | None:
        return self.role_arn.rsplit("/", 1)[1] if self.role_arn else None

    @property
    def policy_arn(self) -> str:
        """aws:PrincipalArn: for a role session the role's ARN, with its path."""
        return self.role_arn or self.arn


@dataclass(frozen=True)
class _Issued:
    principal: Principal
    credentials: Credentials


class Registry:
    """Every principal that can sign a call."""

    def __init__(self) -> None:
        self._issued: dict[str, _Issued] = {}
        self._accounts: dict[str, str] = {}  # where a user's key was last found

    def identify(self, access_key_id: str, session_token: str | None) -> Principal:
        """The principal of a key; raises UnknownAccessKey, BadSessionToken or SessionExpired."""
        issued = self._issued.get(access_key_id)
        if issued is None:
            return self._user_of(access_key_id)
        expected = issued.credentials.session_token
        if expected and not hmac.compare_digest(expected, session_token or ""):
            raise BadSessionToken(access_key_id)
        if issued.principal.expires is not None and issued.principal.expires <= time.time():
            raise SessionExpired(access_key_id)
        if not _is_there(issued.principal):
            raise UnknownAccessKey(access_key_id)
        return issued.principal

    def secret_of(self, access_key_id: str) -> str:
        """The secret that signs for a key that `identify` knows."""
        issued = self._issued.get(access_key_id)
        if issued is not None:
            return issued.credentials.secret_access_key
        return str(self._user_key(access_key_id).secret_access_key)

    def account_of(self, access_key_id: str) -> str | None:
        """Whose account a key belongs to, None for a key that nobody has."""
        try:
            issued = self._issued.get(access_key_id)
            return issued.principal.account if issued else self._user_of(access_key_id).account
        except UnknownAccessKey:
            return None

    def issue(self, principal: Principal) -> Credentials:
        """New credentials for a principal; temporary ones come with a token."""
        prefix, token = ("ASIA", secrets.token_urlsafe(96)) if principal.temporary else ("AKIA", None)
        credentials = Credentials(self._new_key_id(prefix), secrets.token_urlsafe(30), token)
        self._issued[credentials.access_key_id] = _Issued(principal, credentials)
        self._show_to_moto(principal, credentials)
        return credentials

    def every_credential(self) -> Iterator[Credentials]:
        """All that were ever issued and all keys that users have: for whoever looks for one in the wrong place."""
        yield from [issued.credentials for issued in list(self._issued.values())]
        for account in list(iam_backends):
            for user in list(iam_backends[account][PARTITION].users.values()):
                for key in user.access_keys:
                    yield Credentials(key.access_key_id, str(key.secret_access_key))

    def root(self, account: str) -> Credentials:
        """Long-term credentials of an account's root user."""
        arn = f"arn:{PARTITION}:iam::{account}:root"
        return self.issue(Principal("root", account, arn, account, "root"))

    def _new_key_id(self, prefix: str) -> str:
        return prefix + "".join(secrets.choice(KEY_CHARACTERS) for _ in range(16))

    def _show_to_moto(self, principal: Principal, credentials: Credentials) -> None:
        """moto routes by key and notes a role's last use: the key belongs in its account's state too."""
        backend = iam_backends[principal.account][PARTITION]
        key = backend.create_temp_access_key()
        del backend.access_keys[key.access_key_id]
        key.access_key_id, key.role_arn = credentials.access_key_id, principal.role_arn
        backend.access_keys[key.access_key_id] = key

    def _user_of(self, access_key_id: str) -> Principal:
        key = self._user_key(access_key_id)
        account = self._accounts[access_key_id]
        user = iam_backends[account][PARTITION].users[str(key.user_name)]
        return Principal("user", account, user.arn, user.id, user.name)

    def _user_key(self, access_key_id: str) -> AccessKey:
        likely = self._accounts.get(access_key_id)
        accounts = [likely] if likely else list(iam_backends)
        for account in accounts:
            backend = iam_backends[account][PARTITION]
            key = backend.access_keys.get(access_key_id)
            user = backend.users.get(key.user_name) if key and key.user_name else None
            if key and user and key in user.access_keys and key.status == "Active":
                self._accounts[access_key_id] = account
                return key
        raise UnknownAccessKey(access_key_id)


def _is_there(principal: Principal) -> bool:
    """Whether the user or role of a session is still the same: one that was deleted and made again under its name has
    another id, and nothing of what the first one was given.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
    """
    backend = iam_backends[principal.account][PARTITION]
    if principal.kind == "assumed-role":
        return principal.user_id.partition(":")[0] in backend.roles
    user = backend.users.get(principal.name) if principal.kind == "user" else None
    return principal.kind == "root" or (user is not None and user.id == principal.user_id)


def install(engine: Engine) -> None:
    engine.registry = Registry()
