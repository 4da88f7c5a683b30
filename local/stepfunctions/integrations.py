"""Part of the Step Functions adapter: integrations call as the state machine's role, in AWS's spelling.

moto calls with made-up keys, and leaves parameters and results as boto3 has them.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import moto.stepfunctions.parser.models  # noqa: F401 - every module that imports boto_client_for by name
from botocore.config import Config
from botocore.exceptions import ConnectionError as NoConnection
from botocore.exceptions import HTTPClientError
from moto.stepfunctions.parser import quotas
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.state.exec.state_task.credentials import StateCredentials
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_aws_sdk,
    state_task_service_callback,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import (
    StateTaskService,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_events import (
    StateTaskServiceEvents,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task import StateTask
from moto.stepfunctions.parser.asl.utils import boto_client
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str

from local.clients import service_model
from local.clock import iso_8601
from local.identity.credentials import Credentials
from local.stepfunctions.failures import refused_by, task_failed
from local.stepfunctions.role import SESSION_NAME, STATES

if TYPE_CHECKING:
    from local.engine import Engine

SESSION_SECONDS = 45 * 60
LONGEST_CALL_SECONDS = 960
CONFIG = Config(
    parameter_validation=False,
    retries={"total_max_attempts": 1},
    connect_timeout=5,
    read_timeout=LONGEST_CALL_SECONDS,
    max_pool_connections=64,
)
POLL_SECONDS = 1.0
BOTO_NAMES = {
    "sfn": "stepfunctions",
    "states": "stepfunctions",
    "eventbridge": "events",
    "cloudwatchlogs": "logs",
}
OWN_PREFIXES = {"events": "EventBridge", "states": "StepFunctions", "sns": "SNS", "sqs": "SQS"}
ERROR_PREFIXES = {"dynamodb": "DynamoDb", "eventbridge": "EventBridge", "cloudwatchlogs": "CloudWatchLogs"}


@dataclass
class TaskCredentials(StateCredentials):
    """The role a Task calls as, and the execution's own role, which must assume it."""

    execution_role_arn: str


class ClientFactory:
    """Clients by role, service and Region."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.RLock()
        self._credentials: dict[tuple[str, str], tuple[float, Credentials]] = {}

    def client(self, region: str, service: str, task: TaskCredentials) -> Any:
        return self._engine.clients.get(service, region, self._credentials_of(region, task), CONFIG)

    def _credentials_of(self, region: str, task: TaskCredentials) -> Credentials:
        key = (task.role_arn, task.execution_role_arn)
        with self._lock:
            made, credentials = self._credentials.get(key, (0.0, None))
            if credentials is None or time.monotonic() - made > SESSION_SECONDS:
                credentials = self._obtain(region, task)
                self._credentials[key] = (time.monotonic(), credentials)
            return credentials

    def _obtain(self, region: str, task: TaskCredentials) -> Credentials:
        if task.role_arn == task.execution_role_arn:
            return self._engine.mint(task.role_arn, SESSION_NAME, service=STATES)
        own = TaskCredentials(task.execution_role_arn, task.execution_role_arn)
        answer = self.client(region, "sts", own).assume_role(
            RoleArn=task.role_arn, RoleSessionName=SESSION_NAME
        )["Credentials"]
        return Credentials(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])


def install(engine: Engine) -> None:
    clients = ClientFactory(engine)

    def boto_client_for(region: str, service: str, state_credentials: Any = None) -> Any:
        if not isinstance(state_credentials, TaskCredentials):  # a Map's reader, which has no Credentials
            role = state_credentials.role_arn
            state_credentials = TaskCredentials(role, role)
        return clients.client(region, service, state_credentials)

    engine.patch_everywhere(
        "boto_client_for", boto_client.boto_client_for, boto_client_for, within="moto.stepfunctions"
    )

    _install_quota(engine)
    credentials_of = StateTask._eval_state_credentials

    def with_execution_role(state: Any, env: Any) -> TaskCredentials:
        return TaskCredentials(credentials_of(state, env).role_arn, env.aws_execution_details.role_arn)

    engine.patch(StateTask, "_eval_state_credentials", with_execution_role)
    engine.patch(StateTaskService, "_SERVICE_NAME_SFN_TO_BOTO_OVERRIDES", BOTO_NAMES)
    engine.patch(StateTaskService, "_normalise_parameters", _normalise_parameters)
    engine.patch(StateTaskService, "_normalise_response", _normalise_response)
    engine.patch(
        state_task_service_aws_sdk.StateTaskServiceAwsSdk,
        "_normalise_service_error_name",
        staticmethod(lambda name: ERROR_PREFIXES.get(name.lower(), name[:1].upper() + name[1:])),
    )
    # moto ends the execution with States.Runtime.
    events_error = refused_by(
        "EventBridge", "AmazonCloudWatchEvents", "EventBridge", StateTaskServiceEvents._from_error
    )
    engine.patch(StateTaskServiceEvents, "_from_error", events_error)
    unknown_error = StateTask._from_error

    def from_error(task: Any, env: Any, ex: Exception) -> Any:
        if isinstance(ex, NoConnection | HTTPClientError) and isinstance(task, StateTaskService):
            return task_failed(env, task, CustomErrorName(f"{_prefix(task)}.SdkClientException"), str(ex))
        return unknown_error(task, env, ex)

    engine.patch(StateTask, "_from_error", from_error)
    engine.patch(
        state_task_service_callback, "_DELAY_SECONDS_SYNC_CONDITION_CHECK", engine.clock.seconds(POLL_SECONDS)
    )


def _prefix(task: Any) -> str:
    """What the names of a service's errors begin with."""
    resource = task.resource
    if resource.service_name == "aws-sdk":
        return str(task._normalise_service_error_name(resource.api_name))
    name = str(resource.service_name)
    return OWN_PREFIXES.get(name) or ERROR_PREFIXES.get(name.lower(), name[:1].upper() + name[1:])


def _install_quota(engine: Engine) -> None:
    """What a task is given may be no larger than what it returns; moto looks only at that, and falls over a text with
    half of a surrogate pair in it."""

    def is_within(value: Any) -> bool:
        text = value if isinstance(value, str) else to_json_str(value)
        return len(text.encode("utf-8", "replace")) <= quotas.MAX_STATE_SIZE_UTF8_BYTES

    engine.patch_everywhere(
        "is_within_size_quota", quotas.is_within_size_quota, is_within, within="moto.stepfunctions"
    )
    begin = StateTaskService._before_eval_execution

    def begin_within_quota(task: Any, env: Any, *, raw_parameters: Any, **rest: Any) -> None:
        task._verify_size_quota(env=env, value=raw_parameters)
        begin(task, env, raw_parameters=raw_parameters, **rest)

    engine.patch(StateTaskService, "_before_eval_execution", begin_within_quota)


def _shape(task: Any, service: str | None, action: str | None, kind: str) -> Any:
    model = service_model(task._get_boto_service_name(service))
    wanted = task._get_boto_service_action(action).replace("_", "").lower()
    operation = next((name for name in model.operation_names if name.lower() == wanted), None)
    return getattr(model.operation_model(operation), kind) if operation else None


def _normalise_parameters(
    task: Any,
    parameters: Any,
    boto_service_name: str | None = None,
    service_action_name: str | None = None,
) -> None:
    shape = _shape(task, boto_service_name, service_action_name, "input_shape")
    if shape is not None:
        task._to_boto_request(parameters, shape)


def _normalise_response(
    task: Any,
    response: Any,
    boto_service_name: str | None = None,
    service_action_name: str | None = None,
) -> None:
    shape = _shape(task, boto_service_name, service_action_name, "output_shape")
    if shape is not None:
        task._from_boto_response(response, shape)
    if isinstance(response, dict):
        response.update(_with_text_times(dict(response)))


def _with_text_times(value: Any) -> Any:
    """Times as text: a state's result is JSON."""
    if isinstance(value, dict):
        return {key: _with_text_times(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_text_times(item) for item in value]
    if isinstance(value, datetime):
        return iso_8601(value)
    return value
