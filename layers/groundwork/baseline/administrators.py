"""Who administers a service of AWS that has an administrator of its own in every Region, like GuardDuty and Security Hub.
The management account alone may ask, and say who it is.

https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListDelegatedAdministrators.html
https://docs.aws.amazon.com/guardduty/latest/APIReference/API_ListOrganizationAdminAccounts.html
https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_ListOrganizationAdminAccounts.html
https://docs.aws.amazon.com/inspector/v2/APIReference/API_ListDelegatedAdminAccounts.html
https://docs.aws.amazon.com/macie/latest/APIReference/admin.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from botocore import xform_name
from botocore.exceptions import ClientError

from groundwork.aws.sessions import DENIALS
from groundwork.baseline.component import Call, Target
from groundwork.baseline.regions import in_each


class Operations(NamedTuple):
    """What a service calls its operations, and in the answer the administrators, the account of one and its status; and
    itself as a principal, where that is not after the SDK's name."""

    accounts: str
    account: str
    status: str
    lists: str = "ListOrganizationAdminAccounts"
    designates: str = "EnableOrganizationAdminAccount"
    designated: str = "AdminAccountId"
    by_hand: str = "disable-organization-admin-account"
    principal: str = ""


OPERATIONS: Mapping[str, Operations] = {
    "guardduty": Operations("AdminAccounts", "AdminAccountId", "AdminStatus"),
    "inspector2": Operations(
        *("delegatedAdminAccounts", "accountId", "status"),
        *("ListDelegatedAdminAccounts", "EnableDelegatedAdminAccount", "delegatedAdminAccountId"),
        by_hand="disable-delegated-admin-account",
    ),
    "macie2": Operations(
        *("adminAccounts", "accountId", "status"),
        designated="adminAccountId",
        principal="macie.amazonaws.com",
    ),
    "securityhub": Operations("AdminAccounts", "AccountId", "Status"),
}
"""By the service as the SDK calls it."""


class Administrator(NamedTuple):
    """No account, where there is none. `leaving`: it is being taken off, and AWS takes no other meanwhile."""

    account: str = ""
    leaving: bool = False


ByRegion = Mapping[str, Administrator]


def read(service: str, regions: Sequence[str], target: Target) -> dict[str, Administrator]:
    """Of these Regions each. `service` as the SDK calls it."""
    return in_each(target, service, regions, partial(_administrator, OPERATIONS[service]))


def looks(services: Iterable[str]) -> tuple[str, ...]:
    """The actions of `read`."""
    return tuple(f"{service}:{OPERATIONS[service].lists}" for service in services)


def designation(service: str, account: str) -> tuple[str, dict[str, str]]:
    """The operation that makes the account the administrator, and its parameters."""
    named = OPERATIONS[service]
    return named.designates, {named.designated: account}


def principal(service: str) -> str:
    """As Organizations knows the service."""
    return OPERATIONS[service].principal or f"{service}.amazonaws.com"


def registered(service: str, target: Target) -> tuple[str, ...]:
    """The accounts that Organizations knows as delegated administrators of a service, like guardduty.amazonaws.com."""
    pages = target.client("organizations").get_paginator("list_delegated_administrators")
    return tuple(
        str(each["Id"])
        for page in pages.paginate(ServicePrincipal=service)
        for each in page["DelegatedAdministrators"]
    )


def registered_if_known(service: str, target: Target) -> tuple[str, ...]:
    """The same from a member account: none while that administers nothing itself, and so may not ask."""
    try:
        return registered(service, target)
    except ClientError as error:
        if error.response["Error"]["Code"] not in DENIALS:
            raise
        return ()


def strangers(found: ByRegion, target: Target) -> dict[str, str]:
    """Accounts besides the security account that administer a Region."""
    ours = ("", target.organization.security_account_id)
    return {name: each.account for name, each in found.items() if each.account not in ours}


def reports(service: str, component: str, others: Mapping[str, str]) -> Iterator[Call]:
    """That somebody else runs the service for the organization, Region by Region."""
    for region, account in others.items():
        yield Call(
            service,
            "",
            {},
            resource(service, region),
            "report",
            f"is account {account}, which runs it for the organization: all of it is left alone. Take {component} out of the "
            f"baseline, or take that account off by hand (aws {service} {OPERATIONS[service].by_hand})",
        )


def resource(service: str, region: str) -> str:
    return f"administrator of {service} in {region}"


def _administrator(named: Operations, client: Any) -> Administrator:
    for page in client.get_paginator(xform_name(named.lists)).paginate():
        for each in page[named.accounts]:
            return Administrator(each[named.account], each[named.status] != "ENABLED")
    return Administrator()
