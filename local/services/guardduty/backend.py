"""GuardDuty in an account and Region: its detector, who administers it, and what is held for it.

What a GuardDuty policy or the administrator's auto-enable holds is brought about when GuardDuty is next asked about the
account: AWS does so by itself, within a day. Where AWS's pages leave two readings it is the stricter one: designating an
administrator makes no detector there, and while the policy type is on nobody switches auto-enable on again.

https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_organizations.html
https://docs.aws.amazon.com/guardduty/latest/ug/guardduty-organization-policies-considerations.html
https://docs.aws.amazon.com/guardduty/latest/ug/set-guardduty-auto-enable-preferences.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import RLock
from typing import Any

from moto.core.utils import utcnow
from moto.guardduty import urls
from moto.guardduty.models import GuardDutyBackend, guardduty_backends

from local.iam.service_linked_roles import give_role, has_role
from local.organizations import Organizations
from local.organizations.policy_syntax import FOUNDATIONAL
from local.services.account import region_states
from local.services.administered import Administered, is_active

from .detectors import FEATURES, BadRequest, Detector

SERVICE = "guardduty.amazonaws.com"
TYPE = "GUARDDUTY_POLICY"
FREQUENCY = "SIX_HOURS"
STATES = ("NEW", "ALL", "NONE")


@dataclass
class AutoEnable:
    """What an administrator has switched on for the accounts of the organization, and since when."""

    members: str = "NONE"
    features: dict[str, str] = field(default_factory=lambda: dict.fromkeys(FEATURES, "NONE"))
    since: datetime = field(default_factory=utcnow)

    def reaches(self, joined: datetime) -> bool:
        return self.members == "ALL" or (self.members == "NEW" and joined >= self.since)


class GuardDuty(Administered, GuardDutyBackend):
    """moto's, which knows one account at a time."""

    principal = SERVICE
    backends = guardduty_backends

    detectors: dict[str, Detector]  # type: ignore[assignment]

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.auto_enable = AutoEnable()
        self.members: dict[str, bool] = {}
        """In the administrator: accounts, and whether they are its members still."""
        self.lock = RLock()

    @property
    def _url_module(self) -> Any:
        """moto looks beside the class; the addresses are still moto's."""
        return urls

    # The organization ----------------------------------------------------------------------------

    def denied(self, message: str) -> BadRequest:
        return BadRequest(message)

    def enable_organization_admin_account(self, admin_account_id: str) -> None:
        """Each Region has its own, so that Organizations' limit of one account does not count here."""
        organization = self.as_management()
        if self.administrator == admin_account_id:
            raise BadRequest("the account is already enabled as the GuardDuty delegated administrator")
        if self.administrator:
            raise BadRequest("the organization has another GuardDuty delegated administrator in this Region")
        if not is_active(admin_account_id, organization):
            raise BadRequest("the account is not an active one of the organization")
        self.appoint(admin_account_id)

    def disable_organization_admin_account(self, admin_account_id: str) -> None:
        """Its members are no longer that; GuardDuty stays on in them."""
        self.as_management()
        if self.administrator != admin_account_id:
            raise BadRequest("the account is not the GuardDuty delegated administrator of the organization")
        former = self.dismiss()
        former.members, former.auto_enable = {}, AutoEnable()

    def list_organization_admin_accounts(self) -> list[str]:
        self.as_management()
        return [self.administrator] if self.administrator else []

    def as_administrator_with(self, detector: str) -> Organizations:
        self.detector(detector)
        return self.as_administrator()

    # What is held for this account ---------------------------------------------------------------

    def held(self) -> dict[str, bool]:
        """By the policies of the organization, features and "foundational": whether each is on. A Region's own block
        replaces the default."""
        organization = self.organization
        if organization is None or not self._is_open(organization):
            return {}
        blocks = organization.in_effect(TYPE, self.account_id).get("guardduty", {}).get("enablement", {})
        block = blocks.get(self.region_name, blocks.get("default", {}))
        return {feature: each["status"] == "enabled" for feature, each in block.items()}

    def held_features(self) -> set[str]:
        return {feature.upper() for feature in self.held() if feature != FOUNDATIONAL}

    def _is_open(self, organization: Organizations) -> bool:
        """Nothing reaches a Region that is off; in the management account it takes GuardDuty's service-linked role."""
        if region_states(self.partition).get(self.region_name) in (None, "DISABLED"):
            return False
        return self.account_id != organization.account_id or has_role(
            self.account_id, SERVICE, self.partition
        )

    def arrive(self) -> None:
        """What policies and auto-enable hold for this account comes about."""
        with self.lock:
            held = self.held()
            if held.get(FOUNDATIONAL):
                self._switch_on({name.upper(): on for name, on in held.items() if name != FOUNDATIONAL})
            elif FOUNDATIONAL in held:
                for detector in self.detectors.values():
                    detector.enabled = False
            settings = self._auto_enabled()
            if settings:
                on = {feature: True for feature, which in settings.features.items() if which != "NONE"}
                self._switch_on(on)

    def _auto_enabled(self) -> AutoEnable | None:
        """The administrator's settings, if they reach this account, which is another."""
        organization, administrator = self.organization, self.administered_by
        if organization is None or administrator in ("", self.account_id) or not self._is_open(organization):
            return None
        settings = self.of(administrator).auto_enable
        joined = organization.account(self.account_id).create_time
        return settings if settings.reaches(joined) else None

    def _switch_on(self, features: Mapping[str, bool]) -> None:
        if not self.detectors:
            made = self.make_detector()
            made.statuses = dict.fromkeys(FEATURES, False)
        for detector in self.detectors.values():
            detector.enabled = True
            detector.statuses |= features

    def detector(self, name: str) -> Detector:
        """Raises DetectorNotFoundException, a BadRequestException to its caller."""
        found = self.get_detector(name)
        assert isinstance(found, Detector)
        return found

    def make_detector(
        self, *, enabled: bool = True, frequency: str = FREQUENCY, tags: Mapping[str, str] | None = None
    ) -> Detector:
        give_role(self.account_id, SERVICE, self.partition)
        detector = Detector(
            self.account_id, self.region_name, enabled=enabled, frequency=frequency, tags=tags or {}
        )
        self.detectors[detector.id] = detector
        return detector

    # Members -------------------------------------------------------------------------------------

    def is_member(self, account: str) -> bool:
        """Of this administrator: one that it made, that auto-enable reaches or that a policy covers."""
        if account == self.account_id:
            return False
        known = self.members.get(account)
        other = self.of(account)
        return bool(known or other.held().get(FOUNDATIONAL) or (known is None and other._auto_enabled()))

    def all_members(self, organization: Organizations) -> Iterator[str]:
        for account in organization.accounts:
            if self.is_member(account.id):
                self.of(account.id).arrive()
                yield account.id

    def create_members(self, accounts: Sequence[str], organization: Organizations) -> list[str]:
        """Those that could not be made members."""
        known = {account.id for account in organization.accounts} - {self.account_id}
        for account in accounts:
            if account in known:
                self.members[account] = True
                on = {name: True for name, which in self.auto_enable.features.items() if which != "NONE"}
                self.of(account)._switch_on(on)
        return [account for account in accounts if account not in known]

    @property
    def is_kept(self) -> bool:
        """Whether auto-enable or a policy keeps this account from parting with its administrator."""
        settings = self._auto_enabled()
        return bool(self.held().get(FOUNDATIONAL) or (settings and settings.members == "ALL"))

    @property
    def is_administered(self) -> bool:
        administrator = self.administered_by
        return bool(administrator and self.of(administrator).is_member(self.account_id))
