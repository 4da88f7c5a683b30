"""Who enters what, by the declaration and the accounts that are there: what profiles and links are made of.

An operator can write it to a file, from which a user of the security account, who may list no accounts and needs no
declaration, makes profiles and links of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field, ValidationError

from cli.trouble import NOT_PERMITTED, Trouble, is_refused
from groundwork.contracts import Account, Kind, Model
from groundwork.declaration.aws_names import did_you_mean
from groundwork.fields import AccountId

if TYPE_CHECKING:
    from cli.connection import Connection
    from cli.inventory import Entry
    from groundwork.declaration import Declaration
    from groundwork.declaration.access import Group, Role

LAID_DOWN = ("ready", "failed", "in progress")
"""The states of accounts that roles may be in. An account that has never been ready has no baseline, either."""
OF_OTHERS = (
    "Have an operator make a file of who enters what (`groundwork profiles --export people.json`), and take it with "
    "--from people.json."
)


class Door(Model):
    """A role of an account that people of the security account enter. `principals`, if there are any, are the patterns
    that the user has to match, like `user/admins/*`."""

    account_id: AccountId
    account: str
    kind: Kind
    role: str
    path: str = "/"
    principals: list[str] = Field(default_factory=list)
    external_id: str | None = None

    def opens_for(self, user: str) -> bool:
        """Whether the role trusts this user, `user/path/name`."""
        return not self.principals or any(fnmatchcase(user, pattern) for pattern in self.principals)


class Person(Model):
    groups: list[str]
    path: str = "/"
    access_keys: bool = True


class People(Model):
    """`region` is the home Region of the declaration; `groups` has the doors of each group."""

    partition: str
    region: str
    security_account_id: AccountId
    security_account: str
    groups: dict[str, list[Door]]
    users: dict[str, Person]

    def person(self, name: str) -> Person:
        """Raises `Trouble` for somebody who is not declared."""
        if name not in self.users:
            raise Trouble(
                f"The declaration has no user {name!r}{did_you_mean(name, self.users)}.",
                f"An administrator adds them: groundwork user add {name} --group GROUP.",
            )
        return self.users[name]

    def arn(self, name: str) -> str:
        """Of a declared user."""
        return f"arn:{self.partition}:iam::{self.security_account_id}:user{self.person(name).path}{name}"

    def doors_of(self, name: str) -> list[Door]:
        """The doors of a user's groups, each once. Raises `Trouble` for somebody who is not declared."""
        person = self.person(name)
        mine = [door for group in person.groups for door in self.groups[group]]
        return [door for door in _each_once(mine) if door.opens_for(f"user{person.path}{name}")]

    def doors_of_group(self, name: str) -> list[Door]:
        """Raises `Trouble` for a group that is not declared."""
        if name not in self.groups:
            raise Trouble(
                f"The declaration has no group {name!r}{did_you_mean(name, self.groups)}.",
                f"It has {', '.join(self.groups) or 'none'}.",
            )
        return self.groups[name]


def _each_once(doors: Iterable[Door]) -> list[Door]:
    return list({(door.account_id, door.path, door.role): door for door in doors}.values())


def people(declaration: Declaration, entries: Iterable[Entry], partition: str) -> People:
    """Raises `Trouble` while there is no security account."""
    entries = list(entries)
    security = next((each for each in entries if each.kind == "security"), None)
    if security is None:
        raise Trouble(
            "There is no security account yet, so that nobody enters anything.",
            "Ask for it: groundwork request NAME --email ... --kind security, as it is declared.",
        )
    accounts = [
        Account(id=each.account_id, name=each.name, email=each.email, kind=each.kind, unit=each.unit)
        for each in entries
        if each.kind is not None and each.baseline is not None and each.state in LAID_DOWN
    ]
    trusted = [
        role for role in declaration.access.roles if role.trust.account in ("security", security.account_id)
    ]
    return People(
        partition=partition,
        region=declaration.regions.home,
        security_account_id=security.account_id,
        security_account=security.name,
        groups={
            group.name: _each_once(_doors(group, trusted, accounts)) for group in declaration.access.groups
        },
        users={
            user.name: Person(
                groups=user.groups,
                path=user.path,
                access_keys=declaration.access.access_keys if user.access_keys is None else user.access_keys,
            )
            for user in declaration.access.users
        },
    )


def _doors(group: Group, roles: list[Role], accounts: list[Account]) -> Iterator[Door]:
    for account in accounts:
        for enter in group.enter:
            for role in roles:
                if role.name == enter.role and role.where.admits(account) and enter.admits(account):
                    yield Door(
                        account_id=account.id,
                        account=account.name,
                        kind=account.kind,
                        role=role.name,
                        path=role.path,
                        principals=role.trust.principals,
                        external_id=role.trust.external_id,
                    )


def gathered(aws: Connection, exported: Path | None) -> People:
    """From an operator's file, or from the declaration and the organization. Raises `Trouble`."""
    if exported is not None:
        return read_export(exported)
    from botocore.exceptions import ClientError

    from cli.declaration.declared import load
    from cli.inventory import inventory
    from cli.output import waiting
    from groundwork.errors import GroundworkError

    declaration = load()
    try:
        with waiting("Reading the organization"):
            entries = inventory(aws)
    except (ClientError, GroundworkError, Trouble) as error:
        if not is_refused(error) and not isinstance(error, Trouble):
            raise
        what = (
            error.what if isinstance(error, Trouble) else "These credentials may not read the organization."
        )
        raise Trouble(what, OF_OTHERS, NOT_PERMITTED) from None
    return people(declaration, entries, aws.partition)


def read_export(path: Path) -> People:
    try:
        return People.model_validate_json(path.read_bytes())
    except OSError as unreadable:
        raise Trouble(f"--from {path}: cannot be read: {unreadable.strerror}.") from None
    except ValidationError:
        raise Trouble(
            f"--from {path}: is no file that `groundwork profiles --export` wrote, or one of another version.",
            "Have it made again.",
        ) from None


def caller_among(aws: Connection, known: People) -> str | None:
    """The name of whoever asks, when they are a user of the security account."""
    if aws.account != known.security_account_id:
        return None
    kind, _, rest = aws.caller["Arn"].rpartition(":")[2].partition("/")
    return rest.rpartition("/")[2] if kind == "user" else None
