"""One account sabotaged: what an administrator of it is refused, and what comes in by the entry role."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from demo.callers import STRANGERS_ACCOUNT, Person, assume, entered, role_arn
from demo.doors import REFUSALS
from groundwork.contracts import Account
from groundwork.declaration import Declaration
from local.engine import Engine
from local.identity.credentials import Credentials


@dataclass(frozen=True)
class Attempt:
    """Something undone in an account. `refusal` is AWS's message; None: it was done."""

    words: str
    refusal: str | None

    @property
    def is_denied_by_guardrails(self) -> bool:
        return self.refusal is not None and "explicit deny in a service control policy" in self.refusal

    def __str__(self) -> str:
        return f"{self.words}: {self.refusal or 'it was done'}"


class Sabotage:
    """Deletes a declared role, lets a foreign account into another one, and stops the trail."""

    def __init__(self, aws: Engine, account: Account, declaration: Declaration) -> None:
        self._aws, self._account, self._declaration = aws, account, declaration
        names = dict.fromkeys(role.name for role in declaration.access.roles)
        admin, self.deleted, self.widened = list(names)[:3]
        self._admin = role_arn(aws, account.id, admin)
        self.door = role_arn(aws, account.id, self.widened)

    def as_administrator(self, person: Person) -> list[Attempt]:
        """Tried by an administrator of the account, who came from the security account with MFA."""
        return self._try_each(assume(self._aws, person.with_mfa, self._admin, person.name))

    def by_the_entry_role(self) -> list[Attempt]:
        """Done by an administrator of the management account."""
        return self._try_each(entered(self._aws, self._account, self._declaration))

    def lets_in(self, stranger: Credentials) -> bool:
        """Whether the foreign administrator enters by the widened trust."""
        return refusal(lambda: assume(self._aws, stranger, self.door, "stranger")) is None

    def _try_each(self, session: Credentials) -> list[Attempt]:
        iam = self._aws.client("iam", credentials=session)
        cloudtrail = self._aws.client("cloudtrail", credentials=session)
        trail = self._declaration.trail.name
        return [
            Attempt(f"delete {self.deleted}", refusal(lambda: self._delete_role(iam))),
            Attempt(
                f"let account {STRANGERS_ACCOUNT} into {self.widened}",
                refusal(lambda: self._widen_trust(iam)),
            ),
            Attempt(f"stop the trail {trail}", refusal(lambda: cloudtrail.stop_logging(Name=trail))),
        ]

    def _delete_role(self, iam: Any) -> None:
        for policy in iam.list_attached_role_policies(RoleName=self.deleted)["AttachedPolicies"]:
            iam.detach_role_policy(RoleName=self.deleted, PolicyArn=policy["PolicyArn"])
        for name in iam.list_role_policies(RoleName=self.deleted)["PolicyNames"]:
            iam.delete_role_policy(RoleName=self.deleted, PolicyName=name)
        iam.delete_role(RoleName=self.deleted)

    def _widen_trust(self, iam: Any) -> None:
        """A second statement beside the declared one: easily overlooked."""
        trust = iam.get_role(RoleName=self.widened)["Role"]["AssumeRolePolicyDocument"]
        foreign = f"arn:{self._aws.partition}:iam::{STRANGERS_ACCOUNT}:root"
        trust["Statement"].append(
            {"Effect": "Allow", "Principal": {"AWS": foreign}, "Action": "sts:AssumeRole"}
        )
        iam.update_assume_role_policy(RoleName=self.widened, PolicyDocument=json.dumps(trust))


def refusal(call: Callable[[], Any]) -> str | None:
    """The message with which permissions refuse a call, None when it was made. Every other error is raised."""
    try:
        call()
    except ClientError as error:
        if error.response["Error"]["Code"] in REFUSALS:
            return str(error.response["Error"]["Message"])
        raise
    return None
