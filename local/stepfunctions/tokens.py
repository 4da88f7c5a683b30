"""Part of the Step Functions adapter: tasks that wait until somebody sends their token back (`.waitForTaskToken`).

moto keeps one token for all attempts of a task, takes a token that has been sent back already, or whose task is over,
drops the cause of a failure, and lets the wait outlive the execution. Follows "Wait for a Callback with Task Token" of the
Step Functions Developer Guide and the API references of SendTaskSuccess, SendTaskFailure and SendTaskHeartbeat.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult, EmptyResult
from moto.stepfunctions.parser import models as parser_models
from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import Timeout
from moto.stepfunctions.parser.asl.component.state.exec.execute_state import ExecutionState
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import (
    ResourceCondition,
)
from moto.stepfunctions.parser.asl.eval.callback.callback import (
    CallbackOutcome,
    CallbackOutcomeFailure,
    CallbackOutcomeSuccess,
)
from moto.stepfunctions.responses import StepFunctionResponse

from local.stepfunctions.executions import AT_WORK, with_children

if TYPE_CHECKING:
    from local.engine import Engine

LONGEST_OUTPUT = 262_144
"""Bytes."""


def install(engine: Engine) -> None:
    _install_attempts(engine)
    _install_answers(engine)
    engine.on_close(_let_go)


def _install_attempts(engine: Engine) -> None:
    """Each attempt of a task has a token of its own, which is good until the attempt is over. Its timeout is a wait like
    any other, and goes by the clock of the embedded AWS."""
    attempt: Any = ExecutionState._evaluate_with_timeout
    seconds: Any = Timeout._eval_body

    def attempt_with_token(state: Any, env: Any) -> None:
        if not _waits(state):
            attempt(state, env)
            return
        endpoint = env.callback_pool_manager.add(env.states.context_object.update_task_token())
        try:
            attempt(state, env)
        finally:
            endpoint.interrupt_all()

    def scaled(timeout: Any, env: Any) -> None:
        seconds(timeout, env)
        if "Task" in env.states.context_object.context_object_data:
            env.stack.append(engine.clock.seconds(env.stack.pop()))

    engine.patch(ExecutionState, "_evaluate_with_timeout", attempt_with_token)
    engine.patch(Timeout, "_eval_body", scaled)


def _waits(state: Any) -> bool:
    condition = getattr(getattr(state, "resource", None), "condition", None)
    return bool(condition == ResourceCondition.WaitForTaskToken)


# What is sent back ---------------------------------------------------------------------------------


def _install_answers(engine: Engine) -> None:
    def send_task_success(request: Any) -> ActionResult:
        output = request._get_param("output")
        try:
            json.loads(output)
        except ValueError as error:
            raise JsonRESTError("InvalidOutput", f"Invalid Output: {error}") from error
        if len(output.encode()) > LONGEST_OUTPUT:
            raise JsonRESTError("InvalidOutput", "Invalid Output: it is longer than 262144 bytes")
        token = request._get_param("taskToken")
        _send(request.stepfunction_backend, token, CallbackOutcomeSuccess(token, output))
        return EmptyResult()

    def send_task_failure(request: Any) -> ActionResult:
        token, error, cause = (request._get_param(name) for name in ("taskToken", "error", "cause"))
        _send(request.stepfunction_backend, token, CallbackOutcomeFailure(token, error, cause))
        return EmptyResult()

    def send_task_heartbeat(request: Any) -> ActionResult:
        _open(request.stepfunction_backend, request._get_param("taskToken")).notify_heartbeat()
        return EmptyResult()

    for answer in (send_task_success, send_task_failure, send_task_heartbeat):
        engine.patch(StepFunctionResponse, answer.__name__, answer)


def _send(backend: Any, token: str, outcome: CallbackOutcome) -> None:
    _open(backend, token).notify(outcome)


def _open(backend: Any, token: str) -> Any:
    """Where the task of a token waits. Raises what AWS answers of a token that it never gave out, or whose task is over."""
    for execution in _with_pools(backend):
        endpoint = execution.exec_worker.env.callback_pool_manager.get(token)
        if endpoint is None:
            continue
        if execution.exec_status not in AT_WORK or endpoint._notify_event.is_set():
            raise JsonRESTError("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
        return endpoint
    raise JsonRESTError("InvalidToken", "Invalid Token: 'Invalid token'")


def _with_pools(backend: Any) -> list[Any]:
    executions = (each for machine in list(backend.state_machines) for each in machine.executions)
    return [
        each for each in with_children(executions) if each.exec_worker is not None and each.exec_worker.env
    ]


def _let_go() -> None:
    """Let no task wait longer than its engine is there."""
    for regions in list(parser_models.stepfunctions_parser_backends.values()):
        for backend in list(regions.values()):
            for execution in _with_pools(backend):
                for endpoint in list(execution.exec_worker.env.callback_pool_manager._pool.values()):
                    endpoint.interrupt_all()
