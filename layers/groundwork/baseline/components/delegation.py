"""delegation: the security account administers what the baseline needs administered for the whole organization.

That is AWS Config, whose aggregator lives there, Security Hub, from the home Region, and, Region by Region, GuardDuty.
It runs in the execution of the security account, before its other components, and works with the management account's
own credentials: only that account may delegate. `target.account` is the security account. Whatever else was delegated, to it or to others, is left
alone: a service that somebody else administers in any governed Region is told, and in none delegated. What no component
needs any more is reported.

https://docs.aws.amazon.com/config/latest/developerguide/set-up-aggregator-cli.html
https://docs.aws.amazon.com/guardduty/latest/ug/delegated-admin-designate-api.html
https://docs.aws.amazon.com/securityhub/latest/userguide/designate-orgs-admin-account.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from botocore.exceptions import ClientError

from groundwork.baseline import administrators
from groundwork.baseline.component import Call, Component, Permission, Target, left_to_people
from groundwork.baseline.regions import FIND_REGIONS, governed, skipped
from groundwork.declaration import ComponentName

DELEGATED_SERVICES: Mapping[ComponentName, Sequence[str]] = {
    "config": ("config.amazonaws.com", "config-multiaccountsetup.amazonaws.com"),
}
"""The services that the security account administers, by the component that needs it."""

REGIONAL_SERVICES: Mapping[ComponentName, str] = {
    "threat-detection": "guardduty",
    "posture": "securityhub",
}
"""The services that it administers in each governed Region, by the component that needs it. Designating it registers it with
Organizations, too, and gives the service trusted access."""

FROM_HOME = frozenset({"securityhub"})
"""Those that it is designated for in the home Region alone: it administers what is linked to that by itself.

https://docs.aws.amazon.com/securityhub/latest/userguide/start-central-configuration.html
"""

_PRINCIPALS = sorted(f"{service}.amazonaws.com" for service in REGIONAL_SERVICES.values())


@dataclass(frozen=True)
class Found:
    """The service principals that the security account is delegated administrator of; the administrators of services that
    have one in each Region; and the governed Regions that are off."""

    services: frozenset[str]
    regional: Mapping[str, administrators.ByRegion] = field(default_factory=dict)
    off: tuple[str, ...] = ()


class Delegation(Component[Found]):
    name = "delegation"
    kinds = ("security",)
    reads = (
        Permission(("organizations:ListDelegatedServicesForAccount",)),
        Permission(tuple(f"{each}:ListOrganizationAdminAccounts" for each in REGIONAL_SERVICES.values())),
        FIND_REGIONS,
    )
    writes = (
        Permission(
            ("organizations:RegisterDelegatedAdministrator",),
            ("arn:{partition}:organizations::*:account/o-*/{account}",),
            {
                "StringEquals": {
                    "organizations:ServicePrincipal": sorted(
                        {*chain(*DELEGATED_SERVICES.values()), *_PRINCIPALS}
                    )
                }
            },
        ),
        Permission(tuple(f"{each}:{administrators.DESIGNATE}" for each in REGIONAL_SERVICES.values())),
        # What these services ask of Organizations on behalf of whoever designates.
        Permission(("organizations:DescribeOrganization", "organizations:ListDelegatedAdministrators")),
        Permission(
            ("organizations:EnableAWSServiceAccess",),
            conditions={"StringEquals": {"organizations:ServicePrincipal": _PRINCIPALS}},
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
        components = _components(target)
        wanted = [service for name, service in REGIONAL_SERVICES.items() if name in components]
        if not wanted:
            return Found(services)
        on, off = governed(target)
        home = (target.declaration.regions.home,)
        regions = {each: home if each in FROM_HOME else on for each in wanted}
        return Found(
            services, {each: administrators.read(each, names, target) for each, names in regions.items()}, off
        )

    def diff(self, found: Found, target: Target) -> Iterator[Call]:
        components = _components(target)
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
        for component, service in REGIONAL_SERVICES.items():
            if service in found.regional:
                yield from _in_each_region(component, service, found, target)
        yield from _not_needed(found, components, target)

    def left(self, target: Target) -> Iterator[Call]:
        yield from _not_needed(self.read(target), (), target)


def _components(target: Target) -> set[ComponentName]:
    return {component for each in target.declaration.baseline.values() for component in each}


def _in_each_region(component: ComponentName, service: str, found: Found, target: Target) -> Iterator[Call]:
    there = found.regional[service]
    others = administrators.strangers(there, target)
    yield from administrators.reports(service, component, others)
    for region, administrator in there.items():
        if not others and (not administrator.account or administrator.leaving):
            resource = administrators.resource(service, region)
            yield Call(
                service,
                administrators.DESIGNATE,
                {"AdminAccountId": target.account.id},
                resource=resource,
                action="create",
                reason=f"is not {target.account.name}, account {target.account.id}: what {service} finds there reaches "
                f"nobody, and {component} cannot switch it on",
                region=region,
                severity="high",
                after=f"{resource} has been taken off" if administrator.leaving else "",
            )
    if service not in FROM_HOME:
        yield from skipped(service, found.off)


def _not_needed(found: Found, components: Collection[ComponentName], target: Target) -> Iterator[Call]:
    principals = {
        **DELEGATED_SERVICES,
        **{name: (f"{service}.amazonaws.com",) for name, service in REGIONAL_SERVICES.items()},
    }
    for component, services in principals.items():
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
