"""The organization's aggregator, which the security account has alone, and the role with which it reads the organization.

The role is its own: AWS documents a service role with the managed policy AWSConfigRoleForOrganizations. Its trust policy
has no aws:SourceAccount, which AWS documents for the recorder's role only: nobody can hand Config a role of another account.

https://docs.aws.amazon.com/config/latest/developerguide/set-up-aggregator-cli.html
https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSConfigRoleForOrganizations.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from groundwork.baseline.component import Action, Call, Permission, Target, removal
from groundwork.baseline.documents import differences
from groundwork.contracts import Kind, Severity
from groundwork.declaration.policy_files import Document
from groundwork.errors import ConflictingSetup
from groundwork.side_by_side import side_by_side

from .recorders import SERVICE

SECURITY: tuple[Kind, ...] = ("security",)
ROLE_NAME = "groundwork-config-aggregator"
ROLE = f"service-role/{ROLE_NAME}"
POLICY = "service-role/AWSConfigRoleForOrganizations"
TRUST: Document = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": SERVICE}, "Action": "sts:AssumeRole"},
    ],
}

_ARN = f"arn:{{partition}}:iam::{{account}}:role/{ROLE}"
LOOK = Permission(["config:DescribeConfigurationAggregators"])
KEEP = (
    Permission(["config:DeleteConfigurationAggregator", "config:PutConfigurationAggregator"]),
    Permission(
        [
            "iam:AttachRolePolicy",
            "iam:CreateRole",
            "iam:DeleteRole",
            "iam:DetachRolePolicy",
            "iam:UpdateAssumeRolePolicy",
        ],
        [_ARN],
    ),
    # What Config asks of Organizations on behalf of a delegated administrator that makes an aggregator.
    Permission(["organizations:ListDelegatedAdministrators"], kinds=SECURITY),
)


@dataclass(frozen=True)
class Role:
    """Of whatever path: IAM has a name once in an account."""

    arn: str
    trust: Document
    policies: frozenset[str]


@dataclass(frozen=True)
class Aggregation:
    """What the security account has of it. `former` are the names of other aggregators that have our role."""

    role: Role | None = None
    aggregator: Mapping[str, Any] | None = None
    former: tuple[str, ...] = ()


def read(target: Target) -> Aggregation:
    role, every = side_by_side(lambda: _role(target.client("iam")), lambda: _aggregators(target))
    name, arn = target.declaration.config.aggregator, target.role_arn(ROLE)
    former = tuple(
        sorted(
            other
            for other, each in every.items()
            if other != name and each.get("OrganizationAggregationSource", {}).get("RoleArn") == arn
        )
    )
    return Aggregation(role, every.get(name), former)


def _role(iam: Any) -> Role | None:
    try:
        role = iam.get_role(RoleName=ROLE_NAME)["Role"]
        attached = iam.list_attached_role_policies(RoleName=ROLE_NAME)["AttachedPolicies"]
    except ClientError as missing:
        if missing.response["Error"]["Code"] != "NoSuchEntity":
            raise
        return None
    policies = frozenset(policy["PolicyArn"] for policy in attached)
    return Role(role["Arn"], role["AssumeRolePolicyDocument"], policies)


def _aggregators(target: Target) -> dict[str, Mapping[str, Any]]:
    """By name."""
    config = target.client("config", target.declaration.regions.home)
    pages = config.get_paginator("describe_configuration_aggregators").paginate()
    return {
        each["ConfigurationAggregatorName"]: each
        for page in pages
        for each in page["ConfigurationAggregators"]
    }


def calls(found: Aggregation, target: Target) -> Iterator[Call]:
    """The role first; what needs it follows at once, and is asked again while Config does not see it. Raises
    `ConflictingSetup` where the role's name is taken under another path, which IAM changes for nobody."""
    if found.role and found.role.arn != target.role_arn(ROLE):
        raise ConflictingSetup(
            f"The name of the aggregator's role is taken by {found.role.arn}; delete that, so that it can be made as "
            f"{target.role_arn(ROLE)}."
        )
    yield from _calls_of_role(found.role, target)
    yield from _calls_of_aggregator(found.aggregator, target)
    for name in found.former:
        yield from removal(
            "config", [_deletion(name, "has our role and is no longer declared", target)], target
        )


def left(found: Aggregation, why: str, target: Target) -> Iterator[Call]:
    """All of it, where nothing is declared."""
    names = [target.declaration.config.aggregator] if found.aggregator else []
    for name in [*names, *found.former]:
        yield from removal("config", [_deletion(name, why, target)], target)
    if found.role and found.role.arn == target.role_arn(ROLE):
        yield from removal("config", _deletion_of_role(found.role, why), target)


def _deletion(name: str, why: str, target: Target) -> Call:
    """It holds copies only: what it shows is in the accounts."""
    given, home = {"ConfigurationAggregatorName": name}, target.declaration.regions.home
    return Call("config", "DeleteConfigurationAggregator", given, f"aggregator {name}", "delete", why, home)


def _deletion_of_role(found: Role, why: str) -> Iterator[Call]:
    role = {"RoleName": ROLE_NAME}
    steps = [("DetachRolePolicy", {**role, "PolicyArn": policy}) for policy in sorted(found.policies)]
    for operation, given in [*steps, ("DeleteRole", role)]:
        yield Call("iam", operation, given, f"role {ROLE_NAME}", "delete", why)


def _calls_of_role(found: Role | None, target: Target) -> Iterator[Call]:
    policy = target.managed_policy_arn(POLICY)

    def call(
        operation: str,
        parameters: Mapping[str, Any],
        reason: str,
        severity: Severity = "medium",
        action: Action = "update",
    ) -> Call:
        resource = f"role {ROLE_NAME}"
        return Call(
            "iam",
            operation,
            {"RoleName": ROLE_NAME, **parameters},
            resource,
            action,
            reason,
            severity=severity,
        )

    trust = json.dumps(TRUST)
    if found is None:
        creation = {
            "Path": "/service-role/",
            "AssumeRolePolicyDocument": trust,
            "Description": "Groundwork: AWS Config's aggregator reads the organization's accounts",
        }
        yield call(
            "CreateRole",
            creation,
            "does not exist; the aggregator reads the organization with it",
            action="create",
        )
    elif wrong := differences(found.trust, TRUST):
        yield call("UpdateAssumeRolePolicy", {"PolicyDocument": trust}, f"trust {wrong}", "high")
    has = found.policies if found else frozenset()
    if policy not in has:
        lacks = f"lacks the managed policy {POLICY}: the aggregator cannot read the organization"
        yield call("AttachRolePolicy", {"PolicyArn": policy}, lacks)
    for other in sorted(has - {policy}):
        yield call(
            "DetachRolePolicy",
            {"PolicyArn": other},
            f"has the managed policy {other}; expected none besides {POLICY}",
        )


def _calls_of_aggregator(found: Mapping[str, Any] | None, target: Target) -> Iterator[Call]:
    role = target.role_arn(ROLE)
    there = (found or {}).get("OrganizationAggregationSource", {})
    wrong = []
    if not there.get("AllAwsRegions"):
        wrong.append(
            f"aggregates {there.get('AwsRegions') or 'nothing of the organization'}; expected every Region"
        )
    if there.get("RoleArn") != role:
        wrong.append(f"looks at the organization as {there.get('RoleArn')}; expected {role}")
    if found and not wrong:
        return
    name = target.declaration.config.aggregator
    source = {"RoleArn": role, "AllAwsRegions": True}
    yield Call(
        "config",
        "PutConfigurationAggregator",
        {"ConfigurationAggregatorName": name, "OrganizationAggregationSource": source},
        f"aggregator {name}",
        "update" if found else "create",
        "; ".join(wrong) if found else "does not exist",
        target.declaration.regions.home,
    )
