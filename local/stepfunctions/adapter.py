"""Adapter: Step Functions executions as on AWS, run by moto's interpreter.

Mends what moto's interpreter leaves open: JSONata, the credentials of integrations, waiting on the scaled
clock, error matching, definitions nobody could run, and the events that tell of an execution's status.
"""

from __future__ import annotations

import functools
import json
import logging
import time
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from antlr4.atn.PredictionMode import PredictionMode
from antlr4.error.Errors import ParseCancellationException
from antlr4.error.ErrorStrategy import BailErrorStrategy, DefaultErrorStrategy
from moto.core.exceptions import AWSError
from moto.core.responses import ActionResult
from moto.stepfunctions.parser import api
from moto.stepfunctions.parser import models as parser_models
from moto.stepfunctions.parser.api import InvalidDefinition
from moto.stepfunctions.parser.asl.antlr.runtime.ASLParser import ASLParser
from moto.stepfunctions.parser.asl.component.common.error_name.error_equals_decl import ErrorEqualsDecl
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.eval_component import EvalComponent
from moto.stepfunctions.parser.asl.component.state import state
from moto.stepfunctions.parser.asl.component.state.wait.wait_function import wait_function
from moto.stepfunctions.parser.asl.eval.states import StateData
from moto.stepfunctions.parser.asl.parse import asl_parser, preprocessor
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.backend import execution_worker
from moto.stepfunctions.responses import StepFunctionResponse

from local.clock import iso_8601
from local.stepfunctions import executions, integrations, jsonata, map_run, nested, tokens
from local.stepfunctions.definition import normalized, problems
from local.stepfunctions.language.fields import NOT_HERE, Problem

if TYPE_CHECKING:
    from local.engine import Engine

# "States.ALL" of the Amazon States Language catches every error but these.
NEVER_CAUGHT = ("States.Runtime", "States.DataLimitExceeded")
MOST_DIAGNOSTICS = 100


def install(engine: Engine) -> None:
    jsonata.install(engine)
    integrations.install(engine)
    executions.install(engine)
    map_run.install(engine)
    nested.install(engine)
    tokens.install(engine)
    _install_error_names(engine)
    _install_quiet_failures(engine)
    _install_definitions(engine)
    _install_waiting(engine)
    _install_error_matching(engine)


def _install_error_names(engine: Engine) -> None:
    """Name the interpreter's own errors on the wire: moto sends them without a type."""
    for error in vars(api).values():
        if isinstance(error, type) and issubclass(error, AWSError) and "code" in vars(error):
            engine.patch(error, "TYPE", error.code)


def _install_quiet_failures(engine: Engine) -> None:
    """A failed state is told by the history: moto would also print the whole machine for each level of it.

    And it warns that tolerated failures have no effect, which here they have.
    """
    logger = logging.getLogger(preprocessor.__name__)
    engine.on_close(logger.setLevel, logger.level)
    logger.setLevel(logging.ERROR)
    for name in ("_log_evaluation_step", "_log_failure_event_exception", "_log_exception"):
        engine.patch(EvalComponent, name, lambda component, *what, **named: None)


# Definitions -------------------------------------------------------------------------------------


class TwoStageParser(ASLParser):
    """First by ANTLR's quicker prediction, SLL; what that does not understand, by the full one, LL.

    What SLL accepts it reads as LL would: "two-stage parsing" in the documentation of ANTLR's PredictionMode.
    """

    def state_machine(self) -> Any:
        self._interp.predictionMode = PredictionMode.SLL
        self._errHandler = BailErrorStrategy()
        try:
            return super().state_machine()  # type: ignore[no-untyped-call]
        except ParseCancellationException:
            self.reset()
            self._interp.predictionMode = PredictionMode.LL
            self._errHandler = DefaultErrorStrategy()
            return super().state_machine()  # type: ignore[no-untyped-call]


@functools.lru_cache(maxsize=64)
def _parsed(definition: str, parse: Callable[[str], Any]) -> Any:
    """Parsing takes long. What it yields keeps its state in the environment: executions can share it."""
    return parse(normalized(definition))


def _install_definitions(engine: Engine) -> None:
    engine.patch(asl_parser, "ASLParser", TwoStageParser)
    parse = AmazonStateLanguageParser.parse
    engine.patch(
        AmazonStateLanguageParser, "parse", staticmethod(lambda definition: _parsed(definition, parse))
    )

    backend = parser_models.StepFunctionsParserBackend
    parses = backend._validate_definition
    create: Any = backend.create_state_machine
    update: Any = backend.update_state_machine

    def refused(definition: str, kind: str) -> list[Problem]:
        """`problems`, and what nothing but moto's parser finds."""
        if found := problems(definition, kind):
            return found
        try:
            parses(definition=definition)
        except InvalidDefinition as error:
            return [Problem(NOT_HERE, error.message, "")]
        return []

    def checked(definition: str, kind: str) -> None:
        if found := refused(definition, kind):
            told = ", ".join(map(str, found))
            raise InvalidDefinition(message=f"Invalid State Machine Definition: '{told}'")

    def created(self: Any, name: str, definition: str, roleArn: str, **more: Any) -> Any:  # noqa: N803
        checked(definition, more.get("sm_type") or "STANDARD")
        return create(self, name=name, definition=definition, roleArn=roleArn, **more)

    def updated(self: Any, arn: str, definition: str | None = None, **more: Any) -> Any:
        if definition is not None:
            checked(definition, self.describe_state_machine(arn).sm_type)
        return update(self, arn=arn, definition=definition, **more)

    engine.patch(backend, "create_state_machine", created)
    engine.patch(backend, "update_state_machine", updated)
    engine.patch(backend, "_validate_definition", staticmethod(lambda definition: None))
    _add_validation(engine, refused)

    def literal(parser_rule_context: Any) -> Any:
        text = parser_rule_context.getText()
        return json.loads(text) if text == "null" or text.startswith('"') else text

    engine.patch(preprocessor, "from_string_literal", literal)
    engine.patch(preprocessor.Preprocessor, "_inner_string_of", staticmethod(literal))


def _add_validation(engine: Engine, refused: Callable[[str, str], list[Problem]]) -> None:
    """ValidateStateMachineDefinition, which moto does not have. Warnings (NO_DOLLAR, NO_PATH, PASS_RESULT_IS_STATIC) are
    about JSONPath alone, prevent nothing, and are not given here."""

    def validate_state_machine_definition(request: Any) -> ActionResult:
        found = refused(request._get_param("definition"), request._get_param("type") or "STANDARD")
        most = request._get_param("maxResults") or MOST_DIAGNOSTICS
        diagnostics = [
            {
                "severity": "ERROR",
                "code": problem.code,
                "message": problem.message,
                **({"location": problem.location} if problem.location else {}),
            }
            for problem in found[:most]
        ]
        result = "FAIL" if found else "OK"
        return ActionResult({"result": result, "diagnostics": diagnostics, "truncated": len(found) > most})

    name = validate_state_machine_definition.__name__
    engine.add(StepFunctionResponse, name, validate_state_machine_definition)


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

    def entered(EnteredTime: str, Name: str) -> Any:  # noqa: N803 - moto's names
        moment = iso_8601(engine.clock.now())
        return StateData(EnteredTime=moment, Name=Name)  # type: ignore[typeddict-item]

    # "Accessing execution data from the Context object" of the Step Functions Developer Guide: ISO 8601.
    def started(StartTime: datetime, **more: Any) -> Any:  # noqa: N803 - moto's names
        return {**more, "StartTime": iso_8601(StartTime)}

    engine.patch(state, "StateData", entered)
    engine.patch(execution_worker, "ExecutionData", started)


# Errors ------------------------------------------------------------------------------------------


def _install_error_matching(engine: Engine) -> None:
    match = ErrorEqualsDecl._eval_body

    def evaluate(declaration: Any, environment: Any) -> None:
        name = environment.stack[-1].error_name
        match(declaration, environment)
        if name in NEVER_CAUGHT and name not in [given.error_name for given in declaration.error_names]:
            environment.stack[-1] = False

    engine.patch(ErrorEqualsDecl, "_eval_body", evaluate)
