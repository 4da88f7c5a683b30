"""Amazon Inspector in an account and Region: its scan types, who administers it, and what is held for it.

What a policy or the administrator's auto-enable holds is brought about when Inspector is next asked about the account: AWS
does so by itself. Where AWS's pages leave two readings it is the stricter one: the management account is reached once it has
the service-linked role, which designating does not make, and it alone may look up the administrators.

https://docs.aws.amazon.com/inspector/latest/user/designating-admin.html
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_inspector.html
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.utils import utcnow
from moto.inspector2 import urls
from moto.inspector2.models import Inspector2Backend, inspector2_backends

from local.iam.service_linked_roles import give_role, has_role
from local.organizations import Organizations
from local.organizations.policy_syntax import ALL_REGIONS
from local.services.account import region_states
from local.services.administered import Administered, is_active

SERVICE = "inspector2.amazonaws.com"
TYPE = "INSPECTOR_POLICY"
NAMES: Mapping[str, str] = {
    "EC2": "ec2",
    "ECR": "ecr",
    "LAMBDA": "lambda",
    "LAMBDA_CODE": "lambdaCode",
    "CODE_REPOSITORY": "codeRepository",
}
"""What answers call the scan types."""
IN_POLICIES: Mapping[str, tuple[str, ...]] = {
    "EC2": ("ec2_scanning",),
    "ECR": ("ecr_scanning",),
    "LAMBDA": ("lambda_standard_scanning",),
    "LAMBDA_CODE": ("lambda_standard_scanning", "lambda_code_scanning"),
    "CODE_REPOSITORY": ("code_repository_scanning",),
}


class InspectorError(ServiceException):
    """An exception of Inspector, by its name."""


class Inspector(Administered, Inspector2Backend):
    """In one account and Region."""

    principal = SERVICE
    backends = inspector2_backends

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.on: set[str] = set()
        self.associated: dict[str, bool] = {}
        """In the administrator: accounts, and whether they are its members still."""
        self.auto: dict[str, bool] = {}
        self.auto_since: datetime = utcnow()

    @property
    def _url_module(self) -> Any:
        """moto looks beside the class; the addresses are still moto's."""
        return urls

    # The administrator ----------------------------------------------------------------------------

    def denied(self, message: str) -> InspectorError:
        return denied(message)

    def designate(self, account: str) -> None:
        """One for all Regions."""
        organization = self.as_management()
        for each in self.everywhere():
            if each.administrator not in ("", account):
                raise conflict(f"{each.administrator} is the organization's delegated administrator")
        if self.administrator == account:
            raise conflict(f"Delegated administrator {account} is already enabled for the organization")
        if not is_active(account, organization):
            raise invalid("the account is not an active one of the organization")
        self.appoint(account)

    def take_off(self, account: str) -> None:
        """Its members are no longer that; Inspector stays on in them."""
        self.as_management()
        if self.administrator != account:
            raise InspectorError("ResourceNotFoundException", "The account is no delegated administrator.")
        former = self.dismiss()
        former.associated, former.auto = {}, {}

    # What is held for this account ---------------------------------------------------------------

    def held(self) -> dict[str, bool]:
        """The scan types of the policy in effect that name this Region: whether it switches them on. Off comes first."""
        organization = self.organization
        if organization is None or not self._is_open(organization):
            return {}
        enablement = organization.in_effect(TYPE, self.account_id).get("inspector", {}).get("enablement", {})
        held = {}
        for scan_type, path in IN_POLICIES.items():
            setting = enablement
            for name in path:
                setting = setting.get(name, {})
            for lists, on in (("enable_in_regions", True), ("disable_in_regions", False)):
                if {self.region_name, ALL_REGIONS} & set(setting.get(lists, ())):
                    held[scan_type] = on
        return held

    def _is_open(self, organization: Organizations) -> bool:
        """Nothing reaches a Region that is off."""
        if region_states(self.partition).get(self.region_name) in (None, "DISABLED"):
            return False
        return self.account_id != organization.account_id or has_role(
            self.account_id, SERVICE, self.partition
        )

    def arrive(self) -> None:
        """What policies and auto-enable hold for this account comes about."""
        held = self.held()
        self.switch({scan_type for scan_type, on in held.items() if on} | self._by_auto_enable(), on=True)
        self.switch({scan_type for scan_type, on in held.items() if not on}, on=False)

    def auto_enable(self, given: Mapping[str, bool]) -> None:
        """In the administrator, for accounts to come."""
        self.auto, self.auto_since = {**self.auto, **given}, utcnow()

    def _by_auto_enable(self) -> set[str]:
        """Of an account that came after it was set."""
        organization, administrator = self.organization, self.administered_by
        if organization is None or administrator in ("", self.account_id) or not self._is_open(organization):
            return set()
        other = self.of(administrator)
        if organization.account(self.account_id).create_time < other.auto_since:
            return set()
        return {scan_type for scan_type, name in NAMES.items() if other.auto.get(name)}

    def switch(self, scan_types: Collection[str], *, on: bool) -> None:
        if on and scan_types:
            give_role(self.account_id, SERVICE, self.partition)
        self.on = self.on | {*scan_types} if on else self.on - {*scan_types}

    # Members -------------------------------------------------------------------------------------

    def all_members(self) -> dict[str, bool]:
        """Accounts that are members of this administrator, or were: whether they are still."""
        others = [each.id for each in self.as_administrator().accounts if each.id != self.account_id]
        linked = {account: True for account in others if self._is_linked(account)}
        return {account: known for account, known in self.associated.items() if account in others} | linked

    def _is_linked(self, account: str) -> bool:
        other = self.of(account)
        return any(other.held().values()) or (
            bool(other._by_auto_enable()) and account not in self.associated
        )

    @property
    def is_member(self) -> bool:
        administrator = self.administered_by
        return administrator not in ("", self.account_id) and bool(
            self.of(administrator).all_members().get(self.account_id)
        )


def denied(why: str) -> InspectorError:
    return InspectorError("AccessDeniedException", f"The request is refused because {why}.")


def invalid(why: str) -> InspectorError:
    return InspectorError("ValidationException", f"The request is refused because {why}.")


def conflict(message: str) -> InspectorError:
    return InspectorError("ConflictException", message)
