"""Central configuration, as the security account holds it in the home Region: the aggregator that links the governed
Regions, the configuration policy, and its association with the root. What is there; `difference` compares it.

https://docs.aws.amazon.com/securityhub/latest/userguide/start-central-configuration.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from botocore.exceptions import ClientError

from groundwork.aws.sessions import DENIALS
from groundwork.baseline import administrators
from groundwork.baseline.component import Permission, Target
from groundwork.baseline.regions import governed

from . import hubs
from .settings import Settings

DESCRIPTION = "Groundwork: what every account is checked against. Declared in baseline.yaml; changes made here are put right."
LOOK = Permission(
    (
        "organizations:ListDelegatedAdministrators",
        "securityhub:DescribeOrganizationConfiguration",
        "securityhub:GetConfigurationPolicy",
        "securityhub:GetFindingAggregator",
        "securityhub:ListConfigurationPolicies",
        "securityhub:ListConfigurationPolicyAssociations",
        "securityhub:ListFindingAggregators",
    ),
    kinds={"security"},
)
KEEP = Permission(
    (
        "securityhub:CreateConfigurationPolicy",
        "securityhub:CreateFindingAggregator",
        "securityhub:StartConfigurationPolicyAssociation",
        "securityhub:UpdateConfigurationPolicy",
        "securityhub:UpdateFindingAggregator",
        "securityhub:UpdateOrganizationConfiguration",
    ),
    kinds={"security"},
)


@dataclass(frozen=True)
class Aggregator:
    """`mode` and `regions` are read in its home Region alone."""

    arn: str
    home: str
    mode: str = ""
    regions: frozenset[str] = frozenset()

    def links(self, region: str) -> bool:
        listed = region in self.regions
        return {
            "ALL_REGIONS": True,
            "ALL_REGIONS_EXCEPT_SPECIFIED": not listed,
            "SPECIFIED_REGIONS": listed,
        }.get(self.mode, False)


@dataclass(frozen=True)
class ConfigurationPolicy:
    arn: str
    id: str
    name: str
    description: str
    says: Mapping[str, Any]
    """What stands under SecurityHub."""


@dataclass(frozen=True)
class Found:
    """`administrator` as Organizations knows it. `status` is that of central configuration, empty where it is off, and
    None where the account administers nothing; what follows is read as far as AWS shows it. `applied` maps roots, units
    and accounts to the id of the configuration that was given to them themselves, `failed` those of them where it did not
    come everywhere to why. `former` are the names and ids of policies of ours that are not declared."""

    administrator: str = ""
    on: bool = False
    status: str | None = None
    message: str = ""
    aggregator: Aggregator | None = None
    policy: ConfigurationPolicy | None = None
    former: Mapping[str, str] = field(default_factory=dict)
    applied: Mapping[str, str] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)
    off: tuple[str, ...] = ()


def read(target: Target) -> Found:
    there = next(iter(administrators.registered_if_known(hubs.SERVICE, target)), "")
    if there not in ("", target.account.id):
        return Found(there)
    home = target.declaration.regions.home
    client = target.client("securityhub", home)
    off = governed(target).off
    if not hubs.is_on(client):
        return Found(there, off=off)
    configuration = _configuration(client)
    if configuration is None:
        return Found(there, True, off=off)
    status = configuration["Status"] if configuration["ConfigurationType"] == "CENTRAL" else ""
    if configuration["Status"] == "DISABLED":
        status = "DISABLED"
    aggregator = _aggregator(client, home)
    found = Found(there, True, status, configuration.get("StatusMessage", ""), aggregator, off=off)
    if status != "ENABLED" or aggregator is None or aggregator.home != home:
        return found
    return _with_policies(found, client, target)


def _configuration(client: Any) -> Mapping[str, Any] | None:
    try:
        found: Mapping[str, Any] = client.describe_organization_configuration()["OrganizationConfiguration"]
    except ClientError as error:
        if error.response["Error"]["Code"] not in {"InvalidAccessException", *DENIALS}:
            raise
        return None
    return found


def _aggregator(client: Any, home: str) -> Aggregator | None:
    pages = client.get_paginator("list_finding_aggregators").paginate()
    arns = [str(each["FindingAggregatorArn"]) for page in pages for each in page["FindingAggregators"]]
    if not arns:
        return None
    its_home = arns[0].split(":")[3]
    if its_home != home:
        return Aggregator(arns[0], its_home)
    found = client.get_finding_aggregator(FindingAggregatorArn=arns[0])
    return Aggregator(arns[0], home, found["RegionLinkingMode"], frozenset(found.get("Regions") or ()))


def _with_policies(found: Found, client: Any, target: Target) -> Found:
    declared: Settings = target.declaration.settings("posture")
    pages = client.get_paginator("list_configuration_policies").paginate()
    listed = [each for page in pages for each in page["ConfigurationPolicySummaries"]]
    mine = next((each for each in listed if each["Name"] == declared.policy), None)
    pages = client.get_paginator("list_configuration_policy_associations").paginate(
        Filters={"AssociationType": "APPLIED"}
    )
    associations = [each for page in pages for each in page["ConfigurationPolicyAssociationSummaries"]]
    return replace(
        found,
        policy=_policy(client, mine["Arn"]) if mine else None,
        former={
            each["Id"]: each["Name"]
            for each in listed
            if each.get("Description") == DESCRIPTION and each["Name"] != declared.policy
        },
        applied={each["TargetId"]: each["ConfigurationPolicyId"] for each in associations},
        failed={
            each["TargetId"]: each.get("AssociationStatusMessage") or "AWS says no more"
            for each in associations
            if each["AssociationStatus"] == "FAILED"
        },
    )


def _policy(client: Any, arn: str) -> ConfigurationPolicy:
    found = client.get_configuration_policy(Identifier=arn)
    says = found["ConfigurationPolicy"].get("SecurityHub", {})
    return ConfigurationPolicy(found["Arn"], found["Id"], found["Name"], found.get("Description", ""), says)
