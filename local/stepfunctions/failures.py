"""Part of the Step Functions adapter: failures of a state, as moto's interpreter wants them raised."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnection
from moto.stepfunctions.parser.api import (
    EvaluationFailedEventDetails,
    HistoryEventType,
    MapRunFailedEventDetails,
    TaskFailedEventDetails,
)
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails

BROKEN = 500
"""The first of the HTTP status codes that say that the service is at fault."""
NO_USE = (ClientError, HTTPClientError, NoConnection)
"""A call was refused, or its answer never came."""


def query_failed(environment: Any, cause: str) -> FailureEventException:
    """States.QueryEvaluationError at the field that is being evaluated."""
    name = StatesErrorName(typ=StatesErrorNameType.StatesQueryEvaluationError)
    details = EvaluationFailedEventDetails(
        error=name.error_name,
        cause=cause,
        state=environment.next_state_name,
        location=environment.next_field_name,
    )
    return FailureEventException(
        FailureEvent(
            env=environment,
            error_name=name,
            event_type=HistoryEventType.EvaluationFailed,
            event_details=EventDetails(evaluationFailedEventDetails=details),  # type: ignore[typeddict-item]
        )
    )


def map_run_failed(environment: Any, error: StatesErrorNameType, cause: str) -> FailureEventException:
    """A Map Run failed under one of the names that the States Language has."""
    name = StatesErrorName(typ=error)
    details = MapRunFailedEventDetails(error=name.error_name, cause=cause)
    return FailureEventException(
        FailureEvent(
            env=environment,
            error_name=name,
            event_type=HistoryEventType.MapRunFailed,
            event_details=EventDetails(mapRunFailedEventDetails=details),  # type: ignore[typeddict-item]
        )
    )


def task_failed(environment: Any, task: Any, name: Any, cause: str) -> FailureEvent:
    """A Task failed; `name` is one of moto's error names."""
    details = TaskFailedEventDetails(
        error=name.error_name,
        cause=cause,
        resource=task._get_sfn_resource(),
        resourceType=task._get_sfn_resource_type(),
    )
    return FailureEvent(
        env=environment,
        error_name=name,
        event_type=HistoryEventType.TaskFailed,
        event_details=EventDetails(taskFailedEventDetails=details),  # type: ignore[typeddict-item]
    )


def refused_by(prefix: str, service: str, base: str, otherwise: Callable[..., Any]) -> Callable[..., Any]:
    """For a task's `_from_error`: an API's error under the name that an optimized integration gives it; `base` is what
    it calls a fault of the service."""

    def from_error(task: Any, env: Any, ex: Exception) -> Any:
        if not isinstance(ex, ClientError):
            return otherwise(task, env, ex)
        code = ex.response["Error"]["Code"]
        if type(ex) is ClientError and ex.response["ResponseMetadata"]["HTTPStatusCode"] >= BROKEN:
            code = base  # the service's model has no such error
        name = CustomErrorName(f"{prefix}.{code.removesuffix('Exception')}Exception")
        return task_failed(env, task, name, api_cause(ex, service))

    return from_error


def api_cause(error: ClientError, service: str) -> str:
    """An API's error as text, as the AWS SDK for Java puts it."""
    code, answer = error.response["Error"]["Code"], error.response["ResponseMetadata"]
    status = f"Status Code: {answer['HTTPStatusCode']}; Error Code: {code}"
    return f"{error.response['Error']['Message']} (Service: {service}; {status})"


def s3_cause(error: Exception) -> str:
    """One of `NO_USE`, of a call of S3, as text."""
    return api_cause(error, "Amazon S3") if isinstance(error, ClientError) else str(error)
