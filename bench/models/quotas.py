"""AWS's documented quotas that a roll-out over many accounts meets, in us-east-1. Read on 29 November 2026.

All are defaults of one account and Region; most can be raised.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from local.organizations.quotas import QUOTAS as OF_ORGANIZATIONS

READ_ON = "2026-11-29"
ORGANIZATIONS = (
    "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html#throttling-limits"
)
STEP_FUNCTIONS = "https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"
STS = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"
LAMBDA = "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"
DYNAMODB = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html"


@dataclass(frozen=True)
class Rate:
    """So many a second, after so many at once. `what` is one API call, or what counts together."""

    what: str
    a_second: float
    at_once: float
    source: str


@dataclass(frozen=True)
class AtOnce:
    """So many at the same time."""

    what: str
    most: float
    source: str


RATES: Mapping[str, Rate] = {
    **{
        f"organizations:{operation}": Rate(
            f"Organizations {operation}", quota.rate, quota.burst, ORGANIZATIONS
        )
        for operation, quota in OF_ORGANIZATIONS.items()
    },
    "organizations:ListTagsForResource": Rate("Organizations ListTagsForResource", 10, 15, ORGANIZATIONS),
    "sts": Rate("STS, all calls", 600, 600, STS),
    "states:StartExecution": Rate("Step Functions StartExecution", 300, 1300, STEP_FUNCTIONS),
    "states:DescribeExecution": Rate("Step Functions DescribeExecution", 15, 300, STEP_FUNCTIONS),
    "transitions": Rate("Step Functions state transitions", 5000, 5000, STEP_FUNCTIONS),
    "children": Rate("Distributed Map, children started", 100, 0, STEP_FUNCTIONS),
    "table_reads": Rate("DynamoDB reads, new table", 12_000, 0, DYNAMODB),
    "table_writes": Rate("DynamoDB writes, new table", 4_000, 0, DYNAMODB),
}
CONCURRENCY = AtOnce("Lambda concurrency", 1000, LAMBDA)
CHILDREN = AtOnce("Distributed Map, children at once", 10_000, STEP_FUNCTIONS)
