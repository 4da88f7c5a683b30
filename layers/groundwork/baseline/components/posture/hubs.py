"""Security Hub in the management account, which no administrator can enable: its own run does, in each governed Region.

Standards come with the configuration policy on the root, and so none are enabled here.
https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_CreateMembers.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from groundwork.baseline import administrators
from groundwork.baseline.component import Call, Permission, Target
from groundwork.baseline.regions import governed, in_each, skipped

SERVICE = "securityhub.amazonaws.com"
OFF = ("InvalidAccessException", "ResourceNotFoundException")
"""DescribeHub's answers where Security Hub is not enabled."""
LOOK = Permission(("securityhub:DescribeHub",))
LOOK_FROM_MANAGEMENT = Permission(("securityhub:ListOrganizationAdminAccounts",), kinds={"management"})
ENABLE = (
    Permission(("securityhub:EnableSecurityHub",)),
    Permission(
        ("iam:CreateServiceLinkedRole",),
        (f"arn:{{partition}}:iam::{{account}}:role/aws-service-role/{SERVICE}/*",),
        {"StringEquals": {"iam:AWSServiceName": SERVICE}},
    ),
)


@dataclass(frozen=True)
class Found:
    """`others` is the account besides the security account that administers Security Hub, by the home Region. `on` has, by
    Region, whether Security Hub is enabled."""

    others: Mapping[str, str] = field(default_factory=dict)
    on: Mapping[str, bool] = field(default_factory=dict)
    off: tuple[str, ...] = ()


def is_on(client: Any) -> bool:
    try:
        client.describe_hub()
    except ClientError as error:
        if error.response["Error"]["Code"] not in OFF:
            raise
        return False
    return True


def read(target: Target) -> Found:
    there = administrators.read("securityhub", [target.declaration.regions.home], target)
    if others := administrators.strangers(there, target):
        return Found(others)
    on, off = governed(target)
    return Found({}, in_each(target, "securityhub", on, is_on), off)


def calls(found: Found) -> Iterator[Call]:
    yield from administrators.reports("securityhub", "posture", found.others)
    for region, enabled in found.on.items():
        if not enabled:
            yield enabling(region, "nobody else can enable it in the management account")
    yield from skipped("securityhub", found.off)


def enabling(region: str, why: str) -> Call:
    return Call(
        "securityhub",
        "EnableSecurityHub",
        {"EnableDefaultStandards": False},
        f"Security Hub in {region}",
        "create",
        f"is not enabled; {why}",
        region,
        severity="high",
        needs=(),
    )
