"""Lint state machines: whatever CreateStateMachine refuses, and what it would only notice when it gets there.

    python -m checks.asl statemachines/*.asl.json

The rules are those by which the embedded AWS refuses a definition (`local.stepfunctions.definition`). Besides: variables
named like functions, and causes of errors that are read as if they were always there.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from local.stepfunctions import definition, expressions
from local.stepfunctions.language.fields import is_expression

PLACEHOLDER = re.compile(r"\$\{(\w+)\}")
# What a ${Placeholder} of DefinitionSubstitutions may stand for.
SUBSTITUTIONS = {"Partition": "aws"}
CAUSE = "$states.errorOutput.Cause"
GUARDED_CAUSE = f"{CAUSE} ? {CAUSE} : ''"
FUNCTION_ARN = "arn:aws:lambda:us-east-1:123456789012:function:placeholder"
NAME = re.compile(r"\$([A-Za-z_]\w*)")
BOUND = re.compile(r"\$(\w+)\s*:=|function\s*\(([^)]*)\)")


def problems(path: Path) -> list[str]:
    """What is wrong with a state machine's file, in words; empty when nothing is."""
    text = PLACEHOLDER.sub(_substitute, path.read_text())
    told = [str(problem) for problem in definition.problems(text)]
    if not told:
        machine = json.loads(text)
        told = [*shadowing_problems(machine), *cause_problems(machine)]
    return [f"{path}: {each}" for each in told]


def _substitute(placeholder: re.Match[str]) -> str:
    return SUBSTITUTIONS.get(placeholder[1], FUNCTION_ARN)


def shadowing_problems(value: Any, where: str = "") -> Iterator[str]:
    """Every variable, of a state or inside an expression, that has the name of a function of JSONata or of Step
    Functions."""
    if isinstance(value, Mapping):
        given = value.get("Assign")
        for name in given if isinstance(given, Mapping) else ():
            if expressions.is_built_in(name):
                yield f"{where}/Assign: ${name} is built in"
        for key, item in value.items():
            yield from shadowing_problems(item, f"{where}/{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from shadowing_problems(item, f"{where}[{index}]")
    elif is_expression(value):
        for name in sorted(filter(expressions.is_built_in, _bound(value))):
            yield f"{where}: ${name} is built in"


def _bound(expression: str) -> set[str]:
    """The names that an expression gives to values and parameters of its own."""
    found = ([match[1]] if match[1] else NAME.findall(match[2]) for match in BOUND.finditer(expression))
    return {name for names in found for name in names}


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
    expressions.check_engine()
    told = [problem for path in paths for problem in problems(Path(path))]
    for problem in told:
        print(problem, file=sys.stderr)
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
