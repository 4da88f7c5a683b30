"""Organizations' request quotas: a token bucket per operation and organization, on the scaled clock.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html#throttling-limits
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from local.clock import Clock

from .errors import error


@dataclass(frozen=True)
class Quota:
    """Tokens that come back per AWS second, and how many the bucket holds."""

    rate: float
    burst: int


QUOTAS = {
    "CreateAccount": Quota(0.1, 3),
    "CreateGovCloudAccount": Quota(0.1, 3),
    "DescribeCreateAccountStatus": Quota(2, 2),
    "ListCreateAccountStatus": Quota(5, 8),
    "DescribeAccount": Quota(20, 30),
    "ListAccounts": Quota(8, 12),
    "ListParents": Quota(5, 8),
    "ListAccountsForParent": Quota(5, 8),
    "ListOrganizationalUnitsForParent": Quota(5, 8),
    "ListRoots": Quota(1, 2),
    "DescribeOrganization": Quota(1, 2),
    "DescribeOrganizationalUnit": Quota(2, 2),
    "MoveAccount": Quota(2, 3),
    "ListTagsForResource": Quota(10, 15),
    "TagResource": Quota(4, 6),
    "CloseAccount": Quota(0.05, 1),
}


@dataclass
class Bucket:
    """One operation's tokens. `filled` is when `tokens` was last brought up to date (monotonic seconds)."""

    quota: Quota
    tokens: float
    filled: float = field(default_factory=time.monotonic)

    def take(self, clock: Clock) -> bool:
        now = time.monotonic()
        earned = (now - self.filled) / clock.seconds(1) * self.quota.rate
        self.tokens, self.filled = min(self.quota.burst, self.tokens + earned), now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


class Throttle:
    """The buckets of one organization, and how often each operation was refused. `enforced` can be switched off by a
    test that is about something else."""

    def __init__(self, clock: Clock) -> None:
        self.enforced = True
        self.refused: Counter[str] = Counter()
        self._clock = clock
        self._buckets: dict[str, Bucket] = {}
        self._lock = threading.Lock()

    def admit(self, operation: str) -> None:
        """Takes a token. Raises TooManyRequestsException when there is none."""
        quota = QUOTAS.get(operation)
        if quota is None or not self.enforced:
            return
        with self._lock:
            bucket = self._buckets.setdefault(operation, Bucket(quota, quota.burst))
            if not bucket.take(self._clock):
                self.refused[operation] += 1
                raise error("TooManyRequestsException")
