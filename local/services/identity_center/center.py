"""IAM Identity Center of an organization: its one instance, the permission sets, and who is assigned them where.

What is asked of it asynchronously comes about `seconds` later, on the engine's clock. A permission set is in an account as a
role for as long as somebody is assigned it there; a change of it reaches that role once it is provisioned again.

https://docs.aws.amazon.com/singlesignon/latest/userguide/delegated-admin.html
https://docs.aws.amazon.com/singlesignon/latest/userguide/permissionsetsconcept.html
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple
from uuid import uuid4

from moto.core.exceptions import AWSError, ServiceException
from moto.identitystore.models import identitystore_backends
from moto.kms.models import kms_backends

from local.clock import Clock
from local.iam.service_linked_roles import give_role
from local.organizations import Organizations, organization_of

from . import roles
from .permission_set import PermissionSet

SERVICE = "sso.amazonaws.com"
MOST_POLICIES = 20
INLINE_CHARACTERS = 10_240
SHORTEST, LONGEST = 3600, 43_200
DURATION = re.compile(r"PT(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?")

Kind = Literal["creation", "deletion", "provisioning"]


class IdentityCenterError(ServiceException):
    """An exception of IAM Identity Center, by its name."""


class NoKey(IdentityCenterError):
    def __init__(self, reason: str, key: str) -> None:
        super().__init__("ResourceNotFoundException", f"Key '{key}' does not exist")
        self.reason = reason


class Assignment(NamedTuple):
    account: str
    permission_set: str
    principal_type: str
    principal: str

    def shown(self) -> dict[str, str]:
        return {
            "AccountId": self.account,
            "PermissionSetArn": self.permission_set,
            "PrincipalType": self.principal_type,
            "PrincipalId": self.principal,
        }


@dataclass
class Request:
    """`about` is an assignment, or of a provisioning the permission set and its accounts; `account` the one that it names."""

    kind: Kind
    about: Assignment | tuple[str, tuple[str, ...]]
    due: float
    id: str = field(default_factory=lambda: str(uuid4()))
    status: str = "IN_PROGRESS"
    reason: str = ""
    created: float = field(default_factory=time.time)
    account: str = ""

    def summary(self) -> dict[str, Any]:
        return {"Status": self.status, "RequestId": self.id, "CreatedDate": self.created}

    def shown(self) -> dict[str, Any]:
        told = self.summary() | ({"FailureReason": self.reason} if self.reason else {})
        if isinstance(self.about, Assignment):
            given = self.about.shown()
            target = {"TargetId": given.pop("AccountId"), "TargetType": "AWS_ACCOUNT"}
            return told | target | given
        return (
            told | {"PermissionSetArn": self.about[0]} | ({"AccountId": self.account} if self.account else {})
        )


class Center:
    """The organization's instance, with its home in `region`. `seconds` is how long what is asked for takes."""

    clock = Clock()

    def __init__(self, organization: Organizations, region: str) -> None:
        self.management, self.partition, self.region = (
            organization.account_id,
            organization.partition,
            region,
        )
        unique = uuid4().hex
        self.arn = f"arn:{self.partition}:sso:::instance/ssoins-{unique[:16]}"
        self.identity_store = f"d-{unique[-10:]}"
        self.key: str | None = None
        """The ARN of a customer managed key, which is in the management account, as AWS demands it."""
        self.seconds: float = 5
        self.failures: list[str] = []
        """Why the next requests fail, in order."""
        self.sets: dict[str, PermissionSet] = {}
        self.assignments: set[Assignment] = set()
        self.requests: list[Request] = []
        self.created = time.time()

    @property
    def organization(self) -> Organizations:
        found = organization_of(self.management, self.partition)
        assert found is not None
        return found

    # Who may what -----------------------------------------------------------------------------------

    def admit(self, caller: str) -> None:
        """Raises AccessDeniedException for whoever is neither the management account nor the delegated administrator."""
        if caller != self.management and not self.organization.is_delegated(caller, SERVICE):
            raise denied(f"Account {caller} does not administer IAM Identity Center.")

    def admit_to(self, caller: str, *accounts: str) -> None:
        """What reaches the management account is for that account alone."""
        if caller != self.management and self.management in accounts:
            raise denied("A delegated administrator has no access to the management account.")

    def admit_by_key(self, reason: str) -> None:
        """Raises ResourceNotFoundException, with this `Reason`, where the key is not there."""
        if self.key and not self.has_its_key:
            raise NoKey(reason, self.key)

    @property
    def has_its_key(self) -> bool:
        """Whether it has a key of its own, and that is there."""
        if self.key is None:
            return False
        _, _, _, region, account, name = self.key.split(":", 5)
        return name.removeprefix("key/") in kms_backends[account][region].keys

    # Permission sets --------------------------------------------------------------------------------

    def permission_set(self, arn: str) -> PermissionSet:
        if arn not in self.sets:
            raise IdentityCenterError("ResourceNotFoundException", f"Could not find PermissionSet {arn}")
        return self.sets[arn]

    def change(self, caller: str, arn: str) -> PermissionSet:
        """The permission set, for whoever may change it."""
        found = self.permission_set(arn)
        self.admit_to(caller, *found.roles)
        return found

    def create(self, name: str, **given: Any) -> PermissionSet:
        if any(each.name == name for each in self.sets.values()):
            raise conflict(f"PermissionSet with name {name} already exists.")
        instance = self.arn.rpartition("/")[2]
        arn = f"arn:{self.partition}:sso:::permissionSet/{instance}/ps-{uuid4().hex[:16]}"
        self.sets[arn] = PermissionSet(arn, name, **given)
        return self.sets[arn]

    def delete(self, permission_set: PermissionSet) -> None:
        if permission_set.roles or any(
            each.permission_set == permission_set.arn for each in self.assignments
        ):
            raise conflict(f"PermissionSet {permission_set.arn} is in use in accounts.")
        del self.sets[permission_set.arn]

    # What takes its time ----------------------------------------------------------------------------

    def ask(self, kind: Kind, about: Assignment | tuple[str, tuple[str, ...]], account: str = "") -> Request:
        """As it is answered: in progress. The same assignment is worked on once at a time."""
        if any(each.status == "IN_PROGRESS" and each.about == about for each in self.requests):
            raise conflict("There is a conflicting operation in process.")
        made = Request(kind, about, time.monotonic() + self.clock.seconds(self.seconds), account=account)
        self.requests.append(made)
        return made

    def of_kind(self, kind: Kind) -> Iterator[Request]:
        return (each for each in reversed(self.requests) if each.kind == kind)

    def settle(self) -> None:
        """Brings about what is due."""
        for request in self.requests:
            if request.status == "IN_PROGRESS" and request.due <= time.monotonic():
                if self.failures:
                    request.status, request.reason = "FAILED", self.failures.pop(0)
                    continue
                try:
                    self._bring_about(request)
                except ServiceException as refused:
                    request.status, request.reason = "FAILED", refused.message
                else:
                    request.status = "SUCCEEDED"

    def _bring_about(self, request: Request) -> None:
        about = request.about
        if not isinstance(about, Assignment):
            permission_set = self.permission_set(about[0])
            for account in about[1]:
                if account in permission_set.roles:
                    self._provision(permission_set, account)
            return
        permission_set = self.permission_set(about.permission_set)
        if request.kind == "creation":
            self.assignments.add(about)
            if about.account not in permission_set.roles:
                self._provision(permission_set, about.account)
            return
        self._find(about)
        self.assignments.discard(about)
        if not any((each.account, each.permission_set) == about[:2] for each in self.assignments):
            permission_set.roles.pop(about.account, None)
            roles.remove(permission_set, about.account, self.partition)

    def _find(self, about: Assignment) -> None:
        """None is taken off whoever was deleted: Terraform's provider met it, and not each time, so that this is the stricter reading.

        https://github.com/hashicorp/terraform-provider-aws/issues/19341
        """
        store = identitystore_backends[self.management][self.region]
        try:
            if about.principal_type == "GROUP":
                store.describe_group(self.identity_store, about.principal)
            else:
                store.describe_user(self.identity_store, about.principal)
        except AWSError:
            told = f"Received a 404 status error: the {about.principal_type} assignee {about.principal} was not found in directory {self.identity_store}"
            raise IdentityCenterError("ResourceNotFoundException", told) from None

    def _provision(self, permission_set: PermissionSet, account: str) -> None:
        """One that is not open ends the whole request, the stricter reading.

        https://github.com/aws-samples/aws-identitycenter-codepipeline-auto-assignment/issues/31
        """
        if all(each.id != account or each.state != "ACTIVE" for each in self.organization.accounts):
            told = f"Obtaining permissions to manage your AWS account '{account}' takes longer than usual."
            raise denied(f"AWS SSO is unable to complete your request at this time. {told}")
        give_role(account, SERVICE, self.partition)
        roles.put(permission_set, account, roles.Home(self.arn, self.partition, self.region))
        permission_set.roles[account] = permission_set.contents


def seconds_of(duration: str) -> int:
    """Raises ValidationException for what is no duration, or none from one to twelve hours."""
    found = DURATION.fullmatch(duration)
    seconds = 0
    if found:
        hours, minutes, rest = (int(each or 0) for each in found.groups())
        seconds = hours * 3600 + minutes * 60 + rest
    if not SHORTEST <= seconds <= LONGEST:
        raise invalid(f"SessionDuration {duration} is not from one to twelve hours.")
    return seconds


def denied(message: str) -> IdentityCenterError:
    return IdentityCenterError("AccessDeniedException", message)


def conflict(message: str) -> IdentityCenterError:
    return IdentityCenterError("ConflictException", message)


def invalid(message: str) -> IdentityCenterError:
    return IdentityCenterError("ValidationException", message)
