"""AWS Account Management: the one place where Groundwork renames an account. From the management account, which guard
rails do not bind; the organization must trust the service.

https://docs.aws.amazon.com/accounts/latest/reference/API_PutAccountName.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundwork.aws import refusals
from groundwork.aws.clients import own_client
from groundwork.errors import OrganizationBusy

if TYPE_CHECKING:
    from mypy_boto3_account import AccountClient


class AccountNames:
    def __init__(self, client: AccountClient | None = None) -> None:
        self._client: AccountClient = client or own_client("account")

    def put(self, account_id: str, name: str) -> None:
        """Organizations may show the former name for up to four hours.

        https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-update-acct-name.html
        """
        with refusals.named("Account Management", while_passing=OrganizationBusy):
            self._client.put_account_name(AccountId=account_id, AccountName=name)
