"""The way into an account: the one place where Groundwork assumes a role."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from threading import Lock
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

from groundwork.aws.service_models import service_models
from groundwork.baseline.component import Clients, Component, Permission
from groundwork.contracts import Account, Organization
from groundwork.errors import AccountNotEnterable, AccountNotUsable, EntryRoleDenied

PATIENT = Config(retries={"mode": "adaptive", "max_attempts": 8}, connect_timeout=5, read_timeout=30)
SESSION_SECONDS = 900
"""The shortest that STS gives: no component works longer in an account than its function may run."""

LONGEST_POLICY = 2048
"""Characters of a session policy.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""
YOUTH = timedelta(hours=1)
"""For how long after it joined an account's entry role may be still on its way."""

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

_MAKING = Lock()
"""Clients may be used by many threads, and are made one by one.
https://docs.aws.amazon.com/boto3/latest/guide/clients.html#multithreading-or-multiprocessing-with-clients
"""


@cache
def own_client(service: str, config: Config = PATIENT) -> Any:
    """A client with the function's own credentials, made once for as long as the function stays warm."""
    # boto3's overloads want literals; the service is data here.
    return boto3.client(service, config=config)  # type: ignore[call-overload]


def own_clients() -> Clients:
    """Clients with the credentials of the function itself: only for the management account."""
    return _clients(_session())


def enter(
    account: Account,
    organization: Organization,
    entry_roles: Sequence[str],
    permissions: Iterable[Permission],
    purpose: str,
) -> Clients:
    """Clients inside the account, able to do what `permissions` say and no more.

    The entry roles are tried in order. When none lets us in, raises `AccountNotUsable` for a young account, which
    looks just like one whose role does not trust us, and `AccountNotEnterable` for any other; both name every role
    and AWS's answer.
    https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
    """
    partition = organization.partition
    policy = session_policy(permissions, account.id, partition)
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
            if refused.response["Error"]["Code"] not in NOT_YET:
                raise
            answers.append(f"{role}: {answer_of(refused)}")
            continue
        credentials = answer["Credentials"]
        return _clients(
            _session(
                aws_access_key_id=credentials["AccessKeyId"],
                aws_secret_access_key=credentials["SecretAccessKey"],
                aws_session_token=credentials["SessionToken"],
            )
        )
    closed = (
        f"No entry role of account {account.id} lets us in; one of them must trust "
        f"arn:{partition}:iam::{organization.management_account_id}:root. {' '.join(answers)}"
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


def _is_old(account: Account) -> bool:
    return bool(account.joined) and datetime.now(UTC) - datetime.fromisoformat(str(account.joined)) > YOUTH


def fitting_a_session(
    components: Iterable[Component[Any]], account: Account, partition: str
) -> Iterator[list[Component[Any]]]:
    """The components in groups whose reads fit into one session policy."""
    together: list[Component[Any]] = []
    for component in components:
        reads = [permission for each in [*together, component] for permission in each.reads]
        if together and len(session_policy(reads, account.id, partition)) > LONGEST_POLICY:
            yield together
            together = []
        together = [*together, component]
    if together:
        yield together


def session_policy(permissions: Iterable[Permission], account_id: str, partition: str) -> str:
    """A session policy of at most 2,048 characters that allows exactly these permissions."""

    def filled(text: str) -> str:
        return text.replace("{account}", account_id).replace("{partition}", partition)

    statements = []
    for permission in permissions:
        statement: dict[str, Any] = {
            "Effect": "Allow",
            "Action": sorted(permission.actions),
            "Resource": [filled(resource) for resource in permission.resources],
        }
        if permission.conditions:
            statement["Condition"] = permission.conditions
        statements.append(statement)
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":"))


def _session(**credentials: str) -> boto3.Session:
    """A session of its own that shares what botocore read from its files: reading them again for each account would
    cost more than the account's calls."""
    core = botocore.session.get_session()
    core.register_component("data_loader", service_models())
    return boto3.Session(botocore_session=core, **credentials)


def _clients(session: boto3.Session) -> Clients:
    made: dict[tuple[str, str | None], Any] = {}

    def client(service: str, region: str | None = None) -> Any:
        with _MAKING:
            if (service, region) not in made:
                # boto3's overloads want literals; the service is data here.
                made[service, region] = session.client(service, region_name=region, config=PATIENT)  # type: ignore[call-overload]
            return made[service, region]

    return client
