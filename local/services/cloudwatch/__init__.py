"""Amazon CloudWatch, where moto falls short of it: alarms that tell somebody, and metrics that come out of logs.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_SetAlarmState.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.models import CloudWatchBackend, cloudwatch_backends
from moto.logs.models import LogStream
from moto.sns.models import sns_backends

from local.engine import Engine

CLOUDWATCH = "cloudwatch.amazonaws.com"


def install(engine: Engine) -> None:
    _install_actions(engine)
    _install_embedded_metrics(engine)


# -- alarms ----------------------------------------------------------------------------------------


def _install_actions(engine: Engine) -> None:
    """An alarm that comes into another state tells the topics that are its actions in that state."""
    set_state: Any = CloudWatchBackend.set_alarm_state

    def set_and_tell(
        backend: Any, alarm_name: str, reason: str, reason_data: str | None, state_value: str
    ) -> None:
        before = backend.alarms[alarm_name].state_value if alarm_name in backend.alarms else None
        set_state(backend, alarm_name, reason, reason_data, state_value)
        alarm = backend.alarms[alarm_name]
        if alarm.actions_enabled and state_value != before:
            for topic in _actions(alarm):
                _tell(engine, backend.account_id, alarm, str(before), topic)

    engine.patch(CloudWatchBackend, "set_alarm_state", set_and_tell)


def _actions(alarm: Any) -> list[str]:
    of_state = {
        "ALARM": alarm.alarm_actions,
        "OK": alarm.ok_actions,
        "INSUFFICIENT_DATA": alarm.insufficient_data_actions,
    }
    return [action for action in of_state[alarm.state_value] if action.split(":")[2] == "sns"]


def _tell(engine: Engine, account: str, alarm: Any, before: str, topic: str) -> None:
    """Nobody but the alarm's history hears of a topic that does not admit CloudWatch."""
    decision = engine.authorizer.resource_allows(
        CLOUDWATCH, "sns:Publish", topic, source_arn=alarm.alarm_arn, source_account=account
    )
    if not decision.allowed:
        return
    message = {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": account,
        "NewStateValue": alarm.state_value,
        "NewStateReason": alarm.state_reason,
        "OldStateValue": before,
        "AlarmArn": alarm.alarm_arn,
    }
    subject = f'{alarm.state_value}: "{alarm.name}"'[:100]
    _, _, _, region, owner, _ = topic.split(":")
    sns_backends[owner][region].publish(json.dumps(message), arn=topic, subject=subject)


# -- metrics in logs -------------------------------------------------------------------------------


def _install_embedded_metrics(engine: Engine) -> None:
    put: Any = LogStream.put_log_events

    def put_and_extract(stream: Any, log_events: list[dict[str, Any]]) -> Any:
        answer = put(stream, log_events)
        for event in log_events:
            for namespace, datum in embedded_metrics(event["message"]):
                cloudwatch_backends[stream.account_id][stream.region].put_metric_data(namespace, [datum])
        return answer

    engine.patch(LogStream, "put_log_events", put_and_extract)


def embedded_metrics(message: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The metrics in a line of a log, each with its namespace, once for every set of dimensions. What refers to
    members that are not there is no metric."""
    try:
        line = json.loads(message)
        about = line["_aws"]
        moment = datetime.fromtimestamp(about["Timestamp"] / 1000, UTC).replace(tzinfo=None)
        directives = about["CloudWatchMetrics"]
    except (ValueError, KeyError, TypeError):
        return
    for directive in directives:
        for names in directive.get("Dimensions") or [[]]:
            dimensions = [{"Name": name, "Value": str(line[name])} for name in names if name in line]
            for metric in directive["Metrics"]:
                if metric["Name"] in line and len(dimensions) == len(names):
                    value = line[metric["Name"]]
                    yield (
                        directive["Namespace"],
                        {
                            "MetricName": metric["Name"],
                            "Values": value if isinstance(value, list) else [value],
                            "Unit": metric.get("Unit", "None"),
                            "Dimensions": dimensions,
                            "Timestamp": moment,
                        },
                    )
