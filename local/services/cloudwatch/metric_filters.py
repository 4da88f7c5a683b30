"""Metric filters of CloudWatch Logs, which moto keeps and never uses: they count, and alarms on what they count ring.

An alarm is looked at when its metric is counted, by the sum of its period until now. It goes back to OK by SetAlarmState
alone: no time passes by itself here.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
"""

from __future__ import annotations

import json
import operator
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.logs.exceptions import InvalidParameterException, LimitExceededException, ResourceNotFoundException
from moto.logs.models import LogGroup, LogsBackend, LogStream, logs_backends

from local.engine import Engine
from local.services.cloudwatch.filter_patterns import InvalidPattern, is_json, matcher, matches

FILTERS_PER_GROUP = 100
COMPARISONS = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}


def install(engine: Engine) -> None:
    engine.patch(LogsBackend, "put_metric_filter", _put_metric_filter)
    filters: Any = LogsBackend.describe_metric_filters

    def of_a_group(
        backend: Any, prefix: str | None = None, log_group_name: str | None = None, *rest: Any, **more: Any
    ) -> Any:
        if log_group_name is not None and log_group_name not in backend.groups:
            raise ResourceNotFoundException
        return filters(backend, prefix, log_group_name, *rest, **more)

    engine.patch(LogsBackend, "describe_metric_filters", of_a_group)
    delete: Any = LogsBackend.delete_log_group

    def with_its_filters(backend: Any, log_group_name: str) -> Any:
        for each in _filters_of(backend.account_id, backend.region_name, log_group_name):
            backend.filters.metric_filters.remove(each)
        return delete(backend, log_group_name)

    engine.patch(LogsBackend, "delete_log_group", with_its_filters)
    describe: Any = LogGroup.to_describe_dict

    def with_their_number(group: Any) -> Any:
        number = len(_filters_of(group.account_id, group.region, group.name))
        return describe(group) | {"metricFilterCount": number}

    engine.patch(LogGroup, "to_describe_dict", with_their_number)
    put: Any = LogStream.put_log_events

    def put_and_count(stream: Any, log_events: list[dict[str, Any]]) -> Any:
        answer = put(stream, log_events)
        group = stream.log_group
        for each in _filters_of(group.account_id, group.region, group.name):
            _count(each, [str(event["message"]) for event in log_events], group.account_id, group.region)
        return answer

    engine.patch(LogStream, "put_log_events", put_and_count)


def _put_metric_filter(
    backend: LogsBackend,
    filter_name: str,
    filter_pattern: str,
    log_group_name: str,
    metric_transformations: Any,
) -> None:
    """Replaces the one of that name in the group."""
    if log_group_name not in backend.groups:
        raise ResourceNotFoundException
    if is_json(filter_pattern):
        try:
            matcher(filter_pattern)
        except InvalidPattern as wrong:
            raise InvalidParameterException(f"Invalid metric filter pattern: it {wrong}") from wrong
    here = _filters_of(backend.account_id, backend.region_name, log_group_name)
    others = [each for each in here if each["filterName"] != filter_name]
    if len(others) >= FILTERS_PER_GROUP:
        raise LimitExceededException
    backend.filters.delete_filter(filter_name, log_group_name)
    backend.filters.add_filter(filter_name, filter_pattern, log_group_name, metric_transformations)


def _filters_of(account: str, region: str, group: str) -> list[dict[str, Any]]:
    filters = logs_backends[account][region].filters.metric_filters
    return [each for each in list(filters) if each["logGroupName"] == group]


def _count(metric_filter: Mapping[str, Any], messages: Iterable[str], account: str, region: str) -> None:
    pattern = str(metric_filter["filterPattern"])
    if not is_json(pattern):
        return  # of words, as those of Groundwork's own stack: they count nothing here
    hits = sum(matches(pattern, message) for message in messages)
    for transformation in metric_filter["metricTransformations"] if hits else ():
        namespace, name = transformation["metricNamespace"], transformation["metricName"]
        cloudwatch = cloudwatch_backends[account][region]
        now = datetime.now(UTC).replace(tzinfo=None)
        datum = {
            "MetricName": name,
            "Value": float(transformation["metricValue"]) * hits,
            "Timestamp": now,
            "Dimensions": [],
        }
        cloudwatch.put_metric_data(namespace, [datum])
        for alarm in list(cloudwatch.alarms.values()):
            if (alarm.namespace, alarm.metric_name) == (namespace, name) and not alarm.dimensions:
                _ring(cloudwatch, alarm, now)


def _ring(cloudwatch: Any, alarm: Any, now: datetime) -> None:
    since = now - timedelta(seconds=int(alarm.period))
    total = sum(
        float(datum.value)
        for datum in list(cloudwatch.metric_data)
        if (datum.namespace, datum.name) == (alarm.namespace, alarm.metric_name)
        and datum.timestamp.replace(tzinfo=None) >= since
    )
    if COMPARISONS[alarm.comparison_operator](total, float(alarm.threshold)):
        reason = f"Threshold Crossed: 1 datapoint [{total}] crossed the threshold ({alarm.threshold})."
        cloudwatch.set_alarm_state(alarm.name, reason, json.dumps({"recentDatapoints": [total]}), "ALARM")
