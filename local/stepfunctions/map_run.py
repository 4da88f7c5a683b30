"""Part of the Step Functions adapter: a Distributed Map. Each item is an execution of its own.

moto runs the items in their parent's environment, tolerates every failure and forgets how each ended. Follows
"Map state processing modes", "Tolerated failure threshold for Distributed Map state" and "IAM policies for using
Distributed Map states" of the Step Functions Developer Guide.
"""

from __future__ import annotations

import json
import queue
import uuid
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from moto.stepfunctions.parser.api import (
    ExecutionStatus,
    HistoryEventType,
    MapRunStartedEventDetails,
    MapRunStatus,
    StateMachineType,
)
from moto.stepfunctions.parser.asl.antlr.runtime.ASLParser import ASLParser
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map import max_concurrency, tolerated_failure
from moto.stepfunctions.parser.asl.component.state.exec.state_map.item_reader.item_reader_decl import (
    ItemReader,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.distributed_iteration_component import (
    DistributedIterationComponent,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.state_map import StateMap
from moto.stepfunctions.parser.asl.component.state.exec.state_map.tolerated_failure import (
    ToleratedFailureCountStringJSONata as Counted,
)
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.eval.states import ItemData, MapData
from moto.stepfunctions.parser.asl.parse import preprocessor
from moto.stepfunctions.parser.backend.execution import Execution

from local.stepfunctions.failures import NO_USE, map_run_failed, query_failed, s3_cause
from local.stepfunctions.results import record_of, write_results
from local.stepfunctions.role import RoleSession

if TYPE_CHECKING:
    from local.engine import Engine

MOST_AT_ONCE = 100
"""Children that run at the same time where MaxConcurrency sets no limit. AWS: 10,000."""
LOOK_SECONDS = 0.05
"""How soon a Map Run sees that its parent was stopped."""
STATE_OF_THE_FIELD, STATE_OF_ITS_PARAMETERS = 170, 959  # in ASLParser.result_writer_field
EXCEEDED = "The specified tolerated failure threshold was exceeded"
COUNTERS = {
    ExecutionStatus.SUCCEEDED: "succeeded",
    ExecutionStatus.FAILED: "failed",
    ExecutionStatus.TIMED_OUT: "timed_out",
    ExecutionStatus.ABORTED: "aborted",
}


def install(engine: Engine) -> None:
    def evaluate(component: Any, environment: Any) -> None:
        given = environment.stack.pop()
        run = MapRun(engine, environment, component, given.map_run_record)
        environment.stack.append(run.result(given))

    engine.patch(DistributedIterationComponent, "_eval_body", evaluate)
    _install_result_writer(engine)
    _install_item_reader(engine)
    _install_numbers(engine)


def _install_result_writer(engine: Engine) -> None:
    """Results are part of the Map Run: they are written when it fails, too. moto leaves them to the state."""
    from_props: Any = StateMap.from_state_props

    def with_writer_in_the_run(state: Any, props: Any) -> None:
        from_props(state, props)
        state.iteration_component.result_writer, state.result_writer = state.result_writer, None

    engine.patch(StateMap, "from_state_props", with_writer_in_the_run)

    field: Any = ASLParser.result_writer_field

    def field_or_arguments(parser: Any) -> Any:
        """moto's grammar has only JSONPath's Parameters here: Arguments take their place in it."""
        if parser._input.LA(1) != ASLParser.ARGUMENTS:
            return field(parser)
        context = ASLParser.Result_writer_fieldContext(parser, parser._ctx, parser.state)
        parser.enterRule(context, STATE_OF_THE_FIELD, ASLParser.RULE_result_writer_field)
        parser.state = STATE_OF_ITS_PARAMETERS
        parser.arguments_decl()
        parser.exitRule()
        return context

    engine.patch(ASLParser, "result_writer_field", field_or_arguments)


def _install_item_reader(engine: Engine) -> None:
    read: Any = ItemReader._eval_body

    def read_or_say_why(reader: Any, environment: Any) -> None:
        failed = StatesErrorNameType.StatesItemReaderFailed
        try:
            read(reader, environment)
        except NO_USE as error:
            raise map_run_failed(environment, failed, s3_cause(error)) from error
        except ValueError as error:
            raise map_run_failed(environment, failed, f"Unable to parse the items: {error}") from error

    engine.patch(ItemReader, "_eval_body", read_or_say_why)


def _install_numbers(engine: Engine) -> None:
    """Limits that are JSONata: moto cuts fractions off, and takes what is out of range."""

    def whole(declaration: Any, env: Any) -> int:
        value = _number(declaration, env)
        if not value.is_integer() or value < 0:
            raise query_failed(env, f"Expected a non-negative integer, but was: {value}")
        return int(value)

    def percentage(declaration: Any, env: Any) -> float:
        value = _number(declaration, env)
        if not 0 <= value <= 100:
            raise query_failed(env, "ToleratedFailurePercentage must be between 0 and 100.")
        return value

    def count(self: Any, ctx: Any) -> Any:
        """moto takes the expression of a ToleratedFailureCount for one of a ToleratedFailurePercentage."""
        return Counted(self.visitString_jsonata(ctx.string_jsonata()))

    engine.patch(preprocessor.Preprocessor, "visitTolerated_failure_count_string_jsonata", count)
    engine.patch(Counted, "_eval_tolerated_failure_count", whole)
    engine.patch(max_concurrency.MaxConcurrencyJSONata, "_eval_max_concurrency", whole)
    engine.patch(
        tolerated_failure.ToleratedFailurePercentageStringJSONata,
        "_eval_tolerated_failure_percentage",
        percentage,
    )


def _number(declaration: Any, environment: Any) -> float:
    declaration.string_jsonata.eval(env=environment)
    value = environment.stack.pop()
    if isinstance(value, bool) or not isinstance(value, int | float):
        expression = declaration.string_jsonata.literal_value
        raise query_failed(environment, f"Expected a number of '{expression}', but was: {json.dumps(value)}")
    return float(value)


@dataclass(frozen=True)
class Processor:
    """The state machine of the children: the Map's ItemProcessor, under the name of machine and label."""

    arn: str
    name: str
    program: Any
    sm_type: StateMachineType = StateMachineType.STANDARD
    definition: str = ""


class Child(Execution):
    """The execution of one item. It knows its input, and nothing of its parent's variables."""

    def __init__(self, run: MapRun, given: Any) -> None:
        name, details = str(uuid.uuid4()), run.environment.aws_execution_details
        super().__init__(
            name=name,
            sm_type=run.processor.sm_type,
            role_arn=details.role_arn,
            exec_arn=f"{run.processor.arn.replace(':stateMachine:', ':execution:')}:{name}",
            account_id=details.account,
            region_name=details.region,
            state_machine=cast(Any, run.processor),
            start_date=datetime.now(UTC),
            cloud_watch_logging_session=None,
            activity_store={},
            input_data=json.dumps(given, separators=(",", ":")),
        )
        self.map_run_arn = run.record.map_run_arn
        self._program = run.processor.program
        cast(Any, self).end.listeners.append(run.ends.put)

    def _get_start_execution_worker(self) -> Any:
        worker: Any = super()._get_start_execution_worker()
        worker._get_evaluation_entrypoint = lambda: self._program
        return worker


class MapRun:
    """One pass of a Distributed Map over its items."""

    def __init__(self, engine: Engine, environment: Any, component: Any, record: Any) -> None:
        self.environment, self.record = environment, record
        arn = record.map_state_machine_arn
        self.processor = Processor(arn, arn.split(":")[6], component._get_iteration_program())
        self.ends: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.pending: deque[Child] = deque()
        self.running: list[Child] = []
        record.children = []  # those that were started, where the API finds them
        self._engine, self._writer = engine, component.result_writer

    def result(self, given: Any) -> Any:
        """What the Map state results in; raises FailureEventException when it fails."""
        started = MapRunStartedEventDetails(mapRunArn=self.record.map_run_arn)
        self._tell(HistoryEventType.MapRunStarted, mapRunStartedEventDetails=started)
        try:
            result = self._run(given)
        except Exception as failure:
            told = failure.extract_error_cause_pair() if isinstance(failure, FailureEventException) else None
            details = dict(zip(("error", "cause"), told or (None, str(failure)), strict=True))
            self._close(MapRunStatus.FAILED, HistoryEventType.MapRunFailed, mapRunFailedEventDetails=details)
            raise
        if self.environment.is_running():
            self._close(MapRunStatus.SUCCEEDED, HistoryEventType.MapRunSucceeded)
        else:
            self._close(MapRunStatus.ABORTED, HistoryEventType.MapRunAborted)
        return result

    def _tell(self, what: HistoryEventType, **details: Any) -> None:
        environment = self.environment
        environment.event_manager.add_event(
            context=environment.event_history_context,
            event_type=what,
            event_details=EventDetails(**details) if details else None,  # type: ignore[typeddict-item]
        )

    def _close(self, status: MapRunStatus, what: HistoryEventType, **details: Any) -> None:
        self._abort()
        self._tell(what, **details)
        self.record.set_stop(status=status)

    def _run(self, given: Any) -> Any:
        if given.item_reader:
            given.item_reader.eval(env=self.environment)
            items = self.environment.stack.pop()
        else:
            items = given.input_items
        everyone = [Child(self, value) for value in self._inputs(given, items)]
        self._count("total", len(everyone))
        self._count("pending", len(everyone))
        self.pending.extend(everyone)
        exceeded = self._work()
        result: Any
        if self._writer and self.environment.is_running():
            self._writer.parargs.eval(env=self.environment)
            result = write_results(self, everyone, self.environment.stack.pop())
            self._count("results_written", len(everyone))
        else:
            result = [
                child.output if child.exec_status == ExecutionStatus.SUCCEEDED else record_of(child)
                for child in everyone
            ]
        if exceeded:
            name = StatesErrorNameType.StatesExceedToleratedFailureThreshold
            raise map_run_failed(self.environment, name, EXCEEDED)
        return result

    def _inputs(self, given: Any, items: list[Any]) -> Iterator[Any]:
        """Each item, or what ItemSelector makes of it: the one place that sees the item and the variables."""
        selector = given.item_selector or given.parameters
        for index, item in enumerate(items):
            if not selector:
                yield item
                continue
            frame = self.environment.open_inner_frame()
            frame.states.context_object.context_object_data["Map"] = MapData(
                Item=ItemData(Index=index, Value=item)
            )
            frame.states.reset(self.environment.states.get_input())
            frame.stack.append(frame.states.get_input())
            selector.eval(env=frame)
            self.environment.delete_frame(frame)
            yield frame.stack.pop()

    def _work(self) -> bool:
        """Run the children; whether more of them failed than is tolerated."""
        role = self.environment.aws_execution_details
        session = RoleSession(self._engine, role.role_arn, role.region)
        while (self.pending or self.running) and self.environment.is_running():
            room = bool(self.pending) and len(self.running) < (self.record.max_concurrency or MOST_AT_ONCE)
            try:
                self._ended(self.ends.get(block=not room, timeout=LOOK_SECONDS))
            except queue.Empty:
                if room:
                    self._start(session, self.pending.popleft())
                continue
            if self._exceeded():
                self._abort()
                return True
        return False

    def _start(self, session: RoleSession, child: Child) -> None:
        machine = self.processor.arn.split("/", maxsplit=1)[0]
        refusal = session.ask("stepfunctions", "StartExecution", stateMachineArn=machine)
        if refusal is not None:
            raise map_run_failed(self.environment, StatesErrorNameType.StatesPermissions, refusal.message)
        self.running.append(child)
        self.record.children.append(child)
        self._count("pending", -1)
        self._count("running", 1)
        child.start_date = datetime.now(UTC)
        child.start()

    def _ended(self, child: Any) -> None:
        self.running.remove(child)
        self._count("running", -1)
        self._count(COUNTERS[child.exec_status], 1)

    def _abort(self) -> None:
        for child in list(self.running):
            child.stop(datetime.now(UTC), None, None)
        while self.running:  # each has ended, and has said so
            self._ended(self.ends.get())

    def _exceeded(self) -> bool:
        """ "If you specify both values, the workflow fails when it exceeds either value." Neither: none may fail."""
        counter, record = self.record.item_counter, self.record
        failed = counter.failed.get() + counter.timed_out.get()
        count, percentage = record.tolerated_failure_count, record.tolerated_failure_percentage
        if not count and not percentage:
            return bool(failed)
        return bool(
            (count and failed > count) or (percentage and 100 * failed > percentage * counter.total.get())
        )

    def _count(self, what: str, by: int) -> None:
        for counter in (self.record.item_counter, self.record.execution_counter):
            getattr(counter, what).offset(by)
