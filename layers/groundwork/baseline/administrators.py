"""Who administers a service of AWS that has an administrator of its own in every Region, like GuardDuty and Security Hub.
The management account alone may ask, and say who it is.

https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListDelegatedAdministrators.html
https://docs.aws.amazon.com/guardduty/latest/APIReference/API_ListOrganizationAdminAccounts.html
https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_ListOrganizationAdminAccounts.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from groundwork.aws.sessions import DENIALS
from groundwork.baseline.component import Call, Target
from groundwork.baseline.regions import in_each

DESIGNATE = "EnableOrganizationAdminAccount"


class Administrator(NamedTuple):
    """No account, where there is none. `leaving`: it is being taken off, and AWS takes no other meanwhile."""

    account: str = ""
    leaving: bool = False


ByRegion = Mapping[str, Administrator]


def read(service: str, regions: Sequence[str], target: Target) -> dict[str, Administrator]:
    """Of these Regions each. `service` as the SDK calls it."""
    return in_each(target, service, regions, _administrator)


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
            f"baseline, or take that account off by hand (aws {service} disable-organization-admin-account)",
        )


def resource(service: str, region: str) -> str:
    return f"administrator of {service} in {region}"


def _administrator(client: Any) -> Administrator:
    for page in client.get_paginator("list_organization_admin_accounts").paginate():
        for each in page["AdminAccounts"]:
            account, status = (
                (each["AdminAccountId"], each["AdminStatus"])
                if "AdminAccountId" in each
                else (each["AccountId"], each["Status"])  # as Security Hub calls them
            )
            return Administrator(account, status != "ENABLED")
    return Administrator()
