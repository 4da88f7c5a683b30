"""CreateAccount: asynchronous, refused or failed for AWS's reasons, announced once a trail can.

https://docs.aws.amazon.com/organizations/latest/APIReference/API_CreateAccount.html
"""

from __future__ import annotations

import secrets
import string
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar

from moto.organizations import utils
from moto.organizations.models import OrganizationsBackend, organizations_backends

from local.engine import Engine

from .accounts import Account, make_access_role, make_service_linked_roles, new_account_id
from .errors import CONSTRAINTS, constraint, error, invalid_input
from .paging import page
from .policy_types import check_tags

ACCESS_ROLE = "OrganizationAccountAccessRole"
HOME_REGION = "us-east-1"
FORBIDDEN_IN_LOCAL_NAME = frozenset("\"'()<>[]:;,\\|%& \t")
DOMAIN_CHARACTERS = frozenset(string.ascii_letters + string.digits + "-.")


@dataclass
class CreationRequest:
    """One CreateAccount call, from IN_PROGRESS to SUCCEEDED or FAILED."""

    name: str
    email: str
    role_name: str
    tags: list[dict[str, str]]
    id: str = field(default_factory=lambda: f"car-{secrets.token_hex(16)}")
    state: str = "IN_PROGRESS"
    requested: datetime = field(default_factory=lambda: datetime.now(UTC))
    completed: datetime | None = None
    account_id: str | None = None
    failure_reason: str | None = None

    def complete(self, *, account_id: str | None = None, failure_reason: str | None = None) -> None:
        self.account_id, self.failure_reason = account_id, failure_reason
        self.completed = datetime.now(UTC)
        self.state = "SUCCEEDED" if account_id else "FAILED"

    def describe(self) -> dict[str, Any]:
        """The API's CreateAccountStatus: no e-mail in it."""
        optional = {
            "CompletedTimestamp": self.completed and self.completed.timestamp(),
            "AccountId": self.account_id,
            "FailureReason": self.failure_reason,
        }
        return {
            "Id": self.id,
            "AccountName": self.name,
            "State": self.state,
            "RequestedTimestamp": self.requested.timestamp(),
        } | {key: value for key, value in optional.items() if value}

    def event_detail(self) -> dict[str, Any]:
        """`createAccountStatus` of the CreateAccountResult event: the name is redacted, times are not ISO."""
        result = {"accountId": self.account_id} if self.account_id else {"failureReason": self.failure_reason}
        return {
            "id": self.id,
            "state": self.state,
            "accountName": "****",
            **result,
            "requestedTimestamp": event_time(self.requested),
            "completedTimestamp": event_time(self.completed or self.requested),
        }


def event_time(moment: datetime) -> str:
    """A time as Organizations writes it in its service events: `May 15, 2023 8:26:54 AM`."""
    return f"{moment:%b} {moment.day}, {moment.year} {moment.hour % 12 or 12}:{moment:%M:%S %p}"


def is_acceptable_email(email: str) -> bool:
    """The rules for a root e-mail beyond the pattern of the API; one that breaks them fails as INVALID_EMAIL."""
    local, _, domain = email.partition("@")
    return (
        email.isascii()
        and email.count("@") == 1
        and bool(local)
        and not local.startswith(".")
        and not FORBIDDEN_IN_LOCAL_NAME & set(local)
        and "." in domain
        and set(domain) <= DOMAIN_CHARACTERS
        and domain.strip("-.") == domain
    )


class AccountCreation(OrganizationsBackend):
    """What an organization does to make accounts."""

    engine: ClassVar[Engine]
    requests: dict[str, CreationRequest]
    lock: ClassVar[threading.RLock] = threading.RLock()

    def create_account(self, **kwargs: Any) -> dict[str, Any]:
        """IN_PROGRESS; the request completes later.

        Raises InvalidInputException for role name and tags, ConstraintViolationException
        (ACCOUNT_CREATION_RATE_LIMIT_EXCEEDED) with too many in progress, and what `creation.errors` scripts.
        """
        creation = self.engine.creation
        check_tags(kwargs.get("Tags", []))
        role_name = kwargs.get("RoleName") or ACCESS_ROLE
        if role_name.startswith("AWSServiceRoleFor"):
            raise invalid_input("INVALID_ROLE_NAME")
        request = CreationRequest(kwargs["AccountName"], kwargs["Email"], role_name, kwargs.get("Tags", []))
        with self.lock:
            if creation.errors:
                name = creation.errors.popleft()
                raise constraint(name) if name in CONSTRAINTS else error(name)
            if len(self._in_progress()) >= creation.at_once:
                creation.throttle.refused["CreateAccount"] += 1
                raise constraint("ACCOUNT_CREATION_RATE_LIMIT_EXCEEDED")
            reason = self._failure_reason(request)
            self.requests[request.id] = request
        answer = {"CreateAccountStatus": request.describe()}
        self.later(creation.seconds, self._complete, request, reason)
        return answer

    def describe_create_account_status(self, **kwargs: Any) -> dict[str, Any]:
        request = self.requests.get(kwargs["CreateAccountRequestId"])
        if request is None:
            raise error("CreateAccountStatusNotFoundException")
        return {"CreateAccountStatus": request.describe()}

    def list_create_account_status(self, **kwargs: Any) -> dict[str, Any]:
        states = kwargs.get("States") or ["IN_PROGRESS", "SUCCEEDED", "FAILED"]
        found = [request.describe() for request in list(self.requests.values()) if request.state in states]
        statuses, token = page(found, kwargs.get("MaxResults"), kwargs.get("NextToken"))
        return {"CreateAccountStatuses": statuses, "NextToken": token}

    def later(self, aws_seconds: float, action: Callable[..., None], *arguments: Any) -> None:
        """Run `action` after that much AWS time, unless the engine closes first."""
        timer = threading.Timer(self.engine.clock.seconds(aws_seconds), action, arguments)
        timer.daemon = True
        self.engine.on_close(timer.cancel)
        timer.start()

    def _in_progress(self) -> list[CreationRequest]:
        return [request for request in self.requests.values() if request.state == "IN_PROGRESS"]

    def _failure_reason(self, request: CreationRequest) -> str | None:
        creation, email = self.engine.creation, request.email.lower()
        scripted = creation.failures.popleft() if creation.failures else None
        if scripted:
            return str(scripted)
        if not is_acceptable_email(request.email):
            return "INVALID_EMAIL"
        if any(other.email.lower() == email for other in self._in_progress()):
            return "CONCURRENT_ACCOUNT_MODIFICATION"
        if self.is_taken(email):
            return "EMAIL_ALREADY_EXISTS"
        if len(self.accounts) + len(self._in_progress()) >= creation.account_limit:
            return "ACCOUNT_LIMIT_EXCEEDED"
        return None

    def is_taken(self, email: str) -> bool:
        """Whether an account, of this organization or outside, has this root e-mail."""
        known = {account.email for account in self.accounts} | self.engine.creation.taken_emails
        return email.lower() in {each.lower() for each in known}

    def _complete(self, request: CreationRequest, failure_reason: str | None) -> None:
        with self.lock:
            if failure_reason:
                request.complete(failure_reason=failure_reason)
            else:
                account = self._new_account(request)
                request.complete(account_id=account.id)
        self.later(self.engine.creation.event_delay, self._announce, request)

    def _new_account(self, request: CreationRequest) -> Account:
        assert self.org is not None
        creation = self.engine.creation
        account_id = new_account_id({account.id for account in self.accounts})
        account = Account(self.org, account_id, request.name, request.email, request.tags)
        self.engine.young_accounts.welcome(account_id, creation, self.engine.clock.seconds)
        organizations_backends.master_accounts[account_id] = (self.account_id, self.partition)
        make_service_linked_roles(account_id, self.partition)
        self.accounts.append(account)
        for policy_id in (utils.DEFAULT_SCP_POLICY_ID, utils.DEFAULT_RCP_POLICY_ID):
            policy = self.get_policy_by_id(policy_id)
            policy.attachments.append(account)
            account.attached_policies.append(policy)
        role = (account_id, self.partition, self.account_id, request.role_name)
        if creation.entry_delay and creation.entry_answer == "AccessDenied":
            self.later(creation.entry_delay, make_access_role, *role)
        else:
            make_access_role(*role)
        return account

    def _announce(self, request: CreationRequest) -> None:
        if not self.engine.is_trail_logging(self.account_id, HOME_REGION):
            return
        detail = {
            "eventVersion": "1.08",
            "userIdentity": {"accountId": self.account_id, "invokedBy": "AWS Internal"},
            "eventTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "eventSource": "organizations.amazonaws.com",
            "eventName": "CreateAccountResult",
            "awsRegion": HOME_REGION,
            "sourceIPAddress": "AWS Internal",
            "userAgent": "AWS Internal",
            "requestParameters": None,
            "responseElements": None,
            "eventID": str(uuid.uuid4()),
            "readOnly": False,
            "eventType": "AwsServiceEvent",
            "managementEvent": True,
            "recipientAccountId": self.account_id,
            "serviceEventDetails": {"createAccountStatus": request.event_detail()},
            "eventCategory": "Management",
        }
        for _ in range(self.engine.creation.event_copies):
            self.engine.emit(
                "aws.organizations",
                "AWS Service Event via CloudTrail",
                detail,
                account=self.account_id,
                region=HOME_REGION,
            )
