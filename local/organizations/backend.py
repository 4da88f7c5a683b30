"""One organization: its accounts, units, trusted services and delegated administrators, as AWS keeps them.

https://docs.aws.amazon.com/organizations/latest/APIReference/Welcome.html
"""

from __future__ import annotations

import time
import uuid
from threading import Lock
from typing import Any

from moto.core.utils import unix_time
from moto.organizations import urls
from moto.organizations.models import FakeOrganizationalUnit, organizations_backends

from .accounts import Account, make_service_linked_roles
from .create_account import AccountCreation
from .errors import constraint, error, invalid_input
from .paging import page
from .policies import Policies
from .policy_types import POLICY_TYPES, check_tags
from .services import delegated_limit, is_trusted_service, supports_delegation

MANAGEMENT_NAME = "management"
MANAGEMENT_EMAIL = "aws@example.com"
MAX_DEPTH = 5
MAX_UNITS = 2000
THIRTY_DAYS = 30 * 24 * 3600
CLOSING_AT_ONCE = 3
_designating = Lock()


class Organizations(AccountCreation, Policies):
    """The backend of one account; it holds the organization when that account manages one."""

    def _reset(self) -> None:
        super()._reset()
        self.requests = {}
        self.policy_type_changes = {}
        self.handshakes: dict[str, dict[str, Any]] = {}
        self.closings: dict[str, float] = {}
        self.iam_features: set[str] = set()
        self.email_updates: dict[str, tuple[str, str]] = {}
        """By account: the address it is to have, and the code that AWS sent there."""

    @property
    def _url_module(self) -> Any:
        """moto looks beside the class; the addresses are still moto's."""
        return urls

    # The organization ----------------------------------------------------------------------------

    def create_organization(self, region: str, **kwargs: Any) -> dict[str, Any]:
        super().create_organization(region, **kwargs)
        assert self.org is not None
        self.org.master_account_email = MANAGEMENT_EMAIL
        account = Account(self.org, self.account_id, MANAGEMENT_NAME, MANAGEMENT_EMAIL, [])
        account.joined_method = "INVITED"
        account.attached_policies = self.accounts[0].attached_policies
        for policy in account.attached_policies:
            policy.attachments[policy.attachments.index(self.accounts[0])] = account
        self.accounts = [account]
        make_service_linked_roles(self.account_id, self.partition)
        return self.describe_organization()

    def describe_organization(self) -> dict[str, Any]:
        description = super().describe_organization()
        if not self.has_all_features:
            description["Organization"]["AvailablePolicyTypes"] = []
        return description

    @property
    def has_all_features(self) -> bool:
        return self.org is not None and self.org.feature_set == "ALL"

    def require_all_features(self) -> None:
        if not self.has_all_features:
            raise constraint("ORGANIZATION_NOT_IN_ALL_FEATURES_MODE")

    def delete_organization(self) -> None:
        if len(self.accounts) > 1 or self._in_progress():
            raise error("OrganizationNotEmptyException", "Remove all member accounts first.")
        self._reset()

    def enable_all_features(self) -> dict[str, Any]:
        """Opens the handshake; without invited accounts the management account accepts it at once."""
        assert self.org is not None
        if self.has_all_features:
            raise error("HandshakeConstraintViolationException", "All features are already enabled.")
        now = time.time()
        handshake: dict[str, Any] = {
            "Id": f"h-{uuid.uuid4().hex}",
            "State": "REQUESTED",
            "Action": "ENABLE_ALL_FEATURES",
            "Parties": [{"Id": self.org.id.removeprefix("o-"), "Type": "ORGANIZATION"}],
            "RequestedTimestamp": now,
            "ExpirationTimestamp": now + 90 * 24 * 3600,
            "Resources": [{"Type": "ORGANIZATION", "Value": self.org.id}],
        }
        organization = self.org.arn.replace(":organization/", ":handshake/")
        handshake["Arn"] = f"{organization}/enable_all_features/{handshake['Id']}"
        self.handshakes[handshake["Id"]] = handshake
        return {"Handshake": handshake}

    def accept_handshake(self, **kwargs: str) -> dict[str, Any]:
        assert self.org is not None
        handshake = self._handshake(kwargs["HandshakeId"])
        if handshake["State"] == "ACCEPTED":
            raise error("HandshakeAlreadyInStateException")
        handshake["State"] = "ACCEPTED"
        self.org.feature_set = "ALL"
        return {"Handshake": handshake}

    def describe_handshake(self, **kwargs: str) -> dict[str, Any]:
        return {"Handshake": self._handshake(kwargs["HandshakeId"])}

    def list_handshakes_for_organization(self, **kwargs: Any) -> dict[str, Any]:
        return {"Handshakes": list(self.handshakes.values())}

    def _handshake(self, handshake_id: str) -> dict[str, Any]:
        if handshake_id not in self.handshakes:
            raise error("HandshakeNotFoundException")
        return self.handshakes[handshake_id]

    # Accounts ------------------------------------------------------------------------------------

    def account(self, account_id: str) -> Account:
        account = super().get_account_by_id(account_id)
        assert isinstance(account, Account)
        return account

    def describe_account(self, **kwargs: Any) -> dict[str, Any]:
        return {"Account": self.account(kwargs["AccountId"]).describe_in(self)}

    def list_accounts(  # type: ignore[override]
        self, max_results: int | None = None, next_token: str | None = None
    ) -> tuple[list[dict[str, Any]], str | None]:
        return page([self.account(a.id).describe_in(self) for a in self.accounts], max_results, next_token)

    def list_accounts_for_parent(  # type: ignore[override]
        self, parent_id: str, max_results: int | None = None, next_token: str | None = None
    ) -> tuple[list[AccountView], str | None]:
        self.validate_parent_id(parent_id)
        views = [
            AccountView(self.account(a.id).describe_in(self))
            for a in self.accounts
            if a.parent_id == parent_id
        ]
        return page(views, max_results, next_token)

    def move_account(self, **kwargs: Any) -> None:
        account = self.account(kwargs["AccountId"])
        if kwargs["DestinationParentId"] not in {unit.id for unit in self.ou}:
            raise error("DestinationParentNotFoundException")
        if kwargs["DestinationParentId"] == account.parent_id:
            raise error("DuplicateAccountException")
        if kwargs["SourceParentId"] != account.parent_id:
            raise error("SourceParentNotFoundException")
        account.parent_id = kwargs["DestinationParentId"]

    def close_account(self, **kwargs: Any) -> None:
        """PENDING_CLOSURE at once, CLOSED later; after 90 days it is no longer in the organization. SUSPENDED, as the page
        of the operation has it, is what the Status was that AWS has retired: as a State it is an account that AWS has shut.

        https://docs.aws.amazon.com/organizations/latest/APIReference/API_CloseAccount.html (older copies: 10 % of the
        accounts, between 10 and 1,000)
        https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_close.html
        https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_account_state.html
        """
        self.require_all_features()
        account = self.account(kwargs["AccountId"])
        if account.id == self.account_id:
            raise constraint("CANNOT_CLOSE_MANAGEMENT_ACCOUNT")
        if account.state == "PENDING_CLOSURE":
            raise error("ConflictException")
        if account.state != "ACTIVE":
            raise error("AccountAlreadyClosedException")
        month_ago = time.monotonic() - self.engine.clock.seconds(THIRTY_DAYS)
        if sum(a.state == "PENDING_CLOSURE" for a in self.accounts) >= CLOSING_AT_ONCE:
            raise constraint("CLOSE_ACCOUNT_REQUESTS_LIMIT_EXCEEDED")
        documented = min(max(250, (len(self.accounts) - 1) // 5), 1000)
        quota = self.engine.creation.closings_in_30_days or documented
        if sum(closed > month_ago for closed in self.closings.values()) >= quota:
            raise constraint("CLOSE_ACCOUNT_QUOTA_EXCEEDED")
        self.closings[account.id] = time.monotonic()
        account.state = account.status = "PENDING_CLOSURE"
        self.later(self.engine.creation.closing_seconds, self._closed, account)

    def _closed(self, account: Account) -> None:
        account.state = account.status = "CLOSED"
        self.later(self.engine.creation.closed_seconds, self._part_with, account)

    def _part_with(self, account: Account) -> None:
        """It is an AWS account outside the organization, or was one: nobody else gets its root e-mail."""
        super().remove_account_from_organization(AccountId=account.id)
        self.engine.creation.taken_emails.add(account.email)

    def remove_account_from_organization(self, **kwargs: str) -> None:
        account = self.account(kwargs["AccountId"])
        if account.id == self.account_id:
            raise constraint("ACCOUNT_CANNOT_LEAVE_ORGANIZATION")
        if any(admin.account.id == account.id for admin in self.admins):
            raise constraint("CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG")
        age = time.time() - unix_time(account.create_time)
        if account.joined_method == "CREATED" and age < self.engine.clock.seconds(
            self.engine.creation.minimum_age
        ):
            raise constraint("WAIT_PERIOD_ACTIVE")
        self._part_with(account)

    def leave_organization(self, account_id: str) -> None:
        if account_id == self.account_id:
            raise error("MasterCannotLeaveOrganizationException")
        self.remove_account_from_organization(AccountId=account_id)

    # Organizational units ------------------------------------------------------------------------

    def create_organizational_unit(self, **kwargs: Any) -> dict[str, Any]:
        self.validate_parent_id(kwargs["ParentId"])
        check_tags(kwargs.get("Tags", []))
        self._check_unit_name(kwargs["Name"], kwargs["ParentId"])
        if self.path_of(kwargs["ParentId"]).count("/ou-") >= MAX_DEPTH:
            raise constraint("OU_DEPTH_LIMIT_EXCEEDED")
        if len(self.ou) > MAX_UNITS:
            raise constraint("OU_NUMBER_LIMIT_EXCEEDED")
        created = super().create_organizational_unit(**kwargs)
        return self._with_path(created)

    def update_organizational_unit(self, **kwargs: Any) -> dict[str, Any]:
        unit = self.get_organizational_unit_by_id(kwargs["OrganizationalUnitId"])
        if kwargs.get("Name", unit.name) != unit.name:
            self._check_unit_name(kwargs["Name"], str(unit.parent_id))
            unit.name = kwargs["Name"]
        return self._with_path(unit.describe())

    def describe_organizational_unit(self, **kwargs: Any) -> dict[str, Any]:
        return self._with_path(super().describe_organizational_unit(**kwargs))

    def delete_organizational_unit(self, **kwargs: Any) -> None:
        unit = self.get_organizational_unit_by_id(kwargs["OrganizationalUnitId"])
        if any(child.parent_id == unit.id for child in self.places()):
            raise error("OrganizationalUnitNotEmptyException")
        for policy in unit.attached_policies:
            policy.attachments.remove(unit)
        self.ou.remove(unit)

    def list_organizational_units_for_parent(  # type: ignore[override]
        self, parent_id: str, max_results: int | None = None, next_token: str | None = None
    ) -> tuple[list[FakeOrganizationalUnit], str | None]:
        self.validate_parent_id(parent_id)
        return page([unit for unit in self.ou if unit.parent_id == parent_id], max_results, next_token)

    def list_parents(self, **kwargs: Any) -> dict[str, Any]:
        child = kwargs["ChildId"]
        if not any(member.id == child for member in self.places()):
            raise error("ChildNotFoundException")
        return super().list_parents(**kwargs)

    def _with_path(self, description: dict[str, Any]) -> dict[str, Any]:
        unit = description["OrganizationalUnit"]
        return {"OrganizationalUnit": unit | {"Path": self.path_of(unit["Id"])}}

    def _check_unit_name(self, name: str, parent_id: str) -> None:
        if any(unit.parent_id == parent_id and unit.name == name for unit in self.ou):
            raise error("DuplicateOrganizationalUnitException", "An OU with the same name already exists.")

    # Tags ----------------------------------------------------------------------------------------

    def tag_resource(self, **kwargs: Any) -> None:
        check_tags(kwargs["Tags"], self._get_resource_for_tagging(kwargs["ResourceId"]).tags)
        super().tag_resource(**kwargs)

    # Trusted services and delegated administrators -----------------------------------------------

    def enable_aws_service_access(self, **kwargs: str) -> None:
        self.require_all_features()
        _require_trusted_service(kwargs["ServicePrincipal"])
        super().enable_aws_service_access(**kwargs)

    def disable_aws_service_access(self, **kwargs: str) -> None:
        self.require_all_features()
        principal = kwargs["ServicePrincipal"]
        _require_trusted_service(principal)
        enabled_types = {entry["Type"] for entry in self.root.policy_types}
        if any(POLICY_TYPES[enabled].needs == principal for enabled in enabled_types):
            raise constraint("POLICY_TYPE_ENABLED_FOR_THIS_SERVICE")
        super().disable_aws_service_access(**kwargs)

    def is_trusted(self, service_principal: str) -> bool:
        """Whether trusted access is on for `service_principal`."""
        return any(service["ServicePrincipal"] == service_principal for service in self.services)

    def register_delegated_administrator(self, **kwargs: str) -> None:
        self.require_all_features()
        account_id, principal = kwargs["AccountId"], kwargs["ServicePrincipal"]
        if not supports_delegation(principal):
            raise invalid_input("UNRECOGNIZED_SERVICE_PRINCIPAL")
        if account_id == self.account_id:
            raise constraint("CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR")
        if self.account(account_id).state != "ACTIVE":
            raise constraint("CANNOT_REGISTER_SUSPENDED_ACCOUNT_AS_DELEGATED_ADMINISTRATOR")
        if not self.is_trusted(principal):
            raise constraint("SERVICE_ACCESS_NOT_ENABLED")
        others = [a for a in self.admins if principal in a.services and a.account.id != account_id]
        if len(others) >= delegated_limit(principal):
            raise constraint("MAX_DELEGATED_ADMINISTRATORS_FOR_SERVICE_LIMIT_EXCEEDED")
        super().register_delegated_administrator(**kwargs)

    def designate(self, account_id: str, principal: str) -> None:
        """What a service does here when its administrator is named, in however many Regions at once: it gets trusted access,
        and registers the account. How many it may have is the service's own affair."""
        self.require_all_features()
        with _designating:
            if not self.is_trusted(principal):
                self.enable_aws_service_access(ServicePrincipal=principal)
            if account_id != self.account_id and not self.is_delegated(account_id, principal):
                super().register_delegated_administrator(AccountId=account_id, ServicePrincipal=principal)

    def deregister_delegated_administrator(self, **kwargs: str) -> None:
        self.account(kwargs["AccountId"])
        if not self.is_delegated(kwargs["AccountId"], kwargs["ServicePrincipal"]):
            raise error("AccountNotRegisteredException")
        super().deregister_delegated_administrator(**kwargs)

    def list_delegated_services_for_account(self, **kwargs: str) -> dict[str, Any]:
        self.account(kwargs["AccountId"])
        return super().list_delegated_services_for_account(**kwargs)

    def is_delegated(self, account_id: str, service_principal: str | None = None) -> bool:
        """Whether an account is delegated administrator of a service, or of any."""
        return any(
            admin.account.id == account_id
            and (service_principal is None or service_principal in admin.services)
            for admin in self.admins
        )


class AccountView:
    """What moto's response class takes for an account of ListAccountsForParent."""

    def __init__(self, description: dict[str, Any]) -> None:
        self._description = description

    def describe(self) -> dict[str, Any]:
        return self._description


def organization_of(account_id: str, partition: str = "aws") -> Organizations | None:
    """The organization an account belongs to, as its management account's backend; None outside of any."""
    owner, partition = organizations_backends.master_accounts.get(account_id, (account_id, partition))
    backend = organizations_backends[owner][partition]
    return backend if isinstance(backend, Organizations) and backend.org else None


def _require_trusted_service(principal: str) -> None:
    if not is_trusted_service(principal):
        raise invalid_input("UNRECOGNIZED_SERVICE_PRINCIPAL")
