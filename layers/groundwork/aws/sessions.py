"""The way into an account: the one place where Groundwork assumes a role, and what a session may do there."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, TypeVar

from botocore.exceptions import ClientError

from groundwork.aws.clients import Clients, clients_with, own_client
from groundwork.contracts import Account, Kind, Organization
from groundwork.errors import AccountNotEnterable, AccountNotUsable, EntryRoleDenied, SessionPolicyTooLarge

Answer = TypeVar("Answer")
log = logging.getLogger("groundwork")

SESSION_SECONDS = 900
"""The shortest that STS gives: no component works longer in an account than its function may run."""

YOUTH = timedelta(hours=1)
"""For how long after it joined an account's entry role may be still on its way."""

TOO_LARGE = ("PackedPolicyTooLarge", "PackedPolicyTooLargeException")
"""As the API reference has it, and the SDK."""

DENIALS = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
"""What AWS answers whom it does not know yet, and whom it will never let in."""
NOT_YET = DENIALS | {
    "AuthFailure",
    "InvalidClientTokenId",
    "NotSignedUp",
    "OptInRequired",
    "PendingVerification",
    "RegionDisabledException",
    "SubscriptionRequiredException",
    "UnrecognizedClientException",
}
"""What services answer for an account that AWS has not finished activating."""


@dataclass(frozen=True)
class Permission:
    """IAM actions that are needed, on these resources. `{account}` and `{partition}` are filled in. `kinds` are those of
    the accounts where they are needed; none stands for all."""

    actions: Sequence[str]
    resources: Sequence[str] = ("*",)
    conditions: Mapping[str, Mapping[str, str | list[str]]] = field(default_factory=dict)
    kinds: Collection[Kind] = ()


class Inside(NamedTuple):
    """Clients inside an account, and the entry role that let us in."""

    client: Clients
    role: str


def inside(
    account: Account,
    organization: Organization,
    entry_roles: Sequence[str],
    permissions: Sequence[Permission],
    purpose: str,
    work: Callable[[Inside], Answer],
    about: Account | None = None,
) -> Answer:
    """What `work` answers inside the account. Where it is denied for good by one entry role, the next one that opens is
    tried. Raises what `enter` and `while_young` raise. `about` is the account that the permissions are about, where that is
    another one."""
    roles = list(entry_roles)
    entered = enter(account, organization, roles, permissions, purpose, about)
    while True:
        try:
            with while_young(account):
                return work(entered)
        except EntryRoleDenied as denied:
            roles = roles[roles.index(entered.role) + 1 :]
            if not roles:
                raise
            try:
                entered = enter(account, organization, roles, permissions, purpose, about)
            except (AccountNotEnterable, AccountNotUsable):
                raise denied from None


def enter(
    account: Account,
    organization: Organization,
    entry_roles: Sequence[str],
    permissions: Iterable[Permission],
    purpose: str,
    about: Account | None = None,
) -> Inside:
    """The way into the account, able to do what `permissions` say and no more. `about`: as `inside` has it.

    The entry roles are tried in order. When none lets us in, raises `AccountNotUsable` for a young account, which
    looks just like one whose role does not trust us, and `AccountNotEnterable` for any other; both name every role
    and AWS's answer.
    STS packs a policy into a form of its own, which has a limit besides the text's and is told in percent: raises
    `SessionPolicyTooLarge` above it.
    https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
    """
    partition = organization.partition
    whose = about or account
    policy = session_policy(needed(permissions, whose.kind), whose.id, partition)
    sts = own_client("sts")
    answers = []
    for role in entry_roles:
        try:
            answer = sts.assume_role(
                RoleArn=f"arn:{partition}:iam::{account.id}:role/{role}",
                RoleSessionName=f"groundwork-{purpose}"[:64],
                Policy=policy,
                DurationSeconds=SESSION_SECONDS,
            )
        except ClientError as refused:
            code = refused.response["Error"]["Code"]
            if code in TOO_LARGE:
                raise SessionPolicyTooLarge(
                    f"{purpose}: {len(policy)} characters: {answer_of(refused)}"
                ) from refused
            if code not in NOT_YET:
                raise
            answers.append(f"{role}: {answer_of(refused)}")
            continue
        size = answer.get("PackedPolicySize")
        log.info("entered account %s by %s", account.id, role, extra={"packedPolicyPercent": size})
        return Inside(clients_with(answer["Credentials"]), role)
    closed = (
        f"No entry role of account {account.id} lets us in; one of them must trust "
        f"arn:{partition}:iam::{organization.management_account_id}:root. {'; '.join(answers)}"
    )
    raise AccountNotEnterable(closed) if _is_old(account) else AccountNotUsable(closed)


@contextmanager
def while_young(account: Account) -> Iterator[None]:
    """Raises `AccountNotUsable` in place of what AWS answers only until it has activated the account there, and
    `EntryRoleDenied` for a denial that will stay: one in so many words, or in an account that is no longer young."""
    try:
        yield
    except ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
        if code not in NOT_YET:
            raise
        stays = code in DENIALS and ("explicit deny" in message or _is_old(account))
        kind = EntryRoleDenied if stays else AccountNotUsable
        raise kind(f"Account {account.id}: {error.operation_name}: {answer_of(error)}") from error


def answer_of(error: ClientError) -> str:
    return f"{error.response['Error']['Code']}: {error.response['Error']['Message']}"


def is_young(account: Account) -> bool:
    """Whether it joined within the last hour, as far as is known."""
    return bool(account.joined) and not _is_old(account)


def _is_old(account: Account) -> bool:
    return bool(account.joined) and datetime.now(UTC) - datetime.fromisoformat(str(account.joined)) > YOUTH


def needed(permissions: Iterable[Permission], kind: Kind) -> list[Permission]:
    """Those that are needed in accounts of this kind."""
    return [permission for permission in permissions if not permission.kinds or kind in permission.kinds]


def session_policy(permissions: Iterable[Permission], account_id: str, partition: str) -> str:
    """A session policy that allows exactly these permissions, in one statement for each set of resources."""

    def filled(text: str) -> str:
        return text.replace("{account}", account_id).replace("{partition}", partition)

    actions: dict[str, set[str]] = {}
    for permission in permissions:
        rest: dict[str, Any] = {"Resource": [filled(resource) for resource in permission.resources]}
        if permission.conditions:
            rest["Condition"] = permission.conditions
        actions.setdefault(json.dumps(rest), set()).update(permission.actions)
    statements = [
        {"Effect": "Allow", "Action": sorted(each), **json.loads(rest)} for rest, each in actions.items()
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":"))
