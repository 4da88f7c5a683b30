"""What takes a trail's events into CloudWatch Logs besides the archive: a log group, and the role of CloudTrail for it.

In the management account the stack brings the role along: Groundwork's own function may make no roles there. While
events arrive the role is not looked at: CloudTrail has shown that it serves.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/send-cloudtrail-events-to-cloudwatch-logs.html
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-required-policy-for-cloudwatch-logs.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from groundwork.baseline.component import Action, Call, Permission, Target
from groundwork.baseline.documents import differences
from groundwork.contracts import Kind, Severity
from groundwork.declaration.policy_files import Document
from groundwork.declaration.settings import CloudWatchLogs

GROUP = "/groundwork/trail"
ROLE = "groundwork-trail-logs"
POLICY = "send-events"
MEMBERS: tuple[Kind, ...] = ("security", "tooling", "workload")

_ROLE = ("arn:{partition}:iam::{account}:role/" + ROLE,)
_GROUP = ("arn:{partition}:logs:*:{account}:log-group:" + GROUP + "*",)

READS = (
    Permission(["logs:DescribeLogGroups"]),
    Permission(["iam:GetRole", "iam:GetRolePolicy"], _ROLE, kinds=MEMBERS),
)
WRITES = (
    Permission(["logs:CreateLogGroup", "logs:PutRetentionPolicy"], _GROUP),
    Permission(
        ["iam:CreateRole", "iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy"],
        _ROLE,
        kinds=MEMBERS,
    ),
    Permission(["iam:PassRole"], _ROLE),
)


@dataclass(frozen=True)
class Delivery:
    """`exists`, `retention` (None: for ever) and `takes_filters` are the log group's. `trust` and `policy` are the role's
    documents, None of what is not there; `looked_at` is whether the role was read."""

    exists: bool
    retention: int | None = None
    takes_filters: bool = True
    looked_at: bool = False
    trust: Document | None = None
    policy: Document | None = None


def destination(target: Target) -> dict[str, str]:
    """The settings of a trail that sends its events there."""
    return {"CloudWatchLogsLogGroupArn": group_arn(target), "CloudWatchLogsRoleArn": target.role_arn(ROLE)}


def group_arn(target: Target) -> str:
    home = target.declaration.regions.home
    return f"arn:{target.organization.partition}:logs:{home}:{target.account.id}:log-group:{GROUP}:*"


# -- read ----------------------------------------------------------------------------------------------


def read_group(target: Target) -> Mapping[str, Any]:
    """The log group as DescribeLogGroups has it; empty when it is not there."""
    logs = target.client("logs", target.declaration.regions.home)
    listed = logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]
    return next((dict(group) for group in listed if group["logGroupName"] == GROUP), {})


def read_role(target: Target) -> tuple[Document | None, Document | None]:
    """Its trust, and its policy."""
    iam = target.client("iam")
    try:
        trust = iam.get_role(RoleName=ROLE)["Role"]["AssumeRolePolicyDocument"]
    except ClientError as missing:
        if missing.response["Error"]["Code"] != "NoSuchEntity":
            raise
        return None, None
    try:
        return trust, iam.get_role_policy(RoleName=ROLE, PolicyName=POLICY)["PolicyDocument"]
    except ClientError as missing:
        if missing.response["Error"]["Code"] != "NoSuchEntity":
            raise
        return trust, None


def found(group: Mapping[str, Any], role: tuple[Document | None, Document | None] | None) -> Delivery:
    trust, policy = role or (None, None)
    return Delivery(
        exists=bool(group),
        retention=group.get("retentionInDays"),
        takes_filters=group.get("logGroupClass", "STANDARD") == "STANDARD",
        looked_at=role is not None,
        trust=trust,
        policy=policy,
    )


# -- diff ----------------------------------------------------------------------------------------------


def calls(delivery: Delivery, declared: CloudWatchLogs, target: Target) -> Iterator[Call]:
    """Before the trail that names them."""
    if delivery.looked_at:
        yield from _of_role(delivery, target)
    if not delivery.exists:
        yield _group("CreateLogGroup", {}, "create", "does not exist", "high", target)
    if delivery.retention != declared.retention_days:
        kept = f"{delivery.retention} days" if delivery.retention else "for ever"
        shorter = delivery.retention is not None and delivery.retention < declared.retention_days
        yield _group(
            "PutRetentionPolicy",
            {"retentionInDays": declared.retention_days},
            "update",
            f"keeps events {kept}; expected {declared.retention_days} days",
            "medium" if shorter else "low",
            target,
        )
    if not delivery.takes_filters:
        yield _group(
            "",
            {},
            "report",
            "is of a class that takes no metric filters: delete it, and the next execution makes it anew",
            "high",
            target,
        )


def _group(
    operation: str,
    parameters: Mapping[str, Any],
    action: Action,
    reason: str,
    severity: Severity,
    target: Target,
) -> Call:
    return Call(
        *("logs", operation, {"logGroupName": GROUP, **parameters} if operation else {}),
        *(f"log group {GROUP}", action, reason),
        region=target.declaration.regions.home,
        severity=severity,
    )


def _of_role(delivery: Delivery, target: Target) -> Iterator[Call]:
    trust, policy = trust_document(), policy_document(target)

    def call(operation: str, parameters: Mapping[str, Any], action: Action, why: str) -> Call:
        given = {"RoleName": ROLE, **parameters}
        return Call("iam", operation, given, f"role {ROLE}", action, why, severity="high")

    if delivery.trust is None:
        creation = {
            "AssumeRolePolicyDocument": json.dumps(trust),
            "Description": "CloudTrail sends its events to CloudWatch Logs",
        }
        yield call("CreateRole", creation, "create", "does not exist: no event comes to the log group")
    elif wrong := differences(delivery.trust, trust):
        changed = {"PolicyDocument": json.dumps(trust)}
        yield call("UpdateAssumeRolePolicy", changed, "update", f"its trust: {wrong}")
    if wrong := differences(delivery.policy, policy):
        put = {"PolicyName": POLICY, "PolicyDocument": json.dumps(policy)}
        yield call("PutRolePolicy", put, "update" if delivery.policy else "create", wrong)


def trust_document() -> Document:
    """CloudTrail's. It is documented to bring neither aws:SourceArn nor aws:SourceAccount along for this role, so that a
    condition on them would stop all events; whoever gives the role to a trail needs iam:PassRole in this account."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "CloudTrailSends",
                "Effect": "Allow",
                "Principal": {"Service": "cloudtrail.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }


def policy_document(target: Target) -> Document:
    group = group_arn(target).removesuffix(":*")
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "SendEvents",
                "Effect": "Allow",
                "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                "Resource": f"{group}:log-stream:*",
            }
        ],
    }
