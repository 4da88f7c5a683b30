"""AWS Organizations: the one place where Groundwork talks to it about accounts and units.

Raises, besides what each function says: `OrganizationNotReady` when there is no organization with all features, and
`OrganizationBusy` when AWS asks to come back later, and what else `groundwork.aws.refusals` makes of AWS's exceptions.
https://docs.aws.amazon.com/organizations/latest/APIReference/Welcome.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal

from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnection
from pydantic import Field

from groundwork.aws import refusals
from groundwork.aws.clients import PATIENT, own_client
from groundwork.contracts import Model, Organization
from groundwork.errors import (
    AccountUnknown,
    CreationFailedForNow,
    CreationSlotsTaken,
    CreationTooFast,
    CreationUnanswered,
    OrganizationBusy,
    OrganizationNotReady,
    RefusedByAws,
)
from groundwork.fields import ancestors
from groundwork.side_by_side import side_by_side

if TYPE_CHECKING:
    from mypy_boto3_organizations import OrganizationsClient
    from mypy_boto3_organizations.type_defs import AccountTypeDef, CreateAccountStatusTypeDef

LONG_AGO = datetime.fromtimestamp(0, UTC)
"""When an account joined of which AWS does not say: before Groundwork, so that nobody adopts it unasked."""
ONCE = PATIENT.merge(Config(retries={"total_max_attempts": 1}))
Closure = Literal["begun", "closing", "later", "exhausted"]
"""Whether AWS closes the account from now on, did so already, takes the call later, or none for days."""
CLOSING_LIMITS: Mapping[str, Closure] = {
    "CLOSE_ACCOUNT_REQUESTS_LIMIT_EXCEEDED": "later",
    "CLOSE_ACCOUNT_QUOTA_EXCEEDED": "exhausted",
}
IN_PROGRESS_LIMIT = 5
"""CreateAccount requests that AWS works on at once."""


class Listed(Model):
    """An account as Organizations shows it. `unit_ids` are those of its path below the root, topmost first; `created`
    says that it was made in this organization, and did not come into it by an invitation."""

    id: str
    name: str
    email: str
    state: str
    joined: Annotated[datetime, Field(strict=False)]
    management_account_id: str
    organization_id: str
    partition: str
    root_id: str
    unit_ids: Annotated[tuple[str, ...], Field(strict=False)]
    created: bool = False

    @property
    def parent_id(self) -> str:
        return self.unit_ids[-1] if self.unit_ids else self.root_id


@dataclass(frozen=True)
class Creation:
    """A CreateAccount request. `reason` is AWS's FailureReason when `state` is FAILED."""

    id: str
    name: str
    state: str
    requested: datetime
    account_id: str | None
    reason: str | None


class Organizations:
    def __init__(self, client: OrganizationsClient | None = None) -> None:
        self._client: OrganizationsClient = client or own_client("organizations")
        self._asking_once: OrganizationsClient = client or own_client("organizations", config=ONCE)

    # -- accounts ----------------------------------------------------------------------------------

    def account(self, account_id: str) -> Listed:
        """Raises `AccountUnknown` when it is not of this organization."""
        with _named_errors():
            try:
                return self._listed(self._client.describe_account(AccountId=account_id)["Account"])
            except self._client.exceptions.AccountNotFoundException:
                raise AccountUnknown(f"Account {account_id} is not in this organization.") from None

    def has(self, account_id: str) -> bool:
        """Whether the account is of this organization, in whatever state it is."""
        with _named_errors():
            try:
                self._client.describe_account(AccountId=account_id)
            except self._client.exceptions.AccountNotFoundException:
                return False
        return True

    def shown(self, account_id: str) -> tuple[Listed, dict[str, str]]:
        """The account and its tags. Raises `AccountUnknown` as `account` does."""
        return side_by_side(lambda: self.account(account_id), lambda: self.tags(account_id))

    def accounts(self) -> Iterator[Listed]:
        """Every account of the organization, in one pass."""
        with _named_errors():
            for page in self._client.get_paginator("list_accounts").paginate():
                yield from map(self._listed, page["Accounts"])

    def _listed(self, account: AccountTypeDef) -> Listed:
        """AWS need not say where an account is; nobody asks where one is that is not active."""
        if account.get("Paths"):
            # <organization>/<root>/<unit>/.../<account>/
            _, *places = account["Paths"][0].strip("/").split("/")[:-1]
        else:
            places = self._above(account["Id"]) if account.get("State") == "ACTIVE" else [""]
        return _listed(account, *places)

    def _above(self, child: str) -> list[str]:
        """The ids of the root and of the units above, topmost first: one call for each level.

        https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListParents.html
        """
        (parent,) = self._client.list_parents(ChildId=child)["Parents"]
        return [*([] if parent["Type"] == "ROOT" else self._above(parent["Id"])), parent["Id"]]

    def by_email(self, email: str) -> Listed | None:
        return next((account for account in self.accounts() if account.email.lower() == email.lower()), None)

    def move(self, account_id: str, source: str, destination: str) -> None:
        """A unit the account is in already is left as it is, also when AWS shows that late."""
        if source != destination:
            with _named_errors(), suppress(self._client.exceptions.DuplicateAccountException):
                self._client.move_account(
                    AccountId=account_id, SourceParentId=source, DestinationParentId=destination
                )

    def close(self, account_id: str) -> Closure:
        """Asks once. AWS answers before the account is closed.

        https://docs.aws.amazon.com/organizations/latest/APIReference/API_CloseAccount.html
        """
        known = self._client.exceptions
        with _named_errors():
            try:
                self._asking_once.close_account(AccountId=account_id)
            except (known.AccountAlreadyClosedException, known.ConflictException):
                return "closing"
            except (known.ConcurrentModificationException, known.TooManyRequestsException):
                return "later"
            except known.ConstraintViolationException as limit:
                if found := CLOSING_LIMITS.get(str(limit.response.get("Reason"))):
                    return found
                raise
        return "begun"

    # -- tags --------------------------------------------------------------------------------------

    def tags(self, account_id: str) -> dict[str, str]:
        with _named_errors():
            pages = self._client.get_paginator("list_tags_for_resource").paginate(ResourceId=account_id)
            return {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}

    def tag(self, account_id: str, tags: Mapping[str, str]) -> None:
        with _named_errors():
            self._client.tag_resource(ResourceId=account_id, Tags=_tag_list(tags))

    def untag(self, account_id: str, keys: Sequence[str]) -> None:
        """Tags that are not there are left as they are."""
        with _named_errors():
            self._client.untag_resource(ResourceId=account_id, TagKeys=list(keys))

    # -- units -------------------------------------------------------------------------------------

    def units(self, root: str, paths: Sequence[str]) -> dict[str, str]:
        """The ids of these units and those above them, by path. Absent ones are left out. Reads only on the way
        to a path that is asked for."""
        wanted = {ancestor for path in paths for ancestor in ancestors(path)}
        found: dict[str, str] = {}
        for path in sorted(wanted, key=lambda each: each.count("/")):
            above, _, name = path.rpartition("/")
            parent = found.get(above) if above else root
            if parent and (unit := self._children(parent).get(name)):
                found[path] = unit
        return found

    def ensure_units(self, root: str, path: str) -> tuple[str, ...]:
        """The ids of the units of this path, topmost first, created where missing."""
        found: list[str] = []
        for name in path.split("/"):
            parent = found[-1] if found else root
            found.append(self._children(parent).get(name) or self._create_unit(parent, name))
        return tuple(found)

    def unit_path(self, unit_id: str) -> tuple[str, ...]:
        """The ids of the units above it, topmost first, and its own. Raises `RefusedByAws` where it is gone."""
        with _named_errors():
            try:
                return (*self._above(unit_id)[1:], unit_id)
            except self._client.exceptions.ChildNotFoundException as gone:
                raise unit_gone(unit_id) from gone

    def unit_name(self, unit_id: str) -> str:
        for names in self._seen.values():
            if name := next((each for each, unit in names.items() if unit == unit_id), None):
                return name
        with _named_errors():
            return self._client.describe_organizational_unit(OrganizationalUnitId=unit_id)[
                "OrganizationalUnit"
            ]["Name"]

    def path_of(self, unit_ids: Sequence[str], known: Mapping[str, str]) -> str:
        """The path of these units' names, topmost first; `known` are ids by path."""
        names, path = {unit: name for name, unit in known.items()}, ""
        for unit in unit_ids:
            path = names.get(unit) or f"{path}/{self.unit_name(unit)}".lstrip("/")
        return path

    def _create_unit(self, parent: str, name: str) -> str:
        with _named_errors():
            try:
                made = self._client.create_organizational_unit(ParentId=parent, Name=name)[
                    "OrganizationalUnit"
                ]["Id"]
            except self._client.exceptions.DuplicateOrganizationalUnitException:
                self._seen.pop(parent)  # another execution was faster
                return self._children(parent)[name]
        self._children(parent)[name] = made
        return made

    @cached_property
    def _seen(self) -> dict[str, dict[str, str]]:
        return {}

    def _children(self, parent: str) -> dict[str, str]:
        if parent not in self._seen:
            with _named_errors():
                pages = self._client.get_paginator("list_organizational_units_for_parent").paginate(
                    ParentId=parent
                )
                self._seen[parent] = {
                    unit["Name"]: unit["Id"] for page in pages for unit in page["OrganizationalUnits"]
                }
        return self._seen[parent]

    # -- creation ----------------------------------------------------------------------------------

    def create_account(self, name: str, email: str, role: str, tags: Mapping[str, str]) -> Creation:
        """The one call that cannot be undone, and the one that no SDK repeats by itself: a second one makes a second
        request. Raises `CreationSlotsTaken` and `CreationTooFast` when AWS takes no more for the moment, and
        `CreationUnanswered`."""
        with _named_errors():
            try:
                answer = self._asking_once.create_account(
                    AccountName=name,
                    Email=email,
                    RoleName=role,
                    IamUserAccessToBilling="ALLOW",
                    Tags=_tag_list(tags),
                )
            except self._client.exceptions.TooManyRequestsException as slow:
                raise CreationTooFast(str(slow)) from None
            except self._client.exceptions.ConstraintViolationException as limit:
                if limit.response.get("Reason") == "ACCOUNT_CREATION_RATE_LIMIT_EXCEEDED":
                    raise CreationSlotsTaken(str(limit)) from None
                raise
            except (NoConnection, HTTPClientError, self._client.exceptions.ServiceException) as lost:
                raise CreationUnanswered(f"CreateAccount for {email}: {lost}") from lost
        return _creation(answer["CreateAccountStatus"])

    def creation(self, creation_id: str) -> Creation:
        """Raises `CreationFailedForNow` when AWS knows of no such request."""
        with _named_errors():
            try:
                answer = self._client.describe_create_account_status(CreateAccountRequestId=creation_id)
            except self._client.exceptions.CreateAccountStatusNotFoundException:
                raise CreationFailedForNow(f"AWS knows of no CreateAccount request {creation_id}.") from None
            return _creation(answer["CreateAccountStatus"])

    def creations_in_progress(self) -> list[Creation]:
        with _named_errors():
            pages = self._client.get_paginator("list_create_account_status").paginate(States=["IN_PROGRESS"])
            return [_creation(status) for page in pages for status in page["CreateAccountStatuses"]]


def unit_gone(unit_id: str) -> RefusedByAws:
    return RefusedByAws(
        f"The unit {unit_id}, in which the account belongs, is gone. Move the account by hand to where it belongs."
    )


def id_paths(organization_id: str, root: str, units: Mapping[str, str]) -> dict[str, str]:
    """Units' paths of ids, as `aws:ResourceOrgPaths` has them."""
    return {
        path: "/".join([organization_id, root, *(units[ancestor] for ancestor in ancestors(path))]) + "/"
        for path in units
    }


def facts(
    listed: Listed,
    units: Mapping[str, str],
    security: str | None,
    tooling: str | None,
    named: Mapping[str, str],
    *,
    policies_hold: bool = False,
) -> Organization:
    """The organization as the components need it, seen from one of its accounts."""
    return Organization(
        id=listed.organization_id,
        partition=listed.partition,
        root_id=listed.root_id,
        management_account_id=listed.management_account_id,
        security_account_id=security,
        tooling_account_id=tooling,
        units=id_paths(listed.organization_id, listed.root_id, units),
        named_accounts=dict(named),
        policies_hold=policies_hold,
    )


def _listed(account: AccountTypeDef, root: str, *units: str) -> Listed:
    """Every member of the model is optional."""
    # arn:<partition>:organizations::<management>:account/<organization>/<account>
    _, partition, _, _, management, resource = account["Arn"].split(":", 5)
    return Listed(
        id=account["Id"],
        name=account.get("Name", ""),
        email=account.get("Email", ""),
        state=account.get("State", "UNKNOWN"),
        joined=account.get("JoinedTimestamp", LONG_AGO),
        management_account_id=management,
        organization_id=resource.split("/")[1],
        partition=partition,
        root_id=root,
        unit_ids=units,
        created=account.get("JoinedMethod") == "CREATED",
    )


def _creation(status: CreateAccountStatusTypeDef) -> Creation:
    return Creation(
        id=status["Id"],
        name=status.get("AccountName", ""),
        state=status["State"],
        requested=status["RequestedTimestamp"],
        account_id=status.get("AccountId"),
        reason=status.get("FailureReason"),
    )


def _tag_list(tags: Mapping[str, str]) -> list[Any]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


@contextmanager
def _named_errors() -> Iterator[None]:
    try:
        with refusals.named("Organizations", while_passing=OrganizationBusy):
            yield
    except ClientError as error:
        if error.response["Error"]["Code"] != "AWSOrganizationsNotInUseException":
            raise
        message = error.response["Error"]["Message"]
        raise OrganizationNotReady(f"This account has no organization: {message}") from error
