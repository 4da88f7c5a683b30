"""The smallest real work for every statement of who changes accounts. See `errands`.

The declaration here lets nobody change an account: the function is called as the state machine calls it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

from tests.workflow.place import UNIT, Job, Place

_numbers: Iterator[int] = itertools.count()


def change(place: Place, **wish: Any) -> Job:
    """Called with what the machine gives it, again and again, until all of it has been done."""
    payload = {"work": _work(place), "accountId": place.account, "wish": wish}
    return lambda: place.invoke("ChangeAccountFunction", payload)


def _work(place: Place) -> dict[str, Any]:
    return {
        "route": "change",
        "execution": place.forgotten_execution,
        "requestId": f"change-{next(_numbers)}",
        "accountName": "account",
        "email": place.email,
        "kind": "workload",
        "accountId": place.account,
    }


def rename(place: Place) -> Job:
    _trust(place)
    return change(place, accountName=f"renamed-{next(_numbers)}")


def put_contacts(place: Place) -> Job:
    """Two that are there, and are to be others, and one that is to be none."""
    _trust(place)
    client, one = place.cloud.aws.client("account"), f"Team {next(_numbers)}"
    alternate = {
        "Name": one,
        "Title": "On call",
        "EmailAddress": "team@example.com",
        "PhoneNumber": "+41 44 1",
    }
    for each in ("BILLING", "OPERATIONS"):
        client.put_alternate_contact(AccountId=place.account, AlternateContactType=each, **alternate)
    primary = {
        "FullName": one,
        "AddressLine1": "Engine Street 1",
        "City": "London",
        "StateOrRegion": "London",
        "PostalCode": "SW1Y 4JH",
        "CountryCode": "GB",
        "PhoneNumber": "+44 20 123",
    }
    client.put_contact_information(AccountId=place.account, ContactInformation=primary)
    other = {"Name": f"Team {next(_numbers)}"}
    return change(
        place,
        contacts={
            "billing": alternate | other,
            "operations": {},
            "primary": primary | {"FullName": other["Name"]},
        },
    )


def send_code(place: Place) -> Job:
    _trust(place)
    return change(place, newEmail=f"aws+{next(_numbers)}-{place.email}")


def _trust(place: Place) -> None:
    place.cloud.aws.client("organizations").enable_aws_service_access(
        ServicePrincipal="account.amazonaws.com"
    )


def tag(place: Place) -> Job:
    """One tag goes on, another comes off."""
    organizations = place.cloud.aws.client("organizations")
    organizations.tag_resource(ResourceId=place.account, Tags=[{"Key": "old", "Value": "yes"}])
    return change(place, tags={"new": f"{next(_numbers)}"}, untag=["old"])


def move(place: Place) -> Job:
    return change(place, organizationalUnit=f"{UNIT}/unit-{next(_numbers)}")


def change_after_another(place: Place) -> Job:
    """Somebody else holds the account, and has died."""
    job = change(place, tags={"late": f"{next(_numbers)}"})
    place.write(
        f"account#{place.account}", leaseOwner=f"{place.forgotten_execution}-2", leaseUntil="99999999999"
    )
    return job


OF_CHANGES: dict[str, Callable[[Place], Job]] = {
    "ChangeAccountFunction.UseTheLedger": rename,
    "ChangeAccountFunction.LookAtTheOrganization": move,
    "ChangeAccountFunction.SeeWhoIsRunning": change_after_another,
    "ChangeAccountFunction.RenameAccounts": rename,
    "ChangeAccountFunction.ChangeContacts": put_contacts,
    "ChangeAccountFunction.SendCodes": send_code,
    "ChangeAccountFunction.TagAccounts": tag,
    "ChangeAccountFunction.CreateUnits": move,
    "ChangeAccountFunction.MoveAccounts": move,
}
