"""How CreateAccount behaves, and the life of one request.

https://docs.aws.amazon.com/organizations/latest/APIReference/API_CreateAccount.html
"""

from __future__ import annotations

import secrets
import string
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from .quotas import Throttle

FORBIDDEN_IN_LOCAL_NAME = frozenset("\"'()<>[]:;,\\|%& \t")
DOMAIN_CHARACTERS = frozenset(string.ascii_letters + string.digits + "-.")
ANSWERS = {
    "AccessDenied": "Access denied.",
    "OptInRequired": "You are not subscribed to this service. Please go to http://aws.amazon.com to subscribe.",
    "RegionDisabledException": "Account is not activated in this Region.",
    "SubscriptionRequiredException": "The AWS Access Key Id needs a subscription for the service",
}
"""What AWS says to an account that it has not finished activating."""
OWN_ANSWERS = {"ec2": "OptInRequired", "s3": "NotSignedUp"}
READY_FROM_THE_START = frozenset({"iam", "sts", "organizations", "account"})


@dataclass
class Creation:
    """What tests and demos set; all times are AWS seconds, scaled by the engine's clock.

    throttle: the request quotas; `throttle.enforced = False` lifts them.
    seconds: from the request to SUCCEEDED or FAILED.
    account_limit: accounts the organization may have; closed ones and the management account count.
    at_once: requests that may be in progress.
    failures: FailureReasons of the next requests, in order (`None` lets one through).
    errors: names of exceptions, or reasons of a ConstraintViolationException, that the next CreateAccount calls raise,
    in order.
    taken_emails: root e-mails of accounts outside the organization.
    entry_delay: after SUCCEEDED until the access role exists; until then AssumeRole answers AccessDenied.
    entry_answer: what AssumeRole answers until then, one of ANSWERS; with any but AccessDenied the role is there.
    service_delay: after SUCCEEDED until services other than IAM and STS answer.
    service_delays: the same for some services, or services in a Region ("config", "ec2:eu-west-1").
    service_answer: what services answer until then, one of ANSWERS; where it is not set, OWN_ANSWERS.
    event_delay, event_copies: when after completion CreateAccountResult comes, and how often (0 loses it).
    minimum_age: how old a created account must be to leave the organization.
    closing_seconds: PENDING_CLOSURE until SUSPENDED.
    """

    throttle: Throttle
    seconds: float = 3
    account_limit: int = 10
    at_once: int = 5
    failures: deque[str | None] = field(default_factory=deque)
    errors: deque[str] = field(default_factory=deque)
    taken_emails: set[str] = field(default_factory=set)
    entry_delay: float = 3
    entry_answer: str = "AccessDenied"
    service_delay: float = 6
    service_delays: dict[str, float] = field(default_factory=dict)
    service_answer: str | None = None
    event_delay: float = 17
    event_copies: int = 1
    minimum_age: float = 7 * 24 * 3600
    closing_seconds: float = 60
    not_ready_until: dict[str, float] = field(default_factory=dict)
    """Account id, or that and a key of `service_delays`, to the monotonic second from which services answer."""

    answers: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    """Account id to the answers that were set when it was made."""

    def welcome(self, account_id: str, seconds: Callable[[float], float]) -> None:
        """A new account; `seconds` are real ones of AWS seconds."""
        now = time.monotonic()
        self.answers[account_id] = (self.entry_answer, self.service_answer)
        self.not_ready_until[account_id] = now + seconds(self.service_delay)
        if self.entry_answer != "AccessDenied":
            self.not_ready_until[f"{account_id} entry"] = now + seconds(self.entry_delay)
        for where, delay in self.service_delays.items():
            self.not_ready_until[f"{account_id} {where}"] = now + seconds(delay)

    def entry_refusal(self, account_id: str) -> tuple[str, str] | None:
        """Code and message with which STS lets nobody into a young account; None once it does."""
        if time.monotonic() >= self.not_ready_until.get(f"{account_id} entry", 0):
            return None
        code, _ = self.answers[account_id]
        return code, ANSWERS[code]

    def refusal(self, account_id: str, service: str, region: str = "") -> tuple[str, str] | None:
        """Code and message with which `service` turns a young account away; None once it is ready."""
        own = (f"{account_id} {service}:{region}", f"{account_id} {service}")
        until = next((self.not_ready_until[key] for key in own if key in self.not_ready_until), None)
        if until is None:
            until = 0 if service in READY_FROM_THE_START else self.not_ready_until.get(account_id, 0)
        if time.monotonic() >= until:
            return None
        _, answer = self.answers.get(account_id, (self.entry_answer, self.service_answer))
        code = answer or OWN_ANSWERS.get(service, "SubscriptionRequiredException")
        return code, (ANSWERS | {"NotSignedUp": "Your account is not signed up for the Amazon S3 service."})[
            code
        ]


@dataclass
class Request:
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
