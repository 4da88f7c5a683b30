"""Part of the Step Functions adapter: JSONata in moto's interpreter, which has only the place for it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEventException
from moto.stepfunctions.parser.asl.component.common.query_language import QueryLanguageMode
from moto.stepfunctions.parser.asl.component.common.string.string_expression import (
    StringJSONata,
    StringVariableSample,
)
from moto.stepfunctions.parser.asl.eval.variable_store import VariableStore

from local.stepfunctions.expressions import EvaluationFailed, check_engine, evaluate
from local.stepfunctions.failures import query_failed

if TYPE_CHECKING:
    from local.engine import Engine


def install(engine: Engine) -> None:
    check_engine()
    engine.patch(StringJSONata, "_eval_body", _evaluate)
    engine.patch(StringVariableSample, "_eval_body", _evaluate_sample)
    engine.patch(VariableStore, "get_assigned_variables", _assigned_variables)


def _evaluate(component: Any, environment: Any) -> None:
    states = {name: value for name, value in environment.states._states_data.items() if value is not None}
    variables = _variables(environment) | {"states": states}
    try:
        environment.stack.append(evaluate(component.expression, variables))
    except EvaluationFailed as error:
        raise _failure(environment, component.expression, str(error)) from error


def _evaluate_sample(component: Any, environment: Any) -> None:
    """A variable in a state that is written in JSONPath: `$name`, or a path into it."""
    variables = _variables(environment)
    if component.query_language_mode == QueryLanguageMode.JSONata:
        variables["states"] = environment.states._states_data
    try:
        environment.stack.append(evaluate(component.expression, variables))
    except EvaluationFailed as error:
        raise _failure(environment, component.expression, str(error)) from error


def _variables(environment: Any) -> dict[str, Any]:
    store = environment.variable_store
    return {**store._outer_scope, **store._inner_scope}


def _failure(environment: Any, expression: str, what: str) -> FailureEventException:
    field = environment.next_field_name
    cause = f"The JSONata expression '{expression}' specified for the field '{field}' {what}"
    return query_failed(environment, cause)


def _assigned_variables(store: Any) -> dict[str, str]:
    """For the history: each variable's value as JSON, quotes in strings escaped."""
    return {name: json.dumps(store.get(name), default=str) for name in store._declaration_tracing}
