"""A service that one account administers for its organization, in each Region apart: GuardDuty, Inspector, Macie."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar, Self

from moto.organizations.models import OrganizationsBackend

from local.organizations import Organizations, organization_of


class Administered:
    """Beside moto's backend of the service, in an account and Region."""

    principal: ClassVar[str]
    backends: ClassVar[Any]
    """moto's, by account and Region."""
    account_id: str
    region_name: str
    partition: str
    administrator = ""
    """In the management account: who administers this Region."""

    @abstractmethod
    def denied(self, message: str) -> Exception:
        """In the service's own words for who may not."""

    @property
    def organization(self) -> Organizations | None:
        return organization_of(self.account_id, self.partition)

    @property
    def administered_by(self) -> str:
        """The organization's administrator in this Region; none where the service is not trusted."""
        organization = self.organization
        if organization is None or not organization.is_trusted(self.principal):
            return ""
        return self.of(organization.account_id).administrator

    def of(self, account: str) -> Self:
        """The same Region in another account."""
        found = self.backends[account][self.region_name]
        assert isinstance(found, type(self))
        return found

    def everywhere(self) -> Iterator[Self]:
        """This account in each Region that was asked about."""
        for each in list(self.backends[self.account_id].values()):
            assert isinstance(each, type(self))
            yield each

    def as_management(self) -> Organizations:
        organization = self.organization
        if organization is None or organization.account_id != self.account_id:
            raise self.denied("it may be made by the management account of an organization alone")
        return organization

    def as_administrator(self) -> Organizations:
        organization = self.organization
        if organization is None or self.administered_by != self.account_id:
            raise self.denied("the account is not the delegated administrator of its organization")
        return organization

    def appoint(self, account: str) -> None:
        """Gives the service trusted access, and registers the account with Organizations."""
        self.as_management().designate(account, self.principal)
        self.administrator = account

    def dismiss(self) -> Self:
        """The one who administered this Region; Organizations forgets an account that administers no other."""
        former = self.administrator
        self.administrator = ""
        if all(each.administrator != former for each in self.everywhere()):
            OrganizationsBackend.deregister_delegated_administrator(
                self.as_management(), AccountId=former, ServicePrincipal=self.principal
            )
        return self.of(former)


def is_active(account: str, organization: Organizations) -> bool:
    return any(each.id == account and each.state == "ACTIVE" for each in organization.accounts)
