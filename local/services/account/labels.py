"""AWS Account Management: an account's name and root e-mail, which people change and moto does not know.

https://docs.aws.amazon.com/accounts/latest/reference/API_PutAccountName.html
https://docs.aws.amazon.com/accounts/latest/reference/API_StartPrimaryEmailUpdate.html
https://docs.aws.amazon.com/accounts/latest/reference/API_AcceptPrimaryEmailUpdate.html
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from functools import partial

from botocore.model import StructureShape
from moto.account import urls
from moto.account.responses import AccountResponse
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores, unix_time

from local.engine import Engine
from local.model_validation import operation_model, violations
from local.organizations import Organizations, organization_of
from local.organizations.accounts import Account

TRUSTED = "account.amazonaws.com"

Handler = Callable[[AccountResponse], ActionResult]


class AccountError(ServiceException):
    """An exception of Account Management by its name."""


def install(engine: Engine) -> None:
    operations: dict[str, Handler] = {
        "PutAccountName": _put_account_name,
        "StartPrimaryEmailUpdate": partial(_start_primary_email_update, engine),
        "AcceptPrimaryEmailUpdate": _accept_primary_email_update,
        "GetPrimaryEmail": _get_primary_email,
        "GetAccountInformation": _get_account_information,
    }
    add_operations(engine, {name: checked(name, handler) for name, handler in operations.items()})


def add_operations(engine: Engine, operations: Mapping[str, Handler]) -> None:
    """Operations that moto does not have, by their names."""
    paths = {f"{{0}}/{name[0].lower()}{name[1:]}$": AccountResponse.dispatch for name in operations}
    engine.patch(urls, "url_paths", urls.url_paths | paths)
    for name, handler in operations.items():
        engine.add(AccountResponse, camelcase_to_underscores(name), handler)


def checked(operation: str, handler: Handler) -> Handler:
    """Raises ValidationException for what the service's model does not allow."""
    shape = operation_model("account", operation).input_shape
    assert isinstance(shape, StructureShape)

    def handle(response: AccountResponse) -> ActionResult:
        given = {name: response._get_param(name) for name in shape.members}
        for violation in violations(
            "account", operation, {key: value for key, value in given.items() if value}
        ):
            raise AccountError("ValidationException", f"{violation.path}: {violation.reason}")
        return handler(response)

    return handle


def named_member(response: AccountResponse) -> tuple[Organizations, Account]:
    """The member account that is named: by the management account or a delegated administrator, with all features and
    trusted access on."""
    caller, account_id = response.current_account, str(response._get_param("AccountId"))
    organization = organization_of(caller, response.partition)
    if organization is None or not (
        organization.has_all_features
        and organization.is_trusted(TRUSTED)
        and (caller == organization.account_id or organization.is_delegated(caller, TRUSTED))
        and account_id != organization.account_id
    ):
        raise AccountError(
            "AccessDeniedException",
            "The operation is for the management account or a delegated administrator, with trusted access on.",
        )
    found = next((each for each in organization.accounts if each.id == account_id), None)
    if not isinstance(found, Account):
        raise AccountError("AccessDeniedException", f"{account_id} is no member of the organization.")
    return organization, found


def _put_account_name(response: AccountResponse) -> ActionResult:
    organization = organization_of(response.current_account, response.partition)
    if response._get_param("AccountId"):
        organization, account = named_member(response)
    elif organization is not None:
        account = organization.account(response.current_account)
    else:
        return ActionResult({})
    _show_late(organization, account)
    account.name = response._get_param("AccountName")
    return ActionResult({})


def _show_late(organization: Organizations, account: Account) -> None:
    """What the account is called until now Organizations goes on showing.

    https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-update-acct-name.html
    """
    if delay := organization.engine.creation.labels_delay:
        account.shown_still = {"Name": account.name, "Email": account.email} | account.shown_still
        organization.later(delay, account.shown_still.clear)


def _start_primary_email_update(engine: Engine, response: AccountResponse) -> ActionResult:
    """AWS sends a code to the new address, and one that it sent before is void: here `Organizations.email_updates` has it,
    and whoever listens for mails is told."""
    organization, account = named_member(response)
    email = str(response._get_param("PrimaryEmail"))
    _require_free(organization, email)
    code = f"{secrets.randbelow(10**6):06}"
    organization.email_updates[account.id] = (email, code)
    for tell in engine.on_mail:
        tell(email, f"{code} is the code by which account {account.id} gets this root e-mail address")
    return ActionResult({"Status": "PENDING"})


def _accept_primary_email_update(response: AccountResponse) -> ActionResult:
    organization, account = named_member(response)
    email, code = organization.email_updates.get(account.id, ("", ""))
    if (response._get_param("PrimaryEmail"), response._get_param("Otp")) != (email, code):
        raise AccountError(
            "ValidationException", "The code or the address is not that of the update in progress."
        )
    _require_free(organization, email)
    del organization.email_updates[account.id]
    _show_late(organization, account)
    account.email = email
    return ActionResult({"Status": "ACCEPTED"})


def _get_primary_email(response: AccountResponse) -> ActionResult:
    return ActionResult({"PrimaryEmail": named_member(response)[1].email})


def _get_account_information(response: AccountResponse) -> ActionResult:
    """https://docs.aws.amazon.com/accounts/latest/reference/API_GetAccountInformation.html"""
    organization = organization_of(response.current_account, response.partition)
    if response._get_param("AccountId"):
        _, account = named_member(response)
    elif organization is not None:
        account = organization.account(response.current_account)
    else:
        raise AccountError("ValidationException", "Of an account in no organization nothing is known here.")
    return ActionResult(
        {
            "AccountId": account.id,
            "AccountName": account.name,
            "AccountCreatedDate": unix_time(account.create_time),
            "AccountState": account.state,
        }
    )


def _require_free(organization: Organizations, email: str) -> None:
    """A root e-mail is unique in all of AWS."""
    if organization.is_taken(email):
        raise AccountError("ConflictException", "The address is that of another AWS account.")
