"""Macie in an account and Region: whether it is on, who administers it, and whose member it is.

What auto-enable holds is brought about when Macie is next asked about the account: AWS does so by itself. Where AWS's pages
leave two readings it is the stricter one: automated discovery, which AWS bills, is on where Macie was never on before.

https://docs.aws.amazon.com/macie/latest/user/accounts-mgmt-ao-notes.html
https://docs.aws.amazon.com/macie/latest/user/accounts-mgmt-relationships.html
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.utils import utcnow
from moto.macie2 import urls
from moto.macie2.models import MacieBackend, macie2_backends

from local.iam.service_linked_roles import give_role
from local.organizations import Organizations
from local.services.administered import Administered, is_active

SERVICE = "macie.amazonaws.com"
ON, PAUSED = "ENABLED", "PAUSED"
FREQUENCY = "FIFTEEN_MINUTES"
ASSOCIATED = {ON: "Enabled", PAUSED: "Paused"}
"""What a member's relationship is called, by the state of its Macie."""


class MacieError(ServiceException):
    """An exception of Macie, by its name."""


class Macie(Administered, MacieBackend):
    """moto's, which is on in every account."""

    principal = SERVICE
    backends = macie2_backends

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.associated: dict[str, bool] = {}
        """In the administrator: accounts, and whether they are its members still."""
        self.auto_enable = False
        self.auto_since: datetime = utcnow()
        self.switch_off()

    @property
    def _url_module(self) -> Any:
        """moto looks beside the class; the addresses are still moto's."""
        return urls

    # One account ------------------------------------------------------------------------------------

    @property
    def session(self) -> dict[str, Any]:
        """Raises `MacieError` where it is off."""
        if self.macie_session is None:
            raise MacieError("AccessDeniedException", "Macie is not enabled.")
        return self.macie_session

    def switch_on(self, frequency: str = FREQUENCY, status: str = ON) -> None:
        give_role(self.account_id, SERVICE, self.partition)
        self.enable_macie(frequency, status)

    def change(self, **given: str) -> None:
        self.session.update(given, updatedAt=utcnow())

    def switch_off(self) -> None:
        """All settings go with it."""
        self.macie_session = None
        self.discovers, self.members_discover = True, "ALL"
        """Automated discovery: whether it is on in this account, and in which members it goes on by itself."""
        self.publishes = {"publishClassificationFindings": False, "publishPolicyFindings": True}

    @property
    def is_member(self) -> bool:
        administrator = self.administered_by
        return administrator not in ("", self.account_id) and bool(
            self.of(administrator).associated.get(self.account_id)
        )

    def arrive(self) -> None:
        """What the administrator's auto-enable holds for this account comes about, once."""
        organization, administrator = self.organization, self.administered_by
        if (
            organization is None
            or administrator in ("", self.account_id)
            or self.account_id == organization.account_id
        ):
            return
        other, account = self.of(administrator), organization.account(self.account_id)
        is_new = account.state == "ACTIVE" and account.create_time >= other.auto_since
        if other.auto_enable and is_new and self.account_id not in other.associated:
            other.add(self.account_id)

    # The administrator --------------------------------------------------------------------------------

    def denied(self, message: str) -> MacieError:
        return denied(message)

    def designate(self, account: str) -> None:
        """One for all Regions; Macie is switched on in it."""
        organization = self.as_management()
        for each in self.everywhere():
            if each.administrator not in ("", account):
                raise conflict("another account has already been designated as the delegated administrator")
        if self.administrator == account:
            raise conflict("the account is the delegated administrator already")
        if not is_active(account, organization):
            raise invalid("the account is not an active one of the organization")
        self.appoint(account)
        if self.of(account).macie_session is None:
            self.of(account).switch_on()

    def take_off(self, account: str) -> None:
        """Its members are no longer that; Macie stays on in them, without automated discovery."""
        self.as_management()
        if self.administrator != account:
            raise MacieError("ResourceNotFoundException", "The account is no delegated administrator.")
        former = self.dismiss()
        for each in former.associated:
            self.of(each).discovers = False
        former.associated, former.auto_enable, former.discovers = {}, False, False

    def as_administrator(self) -> Organizations:
        """With Macie on in it."""
        assert self.session
        return super().as_administrator()

    # Its members ----------------------------------------------------------------------------------------

    def create(self, account: str, email: str) -> None:
        """An account of the organization becomes a member, with Macie on. The management account switches it on itself."""
        organization, other = self.as_administrator(), self.of(account)
        known = {each.id: each for each in organization.accounts if each.id != self.account_id}
        if account not in known or known[account].state != "ACTIVE":
            raise invalid("the account is no other, active one of the organization")
        if known[account].email != email:
            raise invalid("the e-mail address is not the account's")
        if self.associated.get(account):
            raise conflict("the account is a member already")
        if other.administrator_account is not None:
            raise conflict("the account is associated with another administrator")
        if other.macie_session and other.macie_session["status"] == PAUSED:
            raise conflict("Macie is suspended in the account")
        if account == organization.account_id and other.macie_session is None:
            raise invalid("Macie is not enabled in the management account")
        self.add(account)

    def add(self, account: str) -> None:
        other = self.of(account)
        if other.macie_session is None:
            other.switch_on()
        self.associated[account] = True
        other.discovers = self.discovers and self.members_discover in ("ALL", "NEW")

    def all_members(self) -> dict[str, str]:
        """Accounts that are members, or were: what their relationship is."""
        organization = self.as_administrator()
        for each in organization.accounts:
            self.of(each.id).arrive()
        shown = {}
        for each in organization.accounts:
            if each.id in self.associated:
                suspended = each.state != "ACTIVE" and "AccountSuspended"
                there = self.associated[each.id] and ASSOCIATED[self.of(each.id).session["status"]]
                shown[each.id] = suspended or there or "Removed"
        return shown

    def member(self, account: str) -> Macie:
        """Raises `MacieError` for one that is none."""
        if self.as_administrator() and not self.associated.get(account):
            raise MacieError("ResourceNotFoundException", "The account is no member.")
        return self.of(account)

    def remove(self, account: str) -> None:
        self.member(account).discovers = False
        self.associated[account] = False

    # Automated discovery ----------------------------------------------------------------------------------

    def as_discoverer(self) -> None:
        """An administrator, or an account by itself."""
        if self.session and self.is_member:
            raise denied("the account is a member: its administrator configures it")

    def discover(self, *, on: bool, members: str) -> None:
        """Off in the administrator it is off in all its members."""
        self.as_discoverer()
        self.discovers, self.members_discover = on, members
        if not on or members == "ALL":
            for account, still in self.associated.items():
                if still:
                    self.of(account).discovers = on


def denied(why: str) -> MacieError:
    return MacieError("AccessDeniedException", f"The request is refused because {why}.")


def invalid(why: str) -> MacieError:
    return MacieError("ValidationException", f"The request is refused because {why}.")


def conflict(why: str) -> MacieError:
    return MacieError("ConflictException", f"The request failed because {why}.")
