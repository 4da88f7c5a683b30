"""What Security Hub keeps for a whole organization: its administrator, central configuration, and configuration policies.

https://docs.aws.amazon.com/securityhub/latest/userguide/central-configuration-intro.html
https://docs.aws.amazon.com/securityhub/latest/userguide/configuration-policies-overview.html
https://docs.aws.amazon.com/securityhub/latest/userguide/view-policy.html
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from local.organizations import Organizations

from .errors import SecurityHubError, conflict, invalid_input, not_found
from .standards import known

SERVICE = "securityhub.amazonaws.com"
CSPM_POLICY = "SECURITYHUB_CSPM_POLICY"
SELF_MANAGED = "SELF_MANAGED_SECURITY_HUB"
MOST_POLICIES = 20
NAME = re.compile(r"[A-Za-z0-9\-.!*/]+")
TARGETS = ("AccountId", "OrganizationalUnitId", "RootId")


@dataclass
class ConfigurationPolicy:
    arn: str
    id: str
    name: str
    description: str
    content: dict[str, Any]
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    updated: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def says(self) -> dict[str, Any]:
        found: dict[str, Any] = self.content["SecurityHub"]
        return found

    @property
    def standards(self) -> list[str]:
        return [str(known(arn)) for arn in self.says.get("EnabledStandardIdentifiers") or []]

    def summary(self) -> dict[str, Any]:
        return {
            "Arn": self.arn,
            "Id": self.id,
            "Name": self.name,
            "Description": self.description or None,
            "UpdatedAt": self.updated,
            "ServiceEnabled": self.says["ServiceEnabled"],
        }

    def described(self) -> dict[str, Any]:
        summary = {key: value for key, value in self.summary().items() if key != "ServiceEnabled"}
        return summary | {"CreatedAt": self.created, "ConfigurationPolicy": self.content}


@dataclass
class Association:
    """Of one target. `done` is when, on the monotonic clock, its status is SUCCESS."""

    policy: str
    done: float
    updated: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass
class Aggregator:
    """What links Regions to the home Region: one for an account."""

    arn: str
    home: str
    mode: str
    regions: list[str]

    def links(self, region: str) -> bool:
        listed = region in self.regions
        return region != self.home and {
            "ALL_REGIONS": True,
            "ALL_REGIONS_EXCEPT_SPECIFIED": not listed,
            "SPECIFIED_REGIONS": listed,
            "NO_REGIONS": False,
        }.get(self.mode, False)

    def described(self) -> dict[str, Any]:
        return {
            "FindingAggregatorArn": self.arn,
            "FindingAggregationRegion": self.home,
            "RegionLinkingMode": self.mode,
            "Regions": self.regions,
        }


@dataclass
class Central:
    """Of one organization. `administrators` by Region; `home` is set while central configuration is on, which it is from
    `ready` on, on the monotonic clock. `auto_enable` and `auto_enable_standards` by Region, of local configuration."""

    administrators: dict[str, str] = field(default_factory=dict)
    auto_enable: dict[str, bool] = field(default_factory=dict)
    auto_enable_standards: dict[str, str] = field(default_factory=dict)
    home: str = ""
    ready: float = 0.0
    policies: dict[str, ConfigurationPolicy] = field(default_factory=dict)
    associations: dict[str, Association] = field(default_factory=dict)

    def status(self, organization: Organizations) -> str:
        if organization.is_enabled(CSPM_POLICY):
            return "DISABLED"
        return "PENDING" if self.home and time.monotonic() < self.ready else "ENABLED"

    def is_on(self, organization: Organizations) -> bool:
        return bool(self.home) and self.status(organization) == "ENABLED"

    # Policies ------------------------------------------------------------------------------------

    def create_policy(self, arn: str, given: dict[str, Any]) -> ConfigurationPolicy:
        """Raises InvalidInputException, ResourceConflictException, LimitExceededException."""
        self._check_name(given["Name"])
        _check_content(given["ConfigurationPolicy"])
        if len(self.policies) >= MOST_POLICIES:
            raise SecurityHubError(
                "LimitExceededException", "The organization has no room for another policy."
            )
        identifier = str(uuid.uuid4())
        made = ConfigurationPolicy(
            f"{arn}{identifier}", identifier, given["Name"], given.get("Description") or "", _plain(given)
        )
        self.policies[identifier] = made
        return made

    def update_policy(self, given: dict[str, Any], until: float) -> ConfigurationPolicy:
        """Its associations are PENDING anew."""
        policy = self.policy(given["Identifier"])
        if given.get("Name", policy.name) != policy.name:
            self._check_name(given["Name"])
        if "ConfigurationPolicy" in given:
            _check_content(given["ConfigurationPolicy"])
            policy.content = _plain(given)
        policy.name = given.get("Name", policy.name)
        policy.description = given.get("Description", policy.description)
        policy.updated = datetime.now(UTC)
        for association in self.associations.values():
            if association.policy == policy.id:
                association.done, association.updated = until, policy.updated
        return policy

    def delete_policy(self, identifier: str) -> None:
        policy = self.policy(identifier)
        if any(each.policy == policy.id for each in self.associations.values()):
            raise conflict("The configuration policy is associated; disassociate it first.")
        del self.policies[policy.id]

    def policy(self, identifier: str) -> ConfigurationPolicy:
        found = self.policies.get(identifier.rpartition("/")[2])
        if found is None:
            raise not_found(f"There is no configuration policy {identifier}.")
        return found

    def _check_name(self, name: str) -> None:
        if not NAME.fullmatch(name):
            raise invalid_input("A configuration policy's name has letters, digits and - . ! * / only.")
        if any(policy.name == name for policy in self.policies.values()):
            raise conflict("A configuration policy of this name exists.")

    # Associations --------------------------------------------------------------------------------

    def associate(self, identifier: str, target: str, until: float) -> None:
        policy = SELF_MANAGED if identifier == SELF_MANAGED else self.policy(identifier).id
        self.associations[target] = Association(policy, until)

    def disassociate(self, identifier: str, target: str) -> None:
        found = self.associations.get(target)
        wanted = SELF_MANAGED if identifier == SELF_MANAGED else self.policy(identifier).id
        if found is None or found.policy != wanted:
            raise not_found("The target is not associated with this configuration.")
        del self.associations[target]

    def described(self, target: str, organization: Organizations) -> dict[str, Any]:
        """Raises ResourceNotFoundException where nothing reaches the target."""
        for place in path(target, organization):
            if found := self.associations.get(place):
                return self._shown(target, found, "APPLIED" if place == target else "INHERITED")
        raise not_found(f"No configuration is associated with {target}.")

    def reaches(self, target: str, organization: Organizations) -> bool:
        """Whether any association does."""
        return not self.associations.keys().isdisjoint(path(target, organization))

    def applied(self) -> Iterator[dict[str, Any]]:
        for target, association in self.associations.items():
            yield self._shown(target, association, "APPLIED")

    def _shown(self, target: str, association: Association, kind: str) -> dict[str, Any]:
        return {
            "ConfigurationPolicyId": association.policy,
            "TargetId": target,
            "TargetType": kind_of(target),
            "AssociationType": kind,
            "UpdatedAt": association.updated,
            "AssociationStatus": "PENDING" if time.monotonic() < association.done else "SUCCESS",
        }

    def governing(self, account: str, organization: Organizations) -> ConfigurationPolicy | None:
        """The configuration policy that holds for an account: the nearest one, unless self-management is nearer."""
        for place in path(account, organization):
            if found := self.associations.get(place):
                return None if found.policy == SELF_MANAGED else self.policies[found.policy]
        return None


def _plain(given: dict[str, Any]) -> dict[str, Any]:
    hub = dict(given["ConfigurationPolicy"]["SecurityHub"])
    return {"SecurityHub": {key: value for key, value in hub.items() if value is not None}}


def _check_content(content: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_SecurityHubPolicy.html"""
    says = content.get("SecurityHub")
    if not says or says.get("ServiceEnabled") is None:
        raise invalid_input("ServiceEnabled says whether Security Hub is enabled.")
    if not says["ServiceEnabled"]:
        if says.get("EnabledStandardIdentifiers") or says.get("SecurityControlsConfiguration"):
            raise invalid_input("A policy that disables Security Hub has neither standards nor controls.")
        return
    if says.get("EnabledStandardIdentifiers") is None or says.get("SecurityControlsConfiguration") is None:
        raise invalid_input("A policy that enables Security Hub lists its standards, and controls.")
    controls = says["SecurityControlsConfiguration"]
    lists = ("EnabledSecurityControlIdentifiers", "DisabledSecurityControlIdentifiers")
    if sum(controls.get(name) is not None for name in lists) > 1:
        raise invalid_input("Controls are listed as enabled, or as disabled; not as both.")
    if wrong := next((arn for arn in says["EnabledStandardIdentifiers"] if known(arn) is None), None):
        raise invalid_input(f"There is no standard {wrong}.")


def path(target: str, organization: Organizations) -> list[str]:
    """An account, unit or root and what is above it, the nearest first; empty for what is not in the organization."""
    return [place.id for place in reversed(organization.way_to(target))]


def kind_of(target: str) -> str:
    return {"r-": "ROOT", "ou": "ORGANIZATIONAL_UNIT"}.get(target[:2], "ACCOUNT")


def target_of(given: dict[str, Any] | None, organization: Organizations) -> str:
    """Raises InvalidInputException, or ResourceNotFoundException for what is not in the organization."""
    named = [str(value) for key, value in (given or {}).items() if key in TARGETS and value]
    if len(named) != 1:
        raise invalid_input("Target names one account, organizational unit or root.")
    if not organization.way_to(named[0]):
        raise not_found(f"{named[0]} is not in the organization.")
    return named[0]
