"""Adapter: Step Functions executions as on AWS, run by moto's interpreter.

Mends what moto's interpreter leaves open: JSONata, the credentials of integrations, waiting on the scaled
clock, error matching, definitions nobody could run, and the events that tell of an execution's status.
"""

from __future__ import annotations

import functools
import json
import re
import threading
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from moto.core.exceptions import AWSError, JsonRESTError
from moto.stepfunctions.parser import api
from moto.stepfunctions.parser import models as parser_models
from moto.stepfunctions.parser.api import ExecutionStatus, InvalidDefinition, StateMachineType
from moto.stepfunctions.parser.asl.component.common.error_name.error_equals_decl import ErrorEqualsDecl
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.eval_component import EvalComponent
from moto.stepfunctions.parser.asl.component.state.exec.state_parallel.branch_worker import BranchWorker
from moto.stepfunctions.parser.asl.component.state.wait.wait_function import wait_function
from moto.stepfunctions.parser.asl.eval.program_state import ProgramStopped
from moto.stepfunctions.parser.asl.parse import preprocessor
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.backend import execution as executions
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker
from moto.stepfunctions.responses import StepFunctionResponse

from local import stepfunctions_integrations, stepfunctions_jsonata
from local.asl_definition import normalized, problems

if TYPE_CHECKING:
    from local.engine import Engine

# "States.ALL" of the Amazon States Language catches every error but these.
NEVER_CAUGHT = ("States.Runtime", "States.DataLimitExceeded")
EXECUTION_NAME = re.compile(r"[^\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,80}")
STATUS_CHANGE = "Step Functions Execution Status Change"


def install(engine: Engine) -> None:
    stepfunctions_jsonata.install(engine)
    stepfunctions_integrations.install(engine)
    _install_error_names(engine)
    _install_quiet_failures(engine)
    _install_definitions(engine)
    _install_waiting(engine)
    _install_error_matching(engine)
    _install_executions(engine)
    engine.on_close(_stop_all)


def _install_error_names(engine: Engine) -> None:
    """Name the interpreter's own errors on the wire: moto sends them without a type."""
    for error in vars(api).values():
        if isinstance(error, type) and issubclass(error, AWSError) and "code" in vars(error):
            engine.patch(error, "TYPE", error.code)


def _install_quiet_failures(engine: Engine) -> None:
    """A failed state is told by the history: moto would also print the whole machine for each level of it."""
    for name in ("_log_evaluation_step", "_log_failure_event_exception", "_log_exception"):
        engine.patch(EvalComponent, name, lambda component, *what, **named: None)


def _stop_all() -> None:
    """Let no execution outlive its engine: its threads would go on in the next one's state."""
    for regions in list(parser_models.stepfunctions_parser_backends.values()):
        for backend in list(regions.values()):
            for machine in backend.state_machines:
                for execution in machine.executions:
                    execution.stop(datetime.now(UTC), None, None)


# Definitions -------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=64)
def _parsed(definition: str, parse: Callable[[str], Any]) -> Any:
    """Parsing takes long. What it yields keeps its state in the environment: executions can share it."""
    return parse(normalized(definition))


def _install_definitions(engine: Engine) -> None:
    parse = AmazonStateLanguageParser.parse
    engine.patch(
        AmazonStateLanguageParser, "parse", staticmethod(lambda definition: _parsed(definition, parse))
    )

    backend = parser_models.StepFunctionsParserBackend
    validate = backend._validate_definition

    def validated(definition: str) -> None:
        if found := list(problems(definition)):
            raise InvalidDefinition(message=f"Invalid State Machine Definition: '{'; '.join(found)}'")
        validate(definition=definition)

    engine.patch(backend, "_validate_definition", staticmethod(validated))

    def literal(parser_rule_context: Any) -> Any:
        text = parser_rule_context.getText()
        return json.loads(text) if text == "null" or text.startswith('"') else text

    engine.patch(preprocessor, "from_string_literal", literal)
    engine.patch(preprocessor.Preprocessor, "_inner_string_of", staticmethod(literal))


# Waiting -----------------------------------------------------------------------------------------


def _install_waiting(engine: Engine) -> None:
    def wait(environment: Any, aws_seconds: float) -> None:
        end = time.monotonic() + engine.clock.seconds(aws_seconds)
        while environment.is_running() and (left := end - time.monotonic()) > 0:
            environment.program_state_event.wait(left)

    engine.patch(
        wait_function.WaitFunction, "_wait_interval", lambda state, env, wait_seconds: wait(env, wait_seconds)
    )

    class RetryTimer:
        """Stands for the module `time` where a Retrier sleeps."""

        sleep = staticmethod(engine.clock.wait)

    engine.patch(retrier_decl, "time", RetryTimer)


# Errors ------------------------------------------------------------------------------------------


def _install_error_matching(engine: Engine) -> None:
    match = ErrorEqualsDecl._eval_body

    def evaluate(declaration: Any, environment: Any) -> None:
        name = environment.stack[-1].error_name
        match(declaration, environment)
        if name in NEVER_CAUGHT and name not in [given.error_name for given in declaration.error_names]:
            environment.stack[-1] = False

    engine.patch(ErrorEqualsDecl, "_eval_body", evaluate)


# Executions --------------------------------------------------------------------------------------


def _install_executions(engine: Engine) -> None:
    backend = parser_models.StepFunctionsParserBackend
    start_execution: Any = backend.start_execution
    one_at_a_time = threading.Lock()

    def start(
        self: Any,
        state_machine_arn: str,
        name: str | None = None,
        execution_input: str | None = None,
        *rest: Any,
    ) -> Any:
        if name is not None and not EXECUTION_NAME.fullmatch(name):
            raise JsonRESTError("InvalidName", f"Invalid Name: '{name}'")
        with one_at_a_time:  # two starts of one name must not both find it free
            return start_execution(self, state_machine_arn, name or str(uuid.uuid4()), execution_input, *rest)

    engine.patch(backend, "start_execution", start)

    run: Any = executions.Execution.start

    def begin(execution: Any) -> None:
        run(execution)
        _announce(engine, execution, ExecutionStatus.RUNNING)  # it may have ended meanwhile

    engine.patch(executions.Execution, "start", begin)

    communication = executions.BaseExecutionWorkerCommunication
    reflect: Any = communication._reflect_execution_status

    def reflect_and_announce(self: Any) -> None:
        reflect(self)
        execution = self.execution
        if execution.exec_status == ExecutionStatus.ABORTED:
            stopped = execution.exec_worker.env.program_state()
            execution.error, execution.cause = stopped.error, stopped.cause
        _announce(engine, execution, execution.exec_status)

    engine.patch(communication, "_reflect_execution_status", reflect_and_announce)
    _install_worker_environment(engine)
    _install_branches(engine)
    _install_stop_execution(engine)


def _install_worker_environment(engine: Engine) -> None:
    """Make an execution's environment before its thread starts, so that it can be stopped or read at once."""
    environment_of: Any = ExecutionWorker._get_evaluation_environment
    start: Any = ExecutionWorker.start

    def start_with_environment(worker: Any) -> None:
        worker.env = environment_of(worker)
        start(worker)

    engine.patch(ExecutionWorker, "_get_evaluation_environment", lambda w: w.env or environment_of(w))
    engine.patch(ExecutionWorker, "start", start_with_environment)


def _install_branches(engine: Engine) -> None:
    """A branch that was stopped before it began has ended, too: moto's Parallel would wait for it for ever."""

    def run(worker: Any) -> None:
        try:
            worker._program.eval(worker.env)
        except RuntimeError:
            if not isinstance(worker.env.program_state(), ProgramStopped):
                raise
        worker._branch_worker_comm.on_terminated(env=worker.env)

    engine.patch(BranchWorker, "_thread_routine", run)


def _install_stop_execution(engine: Engine) -> None:
    """StopExecution keeps the error and cause it is given; timed-out executions have a stopDate."""
    stop: Any = StepFunctionResponse.stop_execution
    describe: Any = StepFunctionResponse.describe_execution

    def stop_execution(request: Any) -> Any:
        execution = request.stepfunction_backend.describe_execution(request._get_param("executionArn"))
        original = execution.stop

        def stop_with_reason(stop_date: datetime, error: str | None, cause: str | None) -> None:
            execution.stop = original
            original(stop_date, request._get_param("error"), request._get_param("cause"))
            execution.stop_date = execution.stop_date or stop_date

        execution.stop = stop_with_reason
        return stop(request)

    def describe_execution(request: Any) -> Any:
        answer = describe(request)
        execution = request.stepfunction_backend.describe_execution(request._get_param("executionArn"))
        if execution.stop_date is not None:
            answer.result["stopDate"] = execution.stop_date
        if "output" in answer.result:  # moto leaves a text as it is, which is then no JSON
            answer.result["output"] = json.dumps(execution.output, separators=(",", ":"))
        return answer

    engine.patch(StepFunctionResponse, "stop_execution", stop_execution)
    engine.patch(StepFunctionResponse, "describe_execution", describe_execution)


def _announce(engine: Engine, execution: Any, status: ExecutionStatus) -> None:
    """Put a status the execution came to on the default bus; only Standard workflows do so."""
    if execution.sm_type == StateMachineType.EXPRESS:
        return
    succeeded, ended = status == ExecutionStatus.SUCCEEDED, status != ExecutionStatus.RUNNING
    detail = {
        "executionArn": execution.exec_arn,
        "stateMachineArn": execution.state_machine_arn,
        "name": execution.name,
        "status": status.value,
        "startDate": _milliseconds(execution.start_date),
        "stopDate": _milliseconds(execution.stop_date) if ended else None,
        "input": execution.execution_input,
        "output": json.dumps(execution.output, separators=(",", ":")) if succeeded else None,
        "stateMachineVersionArn": None,
        "stateMachineAliasArn": None,
        "redriveCount": 0,
        "redriveDate": None,
        "redriveStatus": "NOT_REDRIVABLE",
        "redriveStatusReason": "Execution is RUNNING and cannot be redriven",
        "inputDetails": {"included": True},
        "outputDetails": {"included": True} if succeeded else None,
        "error": execution.error if ended else None,
        "cause": execution.cause if ended else None,
    }
    if ended:
        detail["redriveStatus"] = "NOT_REDRIVABLE" if succeeded else "REDRIVABLE"
        detail["redriveStatusReason"] = "Execution is SUCCEEDED and cannot be redriven" if succeeded else None
    engine.emit(
        "aws.states",
        STATUS_CHANGE,
        detail,
        account=execution.account_id,
        region=execution.region_name,
        resources=[execution.exec_arn],
    )


def _milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp() * 1000)
