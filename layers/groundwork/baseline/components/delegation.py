"""delegation: the security account administers what the baseline needs administered for the whole organization.

That is AWS Config, whose aggregator lives there. It runs in the execution of the security account, before its other
components, and works with the management account's own credentials: only that account may delegate. `target.account`
is the security account. Whatever else was delegated, to it or to others, is left alone. What no component needs any
more is reported.

https://docs.aws.amazon.com/config/latest/developerguide/set-up-aggregator-cli.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from botocore.exceptions import ClientError

from groundwork.baseline.component import Call, Component, Permission, Target, left_to_people
from groundwork.declaration import ComponentName

DELEGATED_SERVICES: Mapping[ComponentName, Sequence[str]] = {
    "config": ("config.amazonaws.com", "config-multiaccountsetup.amazonaws.com"),
}
"""The services that the security account administers, by the component that needs it."""


@dataclass(frozen=True)
class Found:
    """The service principals that the security account is delegated administrator of."""

    services: frozenset[str]


class Delegation(Component[Found]):
    name = "delegation"
    kinds = ("security",)
    reads = (Permission(("organizations:ListDelegatedServicesForAccount",)),)
    writes = (
        Permission(
            ("organizations:RegisterDelegatedAdministrator",),
            ("arn:{partition}:organizations::*:account/o-*/{account}",),
            {"StringEquals": {"organizations:ServicePrincipal": sorted(chain(*DELEGATED_SERVICES.values()))}},
        ),
    )

    def read(self, target: Target) -> Found:
        client = target.client("organizations")
        pages = client.get_paginator("list_delegated_services_for_account").paginate(
            AccountId=target.account.id
        )
        try:
            services = frozenset(
                each["ServicePrincipal"] for page in pages for each in page["DelegatedServices"]
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "AccountNotRegisteredException":
                raise
            services = frozenset()
        return Found(services)

    def diff(self, found: Found, target: Target) -> Iterator[Call]:
        components = {component for each in target.declaration.baseline.values() for component in each}
        for component, services in DELEGATED_SERVICES.items():
            for service in services:
                if component in components and service not in found.services:
                    yield Call(
                        "organizations",
                        "RegisterDelegatedAdministrator",
                        {"AccountId": target.account.id, "ServicePrincipal": service},
                        resource=f"delegated administrator of {service}",
                        action="create",
                        reason=f"is not {target.account.name}, account {target.account.id}; {component} needs it",
                    )
        yield from _not_needed(found, components, target)

    def left(self, target: Target) -> Iterator[Call]:
        yield from _not_needed(self.read(target), (), target)


def _not_needed(found: Found, components: Collection[ComponentName], target: Target) -> Iterator[Call]:
    for component, services in DELEGATED_SERVICES.items():
        for service in sorted(found.services.intersection(services)):
            if component in components:
                continue
            call = Call(
                "organizations",
                "DeregisterDelegatedAdministrator",
                {"AccountId": target.account.id, "ServicePrincipal": service},
                resource=f"delegated administrator of {service}",
                action="delete",
                reason=f"is {target.account.name}, account {target.account.id}, and nothing that is declared needs it",
            )
            yield left_to_people(call)
