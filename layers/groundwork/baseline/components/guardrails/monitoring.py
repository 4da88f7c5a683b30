"""The guard rails of monitoring: the copy of a trail's events in CloudWatch Logs, to which CloudTrail's role alone writes, the
alarms on it, and the security account's topic that tells of them. Whom it tells besides, is for people to say.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html
"""

from __future__ import annotations

from collections.abc import Iterator

from groundwork.baseline.components.alarms import topic
from groundwork.baseline.components.alarms.cis import PREFIX
from groundwork.baseline.components.guardrails.names import READS_OF_IAM, Names, Statement, is_laid_down
from groundwork.baseline.components.trail.logs import GROUP, ROLE
from groundwork.declaration import Declaration

READS_OF_LOGS = [
    "logs:Describe*",
    "logs:Filter*",
    "logs:Get*",
    "logs:List*",
    "logs:StartLiveTail",
    "logs:StartQuery",
    "logs:TestMetricFilter",
]
FREE_ON_THE_KEY = ["kms:Decrypt", "kms:Describe*", "kms:GenerateDataKey*", "kms:Get*", "kms:List*"]
READS_OF_ALARMS = ["cloudwatch:Describe*", "cloudwatch:Get*", "cloudwatch:List*"]
SILENCING = [
    "sns:AddPermission",
    "sns:DeleteTopic",
    "sns:PutDataProtectionPolicy",
    "sns:RemovePermission",
    "sns:SetTopicAttributes",
]


def sends_from_members(declared: Declaration) -> bool:
    """Whether a trail of each account sends its events to that account's CloudWatch Logs."""
    sends = declared.trail.mode == "account" and declared.trail.cloud_watch_logs is not None
    return sends and is_laid_down("trail", declared)


def of_monitoring(names: Names) -> Iterator[Statement]:
    """With an organization trail all but the topic is in the management account, which no such policy binds."""
    declared = names.declaration
    if sends_from_members(declared):
        role = {"Sid": "TrailLogsRole", "NotAction": READS_OF_IAM, "Resource": names.iam(f"role/*{ROLE}")}
        yield names.exempting(role, names.entry_roles)
        group = [names.arn("logs", f"log-group:{GROUP}{end}", "*") for end in ("", ":*")]
        logs = {"Sid": "TrailLogs", "NotAction": READS_OF_LOGS, "Resource": group}
        yield names.exempting(logs, [*names.entry_roles, names.iam(f"role/{ROLE}")])
    if is_laid_down("alarms", declared):
        if declared.trail.mode == "account":
            alarms = names.arn("cloudwatch", f"alarm:{PREFIX}*", "*")
            kept = {"Sid": "Alarms", "NotAction": READS_OF_ALARMS, "Resource": alarms}
            yield names.exempting(kept, names.entry_roles)
        told = {
            "Sid": "AlarmsTopic",
            "Action": SILENCING,
            "Resource": names.arn("sns", topic.NAME, names.security),
        }
        yield names.exempting(told, names.entry_roles)
        key = {
            "Sid": "AlarmsKey",
            "NotAction": FREE_ON_THE_KEY,
            "Resource": names.arn("kms", "key/*", names.security),
        }
        by_alias = {"Condition": {"ForAnyValue:StringEquals": {"kms:ResourceAliases": topic.ALIAS}}}
        yield names.exempting({**key, **by_alias}, names.entry_roles)
        alias = names.arn("kms", topic.ALIAS, names.security)
        yield names.exempting(
            {"Sid": "AlarmsAlias", "Action": "kms:*Alias", "Resource": alias}, names.entry_roles
        )
