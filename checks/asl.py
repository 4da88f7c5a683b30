"""Lint state machines: structure by cfn-lint's rule E3601, the ways from state to state, variables, every JSONata
expression.

    python -m checks.asl statemachines/*.asl.json

cfn-lint looks only at definitions that are inside a template, so each file is wrapped in one.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from cfnlint.api import lint
from cfnlint.core import get_rules
from jsonata import Jsonata
from jsonata.jexception import JException

from local.stepfunctions.variables import scope_problems, shadowing_problems

STRUCTURE = "E3601"
PLACEHOLDER = re.compile(r"\$\{(\w+)\}")
# What a ${Placeholder} of DefinitionSubstitutions may stand for; the structure wants ARNs.
SUBSTITUTIONS = {"Partition": "aws"}
# JSONata may say these, too, which cfn-lint's schema does not know; any number that is right stands in for it there.
NUMBERS = ("MaxConcurrency", "ToleratedFailurePercentage")
CAUSE = "$states.errorOutput.Cause"
GUARDED_CAUSE = f"{CAUSE} ? {CAUSE} : ''"
FUNCTION_ARN = "arn:aws:lambda:us-east-1:123456789012:function:placeholder"
ROLE_ARN = "arn:aws:iam::123456789012:role/placeholder"


def problems(path: Path) -> list[str]:
    """What is wrong with a state machine's file, in words; empty when nothing is."""
    try:
        definition = json.loads(PLACEHOLDER.sub(_substitute, path.read_text()))
    except ValueError as broken:
        return [f"{path}: no JSON: {broken}"]
    checks = (
        structure_problems,
        way_problems,
        expression_problems,
        scope_problems,
        shadowing_problems,
        cause_problems,
    )
    return [f"{path}: {told}" for check in checks for told in check(definition)]


def _substitute(placeholder: re.Match[str]) -> str:
    return SUBSTITUTIONS.get(placeholder[1], FUNCTION_ARN)


@cache
def _rules() -> Any:
    return get_rules([], [], [])


def structure_problems(definition: dict[str, Any]) -> Iterator[str]:
    machine = {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {"RoleArn": ROLE_ARN, "Definition": _with_numbers(definition)},
    }
    for match in lint(json.dumps({"Resources": {"Machine": machine}}), _rules(), regions=["us-east-1"]):
        if match.rule.id == STRUCTURE:
            where = "/".join(str(step) for step in (match.path or [])[4:])
            yield f"{where or 'definition'}: {match.message}"


def _with_numbers(value: Any, key: str = "") -> Any:
    if key in NUMBERS and isinstance(value, str) and value.startswith("{%"):
        return 1
    if isinstance(value, dict):
        return {name: _with_numbers(item, name) for name, item in value.items()}
    return [_with_numbers(item) for item in value] if isinstance(value, list) else value


def way_problems(machine: dict[str, Any], where: str = "") -> Iterator[str]:
    """A way that leads to no state, and a state that no way leads to; machines inside machines too."""
    states: dict[str, Any] = machine.get("States", {})
    reached = {machine.get("StartAt")}
    for name, state in states.items():
        inner = [state[key] for key in ("ItemProcessor", "Iterator") if key in state]
        for index, part in enumerate([*inner, *state.get("Branches", [])]):
            yield from way_problems(part, f"{where}/{name}/{index}")
        choices = [*state.get("Choices", []), *state.get("Catch", []), state]
        ways = {choice["Next"] for choice in choices if "Next" in choice} | {state.get("Default")} - {None}
        reached |= ways
        for lost in sorted(ways - states.keys()):
            yield f"{where}/{name}: leads to {lost}, which is no state here"
    for lost in sorted(str(name) for name in {machine.get("StartAt")} - states.keys()):
        yield f"{where or 'definition'}: starts at {lost}, which is no state here"
    for idle in sorted(states.keys() - reached):
        yield f"{where}/{idle}: no way leads here"


def expression_problems(value: Any, where: str = "") -> Iterator[str]:
    """Every `{% ... %}` that is no JSONata, with the path of keys that leads to it."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from expression_problems(item, f"{where}/{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from expression_problems(item, f"{where}/{index}")
    elif isinstance(value, str) and value.startswith("{%"):
        if not value.endswith("%}"):
            yield f"{where}: begins with {{% and does not end with %}}"
            return
        try:
            Jsonata(value[2:-2].strip())
        except JException as error:
            yield f"{where}: no JSONata: {error}"


def cause_problems(value: Any, where: str = "") -> Iterator[str]:
    """Every Cause of a caught error that is read as if it were always there: without one the expression is undefined,
    which is a States.QueryEvaluationError that nobody catches."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from cause_problems(item, f"{where}/{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from cause_problems(item, f"{where}/{index}")
    elif isinstance(value, str) and CAUSE in value.replace(GUARDED_CAUSE, ""):
        yield f"{where}: an error may have no Cause; write {GUARDED_CAUSE}"


def main(paths: list[str]) -> int:
    told = [problem for path in paths for problem in problems(Path(path))]
    for problem in told:
        print(problem, file=sys.stderr)
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
