"""AWS Account Management: the one place where Groundwork changes names, root e-mail addresses and contacts of accounts that
are there. From the management account, which guard rails do not bind; the organization must trust the service.

https://docs.aws.amazon.com/accounts/latest/reference/API_GetAccountInformation.html
https://docs.aws.amazon.com/accounts/latest/reference/API_PutAccountName.html
https://docs.aws.amazon.com/accounts/latest/reference/API_StartPrimaryEmailUpdate.html
https://docs.aws.amazon.com/accounts/latest/reference/API_PutAlternateContact.html
https://docs.aws.amazon.com/accounts/latest/reference/API_DeleteAlternateContact.html
https://docs.aws.amazon.com/accounts/latest/reference/API_PutContactInformation.html
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from groundwork.aws import refusals
from groundwork.aws.clients import own_client
from groundwork.aws.organizations import Listed
from groundwork.contacts import PRIMARY, AsAwsHasIt
from groundwork.errors import OrganizationBusy, RefusedByAws

if TYPE_CHECKING:
    from mypy_boto3_account import AccountClient

SERVICE = "Account Management"


class AccountManagement:
    def __init__(self, client: AccountClient | None = None) -> None:
        self._given = client

    @cached_property
    def _client(self) -> AccountClient:
        """Made by whoever calls it: most executions change no account."""
        return self._given or own_client("account")

    def by_now(self, listed: Listed, *, name: bool, email: bool) -> Listed:
        """The account with the name, and the root e-mail address, that it has by now: Organizations may show the former ones
        for up to four hours.

        https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-update-acct-name.html
        https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-update-root-user-email.html
        """
        now = {"name": self.name(listed.id)} if name else {}
        now |= {"email": self.email(listed.id)} if email else {}
        return listed.model_copy(update=now)

    def put_name(self, account_id: str, name: str) -> None:
        with refusals.named(SERVICE, while_passing=OrganizationBusy):
            self._client.put_account_name(AccountId=account_id, AccountName=name)

    def name(self, account_id: str) -> str:
        with refusals.named(SERVICE, while_passing=OrganizationBusy):
            return self._client.get_account_information(AccountId=account_id)["AccountName"]

    # -- the root user's e-mail address ------------------------------------------------------------

    def email(self, account_id: str) -> str:
        with refusals.named(SERVICE, while_passing=OrganizationBusy):
            return self._client.get_primary_email(AccountId=account_id)["PrimaryEmail"]

    def send_code(self, account_id: str, email: str) -> None:
        """AWS sends a code to the new address, which the account gets once somebody has given it back. A code that was
        sent before is of no use then. Raises `RefusedByAws`, as where another account has the address."""
        with refusals.named(SERVICE, while_passing=OrganizationBusy):
            status = self._client.start_primary_email_update(AccountId=account_id, PrimaryEmail=email)[
                "Status"
            ]
        if str(status) == "FAILED":
            raise RefusedByAws(
                f"{SERVICE}: StartPrimaryEmailUpdate for {account_id} ended as FAILED, without a reason."
            )

    # -- contacts ----------------------------------------------------------------------------------

    def contact(self, account_id: str, name: str) -> AsAwsHasIt | None:
        """The contact of a type, or the primary one."""
        with refusals.named(SERVICE, while_passing=OrganizationBusy, quoting=False):
            try:
                if name == PRIMARY:
                    of_account = self._client.get_contact_information(AccountId=account_id)
                    return cast("AsAwsHasIt", of_account["ContactInformation"])
                kind: Any = name.upper()
                found = self._client.get_alternate_contact(AccountId=account_id, AlternateContactType=kind)
                return cast("AsAwsHasIt", found["AlternateContact"])
            except ClientError as missing:
                if missing.response["Error"]["Code"] != "ResourceNotFoundException":
                    raise
                return None

    def put_contact(self, account_id: str, name: str, contact: Mapping[str, str]) -> None:
        """In place of what is there."""
        given: Any = dict(contact)
        with refusals.named(SERVICE, while_passing=OrganizationBusy, quoting=False):
            if name == PRIMARY:
                self._client.put_contact_information(AccountId=account_id, ContactInformation=given)
            else:
                kind: Any = name.upper()
                self._client.put_alternate_contact(AccountId=account_id, AlternateContactType=kind, **given)

    def delete_contact(self, account_id: str, name: str) -> None:
        """Of a type, where there is one: a try before may have taken it off."""
        kind: Any = name.upper()
        with refusals.named(SERVICE, while_passing=OrganizationBusy, quoting=False):
            try:
                self._client.delete_alternate_contact(AccountId=account_id, AlternateContactType=kind)
            except ClientError as missing:
                if missing.response["Error"]["Code"] != "ResourceNotFoundException":
                    raise
