"""Who tries the doors: a user of each group, a pipeline, administrators of other accounts, and a stranger.

The users live in the security account. The declaration names them, and an administrator gives each a password and a key.
Each signs in to the console, registers a virtual MFA device and types its codes. Machines run on instances, with the
credentials of their instance's role.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from demo.promises import Visitor
from groundwork.contracts import Account
from groundwork.declaration import Declaration
from local.engine import Engine
from local.identity import totp
from local.identity.console import sign_in
from local.identity.credentials import Credentials

FIRST_NAMES = ("ada", "ben", "cleo", "dora", "emil", "fay", "gus", "hana")
PIPELINE = "ci-cd/pipeline"
BUILDER = "builder"
INSTANCES = "ec2.amazonaws.com"
STRANGERS_ACCOUNT = "999999999999"


@dataclass(frozen=True)
class Caller:
    """A visitor with credentials. `heading` has two lines for the table; `words` stand in a sentence."""

    visitor: Visitor
    credentials: Credentials = field(repr=False)
    heading: str
    words: str


@dataclass(frozen=True)
class Person:
    """A user of the security account: what they have without MFA, and after it. `device` is its serial number."""

    name: str
    group: str
    device: str
    key: Credentials = field(repr=False)
    with_mfa: Credentials = field(repr=False)
    password: str = field(repr=False)
    seed: str = field(repr=False)

    def code(self) -> tuple[str, str]:
        """The device, and what it shows next."""
        return self.device, totp.code(self.seed, time.time() + totp.STEP_SECONDS)


def assume(aws: Engine, who: Credentials, role_arn: str, session: str = "demo") -> Credentials:
    """A session of a role. Raises the ClientError with which STS refuses."""
    answer = aws.client("sts", credentials=who).assume_role(RoleArn=role_arn, RoleSessionName=session)
    return _credentials(answer["Credentials"])


def role_arn(aws: Engine, account_id: str, name: str, path: str = "/") -> str:
    return f"arn:{aws.partition}:iam::{account_id}:role{path}{name}"


def entered(aws: Engine, account: Account, declaration: Declaration) -> Credentials:
    """An administrator's session in any account, by the entry role; in the management account they are at home."""
    if account.kind == "management":
        return aws.administrator
    return assume(aws, aws.administrator, role_arn(aws, account.id, declaration.entry_role_names[0]))


# -- users of the security account -------------------------------------------------------------------


def make_people(aws: Engine, security: Account, declaration: Declaration) -> list[Person]:
    """The declared users, each with an access key and an MFA device that works."""
    inside = aws.client("iam", credentials=entered(aws, security, declaration))
    return [
        _make_person(aws, security.id, inside, user.name, user.groups[0]) for user in declaration.access.users
    ]


def named_people(declaration: Declaration) -> list[tuple[str, str]]:
    """A user for each declared group."""
    return list(zip(FIRST_NAMES, (group.name for group in declaration.access.groups), strict=False))


def _make_person(aws: Engine, account: str, administrator: Any, name: str, group: str) -> Person:
    password = secrets.token_urlsafe()
    administrator.create_login_profile(UserName=name, Password=password)
    made = administrator.create_access_key(UserName=name)["AccessKey"]
    key = Credentials(made["AccessKeyId"], made["SecretAccessKey"])

    themselves = aws.client("iam", credentials=sign_in(aws, account, name, password))
    device = themselves.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]
    seed, serial = device["Base32StringSeed"], device["SerialNumber"]
    first, second = totp.consecutive_codes(seed)
    themselves.enable_mfa_device(
        UserName=name, SerialNumber=serial, AuthenticationCode1=first, AuthenticationCode2=second
    )
    session = aws.client("sts", credentials=key).get_session_token(
        SerialNumber=serial, TokenCode=totp.code(seed)
    )
    return Person(name, group, serial, key, _credentials(session["Credentials"]), password, seed.decode())


def callers_of(people: Sequence[Person], security: Account) -> list[Caller]:
    """Everybody twice: with MFA and without."""
    return [
        Caller(
            Visitor(f"user/{person.name}", security, (person.group,), mfa=mfa),
            person.with_mfa if mfa else person.key,
            f"{person.name}\n{'MFA' if mfa else '-'}",
            f"{person.name} ({person.group}, {'with' if mfa else 'without'} MFA)",
        )
        for person in people
        for mfa in (True, False)
    ]


# -- machines, administrators elsewhere, strangers -----------------------------------------------------


def make_others(
    aws: Engine, accounts: Sequence[Account], declaration: Declaration
) -> tuple[list[Caller], Credentials]:
    """Roles of machines in the tooling account and in a workload account, each an administrator at home; the
    administrator of the management account; and one outside the organization, whose credentials come second."""
    management = next(account for account in accounts if account.kind == "management")
    tooling = next(account for account in accounts if account.kind == "tooling")
    workload = next(account for account in accounts if account.kind == "workload")
    others = [
        _make_machine(aws, home, role, heading, declaration)
        for home, role, heading in (
            (tooling, PIPELINE, f"ci\n{tooling.name}"),
            (workload, PIPELINE, f"ci\n{workload.name}"),
            (tooling, BUILDER, f"adm\n{tooling.name}"),
            (workload, BUILDER, f"adm\n{workload.name}"),
        )
    ]
    owner = Visitor("user/administrator", management)
    stranger = _make_stranger(aws)
    return [
        *others,
        Caller(owner, aws.administrator, "adm\norg", "an administrator of the management account"),
        Caller(
            Visitor("user/stranger", None), stranger, "adm\nelse", "an administrator outside the organization"
        ),
    ], stranger


def _make_machine(aws: Engine, home: Account, role: str, heading: str, declaration: Declaration) -> Caller:
    path, _, name = f"/{role}".rpartition("/")
    trust = {"Effect": "Allow", "Principal": {"Service": INSTANCES}, "Action": "sts:AssumeRole"}
    iam = aws.client("iam", credentials=entered(aws, home, declaration))
    made = iam.create_role(
        Path=f"{path}/",
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    iam.attach_role_policy(
        RoleName=name, PolicyArn=f"arn:{aws.partition}:iam::aws:policy/AdministratorAccess"
    )
    credentials = aws.mint(made["Role"]["Arn"], "i-0123456789abcdef0", service=INSTANCES)
    return Caller(Visitor(f"role/{role}", home), credentials, heading, f"role/{role} of {home.name}")


def _make_stranger(aws: Engine) -> Credentials:
    """An administrator of an account that is not in the organization."""
    iam = aws.client("iam", credentials=aws.registry.root(STRANGERS_ACCOUNT))
    iam.create_user(UserName="stranger")
    iam.attach_user_policy(
        UserName="stranger", PolicyArn=f"arn:{aws.partition}:iam::aws:policy/AdministratorAccess"
    )
    key = iam.create_access_key(UserName="stranger")["AccessKey"]
    return Credentials(key["AccessKeyId"], key["SecretAccessKey"])


def _credentials(answer: Any) -> Credentials:
    return Credentials(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])
