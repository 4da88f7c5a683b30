"""Alarms and dashboard show metrics that there are, of what the template makes; every event can be kept and replayed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from groundwork.notifications.metrics import NAMESPACE, count_failure, count_success
from local.services.cloudwatch import embedded_metrics
from tests.architecture.test_structure import RESOURCES

METRICS: dict[str, tuple[str, str, set[str]]] = {
    "AWS/States": (
        "StateMachineArn",
        "AWS::Serverless::StateMachine",
        {
            "ExecutionsStarted",
            "ExecutionsSucceeded",
            "ExecutionsFailed",
            "ExecutionsAborted",
            "ExecutionsTimedOut",
        },
    ),
    "AWS/Events": ("RuleName", "AWS::Events::Rule", {"TriggeredRules", "InvocationsFailedToBeSentToDlq"}),
    "AWS/Lambda": ("FunctionName", "AWS::Serverless::Function", {"DestinationDeliveryFailures"}),
    "AWS/SQS": (
        "QueueName",
        "AWS::SQS::Queue",
        {"ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"},
    ),
}
"""Of AWS's own metrics, as their services document them: the dimension, the type of what it names, and some names.

https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
"""
OUTCOMES = ("ready", "repaired", "unchanged", "drifted")
MOST_METRICS = 10
"""In the expression of one alarm: a hard limit.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-limits.html
"""


def of_type(name: str) -> dict[str, dict[str, Any]]:
    return {key: each["Properties"] for key, each in RESOURCES.items() if each["Type"] == name}


ALARMS = of_type("AWS::CloudWatch::Alarm")
RULES = of_type("AWS::Events::Rule")
DASHBOARD: list[dict[str, Any]] = json.loads(
    RESOURCES["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
)["widgets"]


@pytest.fixture(scope="module")
def own_metrics() -> set[str]:
    """What the functions' logs hold, without dimensions: others would be other metrics."""
    lines: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("builtins.print", lambda text, *_: lines.append(text))
        for outcome in OUTCOMES:
            count_success(outcome, "2026-01-01T00:00:00.000Z")
        count_failure("InvalidRequest")
    found = [each for line in lines for each in embedded_metrics(line)]
    assert {namespace for namespace, _ in found} == {NAMESPACE}
    return {datum["MetricName"] for _, datum in found if not datum["Dimensions"]}


def resource_in(value: Any) -> str:
    """The logical id that a value of the template refers to."""
    if isinstance(value, str):
        return re.sub(r"^\$\{(\w+)(\.\w+)?\}$", r"\1", value)
    return str(value.get("Ref") or value["Fn::GetAtt"][0])


def check(namespace: str, name: str, dimensions: dict[str, Any], own: set[str]) -> None:
    if namespace == NAMESPACE:
        assert name in own and not dimensions
        return
    dimension, kind, names = METRICS[namespace]
    assert name in names
    assert set(dimensions) == {dimension}
    assert RESOURCES[resource_in(dimensions[dimension])]["Type"] == kind


@pytest.mark.parametrize("alarm", ALARMS)
def test_an_alarm_watches_what_is_there_and_tells_people(alarm: str, own_metrics: set[str]) -> None:
    properties = ALARMS[alarm]
    stats = [each["MetricStat"] for each in properties.get("Metrics", []) if "MetricStat" in each]
    assert len(stats) <= MOST_METRICS
    for metric in [stat["Metric"] for stat in stats] or [properties]:
        dimensions = {each["Name"]: each["Value"] for each in metric.get("Dimensions", [])}
        check(metric["Namespace"], metric["MetricName"], dimensions, own_metrics)
    assert properties["AlarmActions"] == [{"Ref": "NoticesTopic"}]
    assert properties["TreatMissingData"] == "notBreaching"
    assert properties["AlarmName"].startswith("groundwork-")  # as the topic's policy wants it


def metrics_of(widget: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """The metrics of a widget, written out: a dot repeats one part of the metric before, three dots all of them."""
    before: list[str] = []
    for row in widget["properties"].get("metrics", []):
        parts = [part for part in row if isinstance(part, str)]
        if not parts:
            continue  # an expression
        if parts == ["..."]:
            parts = before
        before = [before[place] if part == "." else part for place, part in enumerate(parts)]
        yield before[0], before[1], dict(zip(before[2::2], before[3::2], strict=True))


@pytest.mark.parametrize(
    "widget", DASHBOARD, ids=lambda widget: f"{widget['x']}-{widget['properties']['title']}"
)
def test_a_widget_shows_what_is_there(widget: dict[str, Any], own_metrics: set[str]) -> None:
    for metric in metrics_of(widget):
        check(*metric, own_metrics)
    if widget["type"] == "alarm":
        assert {resource_in(each) for each in widget["properties"]["alarms"]} == set(ALARMS)
    else:
        assert widget["properties"]["region"] == "${AWS::Region}"


def test_the_dashboard_answers_at_a_glance_and_nothing_lies_over_anything() -> None:
    top = [widget["properties"]["title"] for widget in DASHBOARD if widget["y"] == 0]
    assert top == ["Asked for", "In progress", "Ready", "Failed", "Drifted", "Undelivered"]
    assert any(widget["properties"]["title"].startswith("Time to ready") for widget in DASHBOARD)
    cells = [
        (x, y)
        for widget in DASHBOARD
        for x in range(widget["x"], widget["x"] + widget["width"])
        for y in range(widget["y"], widget["y"] + widget["height"])
    ]
    assert len(cells) == len(set(cells)) and max(x for x, _ in cells) < 24


# -- what cannot be delivered ----------------------------------------------------------------------


def statement(holder: str, sid: str) -> dict[str, Any]:
    properties = RESOURCES[holder]["Properties"]
    policies = properties.get("Policies") or [properties["PolicyDocument"]]
    return next(each for policy in policies for each in policy["Statement"] if each["Sid"] == sid)


def test_every_event_that_cannot_be_delivered_is_kept_and_can_be_replayed() -> None:
    queue = {"Fn::GetAtt": ["UndeliveredEvents", "Arn"]}
    targets = [target for rule in RULES.values() for target in rule["Targets"]]
    assert all(target["DeadLetterConfig"] == {"Arn": queue} for target in targets)
    assert all("InputTransformer" not in target for target in targets), "replayed as it came"
    keeps = statement("UndeliveredEventsPolicy", "KeepWhatRulesCannotDeliver")
    sources = keeps["Condition"]["ArnEquals"]["aws:SourceArn"]
    assert {resource_in(each) for each in sources} == set(RULES)
    rules = statement("ReplayEventsFunction", "SeeWhatRulesSend")["Resource"]
    assert {resource_in(each) for each in rules} == set(RULES)
    machines = statement("ReplayEventsFunction", "StartTheMachines")["Resource"]
    functions = statement("ReplayEventsFunction", "InvokeTheFunctions")["Resource"]
    reached = {resource_in(each) for each in [*machines, *functions]}
    either = [target["Arn"].get("Fn::If", ["", target["Arn"]])[1:] for target in targets]
    assert reached == {resource_in(each) for arns in either for each in arns}


def test_an_event_that_is_lost_for_good_raises_an_alarm() -> None:
    """What a schedule brings comes again by itself."""
    watched = [
        resource_in(dimension["Value"])
        for alarm in ("EventsLostAlarm", "NoticesLostAlarm")
        for each in ALARMS[alarm]["Metrics"]
        if "MetricStat" in each
        for dimension in each["MetricStat"]["Metric"]["Dimensions"]
    ]
    rules = {name: rule for name, rule in RULES.items() if "ScheduleExpression" not in rule}
    arns = [target["Arn"] for rule in rules.values() for target in rule["Targets"]]
    reached = {resource_in(each) for arn in arns for each in arn.get("Fn::If", ["", arn])[1:]}
    functions = reached & set(of_type("AWS::Serverless::Function"))
    assert sorted(watched) == sorted([*rules, *functions])
