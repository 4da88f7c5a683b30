"""Somebody leaves: their line is taken out of the declaration, and every way in that they had is tried."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from botocore.exceptions import ClientError

from demo.callers import Person, assume, role_arn
from groundwork.baseline.components import COMPONENTS
from groundwork.contracts import Account
from groundwork.declaration import Declaration
from groundwork.declaration.loading import HOME, check, load
from local.engine import Engine
from local.identity.console import SignInFailed, sign_in

NOBODY = "users: []"


def declare(
    folder: Path, people: Sequence[tuple[str, str]], revoke_before: datetime | None = None
) -> Declaration:
    """The default declaration in a folder of one's own, with users, each in a group."""
    shutil.copytree(HOME, folder)
    users = ", ".join(f"{{name: {name}, groups: [{group}]}}" for name, group in people)
    revoked = f"revokeSessionsBefore: {revoke_before:%Y-%m-%dT%H:%M:%SZ}\n  " if revoke_before else ""
    file = folder / "baseline.yaml"
    file.write_text(file.read_text().replace(NOBODY, f"{revoked}users: [{users}]", 1))
    return check(load(folder), COMPONENTS)


def now() -> datetime:
    """The end of this second: IAM counts in seconds."""
    return datetime.now(UTC) + timedelta(seconds=1)


@dataclass(frozen=True)
class Way:
    """A way in that somebody has. `open` raises ClientError or SignInFailed where it is shut."""

    words: str
    open: Callable[[], object]

    def refusal(self) -> str | None:
        """The code or the sentence of a refusal, None when the way is open."""
        try:
            self.open()
        except ClientError as refused:
            return str(refused.response["Error"]["Code"])
        except SignInFailed as refused:
            return str(refused)
        return None


def ways_of(aws: Engine, person: Person, security: Account, behind: Account, role: str) -> Iterator[Way]:
    """All the ways in of a user who has entered `behind` by a role and is still there."""
    arn = role_arn(aws, behind.id, role)
    session = assume(aws, person.with_mfa, arn)

    at_home, inside = aws.client("iam", credentials=person.with_mfa), aws.client("s3", credentials=session)

    name = person.name
    yield Way(f"{name}'s access key", lambda: aws.client("sts", credentials=person.key).get_caller_identity())
    yield Way(
        f"{name}'s session with MFA, to {role} of {behind.name}", lambda: assume(aws, person.with_mfa, arn)
    )
    yield Way(f"{name}'s session with MFA, at home", at_home.get_account_password_policy)
    yield Way(f"{name}'s open session in {behind.name}", inside.list_buckets)
    yield Way(
        f"{name}'s password and device",
        lambda: sign_in(aws, security.id, name, person.password, person.code()),
    )
