"""Metrics, written as structured log lines that CloudWatch turns into numbers: no call, no waiting."""

from __future__ import annotations

from datetime import UTC, datetime

from aws_lambda_powertools.metrics import MetricUnit, single_metric

NAMESPACE = "Groundwork"


def count_success(outcome: str, started: str) -> None:
    """One account ready, repaired, unchanged or drifted, and how long its execution took in seconds. `started` is ISO
    8601. A handler counts last of all, so that an attempt that failed is not counted."""
    seconds = (datetime.now(UTC) - datetime.fromisoformat(started)).total_seconds()
    name = f"Accounts{outcome.capitalize()}"
    with single_metric(name=name, unit=MetricUnit.Count, value=1, namespace=NAMESPACE):
        pass
    with single_metric(
        name="Duration", unit=MetricUnit.Seconds, value=seconds, namespace=NAMESPACE
    ) as metric:
        metric.add_dimension(name="outcome", value=outcome)
    if outcome == "ready":
        with single_metric(name="TimeToReady", unit=MetricUnit.Seconds, value=seconds, namespace=NAMESPACE):
            pass


def count_failure(error: str) -> None:
    """One failure that is answered for."""
    with single_metric(name="AccountsFailed", unit=MetricUnit.Count, value=1, namespace=NAMESPACE) as metric:
        metric.add_metadata(key="error", value=error)
