"""How CreateAccount behaves.

https://docs.aws.amazon.com/organizations/latest/APIReference/API_CreateAccount.html
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from .quotas import Throttle


@dataclass
class CreationSettings:
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
    labels_delay: after which Organizations shows another name or root e-mail; up to four hours on AWS.
    closing_seconds: PENDING_CLOSURE until CLOSED.
    closings_in_30_days: how many accounts AWS closes in that time, where it is not what AWS documents now.
    closed_seconds: CLOSED until the account is closed for good, and no longer in the organization.
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
    labels_delay: float = 0
    closing_seconds: float = 60
    closings_in_30_days: int | None = None
    closed_seconds: float = 90 * 24 * 3600
