"""Security Hub CSPM in one account and Region, of which moto has little: who administers it, what binds it, its standards.

Where a configuration policy of the organization's administrator reaches the account, it says what is enabled here, and
nobody here may change that. The management account's hub is enabled by nobody but that account.

https://docs.aws.amazon.com/securityhub/1.0/APIReference/Welcome.html
https://docs.aws.amazon.com/securityhub/latest/userguide/central-configuration-management-type.html
"""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, ClassVar

from moto.securityhub.models import SecurityHubBackend, securityhub_backends

from local.engine import Engine
from local.iam.service_linked_roles import give_role
from local.organizations import Organizations, organization_of

from .central import SERVICE, Aggregator, Central, ConfigurationPolicy
from .errors import access_denied, conflict, invalid_access, invalid_input
from .standards import ON_BY_DEFAULT, STANDARDS, known, standard_arn

ADDRESS = r"https?://securityhub\.(.+)\.amazonaws\.com"
GOVERNED = (
    "This account is currently associated with a central configuration policy, so only the administrator can "
    "access this operation."
)
CENTRAL_SECONDS = 20
ASSOCIATION_SECONDS = 60


class Hub(SecurityHubBackend):
    """`centrals` by organization, `aggregators` by account. `central_seconds` and `association_seconds` are how long
    central configuration, and an association, are PENDING: AWS seconds."""

    engine: ClassVar[Engine]
    dispatch: ClassVar[Any]
    centrals: ClassVar[dict[str, Central]] = {}
    aggregators: ClassVar[dict[str, Aggregator]] = {}
    central_seconds: ClassVar[float] = CENTRAL_SECONDS
    association_seconds: ClassVar[float] = ASSOCIATION_SECONDS

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.standards: list[str] = []

    @property
    def _url_module(self) -> Any:
        return SimpleNamespace(url_bases=[ADDRESS], url_paths={"{0}/.*$": Hub.dispatch})

    # Who is who ----------------------------------------------------------------------------------

    @property
    def organization(self) -> Organizations:
        """Raises InvalidAccessException outside of any."""
        found = organization_of(self.account_id, self.partition)
        if found is None:
            raise invalid_access("The account is not in an organization.")
        return found

    @property
    def central(self) -> Central:
        return central_of(self.organization)

    @property
    def is_administrator(self) -> bool:
        organization = organization_of(self.account_id, self.partition)
        return (
            organization is not None
            and central_of(organization).administrators.get(self.region_name) == self.account_id
        )

    def as_administrator(self) -> Central:
        if not self.is_administrator:
            raise invalid_access(f"Account {self.account_id} is not an administrator for this organization")
        return self.central

    def as_central(self) -> Central:
        """What configuration policies are asked of: the administrator, in the home Region, with central configuration."""
        central = self.as_administrator()
        if not central.is_on(self.organization):
            raise access_denied("Central configuration is not enabled for the organization.")
        if central.home != self.region_name:
            raise invalid_access(f"Configuration policies are managed in the home Region, {central.home}.")
        return central

    def as_management(self) -> Organizations:
        organization = self.organization
        if organization.account_id != self.account_id:
            raise access_denied("Only the organization's management account may do this.")
        return organization

    def governing(self) -> ConfigurationPolicy | None:
        """The configuration policy that holds for this account in this Region."""
        organization = organization_of(self.account_id, self.partition)
        if organization is None:
            return None
        central = central_of(organization)
        if not central.is_on(organization) or not self._is_bound_by(central):
            return None
        return central.governing(self.account_id, organization)

    def _is_bound_by(self, central: Central) -> bool:
        """In the home Region, and in those that are linked to it."""
        aggregator = self.aggregators.get(central.administrators.get(central.home, ""))
        linked = aggregator is not None and aggregator.links(self.region_name)
        return linked or self.region_name == central.home

    def settle(self) -> Hub:
        """Takes on what a configuration policy says, which stays when that goes."""
        policy = self.governing()
        if policy is None:
            return self
        if not policy.says["ServiceEnabled"]:
            self.enabled, self.standards = self.is_administrator, []
        elif self.enabled or self.account_id != self.organization.account_id:
            self.turn_on()
            self.standards = policy.standards
        return self

    def turn_on(self) -> None:
        if not self.enabled:
            self.enabled, self.enabled_at = True, datetime.now(UTC).isoformat()
            self.tags: dict[str, str] = {}
            give_role(self.account_id, SERVICE, self.partition)

    def require_hub(self) -> None:
        if not self.settle().enabled:
            raise invalid_access(f"Account {self.account_id} is not subscribed to AWS Security Hub")

    def _require_free(self) -> None:
        if self.governing() is not None:
            raise access_denied(GOVERNED)

    # The hub -------------------------------------------------------------------------------------

    def enable_hub(self, given: dict[str, Any]) -> None:
        if self.settle().enabled:
            raise conflict("Account is already subscribed to Security Hub")
        policy = self.governing()
        if policy is not None and self.account_id != self.organization.account_id:
            raise access_denied(GOVERNED)
        self.turn_on()
        self.tags = given.get("Tags") or {}
        self.standards = [] if given.get("EnableDefaultStandards") is False else list(ON_BY_DEFAULT)

    def disable_hub(self) -> None:
        self.require_hub()
        self._require_free()
        if self.is_administrator:
            raise invalid_access("The administrator cannot disable Security Hub.")
        self.enabled, self.standards, self.enabled_at = False, [], None

    def hub(self) -> dict[str, Any]:
        self.require_hub()
        return self.describe_hub()

    def enable_standards(self, arns: list[str]) -> list[dict[str, Any]]:
        self.require_hub()
        self._require_free()
        wanted = [known(arn) for arn in arns]
        if None in wanted:
            raise invalid_input("One or more of the standards are not known.")
        self.standards += [each for each in wanted if each and each not in self.standards]
        return [each for each in self.subscriptions() if each["StandardsArn"] in arns]

    def disable_standards(self, subscriptions: list[str]) -> list[dict[str, Any]]:
        self.require_hub()
        self._require_free()
        gone = [each for each in self.subscriptions() if each["StandardsSubscriptionArn"] in subscriptions]
        if len(gone) < len(subscriptions):
            raise invalid_input("One or more of the subscriptions do not exist.")
        self.standards = [
            each for each in self.standards if each not in {known(g["StandardsArn"]) for g in gone}
        ]
        return [each | {"StandardsStatus": "DELETING"} for each in gone]

    def subscriptions(self) -> list[dict[str, Any]]:
        self.require_hub()
        here = f"arn:{self.partition}:securityhub:{self.region_name}:{self.account_id}:subscription/"
        return [
            {
                "StandardsSubscriptionArn": here + each.partition("/")[2],
                "StandardsArn": standard_arn(self.partition, self.region_name, each),
                "StandardsInput": {},
                "StandardsStatus": "READY",
                "StandardsControlsUpdatable": "READY_FOR_UPDATES",
            }
            for each in self.standards
        ]

    def offered(self) -> list[dict[str, Any]]:
        return [
            {
                "StandardsArn": standard_arn(self.partition, self.region_name, each),
                "Name": name,
                "Description": name,
                "EnabledByDefault": each in ON_BY_DEFAULT,
            }
            for each, name in STANDARDS.items()
        ]


def central_of(organization: Organizations) -> Central:
    """With an administrator whom Organizations knows no more, central configuration is gone, too.

    https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-v2-set-da.html
    """
    assert organization.org is not None
    name = str(organization.org.id)
    found = Hub.centrals.setdefault(name, Central())
    if not all(organization.is_delegated(each, SERVICE) for each in found.administrators.values()):
        found = Hub.centrals[name] = Central()
    return found


def hub_of(account: str, region: str) -> Hub:
    found = securityhub_backends[account][region]
    assert isinstance(found, Hub)
    return found
