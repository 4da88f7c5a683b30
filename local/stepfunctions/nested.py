"""Part of the Step Functions adapter: executions that wait for an execution they started (`.sync`, `.sync:2`).

Follows "Start workflow executions from a task state" and "IAM policies for nested workflows" of the Step Functions
Developer Guide. AWS asks for the child now and then, and hears of its end by a managed rule of EventBridge; here the
child is asked for when it has begun and when it has ended.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnection
from moto.core.exceptions import JsonRESTError
from moto.stepfunctions.parser import models as parser_models
from moto.stepfunctions.parser.api import ExecutionStatus
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import (
    ResourceCondition,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_sfn import (
    StateTaskServiceSfn,
)
from moto.stepfunctions.parser.asl.utils import boto_client

from local.identity.sessions import RoleNotAssumable
from local.stepfunctions.definition import resources
from local.stepfunctions.executions import milliseconds
from local.stepfunctions.failures import BROKEN, refused_by, task_failed
from local.stepfunctions.role import RoleSession

if TYPE_CHECKING:
    from local.engine import Engine

MANAGED_RULE = "StepFunctionsGetEventsForStepFunctionsExecutionRule"
WAITING = (":states:startExecution.sync", ":states:startExecution.sync:2")
LOOKS = 5
LOOK_SECONDS = 0.05
"""How soon a task sees that its own execution was stopped."""


def install(engine: Engine) -> None:
    _install_waiting(engine)
    engine.patch(StateTaskServiceSfn, "_normalise_response", _normalise_response)
    # moto writes Exception twice where the code has it.
    error = refused_by(
        "StepFunctions", "AWSStepFunctions", "AWSStepFunctions", StateTaskServiceSfn._from_error
    )
    engine.patch(StateTaskServiceSfn, "_from_error", error)
    _install_managed_rule(engine)


# Waiting for a child -----------------------------------------------------------------------------


def _install_waiting(engine: Engine) -> None:
    wait_for_token: Any = StateTaskServiceSfn._eval_integration_pattern

    def wait(
        task: Any, env: Any, resource_runtime_part: Any, normalised_parameters: Any, state_credentials: Any
    ) -> None:
        condition = task.resource.condition
        if condition == ResourceCondition.WaitForTaskToken:
            wait_for_token(task, env, resource_runtime_part, normalised_parameters, state_credentials)
            return
        client: Any = boto_client.boto_client_for(
            service="stepfunctions", region=resource_runtime_part.region, state_credentials=state_credentials
        )
        child, parse = env.stack.pop()["ExecutionArn"], condition == ResourceCondition.Sync2
        env.stack.append(_outcome(engine, task, env, client, child, parse))

    engine.patch(StateTaskServiceSfn, "_eval_integration_pattern", wait)


def _outcome(engine: Engine, task: Any, env: Any, client: Any, arn: str, parse: bool) -> Any:
    """The child as described at its end; None when the task was given up before, which stops the child."""
    described = _described(client, arn)
    if described["Status"] == ExecutionStatus.RUNNING:
        _, _, _, region, account, _ = arn.split(":", 5)
        backend = parser_models.stepfunctions_parser_backends[account][region]
        child: Any = backend.describe_execution(arn)
        while not child.end.reached.wait(LOOK_SECONDS):
            if not env.is_running():
                _stop(engine, env, client, arn)
                return None
        described = _described(client, arn)
    if described["Status"] == ExecutionStatus.SUCCEEDED:
        parsed = {key: json.loads(described[key]) for key in ("Input", "Output")} if parse else {}
        return described | parsed
    failed = StatesErrorName(typ=StatesErrorNameType.StatesTaskFailed)
    cause = json.dumps(described, separators=(",", ":"))
    raise FailureEventException(task_failed(env, task, failed, cause))


def _stop(engine: Engine, env: Any, client: Any, arn: str) -> None:
    """A role that may not stop the child leaves it running, as on AWS: the log of calls shows it."""
    if not engine.running:
        return
    own = env.states.context_object.context_object_data["Execution"]["Id"]
    cause = (
        f"The Task state in AWS Step Functions execution [{own}] which was managing this resource was aborted"
    )
    try:
        client.stop_execution(executionArn=arn, cause=cause)
    except ClientError as error:
        if error.response["Error"]["Code"] != "AccessDeniedException":
            raise


def _described(client: Any, arn: str) -> dict[str, Any]:
    answer = _pascal(_asked_again(lambda: client.describe_execution(executionArn=arn)))
    return {key: answer[key] for key in sorted(answer) if key != "ResponseMetadata"}


def _asked_again(ask: Callable[[], Any]) -> Any:
    """The service gets over its own faults while it waits for a child: the task does not hear of them."""
    for _ in range(LOOKS):
        with suppress(HTTPClientError, NoConnection):
            try:
                return ask()
            except ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] < BROKEN:
                    raise
    return ask()


def _pascal(value: Any) -> Any:
    """As the integration spells an answer of Step Functions: times are milliseconds."""
    if isinstance(value, dict):
        return {key[:1].upper() + key[1:]: _pascal(item) for key, item in value.items()}
    return milliseconds(value) if isinstance(value, datetime) else value


def _normalise_response(
    task: Any, response: Any, boto_service_name: str | None = None, service_action_name: str | None = None
) -> None:
    spelled = _pascal(dict(response))
    response.clear()
    response.update(spelled)


# The managed rule --------------------------------------------------------------------------------


def _install_managed_rule(engine: Engine) -> None:
    """Who makes a machine that waits for executions needs a role that may have EventBridge tell of their ends."""
    backend = parser_models.StepFunctionsParserBackend
    create: Any = backend.create_state_machine
    update: Any = backend.update_state_machine

    def create_state_machine(self: Any, name: str, definition: str, roleArn: str, **more: Any) -> Any:  # noqa: N803
        _check_role(engine, self.region_name, definition, roleArn)
        return create(self, name=name, definition=definition, roleArn=roleArn, **more)

    def update_state_machine(
        self: Any, arn: str, definition: str | None = None, role_arn: str | None = None, **more: Any
    ) -> Any:
        machine = self.describe_state_machine(arn)
        _check_role(engine, self.region_name, definition or machine.definition, role_arn or machine.roleArn)
        return update(self, arn=arn, definition=definition, role_arn=role_arn, **more)

    engine.patch(backend, "create_state_machine", create_state_machine)
    engine.patch(backend, "update_state_machine", update_state_machine)


def _check_role(engine: Engine, region: str, definition: str, role: str) -> None:
    if not any(resource.endswith(WAITING) for resource in resources(definition)):
        return
    try:
        session = RoleSession(engine, role, region)
    except RoleNotAssumable as error:
        raise JsonRESTError("AccessDeniedException", str(error)) from error
    refusals = (
        session.ask("events", "PutRule", Name=MANAGED_RULE),
        session.ask("events", "PutTargets", Rule=MANAGED_RULE),
        session.ask("events", "DescribeRule", Name=MANAGED_RULE),
    )
    if any(refusals):
        raise JsonRESTError("AccessDeniedException", f"'{role}' is not authorized to create managed-rule.")
