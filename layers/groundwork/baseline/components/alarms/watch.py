"""The metric filters over the trail's log group, and the alarms on what they count.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudwatch-alarms-for-cloudtrail.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from groundwork.baseline.component import Call, Permission, Target
from groundwork.baseline.components.alarms import topic
from groundwork.baseline.components.alarms.cis import PREFIX, WATCHED, Watched
from groundwork.baseline.components.trail.logs import GROUP
from groundwork.side_by_side import side_by_side

NAMESPACE = "LogMetrics"
"""Where Security Hub CSPM looks for the metrics."""
PERIOD = 300

READS = (
    Permission(["logs:DescribeMetricFilters"], ["arn:{partition}:logs:*:{account}:log-group:" + GROUP + "*"]),
    Permission(["cloudwatch:DescribeAlarms"]),
)
WRITES = (
    Permission(["logs:PutMetricFilter"], ["arn:{partition}:logs:*:{account}:log-group:" + GROUP + "*"]),
    Permission(
        ["cloudwatch:PutMetricAlarm"], ["arn:{partition}:cloudwatch:*:{account}:alarm:" + PREFIX + "*"]
    ),
)


@dataclass(frozen=True)
class Watch:
    """By their names. `filters` is None where the log group is not there."""

    filters: Mapping[str, Mapping[str, Any]] | None
    alarms: Mapping[str, Mapping[str, Any]]


def read(target: Target) -> Watch:
    home = target.declaration.regions.home
    filters, alarms = side_by_side(
        lambda: _filters(target.client("logs", home)), lambda: _alarms(target.client("cloudwatch", home))
    )
    return Watch(filters, alarms)


def _filters(logs: Any) -> dict[str, Mapping[str, Any]] | None:
    pages = logs.get_paginator("describe_metric_filters").paginate(logGroupName=GROUP)
    try:
        return {each["filterName"]: each for page in pages for each in page["metricFilters"]}
    except ClientError as missing:
        if missing.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return None


def _alarms(cloudwatch: Any) -> dict[str, Mapping[str, Any]]:
    pages = cloudwatch.get_paginator("describe_alarms").paginate(AlarmNamePrefix=PREFIX)
    return {each["AlarmName"]: each for page in pages for each in page["MetricAlarms"]}


def calls(found: Watch, target: Target) -> Iterator[Call]:
    home = target.declaration.regions.home
    waits = "" if found.filters is not None else f"log group {GROUP}, which trail makes"
    for watched in WATCHED:
        its = (found.filters or {}).get(watched.name)
        if wrong := _wrong_filter(its, watched):
            yield Call(
                *("logs", "PutMetricFilter", _filter(watched), f"metric filter {watched.name}"),
                *("update" if its else "create", wrong, home),
                after=waits,
                needs=(),
            )
    if (
        target.organization.security_account_id is None
        and not target.foresees
        and target.account.kind == "management"
    ):
        told = "wait for the security account, which holds their topic: its Ready starts this execution again"
        yield Call("cloudwatch", "", {}, "alarms", "report", told)
        return
    for watched in WATCHED:
        wanted = alarm(watched, topic.arn(target))
        seen = found.alarms.get(wanted["AlarmName"])
        if wrong := _wrong_alarm(seen, wanted):
            yield Call(
                *("cloudwatch", "PutMetricAlarm", wanted, f"alarm {wanted['AlarmName']}"),
                *("update" if seen else "create", wrong, home),
                needs=(),
            )


def _filter(watched: Watched) -> dict[str, Any]:
    """Without a default value: CloudWatch bills a metric by the hour in which something is counted."""
    return {
        "logGroupName": GROUP,
        "filterName": watched.name,
        "filterPattern": watched.pattern,
        "metricTransformations": [
            {
                "metricName": watched.name,
                "metricNamespace": NAMESPACE,
                "metricValue": "1",
            }
        ],
    }


def _wrong_filter(found: Mapping[str, Any] | None, watched: Watched) -> str:
    if found is None:
        return f"does not exist: {watched.what}, and nobody counts it"
    wrong = []
    if found.get("filterPattern") != watched.pattern:
        wrong.append(f"looks for {found.get('filterPattern')}; expected {watched.pattern}")
    wanted = _filter(watched)["metricTransformations"]
    counted = [
        {name: each.get(name) for name in wanted[0]} for each in found.get("metricTransformations", [])
    ]
    if counted != wanted:
        wrong.append(f"does not count by one as metric {watched.name} of {NAMESPACE}")
    return "; ".join(wrong)


def alarm(watched: Watched, topic_arn: str) -> dict[str, Any]:
    return {
        "AlarmName": f"{PREFIX}{watched.name}",
        "AlarmDescription": f"In the last five minutes: {watched.what}.",
        "Namespace": NAMESPACE,
        "MetricName": watched.name,
        "Statistic": "Sum",
        "Period": PERIOD,
        "EvaluationPeriods": 1,
        "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "notBreaching",
        "ActionsEnabled": True,
        "AlarmActions": [topic_arn],
    }


def _wrong_alarm(found: Mapping[str, Any] | None, wanted: Mapping[str, Any]) -> str:
    if found is None:
        return "does not exist: nobody is told"
    wrong = [name for name, value in wanted.items() if found.get(name) != value]
    return "; ".join(f"{name} is {found.get(name)}; expected {wanted[name]}" for name in wrong)
