"""Security Hub CSPM of an organization, asked in one account and Region: its administrator, its configuration, its policies,
and the aggregator of findings.

https://docs.aws.amazon.com/securityhub/latest/userguide/designate-orgs-admin-account.html
https://docs.aws.amazon.com/securityhub/latest/userguide/start-central-configuration.html
https://docs.aws.amazon.com/securityhub/latest/userguide/finding-aggregation-enable.html
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from local.organizations import organization_of
from local.services.account import region_states

from .central import SERVICE, Aggregator, target_of
from .errors import SecurityHubError, conflict, invalid_input, not_found
from .hub import Hub, central_of, hub_of
from .standards import ON_BY_DEFAULT

LISTING = ("ALL_REGIONS_EXCEPT_SPECIFIED", "SPECIFIED_REGIONS")
MODES = ("ALL_REGIONS", "NO_REGIONS", *LISTING)


class OrganizationHub(Hub):
    # The organization's administrator ------------------------------------------------------------

    def designate(self, account: str) -> None:
        """Gives trusted access, registers the account with Organizations, and enables Security Hub in it, here."""
        organization = self.as_management()
        if account not in {each.id for each in organization.accounts}:
            raise invalid_input(f"{account} is not in the organization.")
        if account == self.account_id:
            raise SecurityHubError("NotEmbedded", "not embedded: the management account as administrator")
        central = self.central
        there = central.administrators.get(self.region_name)
        elsewhere = [each.account.id for each in organization.admins if SERVICE in each.services]
        if (there or account) != account or [each for each in elsewhere if each != account]:
            raise invalid_input("The organization has another Security Hub administrator already.")
        organization.designate(account, SERVICE)
        central.administrators[self.region_name] = account
        hub = hub_of(account, self.region_name)
        if not hub.enabled:
            hub.turn_on()
            hub.standards = list(ON_BY_DEFAULT)

    def take_away(self, account: str) -> None:
        """Refused while central configuration is on: that is left through Organizations alone."""
        organization = self.as_management()
        central = self.central
        if central.administrators.get(self.region_name) != account:
            raise invalid_input(f"{account} is no administrator of the organization.")
        if central.home:
            raise invalid_input("Central configuration is on: the administrator cannot be changed here.")
        del central.administrators[self.region_name]
        if account not in central.administrators.values():
            organization.deregister_delegated_administrator(AccountId=account, ServicePrincipal=SERVICE)

    def administrators(self) -> list[dict[str, Any]]:
        self.as_management()
        found = self.central.administrators.get(self.region_name)
        return [{"AccountId": found, "Status": "ENABLED"}] if found else []

    def administrator(self) -> dict[str, Any]:
        self.require_hub()
        found = self.central.administrators.get(self.region_name)
        if not found or found == self.account_id:
            return {}
        return {
            "Administrator": {"AccountId": found, "MemberStatus": "ENABLED", "InvitedAt": datetime.now(UTC)}
        }

    def organization_members(self) -> Iterator[dict[str, Any]]:
        """Every account of the organization with Security Hub here, besides the administrator."""
        self.require_hub()
        self.as_administrator()
        for account in self.organization.accounts:
            if account.id != self.account_id and hub_of(account.id, self.region_name).settle().enabled:
                yield {
                    "AccountId": account.id,
                    "Email": account.email,
                    "AdministratorId": self.account_id,
                    "MasterId": self.account_id,
                    "MemberStatus": "ENABLED",
                }

    # Its configuration ---------------------------------------------------------------------------

    def configuration(self) -> dict[str, Any]:
        central = self.as_administrator()
        return {
            "AutoEnable": central.auto_enable.get(self.region_name, False),
            "MemberAccountLimitReached": False,
            "AutoEnableStandards": central.auto_enable_standards.get(self.region_name, "DEFAULT"),
            "OrganizationConfiguration": {
                "ConfigurationType": "CENTRAL" if central.home else "LOCAL",
                "Status": central.status(self.organization),
            },
        }

    def configure(self, given: dict[str, Any]) -> None:
        central, wanted = self.as_administrator(), given.get("OrganizationConfiguration") or {}
        kind = wanted.get("ConfigurationType") or ("CENTRAL" if central.home else "LOCAL")
        auto, standards = given["AutoEnable"], given.get("AutoEnableStandards") or "DEFAULT"
        if kind == "CENTRAL":
            self._check_central(auto, standards)
            if not central.home:
                central.home, central.ready = self.region_name, self.later(self.central_seconds)
                aggregator = self.aggregators[self.account_id]
                regions = [name for name in region_states(self.partition) if aggregator.links(name)]
                central.administrators |= dict.fromkeys([self.region_name, *regions], self.account_id)
        elif central.home:
            if central.associations or central.policies:
                raise conflict("Disassociate and delete the configuration policies first.")
            central.home = ""
        central.auto_enable[self.region_name] = auto
        central.auto_enable_standards[self.region_name] = standards

    def _check_central(self, auto: bool, standards: str) -> None:
        if auto or standards != "NONE":
            raise invalid_input(
                "Auto Enable and AutoEnableStandards can not be enabled for Central Configuration"
            )
        aggregator = self.aggregators.get(self.account_id)
        if aggregator is None or aggregator.home != self.region_name:
            raise invalid_input("Central configuration needs a finding aggregator in the home Region.")
        if self.central.status(self.organization) == "DISABLED":
            raise invalid_input("The organization is managed by Security Hub CSPM policies.")

    def later(self, aws_seconds: float) -> float:
        return time.monotonic() + self.engine.clock.seconds(aws_seconds)

    # Aggregation ---------------------------------------------------------------------------------

    def aggregate(self, given: dict[str, Any]) -> dict[str, Any]:
        self.require_hub()
        organization = organization_of(self.account_id, self.partition)
        named = central_of(organization).administrators.get(self.region_name) if organization else None
        if named not in (None, self.account_id):
            raise invalid_input("A finding aggregator cannot be created by a member account.")
        if self.account_id in self.aggregators:
            raise invalid_input("The account has a finding aggregator already.")
        if region_states(self.partition).get(self.region_name) != "ENABLED_BY_DEFAULT":
            raise invalid_input("A Region that is disabled by default cannot be the home Region.")
        mode, regions = _linking(given)
        arn = (
            f"arn:{self.partition}:securityhub:{self.region_name}:{self.account_id}:"
            f"finding-aggregator/{uuid.uuid4()}"
        )
        made = self.aggregators[self.account_id] = Aggregator(arn, self.region_name, mode, regions)
        return made.described()

    def aggregation(self, arn: str) -> Aggregator:
        found = self.aggregators.get(self.account_id)
        if found is None or found.arn != arn:
            raise not_found("There is no such finding aggregator.")
        return found

    def aggregate_anew(self, given: dict[str, Any]) -> dict[str, Any]:
        found = self.aggregation(given["FindingAggregatorArn"])
        if found.home != self.region_name:
            raise invalid_input(f"A finding aggregator is updated in its home Region, {found.home}.")
        found.mode, found.regions = _linking(given)
        return found.described()

    def stop_aggregating(self, arn: str) -> None:
        found = self.aggregation(arn)
        if self.is_administrator and self.central.home == found.home:
            raise invalid_input("Central configuration needs the finding aggregator.")
        del self.aggregators[self.account_id]

    # Configuration policies ----------------------------------------------------------------------

    def policy_arn(self) -> str:
        return f"arn:{self.partition}:securityhub:{self.region_name}:{self.account_id}:configuration-policy/"

    def associate(self, given: dict[str, Any]) -> dict[str, Any]:
        central, target = self.as_central(), target_of(given.get("Target"), self.organization)
        central.associate(
            given["ConfigurationPolicyIdentifier"], target, self.later(self.association_seconds)
        )
        return central.described(target, self.organization)

    def association(self, given: dict[str, Any]) -> dict[str, Any]:
        central, target = self.as_central(), target_of(given.get("Target"), self.organization)
        return central.described(target, self.organization)

    def associations(self, filters: dict[str, Any]) -> list[dict[str, Any]]:
        """Those applied, or else what reaches every account, unit and the root."""
        central, organization = self.as_central(), self.organization
        if filters.get("AssociationType") == "APPLIED":
            found = list(central.applied())
        else:
            places = [place.id for place in organization.places()]
            reached = [place for place in places if central.reaches(place, organization)]
            found = [central.described(place, organization) for place in reached]
        return [each for each in found if all(each[key] == value for key, value in filters.items())]

    def disassociate(self, given: dict[str, Any]) -> None:
        """Whoever was bound keeps what it has."""
        central, target = self.as_central(), target_of(given.get("Target"), self.organization)
        for account in self.organization.accounts:
            for region in region_states(self.partition):
                hub_of(account.id, region).settle()
        central.disassociate(given["ConfigurationPolicyIdentifier"], target)


def _linking(given: dict[str, Any]) -> tuple[str, list[str]]:
    mode, regions = given["RegionLinkingMode"], given.get("Regions") or []
    if mode not in MODES:
        raise invalid_input(f"There is no RegionLinkingMode {mode}.")
    if bool(regions) != (mode in LISTING):
        raise invalid_input(f"Regions do not go with {mode}, or lack.")
    return mode, list(regions)
