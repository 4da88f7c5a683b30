"""Whether an account can be worked in yet, and whether what it depends on is there. Probes; never sleeps."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from botocore.exceptions import ClientError, EndpointConnectionError

from groundwork.aws.clients import Clients
from groundwork.aws.executions import Executions
from groundwork.aws.organizations import Organizations
from groundwork.aws.sessions import Inside, Permission, inside, is_young, while_young
from groundwork.contracts import Account, Mode, Organization
from groundwork.declaration import Declaration
from groundwork.declaration.entry_roles import CONTROL_TOWER
from groundwork.errors import (
    AccountBeingEnrolled,
    AccountNotUsable,
    SecurityAccountAlmostReady,
    SecurityAccountMissing,
    SecurityAccountNotReady,
)
from groundwork.ledger import Ledger
from groundwork.side_by_side import side_by_side
from groundwork.tags import STATE_TAG
from groundwork.vending.enrolment import Enroller

PROBES: tuple[tuple[str, str, Callable[[Any, Account], object]], ...] = (
    ("cloudtrail", "cloudtrail:DescribeTrails", lambda trail, _: trail.describe_trails()),
    (
        "config",
        "config:DescribeConfigurationRecorders",
        lambda config, _: config.describe_configuration_recorders(),
    ),
    ("ec2", "ec2:GetEbsEncryptionByDefault", lambda ec2, _: ec2.get_ebs_encryption_by_default()),
    (
        "s3control",
        "s3:GetAccountPublicAccessBlock",
        lambda s3, account: s3.get_public_access_block(AccountId=account.id),
    ),
)
"""One harmless read of each service that a baseline needs; IAM answers as soon as its role lets us in."""


ENROLLED = "config:DescribeConfigurationRecorderStatus"


def check_access(
    account: Account, organization: Organization, declaration: Declaration, mode: Mode = "apply"
) -> None:
    """Enter the account and ask every service that the baseline needs, in the home Region. Nothing is begun in an account
    where one of them does not answer; a plan begins nothing, and each of its components is told by itself.

    Raises `AccountNotUsable`, naming the role or the service and AWS's answer; `AccountNotEnterable` when the account
    is too old for its role to be still on its way; `EntryRoleDenied` where waiting changes nothing;
    `AccountBeingEnrolled` while Control Tower is at work.
    """
    held = declaration.s3_is_held(account, organization)
    asked = [each for each in PROBES if mode == "apply" and not (held and each[0] == "s3control")]
    permissions = [Permission([*(action for _, action, _ in asked), ENROLLED])]
    home = declaration.regions.home

    def look(entered: Inside) -> None:
        probes = (partial(_probe, entered.client, service, ask, account, home) for service, _, ask in asked)
        refused = [answer for answer in side_by_side(*probes) if answer]
        if refused:
            raise AccountNotUsable(
                f"Account {account.id} can be entered, but not all its services answer: {' '.join(refused)}"
            )
        if entered.role == CONTROL_TOWER and is_young(account):
            _require_enrolled(entered.client("config", home), account)

    inside(account, organization, declaration.entry_role_names, permissions, "check-access", look)


def _require_enrolled(config: Any, account: Account) -> None:
    """Control Tower lays down Config's recorder and channel, finds others in its way, and takes up to half an hour. A
    recorder cannot be started without a channel."""
    statuses = config.describe_configuration_recorder_status()["ConfigurationRecordersStatus"]
    if not any(status["recording"] for status in statuses):
        raise AccountBeingEnrolled(
            f"Control Tower made account {account.id} at {account.joined}, and its recorder is not recording yet."
        )


def _probe(
    clients: Clients, service: str, ask: Callable[[Any, Account], object], account: Account, region: str
) -> str | None:
    try:
        with while_young(account):
            ask(clients(service, region), account)
    except AccountNotUsable as early:
        return f"{service}: {early}"
    except ClientError as error:
        if (
            error.response["Error"]["Code"] != "NoSuchPublicAccessBlockConfiguration"
        ):  # an answer, too: there is none
            raise
    except EndpointConnectionError as error:
        return f"{service}: {error}"
    return None


class SecurityWatch:
    """What a tooling or workload account waits for: the security account's users and its log archive."""

    def __init__(
        self, declaration: Declaration, ledger: Ledger, organizations: Organizations, executions: Executions
    ) -> None:
        self._declaration = declaration
        self._ledger = ledger
        self._organizations = organizations
        self._executions = executions

    def wait(self, account: Account, organization: Organization) -> Organization:
        """The organization, once its security account is ready. Raises `SecurityAccountNotReady` while somebody works
        on it, `SecurityAccountAlmostReady` from when the account is made, which takes the longest, and
        `SecurityAccountMissing` when nobody does."""
        if organization.security_account_id and self._ready(organization.security_account_id):
            return organization
        declared = self._declaration.security
        record = self._ledger.request(declared.email)
        if record and record.state != "ready" and self._executions.is_running(record.owner):
            early = SecurityAccountAlmostReady if record.account_id else SecurityAccountNotReady
            raise early(f"{record.owner} works on the security account {declared.email}.")
        now = Enroller(self._declaration, self._ledger, self._organizations).organization(account)
        if now.security_account_id is None:
            raise SecurityAccountMissing(
                f"There is no security account, and {account.name!r} ({account.id}) trusts only it."
            )
        if not self._ready(now.security_account_id):
            raise SecurityAccountNotReady(
                f"The security account {now.security_account_id} has not reached its baseline."
            )
        return now

    def _ready(self, account_id: str) -> bool:
        record = self._ledger.account(account_id)
        if record is None:
            return self._organizations.tags(account_id).get(STATE_TAG) == "ready"
        return record.state == "ready"
