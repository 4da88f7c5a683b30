"""The organization's accounts: what they are in Organizations, and what a new one is born with."""

from __future__ import annotations

import json
import secrets
from typing import Any, Protocol

from moto.core.utils import unix_time, utcnow
from moto.organizations.models import FakeAccount, FakeOrganization, FakePolicy

from local.iam.service_linked_roles import give_role

ADMINISTRATOR_ACCESS = "arn:{partition}:iam::aws:policy/AdministratorAccess"
BORN_WITH = ("organizations.amazonaws.com", "support.amazonaws.com", "trustedadvisor.amazonaws.com")
"""Services whose roles AWS makes in every account."""


class Holder(Protocol):
    """The organization that an account is in."""

    def path_of(self, target_id: str) -> str: ...


class Account(FakeAccount):
    """An account as the API shows it: by `State` and `Paths`, since `Status` was retired on 2026-09-09.

    https://docs.aws.amazon.com/organizations/latest/APIReference/API_Account.html
    """

    def __init__(  # deliberately not moto's: that one makes a role without permissions at once
        self,
        organization: FakeOrganization,
        account_id: str,
        name: str,
        email: str,
        tags: list[dict[str, str]],
    ) -> None:
        self.type = "ACCOUNT"
        self.region = organization.region
        self.organization_id = organization.id
        self.master_account_id = organization.master_account_id
        self.id = account_id
        self.name = name
        self.email = email
        self.create_time = utcnow()
        self.state = self.status = "ACTIVE"
        self.joined_method = "CREATED"
        self.parent_id = organization.root_id
        self.attached_policies: list[FakePolicy] = []
        self.tags = {tag["Key"]: tag["Value"] for tag in tags}
        self.shown_still: dict[str, str] = {}
        """Its former `Name` and `Email`, which Organizations shows for a while."""

    def describe(self) -> dict[str, Any]:
        return {
            "Id": self.id,
            "Arn": self.arn,
            "Email": self.email,
            "Name": self.name,
            "State": self.state,
            "JoinedMethod": self.joined_method,
            "JoinedTimestamp": unix_time(self.create_time),
            **self.shown_still,
        }

    def describe_in(self, organization: Holder) -> dict[str, Any]:
        """The API's Account, with the path of units that leads to it."""
        return self.describe() | {"Paths": [organization.path_of(self.id)]}


def new_account_id(taken: set[str]) -> str:
    """A random 12-digit account id that nobody has."""
    while (account_id := f"{secrets.randbelow(10**12):012}") in taken or account_id.startswith("0"):
        pass
    return account_id


def make_service_linked_roles(account_id: str, partition: str) -> None:
    """The roles an account is born with; those it has already stay."""
    for service in BORN_WITH:
        give_role(account_id, service, partition)


def make_access_role(account_id: str, partition: str, management_account: str, name: str) -> None:
    """The role through which the management account enters: AdministratorAccess, trusting its root principal.

    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_create-cross-account-role.html
    """
    from moto.iam.models import iam_backends

    iam = iam_backends[account_id][partition]
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{partition}:iam::{management_account}:root"},
        "Action": "sts:AssumeRole",
    }
    iam.create_role(
        role_name=name,
        assume_role_policy_document=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        path="/",
        permissions_boundary=None,
        description="",
        tags=[],
        max_session_duration="3600",
    )
    iam.attach_role_policy(ADMINISTRATOR_ACCESS.format(partition=partition), name)
