"""Which actions are asked for: some that stand for a power, and those that a policy speaks of."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from groundwork.declaration.policy_files import ESCALATIONS, Document, statements
from groundwork.doors.known import matching, reads
from groundwork.doors.power import Power
from groundwork.policies.conditions import FOR_ALL, FOR_ANY, as_list, text_of

GENERIC = "arn:{partition}:{service}:us-east-1:{account}:"
EVERYTHING = "*"
READING: Mapping[str, str] = {
    "ec2:DescribeSecurityGroups": EVERYTHING,
    "ec2:DescribeInstances": EVERYTHING,
    "s3:ListAllMyBuckets": EVERYTHING,
    "s3:GetObject": "arn:{partition}:s3:::another/another",
    "dynamodb:GetItem": GENERIC + "table/another",
    "dynamodb:Scan": GENERIC + "table/another",
    "secretsmanager:GetSecretValue": GENERIC + "secret:another",
    "ssm:GetParameter": GENERIC + "parameter/another",
    "logs:GetLogEvents": GENERIC + "log-group:another:log-stream:another",
    "lambda:GetFunction": GENERIC + "function:another",
    "rds:DescribeDBInstances": GENERIC + "db:another",
    "sqs:ReceiveMessage": GENERIC + "another",
    "iam:GetRole": "arn:{partition}:iam::{account}:role/another",
    "cloudtrail:LookupEvents": EVERYTHING,
}
WRITING: Mapping[str, str] = {
    "ec2:CreateSecurityGroup": GENERIC + "security-group/another",
    "ec2:RunInstances": GENERIC + "instance/another",
    "ec2:TerminateInstances": GENERIC + "instance/another",
    "ec2:ModifySnapshotAttribute": "arn:{partition}:ec2:us-east-1::snapshot/another",
    "s3:PutObject": "arn:{partition}:s3:::another/another",
    "s3:DeleteObject": "arn:{partition}:s3:::another/another",
    "s3:PutBucketPolicy": "arn:{partition}:s3:::another",
    "dynamodb:PutItem": GENERIC + "table/another",
    "dynamodb:DeleteTable": GENERIC + "table/another",
    "secretsmanager:PutSecretValue": GENERIC + "secret:another",
    "ssm:SendCommand": GENERIC + "document/another",
    "ssm:StartSession": GENERIC + "document/another",
    "lambda:UpdateFunctionCode": GENERIC + "function:another",
    "lambda:AddPermission": GENERIC + "function:another",
    "rds:ModifyDBSnapshotAttribute": GENERIC + "snapshot:another",
    "sqs:SendMessage": GENERIC + "another",
    "cloudformation:CreateStack": GENERIC + "stack/another/another",
    "ecs:ExecuteCommand": GENERIC + "task/another/another",
}
GRANTING = (
    *ESCALATIONS,
    *("iam:CreateOpenIDConnectProvider", "iam:CreateSAMLProvider", "iam:CreateUser", "iam:PassRole"),
    *("iam:PutUserPermissionsBoundary", "iam:DeleteRolePermissionsBoundary"),
)
SAMPLES: Mapping[Power, tuple[str, ...]] = {
    Power.READ: tuple(READING),
    Power.WRITE: tuple(WRITING),
    Power.GRANT: GRANTING,
}
LEAD_ON = frozenset(("sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"))
"""These are Write to AWS, but lead to other doors, which are asked of by themselves."""
KINDS = {
    "Group": "group",
    "Role": "role",
    "PolicyVersion": "policy",
    "OpenIDConnectProvider": "oidc-provider",
    "SAMLProvider": "saml-provider",
}
"""What an action of IAM is about, by a part of its name; the others are about users."""
MOST_RESOURCES = 6
"""Of one statement."""
FIRST = {
    f"{quantifier}{name}{end}"
    for quantifier in ("", f"{FOR_ALL}:", f"{FOR_ANY}:")
    for end in ("", "IfExists")
    for name in (
        *("StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike", "Bool"),
        *("NumericEquals", "NumericLessThanEquals", "NumericGreaterThanEquals", "DateEquals"),
        *("IpAddress", "BinaryEquals"),
    )
}
"""Operators that are fulfilled by the first value that the policy names."""


@dataclass(frozen=True)
class Probe:
    """One action on one resource, with what the request brings along. `abroad`: in an account of another organization,
    which allows it to everybody."""

    action: str
    resource: str
    brings: tuple[tuple[str, str], ...] = ()
    abroad: bool = False

    @property
    def words(self) -> str:
        return f"{self.action} in other organizations" if self.abroad else self.action


def sample(action: str, partition: str, account_id: str) -> Probe:
    """An action on something of the account that no policy names."""
    service, _, name = action.partition(":")
    if service == "iam":
        kind = next((kind for part, kind in KINDS.items() if part in name), "user")
        return Probe(action, f"arn:{partition}:iam::{account_id}:{kind}/another")
    resource = {**READING, **WRITING}.get(action, f"{GENERIC}another/another")
    return Probe(action, resource.format(partition=partition, service=service, account=account_id))


def named(
    documents: Iterable[Document], partition: str, account_id: str, powers: Collection[Power]
) -> Iterator[tuple[Power, Probe]]:
    """For every pattern of actions that these policies allow, the first that reads and the first that does not, as far as
    these powers are looked for."""
    for document in documents:
        for statement in statements(document):
            if statement["Effect"] != "Allow" or "Action" not in statement:
                continue
            for pattern in as_list(statement["Action"]):
                if not powers:
                    return
                found = [action for action in matching(pattern) if action not in LEAD_ON]
                first = {Power.READ if reads(action) else Power.WRITE: action for action in found[::-1]}
                for power, action in first.items():
                    if power in powers:
                        for probe in of_statement(statement, [action], partition, account_id):
                            yield power, probe


def of_statement(
    statement: Document, actions: Iterable[str], partition: str, account_id: str
) -> Iterator[Probe]:
    """These actions, each on what the statement speaks of and as its conditions want it, and once with nothing brought
    along."""
    brought = dict.fromkeys([(), tuple(satisfying(statement).items())])
    keeps_at_home = any(
        key.lower().startswith("aws:resource")
        for keys in (statement.get("Condition") or {}).values()
        for key in keys
    )
    for action in actions:
        resources = list(islice(_resources(statement, account_id), MOST_RESOURCES))
        for resource in resources or [sample(action, partition, account_id).resource]:
            for brings in brought:
                yield Probe(action, resource, brings)
                if keeps_at_home:
                    yield Probe(action, resource, brings, abroad=True)


def _resources(statement: Document, account_id: str) -> Iterator[str]:
    for pattern in as_list(statement.get("Resource", [])):
        fields = pattern.split(":", 5)
        if len(fields) < 6:
            continue  # everything
        fields[3] = plain(fields[3]) if fields[3] in ("", *"*") else fields[3]
        fields[3] = "us-east-1" if fields[3] == "any" else fields[3]
        fields[4] = account_id if "*" in fields[4] else fields[4]
        yield ":".join([*fields[:5], plain(fields[5])])


def satisfying(statement: Document) -> dict[str, str]:
    """What a request brings to fulfil a statement's conditions, as far as one value does."""
    brings: dict[str, str] = {}
    conditions: Mapping[str, Mapping[str, Any]] = statement.get("Condition") or {}
    for operator, keys in conditions.items():
        for key, values in keys.items():
            wanted = [text_of(value) for value in as_list(values)]
            if operator in FIRST and wanted and "${" not in wanted[0]:
                value = plain(wanted[0])
                brings[key.lower()] = value.partition("/")[0] if "IpAddress" in operator else value
            elif operator == "Null" and wanted == ["false"]:
                brings.setdefault(key.lower(), "any")
    return brings


def plain(pattern: str) -> str:
    """A text that a pattern means."""
    return pattern.replace("*", "any").replace("?", "a")
