"""AWS Account Management: whose alternate contacts a caller may see and change, which moto does not ask.

An account has its own without further ado; the management account and a delegated administrator have those of members, by
their id, once the service is trusted.
https://docs.aws.amazon.com/accounts/latest/reference/API_PutAlternateContact.html
https://docs.aws.amazon.com/accounts/latest/reference/API_DeleteAlternateContact.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.account.models import AccountBackend
from moto.account.responses import AccountResponse

from local.engine import Engine
from local.services.account.labels import AccountError, checked, named_member

OPERATIONS = {
    "PutAlternateContact": "put_alternate_contact",
    "GetAlternateContact": "get_alternate_contact",
    "DeleteAlternateContact": "delete_alternate_contact",
}


def install(engine: Engine) -> None:
    for operation, name in OPERATIONS.items():
        handler = vars(AccountResponse)[name]
        engine.patch(AccountResponse, name, checked(operation, _of_whom_it_may(handler)))
    delete = vars(AccountBackend)["delete_alternate_contact"]

    def that_is_there(backend: AccountBackend, alternate_contact_type: str) -> None:
        if alternate_contact_type not in backend._alternate_contacts:
            message = "No contact of the inputted alternate contact type found."
            raise AccountError("ResourceNotFoundException", message)
        delete(backend, alternate_contact_type)

    engine.patch(AccountBackend, "delete_alternate_contact", that_is_there)


def _of_whom_it_may(handler: Callable[[AccountResponse], Any]) -> Callable[[AccountResponse], Any]:
    def handle(response: AccountResponse) -> Any:
        if response._get_param("AccountId"):
            named_member(response)
        return handler(response)

    return handle
