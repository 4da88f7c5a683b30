"""AWS Account Management: an account's primary contact, which moto does not know. One that nobody has put is not there.

https://docs.aws.amazon.com/accounts/latest/reference/API_PutContactInformation.html
https://docs.aws.amazon.com/accounts/latest/reference/API_GetContactInformation.html
"""

from __future__ import annotations

from typing import Any

from moto.account.models import AccountBackend, account_backends
from moto.account.responses import AccountResponse
from moto.core.responses import ActionResult, EmptyResult

from local.engine import Engine
from local.services.account.labels import AccountError, add_operations, checked, named_member

WITH_STATE = ("BR", "CA", "DE", "GB", "IN", "JP", "US")
"""Countries of which AWS asks for `StateOrRegion`.

https://docs.aws.amazon.com/accounts/latest/reference/API_ContactInformation.html
"""


def install(engine: Engine) -> None:
    operations = {"PutContactInformation": _put, "GetContactInformation": _get}
    add_operations(engine, {name: checked(name, handler) for name, handler in operations.items()})


def _put(response: AccountResponse) -> ActionResult:
    given = response._get_param("ContactInformation")
    if given["CountryCode"] in WITH_STATE and not given.get("StateOrRegion"):
        raise AccountError("ValidationException", "StateOrRegion is required in this country.")
    vars(_backend(response))["contact_information"] = given
    return EmptyResult()


def _get(response: AccountResponse) -> ActionResult:
    found: Any = vars(_backend(response)).get("contact_information")
    if found is None:
        raise AccountError("ResourceNotFoundException", "No contact information found.")
    return ActionResult({"ContactInformation": found, "VerificationStatus": "UNVERIFIED"})


def _backend(response: AccountResponse) -> AccountBackend:
    """Of the account that is named, where the caller may name it; of the caller's own otherwise."""
    if response._get_param("AccountId"):
        named_member(response)
    account_id = response._get_param("AccountId") or response.current_account
    found: AccountBackend = account_backends[account_id][response.partition]
    return found
