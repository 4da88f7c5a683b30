"""List prices of AWS in us-east-1, in US dollars, without free tiers. Read on 29 November 2026.

Each is from the price list of its service; where the page shows its table only in a browser, it was checked against
what others quote from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

READ_ON = "2026-11-29"
REGION = "us-east-1"

GIGABYTE = 1e9


@dataclass(frozen=True)
class Price:
    """What one of something costs."""

    dollars: float
    what: str
    source: str


PRICES: Mapping[str, Price] = {
    "transitions": Price(
        0.025 / 1_000,
        "Step Functions Standard, a state transition",
        "https://aws.amazon.com/step-functions/pricing/",
    ),
    "requests": Price(0.20 / 1e6, "Lambda, a request", "https://aws.amazon.com/lambda/pricing/"),
    "gb_seconds": Price(
        0.0000133334, "Lambda on arm64, a GB-second", "https://aws.amazon.com/lambda/pricing/"
    ),
    "table_reads": Price(
        0.125 / 1e6,
        "DynamoDB on demand, a read request unit",
        "https://aws.amazon.com/dynamodb/pricing/on-demand/",
    ),
    "table_writes": Price(
        0.625 / 1e6,
        "DynamoDB on demand, a write request unit",
        "https://aws.amazon.com/dynamodb/pricing/on-demand/",
    ),
    "events": Price(
        1.00 / 1e6,
        "EventBridge, an event of our own (those of AWS are free)",
        "https://aws.amazon.com/eventbridge/pricing/",
    ),
    "logged": Price(
        (0.50 + 12 * 0.03) / GIGABYTE,
        "CloudWatch Logs, a byte taken in and kept for a year",
        "https://aws.amazon.com/cloudwatch/pricing/",
    ),
    "s3_writes": Price(0.005 / 1_000, "S3, a PUT or LIST", "https://aws.amazon.com/s3/pricing/"),
    "s3_reads": Price(0.0004 / 1_000, "S3, any other request", "https://aws.amazon.com/s3/pricing/"),
    "kms": Price(0.03 / 10_000, "KMS, a request", "https://aws.amazon.com/kms/pricing/"),
    "traces": Price(5.00 / 1e6, "X-Ray, a trace recorded", "https://aws.amazon.com/xray/pricing/"),
}
"""By the field of `bench.models.costs.Usage` that counts them."""

CONFIG_ITEM = Price(
    0.003, "AWS Config, a configuration item recorded continuously", "https://aws.amazon.com/config/pricing/"
)
"""Billed in each account: one for each change of a resource, in each Region that records it."""

MONTHLY: Mapping[str, tuple[int, Price]] = {
    "keys": (3, Price(1.00, "KMS, a key", "https://aws.amazon.com/kms/pricing/")),
    "alarms": (4, Price(0.10, "CloudWatch, an alarm", "https://aws.amazon.com/cloudwatch/pricing/")),
    "metrics": (
        10,
        Price(0.30, "CloudWatch, a metric of our own", "https://aws.amazon.com/cloudwatch/pricing/"),
    ),
    "dashboards": (1, Price(3.00, "CloudWatch, a dashboard", "https://aws.amazon.com/cloudwatch/pricing/")),
}
"""What stands there all month, whatever is done: how many, and what one costs."""
