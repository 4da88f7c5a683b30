"""Part of the Step Functions adapter: how executions begin, end, are stopped and told of.

moto ends a stopped execution only once its task has returned, loses a stop that comes before the first state, and
tells nobody of a status. An execution here has an `end`, for whoever waits for it.
"""

from __future__ import annotations

import json
import re
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.stepfunctions.parser import models as parser_models
from moto.stepfunctions.parser.api import ExecutionStatus, StateMachineType
from moto.stepfunctions.parser.asl.component.program.program import Program
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventManager
from moto.stepfunctions.parser.asl.eval.program_state import ProgramRunning, ProgramStopped
from moto.stepfunctions.parser.backend import execution as executions
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker
from moto.stepfunctions.responses import StepFunctionResponse

from local.json_texts import DEEPEST, depth_of, strict_json

if TYPE_CHECKING:
    from local.engine import Engine

EXECUTION_NAME = re.compile(r"[^\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,80}")
MAXIMUM_INPUT_BYTES = 262_144
HISTORY_PAGE = 100
STATUS_CHANGE = "Step Functions Execution Status Change"


AT_WORK = (None, ExecutionStatus.RUNNING)
"""What moto has for an execution before it begins, and until it ends."""


@dataclass
class End:
    """The end of one execution: it comes once, and the listeners hear of it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    reached: threading.Event = field(default_factory=threading.Event)
    listeners: list[Callable[[Any], None]] = field(default_factory=list)


def install(engine: Engine) -> None:
    _install_starts(engine)
    _install_ends(engine)
    _install_early_stops(engine)
    _install_answers(engine)
    _install_children(engine)
    engine.on_close(_stop_all)


def with_children(found: Iterable[Any]) -> Iterator[Any]:
    """Executions, and those that their Map Runs started."""
    for execution in list(found):
        yield execution
        if execution.exec_worker is not None and execution.exec_worker.env is not None:
            for run in execution.exec_worker.env.map_run_record_pool_manager.get_all():
                yield from with_children(getattr(run, "children", ()))


def _everything(backend: Any) -> Iterator[Any]:
    for machine in list(backend.state_machines):
        yield from with_children(machine.executions)


def are_running(machine: str) -> bool:
    """Whether a state machine, by its ARN, has an execution that has not ended. Asks nothing of AWS: for whoever waits
    in the same process."""
    found = _backend(machine).describe_state_machine(machine)
    return any(execution.exec_status in AT_WORK for execution in list(found.executions))


def is_running(execution: str) -> bool:
    """The same of one execution."""
    return _backend(execution).describe_execution(execution).exec_status in AT_WORK


def events_so_far(account: str, region: str) -> int:
    """How many events the histories of all executions have: it grows with whatever happens in one."""
    found = _everything(parser_models.stepfunctions_parser_backends[account][region])
    workers = [execution.exec_worker for execution in found]
    managers = [
        worker.env.event_manager for worker in workers if worker is not None and worker.env is not None
    ]
    return sum(len(manager._history_event_list) for manager in managers)


def _backend(arn: str) -> Any:
    _, _, _, region, account, *_ = arn.split(":")
    return parser_models.stepfunctions_parser_backends[account][region]


def _stop_all() -> None:
    """Let no execution outlive its engine: its threads would go on in the next one's state."""
    for regions in list(parser_models.stepfunctions_parser_backends.values()):
        for backend in list(regions.values()):
            for execution in _everything(backend):
                execution.stop(datetime.now(UTC), None, None)


# Beginning ---------------------------------------------------------------------------------------


def _install_starts(engine: Engine) -> None:
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
        _check_input(execution_input)
        with one_at_a_time:  # two starts of one name must not both find it free
            return start_execution(self, state_machine_arn, name or str(uuid.uuid4()), execution_input, *rest)

    engine.patch(backend, "start_execution", start)

    make: Any = executions.Execution.__init__
    run: Any = executions.Execution.start

    def with_an_end(execution: Any, *arguments: Any, **named: Any) -> None:
        make(execution, *arguments, **named)
        execution.end = End()

    def begin(execution: Any) -> None:
        run(execution)
        _announce(engine, execution, ExecutionStatus.RUNNING)  # it may have ended meanwhile

    engine.patch(executions.Execution, "__init__", with_an_end)
    engine.patch(executions.Execution, "start", begin)
    # moto lists an execution a moment before it has a status.
    status = property(lambda execution: (execution.exec_status or ExecutionStatus.RUNNING).value)
    engine.patch(executions.Execution, "status", status)


def _check_input(text: str | None) -> None:
    if text is not None and len(text.encode("utf-8", "surrogatepass")) > MAXIMUM_INPUT_BYTES:
        limit = f"Member must have length less than or equal to {MAXIMUM_INPUT_BYTES}"
        raise JsonRESTError(
            "ValidationException",
            f"1 validation error detected: Value at 'input' failed to satisfy constraint: {limit}",
        )
    try:
        if depth_of(strict_json(text or "{}")) > DEEPEST:
            raise ValueError(f"it has more than {DEEPEST} levels")
    except (ValueError, RecursionError) as error:
        raise JsonRESTError(
            "InvalidExecutionInput", f"Invalid State Machine Execution Input: '{error}'"
        ) from error


# Ending ------------------------------------------------------------------------------------------


def _install_ends(engine: Engine) -> None:
    communication = executions.BaseExecutionWorkerCommunication
    reflect: Any = communication._reflect_execution_status
    stop: Any = executions.Execution.stop

    def end(self: Any) -> None:
        execution = self.execution
        with execution.end.lock:
            if execution.end.reached.is_set():
                return
            reflect(self)
            if execution.exec_status == ExecutionStatus.ABORTED:
                stopped = execution.exec_worker.env.program_state()
                execution.error, execution.cause = stopped.error, stopped.cause
            _announce(engine, execution, execution.exec_status)
            execution.end.reached.set()
        for hear in execution.end.listeners:
            hear(execution)

    def stop_at_once(execution: Any, stop_date: datetime, error: str | None, cause: str | None) -> None:
        """What a task has asked for goes on, but the execution does not wait for the answer."""
        stop(execution, stop_date, error, cause)
        worker = execution.exec_worker
        if worker is not None and isinstance(worker.env.program_state(), ProgramStopped):
            worker._execution_communication.terminated()

    engine.patch(communication, "_reflect_execution_status", end)
    engine.patch(executions.Execution, "stop", stop_at_once)


def _install_early_stops(engine: Engine) -> None:
    """What is stopped before its first state has ended, be it an execution or a branch of one."""
    environment_of: Any = ExecutionWorker._get_evaluation_environment
    start: Any = ExecutionWorker.start
    evaluate: Any = Program.eval

    def start_with_environment(worker: Any) -> None:
        worker.env = environment_of(worker)
        worker.env._program_state = ProgramRunning()  # type: ignore[no-untyped-call]
        start(worker)

    def evaluate_unless_stopped(program: Any, environment: Any) -> None:
        try:
            evaluate(program, environment)
        except RuntimeError:  # moto's: a stopped program has no next state
            if not isinstance(environment.program_state(), ProgramStopped):
                raise

    engine.patch(ExecutionWorker, "_get_evaluation_environment", lambda w: w.env or environment_of(w))
    engine.patch(ExecutionWorker, "start", start_with_environment)
    engine.patch(Program, "eval", evaluate_unless_stopped)


# Answers -----------------------------------------------------------------------------------------


def _install_answers(engine: Engine) -> None:
    """StopExecution keeps the error and cause it is given; DescribeExecution tells all that AWS tells;
    GetExecutionHistory comes in pages, from either end."""
    describe: Any = StepFunctionResponse.describe_execution
    history: Any = StepFunctionResponse.get_execution_history

    def stop_execution(request: Any) -> Any:
        execution = request.stepfunction_backend.describe_execution(request._get_param("executionArn"))
        now = datetime.now(UTC)
        execution.stop(now, request._get_param("error"), request._get_param("cause"))
        return ActionResult({"stopDate": execution.stop_date or now})

    def describe_execution(request: Any) -> Any:
        answer = describe(request)
        execution = request.stepfunction_backend.describe_execution(request._get_param("executionArn"))
        if execution.stop_date is not None:
            answer.result["stopDate"] = execution.stop_date
        if "output" in answer.result:  # moto leaves a text as it is, which is then no JSON
            answer.result["output"] = json.dumps(execution.output, separators=(",", ":"))
        answer.result.update(inputDetails={"included": True}, **redrive(ExecutionStatus(execution.status)))
        if getattr(execution, "map_run_arn", None):
            answer.result["mapRunArn"] = execution.map_run_arn
        return answer

    def get_execution_history(request: Any) -> Any:
        events = history(request).result["events"]
        size = request._get_param("maxResults") or HISTORY_PAGE
        token = request._get_param("nextToken")
        if token is not None and not (token.isdecimal() and int(token) <= len(events)):
            raise JsonRESTError("InvalidToken", f"Invalid Token: '{token}'")
        if request._get_param("reverseOrder"):
            end = len(events) if token is None else int(token)
            rest = max(0, end - size)
            page, left = events[rest:end][::-1], rest > 0
        else:
            begin = int(token or 0)
            rest = begin + size
            page, left = events[begin:rest], rest < len(events)
        return ActionResult({"events": page, **({"nextToken": str(rest)} if left else {})})

    def every_event(manager: Any) -> Any:
        """moto copies each of them, and nobody changes one."""
        with manager._mutex:
            return list(manager._history_event_list)

    engine.patch(EventManager, "get_event_history", every_event)
    engine.patch(StepFunctionResponse, "get_execution_history", get_execution_history)
    engine.patch(StepFunctionResponse, "stop_execution", stop_execution)
    engine.patch(StepFunctionResponse, "describe_execution", describe_execution)


def _install_children(engine: Engine) -> None:
    """The executions of a Map Run have ARNs and a list of their own, apart from their machine's."""
    backend = parser_models.StepFunctionsParserBackend
    describe: Any = backend.describe_execution
    list_executions: Any = StepFunctionResponse.list_executions

    def describe_execution(self: Any, execution_arn: str) -> Any:
        machine = execution_arn.split(":")[6] if execution_arn.count(":") > 6 else ""
        if "/" not in machine:
            return describe(self, execution_arn)
        for execution in _everything(self):
            if execution.exec_arn == execution_arn:
                return execution
        raise JsonRESTError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{execution_arn}'")

    def list_of_map_run(request: Any) -> Any:
        run_arn, status = request._get_param("mapRunArn"), request._get_param("statusFilter")
        if run_arn is None:
            return list_executions(request)
        every = _everything(request.stepfunction_backend)
        children = [found for found in every if getattr(found, "map_run_arn", None) == run_arn]
        wanted = [child for child in children if status in (None, child.status)]
        return ActionResult({"executions": [_listed(child) for child in wanted]})

    engine.patch(backend, "describe_execution", describe_execution)
    engine.patch(StepFunctionResponse, "list_executions", list_of_map_run)


def _listed(child: Any) -> dict[str, Any]:
    listed = {
        "executionArn": child.exec_arn,
        "stateMachineArn": child.state_machine_arn,
        "name": child.name,
        "status": child.status,
        "startDate": child.start_date,
        "mapRunArn": child.map_run_arn,
    }
    return listed if child.stop_date is None else listed | {"stopDate": child.stop_date}


def redrive(status: ExecutionStatus) -> dict[str, Any]:
    if status in (ExecutionStatus.RUNNING, ExecutionStatus.SUCCEEDED):
        reason = f"Execution is {status.value} and cannot be redriven"
        return {"redriveCount": 0, "redriveStatus": "NOT_REDRIVABLE", "redriveStatusReason": reason}
    return {"redriveCount": 0, "redriveStatus": "REDRIVABLE"}


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
        "startDate": milliseconds(execution.start_date),
        "stopDate": milliseconds(execution.stop_date) if ended else None,
        "input": execution.execution_input,
        "output": json.dumps(execution.output, separators=(",", ":")) if succeeded else None,
        "stateMachineVersionArn": None,
        "stateMachineAliasArn": None,
        "redriveDate": None,
        "redriveStatusReason": None,
        **redrive(status),
        "inputDetails": {"included": True},
        "outputDetails": {"included": True} if succeeded else None,
        "error": execution.error if ended else None,
        "cause": execution.cause if ended else None,
    }
    engine.emit(
        "aws.states",
        STATUS_CHANGE,
        detail,
        account=execution.account_id,
        region=execution.region_name,
        resources=[execution.exec_arn],
    )


def milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp() * 1000)
